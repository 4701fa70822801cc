"""Disputes at Stripe, by its published HTTP API. Pure.

    GET  v1/events    types[]=charge.dispute.*, created[gte]=...      of which disputes there is news, newest first
    GET  v1/disputes/dp_...?expand[]=payment_intent                   how one stands now, and of which charge it is
    POST v1/disputes/dp_...       evidence[uncategorized_text]=...    what the merchant answers, sent to the bank
    POST v1/disputes/dp_.../close                                     the merchant accepts it

An event only says that a dispute is to be read: so events that come twice, late or in another order do no harm. The
PaymentIntent's metadata name our charge. Stripe keeps events for 30 days. An inquiry (`warning_...`) is a dispute that
has taken no money yet; closed as such, the bank has withdrawn it. Written from docs.stripe.com: /api/disputes,
/api/events/list, /api/events/types, /disputes/how-disputes-work; tests/vectors/stripe_disputes.json holds what those
pages say is answered.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct, field

from service.payments.charge import Reason
from service.payments.processor import Call
from service.payments.processor_dispute import FoundDispute, Meaning
from service.payments.stripe import IN_HUNDREDTHS, form_encoded, headers_of
from service.plans.running.dispute_facts import DisputeReason, DisputeState

KEPT: Final = timedelta(days=30)  # events
LISTED_MAX: Final = 100
EVIDENCE_MAX: Final = 20_000  # characters of `uncategorized_text`
TYPES: Final = tuple(
    f"charge.dispute.{word}" for word in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_]{1,100}")  # what stands in the path of a request

# What the consumer tells the bank; what is not listed is another reason (docs.stripe.com/disputes/categories).
REASONS: Final[dict[str, DisputeReason]] = {
    "product_not_received": DisputeReason.NOT_RECEIVED,
    "product_unacceptable": DisputeReason.NOT_AS_DESCRIBED,
    "credit_not_processed": DisputeReason.RETURNED,
    "fraudulent": DisputeReason.NOT_AUTHORIZED,
    "unrecognized": DisputeReason.NOT_AUTHORIZED,
    "debit_not_authorized": DisputeReason.NOT_AUTHORIZED,
    "duplicate": DisputeReason.DUPLICATE,
}
# Why the money of a lost dispute went back; what is not listed has no reason.
RETURNED: Final[dict[str, Reason]] = {
    "fraudulent": Reason.BLOCKED,
    "debit_not_authorized": Reason.REVOKED,
    "insufficient_funds": Reason.INSUFFICIENT_FUNDS,
    "incorrect_account_details": Reason.ACCOUNT_CLOSED,
}
OUTCOMES: Final[dict[str, DisputeState]] = {
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "warning_closed": DisputeState.WITHDRAWN,
    "prevented": DisputeState.WITHDRAWN,
}
TAKES_EVIDENCE: Final = ("needs_response", "warning_needs_response")


class News(Struct, frozen=True):
    """An event: of which dispute there is news."""

    event_id: str
    reference: str
    at: datetime


class NewsPage(Struct, frozen=True):
    """Events, the newest first, and whether there are older ones."""

    news: list[News]
    has_more: bool


class _Object(Struct):
    id: str


class _EventData(Struct):
    object: _Object


class _Event(Struct):
    id: str
    created: int
    data: _EventData


class _Events(Struct):
    data: list[_Event]
    has_more: bool


class _Intent(Struct):
    id: str
    metadata: dict[str, str] = {}


class _Details(Struct):
    due_by: int | None = None


class _Dispute(Struct):
    id: str
    amount: int
    currency: str
    reason: str
    status: str
    charge: str | None = None
    payment_intent: _Intent | str | None = None
    evidence_details: _Details = field(default_factory=_Details)


def ask_news(since: datetime, after: str, secret: str) -> Call:
    """The request for a page of events since an instant; `after` is the last event of the page before."""
    query = [(f"types[{number}]", word) for number, word in enumerate(TYPES)]
    query += [("created[gte]", str(int(since.timestamp()))), ("limit", str(LISTED_MAX))]
    query += [("starting_after", after)] if after else []
    return Call("GET", f"v1/events?{form_encoded(dict(query))}", headers_of(secret))


def read_news(status: int, body: bytes) -> NewsPage | None:
    """What is answered to `ask_news`; None: nothing that we understand."""
    try:
        page = _decode_events(body) if status == 200 else None
    except (ValueError, RecursionError):
        return None
    if page is None or not all(_REFERENCE.fullmatch(one.data.object.id) for one in page.data):
        return None
    news = [News(one.id, one.data.object.id, datetime.fromtimestamp(one.created, UTC)) for one in page.data]
    return NewsPage(news, page.has_more and bool(news))


def ask_dispute(reference: str, secret: str) -> Call:
    """The request for a dispute as it stands."""
    return Call("GET", f"v1/disputes/{reference}?{form_encoded({'expand[0]': 'payment_intent'})}", headers_of(secret))


def hand_evidence(reference: str, status: str, evidence: str, secret: str) -> Call:
    """The request to send what the merchant answers to the bank: the same one while the dispute has this status."""
    form = {"evidence[uncategorized_text]": evidence[:EVIDENCE_MAX], "submit": "true"}
    return _post(f"v1/disputes/{reference}", form, f"evidence {reference} {status}", secret)


def accept(reference: str, secret: str) -> Call:
    """The request to give a dispute up: the merchant accepts it."""
    return _post(f"v1/disputes/{reference}/close", {}, f"accept {reference}", secret)


def read_dispute(reference: str, status: int, body: bytes) -> FoundDispute | None:
    """A dispute as it stands, answered to any of these requests; None: nothing that we understand."""
    try:
        one = _decode_dispute(body) if status == 200 else None
    except (ValueError, RecursionError):
        return None
    if one is None or one.id != reference:
        return None
    intent = one.payment_intent if isinstance(one.payment_intent, _Intent) else None
    currency = one.currency.upper()
    amount = one.amount // 100 if currency in IN_HUNDREDTHS else one.amount
    if amount <= 0:
        return None
    due_by = one.evidence_details.due_by
    charge_id = intent.metadata.get("charge_id") if intent else None
    ends = datetime.fromtimestamp(due_by, UTC) if due_by else None
    payment = intent.id if intent else one.charge or ""
    return FoundDispute(reference, payment, charge_id, currency, amount, one.reason, one.status, ends)


def meaning_of(reason: str, status: str) -> Meaning:
    """What Stripe's words for a reason and a status mean; a status that is not listed is none that ends it."""
    return Meaning(
        REASONS.get(reason, DisputeReason.OTHER), RETURNED.get(reason, Reason.DECLINED), OUTCOMES.get(status),
        status in TAKES_EVIDENCE,
    )  # fmt: skip


def _post(path: str, form: dict[str, str], key: str, secret: str) -> Call:
    headers = headers_of(secret) | {"Idempotency-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
    return Call("POST", path, headers, form_encoded(form).encode())


_decode_events: Final = msgspec.json.Decoder(_Events).decode
_decode_dispute: Final = msgspec.json.Decoder(_Dispute).decode
