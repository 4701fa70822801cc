"""Headers and the one query that many operations share: each said once, and named by reference."""

from typing import Any, Final

Schema = dict[str, Any]

KEY: Final = {"$ref": "#/components/parameters/IdempotencyKey"}
DRY_RUN: Final = {"$ref": "#/components/parameters/DryRun"}
IF_MATCH: Final = {"$ref": "#/components/parameters/IfMatch"}
LAST_EVENT: Final = {"$ref": "#/components/parameters/LastEventID"}
CLOCK: Final = {"$ref": "#/components/parameters/TenorClock"}
SELLER: Final = {"$ref": "#/components/parameters/TenorMerchant"}


def shared_headers() -> Schema:
    """By the name that a reference says."""
    key = "Names this request, for 30 days: sent again with the same body, it gets the same bytes back. A UUID will do."
    clock = (
        "In a sandbox (TENOR_SANDBOX=1): the instant at which this request happens, as in 2026-03-02T12:00:00Z. "
        "Elsewhere it is refused."
    )
    seller = (
        "Of a platform: the id of its seller for whom it asks. Without it, it asks for itself; "
        "lists with a parameter merchant_id hold its sellers' rows, too."
    )
    last_event = "Of a stream: the number of the last event that was heard; it goes on after that."
    dry_run = "The answer as it would be, with status 200, and nothing happens."
    if_match = 'The version of the plan that you have read, as its ETag: "7". If it has another by now, 412.'
    text = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
    return {
        "IdempotencyKey": _header("Idempotency-Key", key, text, required=True),
        "IfMatch": _header("If-Match", if_match, {"type": "string"}, required=False),
        # No format: generators make a header from nothing but plain types.
        "TenorClock": _header("Tenor-Clock", clock, {"type": "string"}, required=False),
        "LastEventID": _header("Last-Event-ID", last_event, {"type": "string"}, required=False),
        "TenorMerchant": _header("Tenor-Merchant", seller, {"type": "string"}, required=False),
        "DryRun": {
            "name": "dry_run", "in": "query", "required": False, "description": dry_run,
            "schema": {"type": "boolean", "default": False},
        },
    }  # fmt: skip


def _header(name: str, words: str, schema: Schema, required: bool) -> Schema:
    return {"name": name, "in": "header", "required": required, "description": words, "schema": schema}
