"""Spans as a collector receives them, from a running service; and what other services are told."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import Context
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service import telemetry, trace
from service.config import CannotStart, Settings
from service.http_client import exchange, open_client
from service.reach import ANYWHERE
from tests.engine.processes import serving

ID, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{ID}-{SPAN}-01"


class Collector(ThreadingHTTPServer):
    """Keeps the spans it is sent, and the headers of whoever asks it anything else."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.spans: list[Any] = []
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def span(self, name: str, within_s: float = 15) -> Any:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if found := [span for span in self.spans if span.name == name]:
                return found[0]
            time.sleep(0.05)
        raise AssertionError([span.name for span in self.spans])


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if self.path == "/v1/traces":
            message = ExportTraceServiceRequest.FromString(body)
            spans = (span for one in message.resource_spans for scope in one.scope_spans for span in scope.spans)
            self.server.spans.extend(spans)
        else:
            self.server.asked.append(self.headers["traceparent"])
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(ANYWHERE) as client:
        yield client


async def test_a_call_to_another_service_tells_for_which_request(
    collector: Collector, client: httpx.AsyncClient
) -> None:
    async def called() -> None:
        trace.begin([(b"traceparent", PARENT.encode())])
        assert await exchange(client, "POST", f"{collector.url}/ask", {}, b"{}")

    async def called_for_nobody() -> None:
        assert await exchange(client, "POST", f"{collector.url}/ask", {}, b"{}")

    for call in (called(), called_for_nobody()):
        await asyncio.create_task(call, context=Context())
    first, second = collector.asked
    assert first is not None
    assert first.startswith(f"00-{ID}-")
    assert first != PARENT
    assert second is not None
    assert ID not in second
    assert collector.spans == []


@pytest.mark.long
def test_a_request_is_a_span_of_its_callers_trace(
    collector: Collector, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with serving(settings, workers=1) as service:
        answered = httpx.get(f"{service.base_url}/v1/plans/none", headers={"traceparent": PARENT})
        assert (answered.status_code, answered.headers["request-id"]) == (401, ID)
        span = collector.span("GET /v1/plans/{plan_id}")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (ID, SPAN)
    said = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
    assert said == {
        "http.request.method": "GET", "http.route": "/v1/plans/{plan_id}", "http.response.status_code": 401,
    }  # fmt: skip


async def test_a_call_is_a_span_within_the_requests(
    collector: Collector, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/v1/traces")
    telemetry.begin(os.environ, "worker")
    try:
        trace.begin([(b"traceparent", PARENT.encode())])
        await exchange(client, "POST", f"{collector.url}/ask?secret=1", {}, b"{}")
    finally:
        telemetry.end()
    span = collector.span("POST 127.0.0.1")
    assert collector.asked == [f"00-{ID}-{span.span_id.hex()}-01"]
    assert span.trace_id.hex() == ID
    assert "secret" not in str(span)


@pytest.mark.parametrize("environ", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}])
def test_without_a_collector_nothing_stands_around_the_application(environ: dict[str, str]) -> None:
    async def app(*_: Any) -> None:
        """Does nothing."""

    assert telemetry.begin(environ, "worker") is None
    assert telemetry.traced(app) is app


def test_missing_packages_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(CannotStart, match=r"requirements/telemetry\.txt"):
        telemetry.begin({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, "worker")
