"""What a process counts of itself, in Prometheus' terms. The supervisor serves the sum of all processes."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from service.config import CannotStart

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

LANE_WAITING: Final = Gauge(
    "tenor_lane_waiting", "Works in a lane's queue and its siding.", ("lane",), multiprocess_mode="livesum"
)
POOL: Final = Gauge(
    "tenor_pool_connections", "Connections to PostgreSQL, by what they do.", ("state",), multiprocess_mode="livesum"
)
REASONS: Final = Counter("tenor_decision_reasons", "Reasons given for refusals and referrals.", ("reason",))
CACHE: Final = Counter("tenor_cache_answers", "Entries asked of the cache: found, missing, or Redis away.", ("answer",))
DELIVERIES: Final = Counter(
    "tenor_webhook_attempts", "Attempts to deliver an event, by what became of it.", ("outcome",)
)

# Measured by `tenor worker`, of the whole service. Instants are seconds of Unix time, amounts are minor units.
WORKED: Final = Gauge("tenor_worker_round_timestamp_seconds", "When the worker last finished a round.")
DAY_CLOSED: Final = Gauge("tenor_day_closed_timestamp_seconds", "When the close of the day was last finished.")
MEASURED: Final = Gauge("tenor_measured_timestamp_seconds", "When the gauges below were measured.")
MONEY: Final = Gauge("tenor_money_minor", "What consumers may owe, were promised, and owe.", ("what", "currency"))
LEDGER: Final = Gauge("tenor_ledger_balance_minor", "Debit less credit of an account.", ("account", "currency"))
OLDEST_UNDELIVERED: Final = Gauge(
    "tenor_oldest_undelivered_seconds", "Age of the oldest event that an endpoint in use waits for; 0: there is none."
)
OLDEST_BREAK: Final = Gauge("tenor_oldest_break_seconds", "Age of the oldest open break; 0: there is none.")
BREAKS: Final = Gauge("tenor_open_breaks", "Breaks that are open.")

TURNED_AWAY: Final = Counter("tenor_turned_away", "Requests that were not let in: too much was under way.")

UNROUTED: Final = "(none)"  # the path of a request that found no route: its own text would be a label without end


def serve(host: str, port: int) -> None:
    """Serves what this process counts at /metrics until it ends. Raises `CannotStart` when the port cannot be had."""
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise CannotStart(f"TENOR_METRICS_PORT {port} cannot be used: {error.strerror}.") from error
