"""The catalogue of events, as `webhooks` of the contract: of each type what it tells, a schema and an example.

What a type tells stands beside it in service/event_type.py, where its fields are named; what a field of that name holds
stands here. `GET /v1/event-types` answers what is made of both.
"""

import re
from functools import cache
from typing import Any, Final

from service.contract.schemas import REF, Schema, schemas_of
from service.event_type import EventType
from service.partners.event import PartnerEventView
from service.webhooks.endpoint import SHARE
from service.webhooks.message import Message

_BESIDE: Final = {"number", "event_id", "type", "plan_id", "booked_at"}  # of a share: what the message itself has
_OF_A_PLAN: Final = ("plan", "deposit", "payment", "fee", "instalment", "dispute")

AMOUNTS: Final = {
    "advance", "amount", "amount_before", "approved", "beyond", "captured", "claimed", "closing", "deposit", "fee",
    "from_held", "held", "interest", "limit", "limit_before", "merchant_cost", "merchant_fee", "not_asked_for",
    "outstanding", "overdue", "overpaid", "owed", "paid", "payout", "penalty", "price", "principal",
    "refunded", "released", "remaining", "return_fee", "subsidy", "total_cost", "total_payable", "voided", "waived",
}  # fmt: skip
COUNTS: Final = {
    "capture", "days", "days_past_due", "extendable_days", "instalment", "instalments", "number", "ratio_bps",
    "records", "tries", "version",
}  # fmt: skip
TRUTHS: Final = {
    "by_itself", "extends_by_itself", "final", "given_up", "is_misdirected", "is_penalty", "is_stopped",
}  # fmt: skip
DATES: Final = {
    "begin_on", "business_on", "contest_until", "due_on", "effective_on", "filed_on", "first_due_on", "good_until",
    "notified_on", "pays_on", "received_on", "repay_by", "respond_by", "settlement_on", "since", "value_on",
}  # fmt: skip
INSTANTS: Final = {
    "review_by", "at", "capture_by", "expires_at", "late_capture_until", "released_at", "retry_at",
}  # fmt: skip
IDS: Final = {
    "adjustment_id", "approval_id", "arrangement_id", "assignment_id", "batch_id", "break_id", "charge_id", "claim_id",
    "consumer", "cover_set_id", "credit_id", "debtor_id", "decision_id", "dispute_id", "endpoint_id", "fact_id",
    "fee_id", "file_id", "hold_id", "instrument_id", "loss_id", "pack_id", "payback_id", "payment_id", "payout_id",
    "policy_id",
    "permission_id", "plan_id", "programme_id", "quote_id", "receivable_id",
    "reconciliation_id", "referral_id", "refund_id", "reverses_event_id", "scheme_id", "settlement_id", "transfer_id",
    "voucher_id",
}  # fmt: skip
WORDS: Final = {
    "act",
    "because", "cause", "change", "currency", "end_to_end_id", "evidence", "fact", "kind", "merchant_reference",
    "opened_by", "origin", "outcome", "owner", "ratio", "reason", "received_by", "reference", "rule", "scenario",
    "state",
    "thing", "verdict", "what",
    "why", "word_of", "words",
}  # fmt: skip
MAY_BE_NULL: Final = {
    "authenticated", "batch_id", "because", "claim_id", "contest_until", "evidence", "expires_at", "late_capture_until",
    "merchant_reference", "payment_id", "pays_on", "permission_id", "programme_id", "ratio_bps", "reason", "reference",
    "refund_id", "repay_by", "respond_by", "retry_at", "reverses_event_id", "why", "word_of", "words",
}  # fmt: skip


def data_schema(type_: EventType) -> Schema:
    """The schema of an event's data: all its fields are always there."""
    names = fields_of()[type_]
    return {
        "type": "object", "required": names, "additionalProperties": False,
        "properties": {name: _field(name) for name in names},
    }  # fmt: skip


@cache
def fields_of() -> dict[EventType, list[str]]:
    """By type, the names of the fields that the words beside it name."""
    listed: str = schemas_of([Message])["EventType"]["description"]
    of_a_plan = re.findall(r"`(\w+)`", listed.partition("\n*")[0])
    of_a_share = sorted({*PartnerEventView.__struct_fields__} - _BESIDE)
    return {
        type_: of_a_share
        if type_.startswith(SHARE)
        else sorted({*re.findall(r"`(\w+)`", words), *(of_a_plan if type_.startswith(_OF_A_PLAN) else ())})
        for type_, words in words_of().items()
    }


@cache
def words_of() -> dict[EventType, str]:
    """By type, what it tells."""
    listed: str = schemas_of([Message])["EventType"]["description"]
    return {EventType(name): words for name, words in re.findall(r"^\* `(.+?)`: (.*)$", listed, re.MULTILINE)}


def webhooks(examples: dict[str, Any]) -> dict[str, Schema]:
    """The section of the contract; `examples` are messages by type."""
    return {str(one): {"post": _webhook(one, examples.get(one))} for one in EventType}


def _webhook(type_: EventType, example: Any) -> Schema:
    schema = {
        "allOf": [{"$ref": f"{REF}Message"}],
        "properties": {"type": {"const": str(type_)}, "data": data_schema(type_)},
    }
    content: Schema = {"schema": schema} | ({} if example is None else {"example": example})
    return {
        "operationId": re.sub(r"\W", "_", f"on_{type_}"),
        "tags": ["events"],
        "security": [],  # it is signed instead
        "summary": words_of()[type_],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"2XX": {"description": "It has arrived; anything else, and it is sent again."}},
    }


def _field(name: str) -> Schema:
    schema = _typed(name)
    if name not in MAY_BE_NULL:
        return schema
    return schema | {"type": [schema["type"], "null"]}


def _typed(name: str) -> Schema:
    if name in AMOUNTS or name in COUNTS or name == "authenticated":
        return {"type": "integer"}
    if name in TRUTHS:
        return {"type": "boolean"}
    if name in DATES:
        return {"type": "string", "format": "date"}
    if name in INSTANTS:
        return {"type": "string", "format": "date-time"}
    if name == "lines":
        return {"type": "array", "items": {"type": "object"}}
    assert name in IDS or name in WORDS, f"say in service/contract/events.py what an event's {name!r} holds"
    return {"type": "string"}
