"""An end to every request, and what is said when its time is over."""

import asyncio
from typing import Any, Final

from litestar.types import Send

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
