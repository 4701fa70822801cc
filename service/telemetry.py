"""Spans for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says where they go; where it does not, nothing is loaded.

One span for each request we serve, named by method and route, and one for each call to somebody else's network, named
by method and host. Addresses, bodies and references are in neither. The packages are a group of their own
(requirements/telemetry.txt); what OpenTelemetry's own variables say holds (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER ...).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service import trace
from service.config import CannotStart
from service.exchange import BEGINS

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
FLUSH_MS: Final = 1_000  # what was not sent when the process ends may take so long
_ERROR: Final = 500


class Telemetry:
    """Of one process."""

    def __init__(self, provider: "TracerProvider") -> None:
        self.provider = provider
        self.tracer: Tracer = provider.get_tracer("tenor")

    def close(self) -> None:
        """Sends what is left, if somebody takes it."""
        self.provider.force_flush(FLUSH_MS)


class _Process:
    telemetry: Telemetry | None = None


def begin(environ: Mapping[str, str], process: str) -> Telemetry | None:
    """From now on spans are sent, if the environment says where. Raises `CannotStart` where packages are missing."""
    if not any(environ.get(name, "").strip() for name in ENDPOINTS) or environ.get("OTEL_SDK_DISABLED") == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        sentence = f"OTEL_EXPORTER_OTLP_ENDPOINT is set, and {error.name} is not installed: requirements/telemetry.txt."
        raise CannotStart(sentence) from error
    named = {"service.name": environ.get("OTEL_SERVICE_NAME", "").strip() or "tenor", "tenor.process": process}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _Process.telemetry = Telemetry(provider)
    return _Process.telemetry


def end() -> None:
    """The process ends."""
    if _Process.telemetry is not None:
        _Process.telemetry.close()
        _Process.telemetry = None


def traced(app: ASGIApp) -> ASGIApp:
    """The application with a span around each request; where none are sent, the application."""
    return Traced(app, _Process.telemetry.tracer) if _Process.telemetry is not None else app


@contextmanager
def calling(method: str, url: str) -> Iterator[dict[str, str]]:
    """The headers that a call to another service carries, within a span where they are sent."""
    if _Process.telemetry is None:
        yield trace.carried()
        return
    from opentelemetry.trace import SpanKind

    host = urlsplit(url).hostname or ""
    attributes = {"http.request.method": method, "server.address": host}
    carried = trace.carried()
    tracer = _Process.telemetry.tracer
    with tracer.start_as_current_span(
        f"{method} {host}", _context_of(carried["traceparent"]), SpanKind.CLIENT, attributes, record_exception=False
    ) as span:
        yield carried | {"traceparent": _traceparent(span)}


class Traced:
    """Around the application. What stands inside finds our own span in `traceparent`, as if the caller had sent it."""

    def __init__(self, app: ASGIApp, tracer: "Tracer") -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, StatusCode

        given, method = list(scope["headers"]), str(scope["method"])
        asked = trace.Trace(given)
        context = _context_of(asked.parent) if asked.parent else None
        with self._tracer.start_as_current_span(method, context, SpanKind.SERVER, record_exception=False) as span:
            inner: Any = scope
            others = [(name, value) for name, value in given if name != b"traceparent"]
            inner["headers"] = [*others, (b"traceparent", _traceparent(span).encode())]

            async def told(message: Message) -> None:
                if message["type"] in BEGINS:
                    route, status = scope.get("path_template") or "(none)", message["status"]
                    span.update_name(f"{method} {route}")
                    span.set_attributes(
                        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                    )
                    if status >= _ERROR:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(inner, receive, told)


def _traceparent(span: "Span") -> str:
    own = span.get_span_context()
    return f"00-{own.trace_id:032x}-{own.span_id:016x}-{int(own.trace_flags):02x}"


def _context_of(traceparent: str) -> "Context":
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})
