"""Disputes at Stripe by its published API: what is sent is what its documentation has, each answer is understood."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from service.payments import stripe_disputes as stripe
from service.payments.processor import Call
from service.payments.processor_dispute import FoundDispute, last_day

CONTRACT = msgspec.json.decode((Path(__file__).parent.parent / "vectors" / "stripe_disputes.json").read_bytes())
SINCE = datetime(2026, 3, 2, 11, tzinfo=UTC)
HALF_A_YEAR = timedelta(days=180)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia")


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("news", stripe.ask_news(SINCE, "evt_1", "sk_test_1")),
        ("dispute", stripe.ask_dispute("du_1", "sk_test_1")),
        ("evidence", stripe.hand_evidence("du_1", "needs_response", "Signed for: Müller & Söhne", "sk_test_1")),
        ("accept", stripe.accept("du_1", "sk_test_1")),
    ],
)
def test_what_is_sent(name: str, call: Call) -> None:
    expected = CONTRACT["requests"][name]
    path, _, query = call.path.partition("?")
    form = query or (call.content or b"").decode()
    assert (call.method, path) == (expected["method"], expected["path"])
    assert dict(parse_qsl(form, strict_parsing=bool(form))) == expected["form"]
    assert call.headers["Authorization"] == "Bearer sk_test_1"
    assert call.headers["Stripe-Version"] == "2024-06-20"
    assert ("Idempotency-Key" in call.headers) is (call.method == "POST")


def read(**changes: Any) -> FoundDispute | None:
    body = CONTRACT["dispute"] | changes
    return stripe.read_dispute(CONTRACT["dispute"]["id"], 200, msgspec.json.encode(body))


def test_a_dispute_is_read() -> None:
    assert read() == FoundDispute(
        "du_1MtJUT2eZvKYlo2CNaw2HvEv", "pi_3MtwBwLkdIwHu7ix28a3tqPa", "ch_01KJQ6PSG000GVZRY1MJX97H00", "EUR", 15000,
        "product_not_received", "needs_response", datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC),
    )  # fmt: skip
    alone = read(payment_intent=None, evidence_details={"due_by": 0}, currency="isk")
    assert alone is not None
    assert (alone.payment, alone.charge_id, alone.due_by) == ("ch_1AZtxr2eZvKYlo2CJDX8whov", None, None)
    assert (alone.currency, alone.amount) == ("ISK", 150), "Stripe counts it in hundredths"
    assert read(id="du_2") is read(amount=0) is None


@pytest.mark.parametrize("status", CONTRACT["statuses"])
def test_every_status(status: str) -> None:
    meaning = stripe.meaning_of("general", status)
    assert [meaning.outcome, meaning.takes_evidence] == CONTRACT["statuses"][status]


@pytest.mark.parametrize("reason", CONTRACT["reasons"])
def test_every_reason(reason: str) -> None:
    meaning = stripe.meaning_of(reason, "lost")
    assert [meaning.reason, meaning.returned] == CONTRACT["reasons"][reason]


def test_events_are_read() -> None:
    body = msgspec.json.encode(CONTRACT["events"])
    at = datetime(2026, 3, 2, 12, 1, 40, tzinfo=UTC)
    news = stripe.News("evt_1NG8Du2eZvKYlo2CUI79vXWy", "du_1MtJUT2eZvKYlo2CNaw2HvEv", at)
    assert stripe.read_news(200, body) == stripe.NewsPage([news], has_more=False)
    foreign = msgspec.json.encode(CONTRACT["events"]).replace(b"du_1MtJUT2eZvKYlo2CNaw2HvEv", b"../charges")
    assert stripe.read_news(200, foreign) is None, "what stands in a path is a word"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"data": 1}', b"[" * 10_000])
@pytest.mark.parametrize("status", [200, 401, 429, 500])
def test_nonsense_is_not_heard(status: int, body: bytes) -> None:
    assert (stripe.read_news(status, body), stripe.read_dispute("du_1", status, body)) == (None, None)


@pytest.mark.parametrize(("zone", "day"), [*zip(ZONES, (12, 12, 11, 12), strict=True)])
def test_the_last_day_ends_in_time_where_the_merchant_is(zone: str, day: int) -> None:
    due_by, today = datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC), date(2026, 3, 2)
    assert last_day(due_by, zone, today, HALF_A_YEAR) == date(2026, 3, day)
    assert last_day(due_by, zone, date(2026, 3, 13), HALF_A_YEAR) is None
    assert last_day(due_by + HALF_A_YEAR, zone, today, HALF_A_YEAR) is None
    assert last_day(None, zone, today, HALF_A_YEAR) is None
