"""What a process says of itself, on stderr: a line a thing, as JSON where machines read it and plain for a person.

    {"time": "2026-11-29T22:44:01.123Z", "level": "warning", "process": "http-process", "pid": 71,
     "request_id": "0af7...", "logger": "tenor.lane", "message": "the connection was lost: ..."}

Quiet: the first line of a kind is told at once; of what follows, the last after 1 second, then after 2, 4 and so on up
to a minute, with how many were left out (`left_out`). What is the same trouble told in several places gives its kind by
`extra=DATABASE`. Only errors have tracebacks (`where`), which name places and types; PostgreSQL's own words, which may
repeat a row, and keys to the API are never told.
"""

import atexit
import logging
import os
import sys
import threading
import traceback
from collections.abc import Hashable, Iterator
from types import TracebackType
from typing import Any, Final, NamedTuple

from service import clock, trace
from service.config import LogForm
from service.errors import without_keys

FIRST_S: Final = 1.0
LONGEST_S: Final = 60.0
KINDS_MAX: Final = 1_000
WORDS_MAX: Final = 2_000  # characters of a message
DATABASE: Final = {"kind": "the database is away"}

log = logging.getLogger("tenor")


def begin(process: str, written: LogForm) -> None:
    """From now on everything this process logs, and each library in it, goes one way. Called once, as it starts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_json(process) if written is LogForm.JSON else Plain())
    quiet = Quiet(handler)
    logging.basicConfig(handlers=[quiet], level=logging.WARNING, force=True)
    log.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    atexit.register(quiet.tell_the_rest)
    if written is LogForm.JSON:
        sys.excepthook = _say_last


def tell(sentence: str, level: int = logging.INFO) -> None:
    """A sentence about the process as a whole. To a person it goes as it is: news on stdout, trouble on stderr."""
    if isinstance(_formatter(), Plain):
        if level > logging.INFO:
            print(f"tenor: {sentence}", file=sys.stderr, flush=True)
        else:
            print(sentence, flush=True)
    else:
        log.log(level, "%s", sentence, extra={"kind": object()})


def what(error: BaseException) -> str:
    """The error for a log. PostgreSQL's own words may repeat the row they are about, which is a person's: left out."""
    if (state := getattr(error, "sqlstate", None)) is not None:
        constraint = getattr(error, "constraint_name", None)
        return " ".join(filter(None, (type(error).__name__, state, constraint)))
    return without_keys(repr(error)[:WORDS_MAX])


class Plain(logging.Formatter):
    """A line for a person."""

    def format(self, record: logging.LogRecord) -> str:
        left_out = getattr(record, "left_out", 0)
        more = f" (and {left_out} more like it)" if left_out else ""
        at = self.formatTime(record, "%H:%M:%S")
        words = f"{at} {record.levelname.lower()} {record.name}: {_words(record)}{more}"
        return "\n".join([words, *_where(record)])


class _Kind(NamedTuple):
    """What was said lately of one kind."""

    until: float  # on the clock that only goes forward: nothing more before
    interval_s: float
    last: logging.LogRecord | None = None  # of those held back
    held: int = 0


class Quiet(logging.Handler):
    """Passes on what is new, and of what repeats itself little."""

    def __init__(self, handler: logging.Handler, first_s: float = FIRST_S) -> None:
        super().__init__()
        self.handler = handler
        self._first_s = first_s
        self._kinds: dict[Hashable, _Kind] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Called under the handler's lock."""
        if (trace_now := trace.current()) is not None and not hasattr(record, "request_id"):
            record.request_id = trace_now.request_id
        kind, now = _kind_of(record), clock.monotonic()
        seen = self._kinds.get(kind)
        if seen is None or (now >= seen.until and seen.last is None):
            self._open(kind, seen, now)
            self.handler.handle(record)
            return
        if seen.last is None:
            self._wake(kind, seen.until - now)
        self._kinds[kind] = seen._replace(last=record, held=seen.held + 1)

    def tell_the_rest(self) -> None:
        """What was held back, at once: the process ends."""
        for kind in list(self._kinds):
            self._tell(kind)

    def close(self) -> None:
        """What is held back now is told no more."""
        self._kinds = {}
        super().close()

    def _open(self, kind: Hashable, seen: _Kind | None, now: float) -> None:
        if len(self._kinds) >= KINDS_MAX:
            self._kinds = {name: one for name, one in self._kinds.items() if one.last is not None}
        is_on = seen is not None and now < seen.until + seen.interval_s  # it goes on; else it is new again
        interval = min(seen.interval_s * 2, LONGEST_S) if seen is not None and is_on else self._first_s
        self._kinds[kind] = _Kind(now + interval, interval)

    def _wake(self, kind: Hashable, in_s: float) -> None:
        timer = threading.Timer(max(in_s, 0.0), self._tell, (kind,))
        timer.daemon = True
        timer.start()

    def _tell(self, kind: Hashable) -> None:
        with self.lock or threading.RLock():
            seen = self._kinds.get(kind)
            if seen is None or seen.last is None:
                return
            self._open(kind, seen, max(clock.monotonic(), seen.until))
            if seen.held > 1:
                seen.last.left_out = seen.held - 1
            self.handler.handle(seen.last)


def _kind_of(record: logging.LogRecord) -> Hashable:
    given: Hashable = getattr(record, "kind", None)
    if given is not None:
        return given
    if record.name.startswith("asyncpg"):
        return DATABASE["kind"]
    if record.exc_info and record.exc_info[1] is not None:
        at = record.exc_info[2]
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = (at.tb_frame.f_code.co_filename, at.tb_lineno) if at is not None else None
        return record.name, record.exc_info[0], place
    return record.name, record.levelno, str(record.msg)


def _words(record: logging.LogRecord) -> str:
    words = without_keys(record.getMessage())
    if record.exc_info and record.name == "asyncio":  # it goes on with a task and the error in its own words
        words = words.partition("\n")[0]
    if (error := _error(record)) is not None and _is_passing(record):
        words = f"{words}: {what(error)}"
    return words[:WORDS_MAX]


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _where(record: logging.LogRecord) -> list[str]:
    return [] if _is_passing(record) else list(_frames(_error(record)))


def _is_passing(record: logging.LogRecord) -> bool:
    """Whether nobody needs to know where in the code: a warning; that the database is away, in asyncpg's words too."""
    return record.levelno < logging.ERROR or _kind_of(record) == DATABASE["kind"]


def _frames(error: BaseException | None) -> Iterator[str]:
    """Where an error happened: of each error in its chain the frames, and what it is."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield from (line.rstrip("\n") for line in traceback.format_tb(error.__traceback__))
        yield what(error)
        for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from _frames(part)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield "after:"


def _json(process: str) -> logging.Formatter:
    from pythonjsonlogger.msgspec import MsgspecFormatter

    class Json(MsgspecFormatter):
        """A line for a machine."""

        def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
            at = clock.instant(record.created).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            log_data |= {"time": at, "level": record.levelname.lower(), "process": process, "pid": os.getpid()}
            for name in ("request_id", "left_out"):
                if (value := getattr(record, name, None)) is not None:
                    log_data[name] = value
            log_data |= {"logger": record.name, "message": _words(record)}
            if where := _where(record):
                log_data["where"] = "\n".join(where)

    return Json()


def _formatter() -> logging.Formatter:
    """That of this process; a person's where nobody has begun."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Quiet) and handler.handler.formatter is not None:
            return handler.handler.formatter
    return Plain()


def _say_last(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    log.critical("the process ends: %s", what(error), exc_info=(kind, error, at))
