"""Lines of the log: their fields, what they never tell, and how few there are."""

import io
import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import msgspec
import pytest

from service import logs, trace
from service.config import LogForm

KEY = "sk_live_" + "a" * 43
TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Begin = Callable[[LogForm], io.StringIO]


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Begins logging into a text, and puts back what was there."""
    root, ours = logging.getLogger(), logging.getLogger("tenor")
    kept, levels, hook = root.handlers[:], (root.level, ours.level), sys.excepthook

    def begun(written: LogForm) -> io.StringIO:
        said = io.StringIO()
        monkeypatch.setattr(sys, "stderr", said)
        for handler in kept:
            root.removeHandler(handler)
        logs.begin("http-process", written)
        return said

    yield begun
    logging.captureWarnings(capture=False)
    for handler in root.handlers:
        handler.close()
    root.handlers[:], sys.excepthook = kept, hook
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def lines_of(said: io.StringIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in said.getvalue().splitlines()]


def test_who_is_closed_tells_nothing_more(begin: Begin) -> None:
    """What was held back would come in a second, when nobody reads any more."""
    said = begin(LogForm.TEXT)
    for _ in range(3):
        logging.getLogger("tenor").warning("The same again.")
    (quiet,) = logging.getLogger().handlers
    assert isinstance(quiet, logs.Quiet)
    quiet.close()
    quiet.tell_the_rest()
    assert said.getvalue().count("The same again.") == 1


def test_a_line_has_time_level_process_and_request(begin: Begin) -> None:
    said = begin(LogForm.JSON)
    trace.begin([(b"traceparent", TRACEPARENT)])
    logging.getLogger("tenor.lane").warning("the connection was lost: %s", "gone")
    [line] = lines_of(said)
    assert line.pop("time").endswith("Z")
    assert line.pop("pid") > 0
    assert line == {
        "level": "warning", "process": "http-process", "request_id": "0af7651916cd43dd8448eb211c80319c",
        "logger": "tenor.lane", "message": "the connection was lost: gone",
    }  # fmt: skip


def test_libraries_go_the_same_way(begin: Begin) -> None:
    said = begin(LogForm.JSON)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task %s>", "x", exc_info=_met("row")
    )
    logging.getLogger("httpx").info("HTTP Request: POST https://bank.example/%s", "token")
    assert [(line["logger"], line["message"]) for line in lines_of(said)] == [
        ("uvicorn.error", "Invalid HTTP request received."), ("asyncio", "Task exception was never retrieved"),
    ]  # fmt: skip


def test_no_key_and_no_row_is_told(begin: Begin) -> None:
    said = begin(LogForm.JSON)
    log = logging.getLogger("tenor")
    log.error("POST /v1/keys/%s failed", KEY, exc_info=_met(KEY))
    log.error("it failed", exc_info=_met("anna@example.org", ValueError("after")))
    [first, second] = lines_of(said)
    assert "aaaa" not in str(first)
    assert "sk_live_..." in first["message"]
    assert "anna@example.org" not in said.getvalue()
    assert "UniqueViolationError 23505" in second["where"]
    assert "_met" in second["where"]  # the place


@pytest.mark.parametrize("written", list(LogForm))
def test_what_repeats_itself_is_told_little_and_counted(begin: Begin, written: LogForm) -> None:
    said = begin(written)
    log = logging.getLogger("tenor.lane")
    [quiet] = [one for one in logging.getLogger().handlers if isinstance(one, logs.Quiet)]
    for number in range(400):
        log.warning("the connection was lost: %d", number, extra=logs.DATABASE)
        logging.getLogger("tenor.webhooks").warning("deliveries wait", extra=logs.DATABASE)
    log.warning("another thing")
    assert len(said.getvalue().splitlines()) == 2
    quiet.tell_the_rest()
    last = said.getvalue().splitlines()[-1]
    assert "deliveries wait" in last
    assert "798" in last  # of 800 the first is told, and the last
    assert len(said.getvalue().splitlines()) == 3


def test_an_outage_of_five_seconds_is_four_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    quiet = logs.Quiet(logging.StreamHandler(said), first_s=0.1)
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        quiet.handle(logging.LogRecord("tenor", logging.WARNING, "", 0, "away", (), None))
        time.sleep(0.001)
    time.sleep(0.4)
    assert 3 <= len(said.getvalue().splitlines()) <= 4  # at once, after 0.1, 0.3 and 0.7


def test_different_faults_do_not_hide_each_other(begin: Begin) -> None:
    said = begin(LogForm.JSON)
    log = logging.getLogger("tenor")
    for error in (ValueError("one"), KeyError("two"), ValueError("one")):
        log.error("POST %s failed", "/v1/plans", exc_info=error)
    assert [line["where"] for line in lines_of(said)] == ["ValueError('one')", "KeyError('two')"]


def test_what_ends_the_process_is_a_line(begin: Begin) -> None:
    said = begin(LogForm.JSON)
    sys.excepthook(ValueError, ValueError("nobody caught it"), None)
    assert [(line["level"], line["message"]) for line in lines_of(said)] == [
        ("critical", "the process ends: ValueError('nobody caught it')")
    ]


def test_a_sentence_goes_to_a_person_as_it_is(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    said = begin(LogForm.TEXT)
    logs.tell("Tenor serves.")
    logs.tell("A process died.", logging.WARNING)
    assert (capsys.readouterr().out, said.getvalue()) == ("Tenor serves.\n", "tenor: A process died.\n")


def _met(words: str, then: Exception | None = None) -> Exception:
    """An error of PostgreSQL that repeats a row, as it was caught; or what followed from it."""
    error: Exception = asyncpg.UniqueViolationError(f"duplicate key ({words})")
    error.sqlstate = "23505"  # type: ignore[attr-defined]
    try:
        try:
            raise error
        except asyncpg.PostgresError:
            if then is not None:
                raise then  # noqa: B904 - its context is what is tested
            raise
    except Exception as met:
        return met


@pytest.mark.parametrize("written", LogForm)
def test_a_database_that_is_away_is_a_line_and_no_traceback(begin: Begin, written: LogForm) -> None:
    said = begin(written)
    try:
        raise ConnectionRefusedError(111, "nobody listens")
    except OSError:
        logging.getLogger("asyncpg.pool").exception("Failed to restore the pool connection floor")
    (line,) = said.getvalue().splitlines()
    assert "Failed to restore the pool connection floor: ConnectionRefusedError(111, 'nobody listens')" in line
