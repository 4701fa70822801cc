"""The application with an end to every request, and what is said when its time is over."""

import asyncio
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.deadline import REQUEST_S
from service.errors import Code, Refused, problem_json

LOOK_S: Final = 0.05  # so late a request may be ended: one look at all of them costs less than a timer for each


class Ends:
    """When the requests of a process end that are under way, and the one timer that ends them."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._looks = False

    def set(self, task: asyncio.Task[Any], seconds: float) -> None:
        """The task is cancelled when so many seconds have passed from now."""
        loop = task.get_loop()
        self._until[task] = loop.time() + seconds
        if not self._looks:
            self._looks = True
            loop.call_later(LOOK_S, self._look, loop)

    def lift(self, task: asyncio.Task[Any]) -> None:
        """It goes on as long as it likes, or is done."""
        self._until.pop(task, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task in [task for task, until in self._until.items() if until <= now]:
            del self._until[task]  # once: it has a last word to say
            task.cancel()
        self._looks = bool(self._until)
        if self._looks:
            loop.call_later(LOOK_S, self._look, loop)


class Bounded:
    """The application, which always answers in time: also when the process is stopped meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ends = Ends()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        task = asyncio.current_task()
        assert task is not None
        scope["state"][_NAME] = self._ends, task
        self._ends.set(task, REQUEST_S)
        try:
            await self._app(scope, receive, begin)
        except asyncio.CancelledError:  # its time is over, or the process stops and waits no longer
            if not has_begun:  # else the server closes the connection: nothing is added to half an answer
                await say(send, unanswered(scope["method"], "It takes too long"))
        finally:
            self._ends.lift(task)


def allow(scope: Scope, seconds: float | None) -> None:
    """From now on the request may take so long; None: as long as it likes."""
    known: tuple[Ends, asyncio.Task[Any]] | None = scope["state"].get(_NAME)  # none in front of whom nobody stands
    if known is not None:
        ends, task = known
        if seconds is None:
            ends.lift(task)
        else:
            ends.set(task, seconds)


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
