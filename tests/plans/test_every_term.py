"""Whatever terms a policy may publish are followed: no pair of them makes a life raise anything but a refusal."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.actor import Actor, ActorKind
from service.errors import Refused
from service.ledger.chart import LedgerAccount
from service.plans.book import PlanCommand
from service.plans.capture import Capture
from service.plans.charges import Levy, Waive
from service.plans.money_back import ChargeBack, Refund, ReturnOverpayment, ReturnPayment
from service.plans.payment import RecordPayment
from service.plans.plan import Plan, view
from service.plans.reading_store import fold
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.running import facts
from service.plans.running.fact import Fact
from service.plans.running.kept import keep
from service.policies.validate_life import life_is_followed
from service.terms.allocation_rule import Component, Future, order
from service.terms.terms import Terms
from tests.plans.lives import MERCHANT_ACTS, NOON, Life, agreement

OPERATOR = Actor(ActorKind.OPERATOR, "us_1")
LENT = 900_00

PRODUCTS: list[dict[str, Any]] = [
    {},
    {"instalments": 6, "every": 1, "unit": "month", "rate_percent": "19.9"},
    {"instalments": 3, "every": 1, "unit": "month", "rate_percent": "12", "method": "equal_principal"},
    {"instalments": 4, "every": 1, "unit": "month", "rate_percent": "9.9", "balloon": 300_00, "interest": "daily"},
    {"instalments": 5, "every": 15, "rate_percent": "24", "interest_on": "financed", "grace_interest": 1},
    {"instalments": 4, "every": 1, "unit": "month", "rate_percent": "8", "grace_principal": 1, "anchor_day": 31},
    {
        "instalments": 3, "every": 1, "unit": "month", "rate_percent": "15", "down_payment_bps": 2500,
        "down_payment_at": "schedule", "costs": [{"name": "opening", "amount": 9_00, "due": "spread"}],
    },
]  # fmt: skip
INTEREST_FIRST = order(Component.INTEREST, Component.PRINCIPAL, Component.PENALTY, Component.FEE)
PRINCIPAL_FIRST = order(Component.PRINCIPAL, Component.INTEREST, Component.PENALTY, Component.FEE)
LIFE: dict[str, list[Any]] = {
    "captures": ["own_term", "merged", "foreseen"],
    "captured_inside": ["whole_period"],
    "recalculate": [True],
    "paid_early": ["at_once_unless_settled", "at_due_date"],
    "overdue_interest": [False],
    "refund_interest": [False],
    "refund_costs": [False],
    "charge_off": ["no_more_interest", "all_due"],
    "chargeback_order": [["penalty", "fee", "interest", "principal"], ["interest"]],
    "allocation": [
        {"default": {"order": PRINCIPAL_FIRST, "future": future}, "by_kind": kinds, "direction": direction}
        for future in Future
        for kinds in ([], [("merchant_refund", {"order": INTEREST_FIRST, "future": "last"})])
        for direction in ("horizontal", "vertical")
    ],
}
SAID = [(name, value) for name, values in LIFE.items() for value in values]

some = st.integers(1, 10_000)  # in basis points of what is there


@st.composite
def publishable(draw: st.DrawFn) -> Terms:
    """A product, a pair of terms of life, and those beside which they can matter."""
    said = dict(draw(st.lists(st.sampled_from(SAID), min_size=2, max_size=2)))
    beside: dict[str, Any] = {"recalculate": True} if said.keys() & {"paid_early", "overdue_interest"} else {}
    beside |= {"captures": draw(st.sampled_from(["merged", "foreseen"]))} if "captured_inside" in said else {}
    terms = msgspec.convert(draw(st.sampled_from(PRODUCTS)) | beside | said, Terms, strict=False)
    assume(not list(life_is_followed("", terms)))
    return terms


class Lived:
    """A plan of 900.00, to which anything happens."""

    def __init__(self, terms: Terms) -> None:
        self.life = Life(now=NOON)
        self.plan_id = self.life.authorize(agreement(amount=LENT, terms=terms, capture_within_days=500))

    @property
    def plan(self) -> Plan:
        return self.life.plans[self.plan_id]

    def any_of(self, kind: type[Fact], part: int) -> str:
        """The id of a fact that happened; of none, where none of the kind did."""
        named = [one.fact.id for one in self.life.facts[self.plan_id] if isinstance(one.fact, kind)]
        return named[part % len(named)] if named else "none"

    def do(self, verb: type[PlanCommand], **arguments: Any) -> None:
        """It happens, or is refused; nothing else."""
        merchants = verb in (Capture, Refund)
        with suppress(Refused):
            self.life.do(verb, self.plan_id, actor=MERCHANT_ACTS if merchants else OPERATOR, **arguments)
        self.agrees()

    def agrees(self) -> None:
        """Lines, amounts and ledger say the same, and so do the facts folded at once."""
        plan, life = self.plan, self.life
        assert keep(fold(plan.offer.terms, life.facts[self.plan_id])) == keep(plan.standing)
        lines, amounts, balances = life.lines(self.plan_id), plan.amounts, life.balances(self.plan_id)
        assert all(line.outstanding >= 0 for line in lines)
        assert sum(line.outstanding for line in lines) == amounts.outstanding
        assert (life.account.reserved, life.account.used) == (amounts.reserved, amounts.used)
        assert sum(balances.values()) == 0
        if not plan.standing.closed:
            assert balances[LedgerAccount.CONSUMER_PRINCIPAL] == amounts.used
            assert balances[LedgerAccount.CONSUMER_FEES] == sum(
                line.fee + line.penalty - line.paid_fee - line.paid_penalty for line in lines
            )
        assert balances[LedgerAccount.CONSUMER_PAYABLE] == -amounts.overpaid
        assert view(plan, self.life.now.date()).overpaid == amounts.overpaid


def happens(lived: Lived, verb: str, part: int, days: int) -> None:
    """One thing of those that can, of a size that `part` gives."""
    plan, on = lived.plan, lived.life.now.date()
    owed, then = plan.amounts.outstanding, on + timedelta(days=days)
    head = {**UNWRITTEN, "on": on - timedelta(days=days % 3)}
    match verb:
        case "capture":
            lived.do(Capture, amount=max(1, plan.remaining * part // 10_000), final=part % 7 == 0)
        case "pay":
            lived.do(RecordPayment, amount=max(1, owed * part // 9_000), received_on=on - timedelta(days=days % 20))
        case "refund":
            lived.do(Refund, amount=max(1, plan.amounts.captured * part // 10_000))
        case "levy":
            lived.do(Levy, amount=part, is_penalty=bool(part % 2), due_on=then)
        case "waive":
            lived.do(Waive, fee_id=lived.any_of(facts.Levied, part))
        case "back":
            lived.do(ChargeBack, payment_id=lived.any_of(facts.Paid, part), amount=part)
        case "return":
            lived.do(ReturnPayment, payment_id=lived.any_of(facts.Paid, part))
        case "overpaid":
            lived.do(ReturnOverpayment, amount=max(1, plan.amounts.overpaid))
        case "rate":
            lived.do(Reschedule, change=facts.RateChanged(**head, rate_percent=Decimal(part) / 500))
        case "re_age":
            change = facts.ReAged(**head, first_due_on=then, instalments=1 + part % 8)
            lived.do(Reschedule, change=change)
        case "pause":
            lived.do(Reschedule, change=facts.InterestPaused(**head, end_on=then))
        case "extend":
            lived.do(Reschedule, change=facts.Extended(**head, instalments=1 + part % 3))
        case "holiday":
            lived.do(Reschedule, change=facts.HolidayGranted(**head, principal=part % 2, interest=part % 3))
        case "re_amortize":
            lived.do(Reschedule, change=facts.ReAmortized(**head))
        case "charge_off":
            lived.do(ChargeOff)
        case "forgive":
            lived.do(Forgive)


VERBS = [
    "capture", "capture", "pay", "pay", "pay", "refund", "refund", "levy", "waive", "back", "back", "return",
    "overpaid", "rate", "re_age", "pause", "extend", "holiday", "re_amortize", "charge_off", "forgive",
]  # fmt: skip


@given(publishable(), some, st.lists(st.tuples(st.sampled_from(VERBS), some, st.integers(0, 45)), max_size=12))
def test_a_plan_lives_under_whatever_is_published(terms: Terms, first: int, steps: list[tuple[str, int, int]]) -> None:
    lived = Lived(terms)
    lived.do(Capture, amount=max(1, LENT * first // 10_000))
    for verb, part, days in steps:
        lived.life.now += timedelta(days=days)
        happens(lived, verb, part, days)
