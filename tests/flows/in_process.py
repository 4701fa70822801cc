"""An HTTP client that hands each request to an application in this process, and does nothing else on the way."""

from typing import Any

import httpx


class InProcess(httpx.AsyncClient):
    """No redirect is followed, no cookie kept, nobody signs in: httpx takes as long over that as the application over a
    request that it refuses. What is answered piece by piece goes its usual way."""

    def __init__(self, app: Any, base_url: str) -> None:
        self._app = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        super().__init__(transport=self._app, base_url=base_url)

    async def send(self, request: httpx.Request, *, stream: bool = False, **more: Any) -> httpx.Response:
        """The answer, read whole."""
        if stream:
            return await super().send(request, stream=True, **more)
        response = await self._app.handle_async_request(request)
        response.request = request
        for hook in self.event_hooks["response"]:
            await hook(response)
        await response.aread()
        return response
