"""Which request something is done for, by W3C Trace Context (level 1): https://www.w3.org/TR/trace-context/

    traceparent:  00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
                  version, trace id, id of the caller's span, flags

A request that brings one belongs to that trace; any other begins one. The trace id is the request id of our logs and of
the header `Request-Id` that stands on every answer of 400 and above. It is looked at only by who needs it, so that a
request which goes well pays for a small object and nothing else.
"""

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final, NamedTuple

_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_STATE_MAX: Final = 512  # bytes of a tracestate that is passed on
_SAMPLED: Final = "01"

Headers = Iterable[tuple[bytes, bytes]]


class Known(NamedTuple):
    """A trace, and what to pass on of it."""

    trace_id: str  # 32 hexadecimal digits
    flags: str
    state: str  # of other systems; empty: none
    span_id: str = ""  # the caller's; empty: there is none


class Trace:
    """Of one request, or one piece of work of our own."""

    __slots__ = ("_headers", "_known")

    def __init__(self, headers: Headers = ()) -> None:
        """`headers` are those of the request, names in lower case."""
        self._headers = headers
        self._known: Known | None = None

    @property
    def known(self) -> Known:
        """What the caller said, or a trace of its own; the same each time."""
        if self._known is None:
            self._known = _read(self._headers) or Known(secrets.token_hex(16), _SAMPLED, "")
        return self._known

    @property
    def parent(self) -> str:
        """The caller's `traceparent`; empty: it sent none that can be read."""
        known = self.known
        return f"00-{known.trace_id}-{known.span_id}-{known.flags}" if known.span_id else ""

    @property
    def request_id(self) -> str:
        """The trace id."""
        return self.known.trace_id


_CURRENT: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)


def begin(headers: Headers = ()) -> Trace:
    """From here on, in this task and those it starts, all is done for one request."""
    trace = Trace(headers)
    _CURRENT.set(trace)
    return trace


def begin_as(trace_id: str) -> None:
    """The same for work of our own that has an id: 32 hexadecimal digits."""
    begin()._known = Known(trace_id, _SAMPLED, "")


def current() -> Trace | None:
    """What this is done for; None: for no request."""
    return _CURRENT.get()


def carried() -> dict[str, str]:
    """The headers that tell another service for which request we call it: each call is a span of its own."""
    known = (_CURRENT.get() or Trace()).known
    headers = {"traceparent": f"00-{known.trace_id}-{secrets.token_hex(8)}-{known.flags}"}
    return headers | {"tracestate": known.state} if known.state else headers


def _read(headers: Headers) -> Known | None:
    """What stands in the headers; None where nothing does, or nothing that can be read: then a new trace begins."""
    parents = [value for name, value in headers if name == b"traceparent"]
    found = _TRACEPARENT.fullmatch(parents[0]) if len(parents) == 1 else None
    if found is None:
        return None
    state = b",".join(value for name, value in headers if name == b"tracestate").decode("latin-1")
    is_plain = state.isascii() and state.isprintable() and len(state) <= _STATE_MAX
    return Known(found[1].decode(), found[3].decode(), state if is_plain else "", found[2].decode())
