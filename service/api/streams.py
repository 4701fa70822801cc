"""Events as they happen, to whoever keeps a connection open: server-sent events (HTML standard, 9.2).

    retry: 2000                      come back after two seconds when the connection ends

    id: 7                            the event's number; who comes back sends the last one as Last-Event-ID
    event: plan.captured
    data: {"number": 7, ...}         the event as it is listed

    :                                every 15 seconds of silence: the connection lives

A listener takes no place among the requests under way, which are counted to know how long a new one would wait. One
who reads slowly is waited for, with one piece in memory; one who takes nothing for 30 seconds is let go
(server/joined.py).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from service import clock
from service.access.key import Principal
from service.admission import end_passage
from service.api.ask import Asked, header, services_of
from service.api.operation import Text
from service.api.reply import encode, prefers
from service.api.texts import holds_words, opened_for
from service.engine.faults import LOST, PASSING
from service.engine.tail import Tail
from service.errors import Code, Refused
from service.exchange import allow

STREAM: Final = Text("text/event-stream", "The same as they happen, as server-sent events, until either side ends it.")

HEARTBEAT_S: Final = 15.0
PIECE: Final = 50  # events written at once
OF_ONE_KEY: Final = 16  # listeners, in each process
IN_ALL: Final = 500
_HEAD: Final = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]


class Heard(Struct, frozen=True):
    """What to send: events with their numbers and types, and the number to go on after."""

    events: list[Any]  # wire structs with `number` and `type`
    after: int


Read = Callable[[int | None], Awaitable[Heard]]  # what comes after a number


def wants_stream(request: Asked) -> bool:
    """Whether the Accept header likes a stream better than JSON."""
    return prefers(request, STREAM.media)


def begins_after(request: Asked, after: int | None) -> int | None:
    """Where a stream begins: a client that comes back says what it heard last. Refused: INVALID_FIELD."""
    last = header(request, b"last-event-id")
    if not last:
        return after
    if not (last.isascii() and last.isdigit() and len(last) < 20 and int(last) <= 2**62):
        raise Refused(Code.INVALID_FIELD, "It is the number of an event.", "/Last-Event-ID")
    return int(last)


class Stream(ASGIResponse):
    """An answer that goes on."""

    def __init__(self, request: Asked, tail: Tail, after: int | None, read: Read, feed: str | None = None) -> None:
        """`feed` is whose events they are; None: the caller's own."""
        self._request = request
        self._tail = tail
        self._after = after
        self._read = read
        self._by: Principal = request.auth
        self._feed = feed or self._by.owner_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refused before it begins: BUSY, and what reading refuses."""
        own = self._tail.listeners_of(self._by.key_id)
        if own >= OF_ONE_KEY or self._tail.listeners >= IN_ALL:
            sentence = f"So many listen already, {own} with your key ({OF_ONE_KEY} at most); end another one first."
            raise Refused(Code.BUSY, sentence)
        with self._tail.listener(self._by.key_id):
            heard = await self._read(self._after)
            allow(scope, None)
            end_passage(scope)
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEAD]})
            await _write(send, b"retry: 2000\n\n")
            if not scope["state"].get("head"):
                gone = asyncio.create_task(_left(receive))
                with suppress(*LOST, *PASSING, Refused):  # who listens comes back, and hears what is wrong then
                    try:
                        await self._go_on(scope, send, heard, gone)
                    finally:
                        gone.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _go_on(self, scope: Scope, send: Send, heard: Heard, gone: asyncio.Task[None]) -> None:
        after = self._after or 0
        while True:
            for start in range(0, len(heard.events), PIECE):
                piece = b"".join(map(_written, heard.events[start : start + PIECE]))
                await _write(send, await opened_for(scope, piece) if holds_words(piece) else piece)
            if heard.after > after and not heard.events:
                await _write(send, b"id: %d\n\n" % heard.after)  # nothing until there is for this listener
            is_new, after = heard.after > after, heard.after
            if gone.done() or self._tail.is_over or not await self._may_still():
                return
            if not is_new and not await self._news(after, gone):
                await _write(send, b":\n")
                heard = Heard([], after)
            else:
                heard = await self._read(after)

    async def _news(self, after: int, gone: asyncio.Task[None]) -> bool:
        waiting = asyncio.create_task(self._tail.news(self._feed, after, HEARTBEAT_S))
        try:
            await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
            return waiting.done() and waiting.result()
        finally:
            waiting.cancel()

    async def _may_still(self) -> bool:
        """Whether the key is still one: not revoked and not expired."""
        text = (header(self._request, b"authorization") or "").partition(" ")[2].strip()
        known = await services_of(self._request).registry.principal(text)
        return known is not None and (known.expires_at is None or known.expires_at > clock.now())


def _written(event: Any) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.number, event.type.encode(), encode(event))


async def _write(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _left(receive: Receive) -> None:
    """Ends when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
