"""The application with an end to every request, and what is said when its time is over."""

import asyncio
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.deadline import REQUEST_S
from service.errors import Code, Refused, problem_json


class Bounded:
    """The application, which always answers in time: also when the process is stopped meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            async with asyncio.timeout(REQUEST_S) as deadline:
                scope["state"][_NAME] = deadline
                await self._app(scope, receive, begin)
        except (TimeoutError, asyncio.CancelledError):  # cancelled: the process stops and waits no longer
            if not has_begun:  # else the server closes the connection: nothing is added to half an answer
                await say(send, unanswered(scope["method"], "It takes too long"))


def allow(scope: Scope, seconds: float | None) -> None:
    """From now on the request may take so long; None: as long as it likes."""
    deadline: asyncio.Timeout | None = scope["state"].get(_NAME)  # none in front of whom nobody stands
    if deadline is not None:
        deadline.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


def unanswered(method: str, why: str) -> Refused:
    """What is said instead of an answer. Of a POST nobody knows here whether it was done."""
    if method == "POST":
        return Refused(Code.OUTCOME_UNKNOWN, f"{why}; send the same request with the same key again.")
    return Refused(Code.UNAVAILABLE, f"{why}; send the same request again.")


async def say(send: Send, refused: Refused) -> None:
    """Answers with a refusal, in front of all that could."""
    body = problem_json(refused)
    headers: Any = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


_NAME: Final = "deadline"
