"""Every term a price list can name is followed in the life of a plan, or refused when the policy is published."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import msgspec
import pytest

from service.actor import Actor, ActorKind
from service.errors import Refused
from service.plans.capture import Capture
from service.plans.money_back import ChargeBack, Refund
from service.plans.payment import RecordPayment
from service.plans.reschedule import ChargeOff
from service.plans.running.facts import Paid
from service.plans.running.rows import Line
from service.plans.settlement import QuoteSettlement
from service.policies.validate import read_policy
from service.terms.terms import Terms
from tests.plans.lives import Life, agreement
from tests.policies.sample import document_with

AT = "/instalments/1/terms"
YEAR = {"instalments": 12, "every": 1, "unit": "month", "rate_percent": "9.9"}
OPERATOR = Actor(ActorKind.OPERATOR, "us_1")
OPENING = [{"name": "opening", "amount": 3_00, "due": "first"}]
CHRISTMAS_IN_A_MONTH = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Said(msgspec.Struct):
    """One term's value, said beside others; where it is refused, or None: it is followed."""

    value: Any
    refused_at: str | None = None
    place: str = ""  # of whose law it is a matter
    beside: dict[str, Any] = {}


SAID: dict[str, Said] = {
    # rhythm
    "instalments": Said(11),
    "every": Said(2),
    "unit": Said("week"),
    "first_due_days": Said(10),
    "first_due_on": Said("2026-12-05", "/first_due_on"),
    "anchor_day": Said(15),
    "first_period": Said("short", beside={"anchor_day": 15}),
    "non_business_day": Said("following"),
    "calendar": Said("DE", beside={"non_business_day": "following"}),
    # interest
    "method": Said("equal_principal"),
    "rate_percent": Said("9.8"),
    "rate_kind": Said("effective"),
    "interest": Said("daily"),
    "interest_on": Said("added_on"),
    "day_count": Said("actual/360", beside={"interest": "daily"}),
    "interest_free": Said(1),
    "grace_interest": Said(1),
    "grace_principal": Said(1),
    "uncovered_interest": Said("carried", beside={"first_due_days": 2_000, "rate_percent": "30"}),
    # amount
    "down_payment_bps": Said(1000, beside={"down_payment_at": "schedule"}),
    "down_payment": Said(10_00, beside={"down_payment_at": "schedule"}),
    "down_payment_at": Said("schedule", beside={"down_payment": 10_00}),
    "balloon": Said(5_00),
    "balloon_bps": Said(1000),
    "amortized_over": Said(24),
    "costs": Said(OPENING),
    # rounding
    "rounding": Said("up"),
    "instalment_rounding": Said("down"),
    "multiple_of": Said(100),
    "remainder": Said("first", beside={"multiple_of": 100}),
    # life
    "captures": Said("merged"),
    "captured_inside": Said("whole_period", beside={"captures": "merged"}),
    "recalculate": Said(True),
    "paid_early": Said("at_due_date", beside={"recalculate": True}),
    "overdue_interest": Said(False, beside={"recalculate": True}),
    "refund_interest": Said(False),
    "refund_costs": Said(False, beside={"costs": OPENING}),
    "rebate": Said("rule_of_78", place="NZ"),
    "compensation_bps": Said(100, place="DE"),
    "charge_off": Said("all_due"),
    "allocation": Said({"by_kind": [["merchant_refund", {"future": "last"}]]}),
    "chargeback_order": Said(["interest", "principal"]),
}
NONSENSE: dict[str, Said] = {
    "captured_inside": Said("whole_period", "/captured_inside"),
    "paid_early": Said("at_due_date", "/paid_early"),
    "overdue_interest": Said(False, "/overdue_interest", beside={"recalculate": True, "rate_percent": "0"}),
    "refund_interest": Said(False, "/refund_interest", beside={"rate_percent": "0"}),
    "refund_costs": Said(False, "/refund_costs"),
    "allocation": Said({"default": {"order": []}}, "/allocation/default/order"),
    "chargeback_order": Said(["fee", "fee"], "/chargeback_order/1"),
    "costs": Said([{"name": "opening", "amount": 3_00}], "/costs/0/due", beside={"first_due_days": 0}),
    "rebate": Said("unearned", "/rebate", "DE"),
    "compensation_bps": Said(100, "/compensation_bps", "NZ"),
}
# The same terms, said otherwise.
BESIDES: list[tuple[str, Said]] = [
    ("costs", Said([{"name": "opening", "amount": 3_00}])),  # up front
    ("refund_costs", Said(False, beside={"costs": [{"name": "opening", "amount": 3_00}]})),
    ("costs", Said([{"name": "campaign", "amount": 3_00, "payer": "merchant", "due": "first"}], "/costs/0/due")),
    ("day_count", Said("30/360-bond", beside={"interest": "daily"})),
]


def lived(said: dict[str, Any], place: str) -> tuple[int, tuple[Line, ...]] | None:
    """A plan of 2,000.00 under these terms after a life with all that can happen; None: no such plan.

    It is captured in two parts, paid late and ahead, partly refunded, a payment is taken back, and it is charged off;
    before that it could have been settled by an amount, which is told with the lines.
    """
    terms = msgspec.convert(YEAR | said, Terms)
    life = Life(now=CHRISTMAS_IN_A_MONTH)
    life.account = msgspec.structs.replace(life.account, limit=2_000_00)
    try:
        agreed = agreement(
            amount=2_000_00, terms=terms, expires_at=life.now + timedelta(hours=1), capture_within_days=90,
            jurisdiction=place,
        )  # fmt: skip
    except Refused:
        return None
    plan_id = life.authorize(agreed)
    life.do(Capture, plan_id, amount=1_500_00)
    _days_later(life, 41)
    life.do(Capture, plan_id, amount=500_00)
    life.do(RecordPayment, plan_id, amount=300_00)
    _days_later(life, 10)
    life.do(Refund, plan_id, amount=400_00)
    _days_later(life, 40)
    life.do(RecordPayment, plan_id, amount=200_00)
    payments = [one.fact for one in life.facts[plan_id] if isinstance(one.fact, Paid)]
    life.do(ChargeBack, plan_id, amount=150_00, payment_id=payments[-1].id, actor=OPERATOR)
    _days_later(life, 40)
    quote = life.do(QuoteSettlement, plan_id).standing.quote
    assert quote is not None
    life.do(ChargeOff, plan_id, actor=OPERATOR)
    return quote.amount, life.lines(plan_id)


def _days_later(life: Life, days: int) -> None:
    life.now += timedelta(days=days)


def test_all_terms_are_told() -> None:
    assert SAID.keys() == set(Terms.__struct_fields__)


@pytest.mark.parametrize(
    ("name", "said"), [pytest.param(*one, id=one[0]) for one in chain(SAID.items(), NONSENSE.items(), BESIDES)]
)
def test_a_term_is_followed_or_refused(name: str, said: Said) -> None:
    terms, place = (AT, YEAR | said.beside | {name: said.value}), said.place or "DE"
    faults = read_policy(document_with(terms, ("/jurisdiction", place)), CHRISTMAS_IN_A_MONTH.date())[1]
    assert {fault.pointer for fault in faults} == (set() if said.refused_at is None else {AT + said.refused_at})
    if said.refused_at is None:
        assert lived(said.beside | {name: said.value}, said.place) not in (None, lived(said.beside, said.place))


@pytest.mark.parametrize("name", [name for name, said in SAID.items() if said.refused_at])
def test_what_is_refused_may_be_said_as_it_is_anyway(name: str) -> None:
    usual = msgspec.to_builtins(getattr(Terms(), name))
    assert read_policy(document_with((AT, YEAR | {name: usual})))[1] == []
