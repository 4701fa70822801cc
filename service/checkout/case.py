"""The case: a checkout, what we know, and what the policy makes of it, laid out for the rules to read."""

from collections.abc import Callable
from datetime import date
from typing import Final

from msgspec import Struct

from service.checkout.request import Checkout
from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.money import BPS
from service.policies.compile import CompiledPolicy
from service.policies.document import Grade, Source
from service.policies.features import Fact


class Case(Struct):
    """One checkout under one policy on one day."""

    request: Checkout
    snapshot: Snapshot
    merchant: Merchant
    policy: CompiledPolicy
    today: date  # in the merchant's time zone, whose days its plans count by
    category: str  # the policy's
    facts: list[Fact] = []  # in the order of the policy's features
    score: int = 0
    grade: Grade | None = None
    limit: int = 0  # the account's; without an account, what the grade is given
    available: int = 0  # what may still be promised, minor units; never negative


def lay_out(request: Checkout, snapshot: Snapshot, merchant: Merchant, policy: CompiledPolicy, today: date) -> Case:
    """The case with its facts, score, grade and limit."""
    case = Case(request, snapshot, merchant, policy, today, policy.category_of(request.word))
    case.facts = read_facts(case)
    case.score = policy.scorecard.score(case.facts)
    case.grade = policy.policy.grades[0] if snapshot.persona else policy.grade_of(case.score)
    if snapshot.limit is not None:
        case.limit = snapshot.limit
    elif case.grade is not None:
        case.limit = policy.limit_for(case.grade.name, request.currency, case.facts, snapshot.paid_off_plans)
    case.available = max(0, case.limit - snapshot.reserved - snapshot.used)
    return case


def read_facts(case: Case) -> list[Fact]:
    """Every feature's fact; None where it is absent, of another type, or not one of the words it may be."""
    plan, attributes, counters = case.policy.facts, case.snapshot.attributes, case.snapshot.counters
    outside = case.snapshot.outside
    facts: list[Fact] = [None] * plan.count
    for place, name, type_, words in plan.attributes:
        fact = attributes.get(name)
        if type(fact) is type_ and (not words or fact in words):
            facts[place] = fact
    for place, source, name, words in plan.known:
        fact = READERS[source, name](case)
        if not words or fact in words:
            facts[place] = fact
    for place, name in plan.counters:
        facts[place] = counters.get(name)
    for place, asked, name, type_, words in plan.outside:
        said = outside[asked].facts.get(name) if asked in outside else None
        if type(said) is type_ and (not words or said in words):
            facts[place] = said
    for place, of, over in plan.ratios:
        facts[place] = _ratio_bps(facts[of], facts[over])
    return facts


def _ratio_bps(of: Fact, over: Fact) -> Fact:
    if not isinstance(of, int) or not isinstance(over, int) or over <= 0:
        return None
    return of * BPS // over


def _days_overdue(case: Case) -> int:
    due_on = case.snapshot.next_due_on
    return max(0, (case.today - due_on).days) if due_on else 0


def _days_since_first_plan(case: Case) -> Fact:
    first_on = case.snapshot.first_plan_on
    return (case.today - first_on).days if first_on else None


def _if_account(read: Callable[[Snapshot], int]) -> Callable[[Case], Fact]:
    return lambda case: None if case.snapshot.limit is None else read(case.snapshot)


# One reader for each name in `policies/features.py`; a test compares them.
READERS: Final[dict[tuple[Source, str], Callable[[Case], Fact]]] = {
    (Source.CHECKOUT, "amount"): lambda case: case.request.amount,
    (Source.CHECKOUT, "deposit_amount"): lambda case: case.request.deposit_amount,
    (Source.CHECKOUT, "instalments"): lambda case: case.request.instalments,
    (Source.CHECKOUT, "items"): lambda case: len(case.request.items),
    (Source.CHECKOUT, "category"): lambda case: case.category,
    (Source.CHECKOUT, "currency"): lambda case: case.request.currency,
    (Source.MERCHANT, "merchant_id"): lambda case: case.merchant.merchant_id,
    (Source.MERCHANT, "country"): lambda case: case.merchant.country,
    (Source.ACCOUNT, "limit"): _if_account(lambda snapshot: snapshot.limit or 0),
    (Source.ACCOUNT, "reserved"): _if_account(lambda snapshot: snapshot.reserved),
    (Source.ACCOUNT, "used"): _if_account(lambda snapshot: snapshot.used),
    (Source.ACCOUNT, "available"): _if_account(lambda own: (own.limit or 0) - own.reserved - own.used),
    (Source.HISTORY, "open_plans"): lambda case: case.snapshot.open_plans,
    (Source.HISTORY, "paid_off_plans"): lambda case: case.snapshot.paid_off_plans,
    (Source.HISTORY, "clean_deposits"): lambda case: case.snapshot.clean_deposits,
    (Source.HISTORY, "overdue"): lambda case: _days_overdue(case) > 0,
    (Source.HISTORY, "days_overdue"): _days_overdue,
    (Source.HISTORY, "days_since_first_plan"): _days_since_first_plan,
}
