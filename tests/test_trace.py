"""W3C Trace Context: what is read, what is passed on, and what is not believed."""

import re

import pytest

from service import trace

ID, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD = f"00-{ID}-{SPAN}-01".encode()


def test_a_trace_is_carried_on_with_a_span_of_its_own() -> None:
    trace.begin([(b"traceparent", GOOD), (b"tracestate", b"a=1"), (b"tracestate", b"b=2")])
    first, second = trace.carried(), trace.carried()
    assert first["tracestate"] == "a=1,b=2"
    assert re.fullmatch(rf"00-{ID}-(?!{SPAN})[0-9a-f]{{16}}-01", first["traceparent"])
    assert first["traceparent"] != second["traceparent"]


@pytest.mark.parametrize(
    "given",
    [
        [],
        [(b"traceparent", b"")],
        [(b"traceparent", GOOD.upper())],
        [(b"traceparent", GOOD + b"0")],
        [(b"traceparent", f"00-{'0' * 32}-{SPAN}-01".encode())],
        [(b"traceparent", f"00-{ID}-{'0' * 16}-01".encode())],
        [(b"traceparent", GOOD.replace(b"00-", b"ff-", 1))],
        [(b"traceparent", GOOD), (b"traceparent", GOOD)],
    ],
)
def test_what_cannot_be_read_begins_a_trace(given: list[tuple[bytes, bytes]]) -> None:
    begun = trace.begin(given)
    assert re.fullmatch("[0-9a-f]{32}", begun.request_id)
    assert begun.request_id not in (ID, "0" * 32)
    assert begun.request_id == begun.request_id


@pytest.mark.parametrize("state", [b"a=" + b"1" * 600, b"a=\xe4", b"a=1\x00"])
def test_a_state_that_is_none_is_left_out(state: bytes) -> None:
    trace.begin([(b"traceparent", GOOD), (b"tracestate", state)])
    assert set(trace.carried()) == {"traceparent"}
