"""Paybacks as processors speak of them: at Stripe by its published API, and in our own protocol."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from service.payments import payback_protocol, stripe_paybacks
from service.payments.charge import Reason
from service.payments.payback import (
    NO_PAYBACK,
    UNHEARD_PAYBACK,
    HeardPayback,
    Payback,
    PaybackSaid,
    PaybackState,
    ask_next,
)

CONTRACT = msgspec.json.decode((Path(__file__).parent.parent / "vectors" / "stripe_paybacks.json").read_bytes())
ANSWERS = {answer["name"]: answer for answer in CONTRACT["answers"]}
FOUND = {answer["name"]: answer for answer in CONTRACT["found"]}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def payback(**changes: Any) -> Payback:
    known = {
        "bucket": 0, "merchant_id": "me_1", "instrument_id": "in_1", "processor_id": "ps_1", "reason": None,
        "state": PaybackState.PENDING, "payment": "", "made_at": NOON + timedelta(days=1), "asked": 0,
        "ended_at": None, "source_made_at": NOON, "source_ended_at": NOON + timedelta(seconds=5),
    }  # fmt: skip
    return Payback(**(known | CONTRACT["payback"] | changes))


@pytest.mark.parametrize("name", CONTRACT["requests"])
def test_what_is_sent_to_stripe(name: str) -> None:
    expected = CONTRACT["requests"][name]
    call = getattr(stripe_paybacks, name)(payback(payment=expected["payment"]), "sk_test_1")
    path, _, query = call.path.partition("?")
    form = query or (call.content or b"").decode()
    assert (call.method, path, dict(parse_qsl(form, strict_parsing=True))) == (
        expected["method"], expected["path"], expected["form"],
    )  # fmt: skip
    assert call.headers.get("Idempotency-Key", "") == expected["key"]
    assert call.headers["Authorization"] == "Bearer sk_test_1"


@pytest.mark.parametrize("name", FOUND)
def test_by_which_name_stripe_knows_the_charge(name: str) -> None:
    answer = FOUND[name]
    assert stripe_paybacks.read_found(payback(), answer["status"], msgspec.json.encode(answer["body"])) == answer["is"]


@pytest.mark.parametrize("name", ANSWERS)
def test_what_stripe_answers(name: str) -> None:
    answer = ANSWERS[name]
    one = payback(payment=CONTRACT["requests"]["ask"]["payment"])
    heard = stripe_paybacks.read(one, answer["status"], msgspec.json.encode(answer["body"]))
    assert heard == msgspec.convert(answer["heard"], HeardPayback)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"object": "refund"}', b"[" * 10_000])
@pytest.mark.parametrize("status", [200, 400, 402, 500])
def test_nonsense_leaves_it_open(status: int, body: bytes) -> None:
    assert stripe_paybacks.read(payback(), status, body) == UNHEARD_PAYBACK
    assert stripe_paybacks.read_found(payback(), status, body) == ""
    assert payback_protocol.read(payback(), status, body) == UNHEARD_PAYBACK


def test_stripe_counts_some_currencies_in_hundredths() -> None:
    assert dict(parse_qsl((stripe_paybacks.pay_back(payback(currency="ISK"), "s").content or b"").decode()))[
        "amount"
    ] == "300000"  # fmt: skip


REPLY = {"refund_id": CONTRACT["payback"]["payback_id"], "state": "paid", "amount": 3000, "currency": "EUR"}


@pytest.mark.parametrize(
    ("status", "changes", "heard"),
    [
        (200, {}, HeardPayback(PaybackSaid.PAID)),
        (200, {"state": "pending"}, HeardPayback(PaybackSaid.PENDING)),
        (200, {"state": "failed", "reason": "expired"}, HeardPayback(PaybackSaid.FAILED, Reason.EXPIRED)),
        (200, {"state": "failed", "reason": "bad luck"}, HeardPayback(PaybackSaid.FAILED, Reason.DECLINED)),
        (200, {"state": "gone"}, UNHEARD_PAYBACK),
        (200, {"amount": 2999}, UNHEARD_PAYBACK),
        (200, {"currency": "USD"}, UNHEARD_PAYBACK),
        (200, {"refund_id": "pb_2"}, UNHEARD_PAYBACK),
        (404, {}, NO_PAYBACK),
        (500, {}, UNHEARD_PAYBACK),
    ],
)
def test_what_a_processor_of_our_own_kind_answers(status: int, changes: dict[str, Any], heard: HeardPayback) -> None:
    assert payback_protocol.read(payback(), status, msgspec.json.encode(REPLY | changes)) == heard


def test_what_is_sent_to_a_processor_of_our_own_kind() -> None:
    one = payback()
    sent, asked = payback_protocol.pay_back(one, "s"), payback_protocol.ask(one, "s")
    assert (sent.method, sent.path, sent.headers["Idempotency-Key"]) == ("POST", "refunds", one.payback_id)
    known = {"refund_id": one.payback_id, "of": one.source_id, "amount": 3000, "currency": "EUR", "plan_id": "pl_1"}
    assert msgspec.json.decode(sent.content or b"") == known
    assert (asked.method, asked.path) == ("GET", f"refunds/{one.payback_id}")


def test_what_was_paid_is_looked_at_for_more_than_a_month() -> None:
    whens, when = [], NOON
    for asked in range(9):
        again = ask_next(PaybackState.PAID, asked, when)
        if again is None:
            break
        whens.append(again)
        when = again
    assert [(one - NOON).days for one in whens] == [1, 8, 38]
    assert ask_next(PaybackState.PENDING, 99, NOON) == NOON + timedelta(hours=2)
