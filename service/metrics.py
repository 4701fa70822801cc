"""What a process counts of itself, in Prometheus' terms. The supervisor serves the sum of all processes."""

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from service import clock

REQUESTS: Final = Histogram(
    "tenor_http_request_seconds",
    "From the first byte of a request to the first of its answer.",
    ("method", "path", "status"),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DECISIONS: Final = Counter("tenor_decisions", "Checkouts answered, by outcome.", ("outcome",))
ENQUIRIES: Final = Counter("tenor_enquiries", "Calls to gateways of outside data, by outcome.", ("gateway", "outcome"))
NOT_OURS: Final = Counter(
    "tenor_cache_not_ours",
    "Entries of the cache that we have not sealed; any but those under an old secret are forged.",
)
BATCHES: Final = Histogram(
    "tenor_batch_size", "Works that shared a transaction, by lane.", ("lane",), buckets=(1, 2, 4, 8, 16, 32, 64)
)

TURNED_AWAY: Final = Counter("tenor_turned_away", "Requests that were not let in: too much was under way.")

UNROUTED: Final = "(none)"  # the path of a request that found no route: its own text would be a label without end


class Measured:
    """The application, timed from outside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._series: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        method, began = str(scope["method"]), clock.monotonic()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                name = (method, scope.get("path_template") or UNROUTED, message["status"])
                series = self._series.get(name)
                if series is None:
                    series = self._series[name] = REQUESTS.labels(*name)
                series.observe(clock.monotonic() - began)
            await send(message)

        await self._app(scope, receive, timed)
