"""What the rules themselves cost: no HTTP, no database, one processor. Every call has another amount."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from service import ids
from service.checkout.decide import decide
from service.checkout.request import Checkout, Item
from service.checkout.snapshot import Snapshot
from service.demo.seed import POLICY
from service.merchants.merchant import Merchant
from service.plans.capture import Capture
from service.plans.payment import RecordPayment
from service.plans.plan import Plan
from service.plans.state import PlanState
from service.policies.compile import compile_policy
from service.policies.document import (
    Bin,
    Characteristic,
    Comparison,
    Condition,
    Feature,
    FeatureType,
    Policy,
    Rule,
    Source,
)
from service.policies.reasons import ReasonCode
from service.terms.apr import effective_apr
from service.terms.schedule import build_schedule
from service.terms.terms import Terms, Unit
from tests.bench.cast import ATTRIBUTES, ITEMS, LIMIT, OFFERS
from tests.plans.lives import NOON as NOON_OF_LIVES
from tests.plans.lives import Life, agreement

CALLS = 200
RULES = 20
CHARACTERISTICS = 15
PASSES = 300  # the best of them: what the rule costs, and not what the machine was doing besides
START = date(2026, 1, 31)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAY_IN_4 = Terms(first_due_days=0)
ANNUITY = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.9"))


def costs(passes: int = PASSES) -> dict[str, float]:
    """Microseconds of processor, of each."""
    paid = [
        (amount, tuple((row.due_on, row.total) for row in build_schedule(ANNUITY, amount, START)))
        for amount in range(600_00, 600_00 + CALLS)
    ]
    return {
        "schedule_of_4": _cost(lambda i: build_schedule(PAY_IN_4, 600_00 + i, START), passes),
        "annuity_of_12": _cost(lambda i: build_schedule(ANNUITY, 600_00 + i, START), passes),
        "apr_of_12": _cost(lambda i: effective_apr(((START, paid[i][0]),), paid[i][1], ANNUITY.unit), passes),
        "decision_with_4_offers": _cost(_decision(), passes),
        "life_of_4": _cost(_life(), max(1, passes // 30)),
    }


def _life() -> Callable[[int], object]:
    """A purchase in four parts from its decision to its last payment: all that rules and books say of it."""
    decide_on, product = _decision(), agreement(amount=600_00)

    def live(i: int) -> Plan:
        decide_on(i)
        life = Life(now=NOON_OF_LIVES)
        plan_id = life.authorize(replace(product))
        life.do(Capture, plan_id, amount=600_00)
        for number in range(4):
            plan = life.do(RecordPayment, plan_id, amount=150_00, reference=f"payment-{number}")
            life.now += timedelta(days=14)
        assert plan.state is PlanState.PAID_OFF
        return plan

    return live


def _decision() -> Callable[[int], object]:
    policy = compile_policy(_full(msgspec.json.decode(POLICY.read_bytes(), type=Policy)))
    consumer_id, decision_id = ids.new_id(ids.CONSUMER, 7, 0), ids.new_id(ids.DECISION, 7, 0)
    merchant = Merchant("me_bench", "Bench", "DE", "Europe/Berlin", {})
    snapshot = Snapshot(consumer_id=consumer_id, attributes=ATTRIBUTES, limit=LIMIT)
    items = tuple(Item(*item) for item in ITEMS)
    amount = sum(item.amount for item in items)
    checkouts = [Checkout("order", consumer_id, "EUR", amount + i, items) for i in range(CALLS)]
    return lambda i: decide(decision_id, checkouts[i], snapshot, merchant, (), policy, NOON)


def _full(policy: Policy) -> Policy:
    """The demo's policy with a ladder of four, and grown to 20 rules and a scorecard of 15 features."""
    features = (
        Feature("lines", FeatureType.INTEGER, Source.CHECKOUT, of="items"),
        Feature("spent", FeatureType.INTEGER, Source.ACCOUNT, of="used"),
        Feature("plans", FeatureType.INTEGER, Source.HISTORY, of="open_plans"),
    )
    bins = (Bin(0, below=50), Bin(0, at_least=50), Bin(0, absent=True))
    more = tuple(Characteristic(one.name, ReasonCode.OTHER_CREDITS, bins) for one in features)
    scorecard = replace(policy.scorecard, characteristics=(*policy.scorecard.characteristics, *more))
    rules = tuple(
        Rule(f"never-{i}", (Condition("lines", Comparison.ABOVE, 200 + i), Condition("age", Comparison.BELOW, i)),
             ReasonCode.REVIEW_NEEDED)
        for i in range(RULES - len(policy.rules))
    )  # fmt: skip
    assert len(scorecard.characteristics) == CHARACTERISTICS
    return replace(
        policy,
        offers_max=OFFERS,
        features=(*policy.features, *features),
        rules=(*policy.rules, *rules),
        scorecard=scorecard,
    )


def _cost(call: Callable[[int], object], passes: int) -> float:
    best = float("inf")
    for _ in range(passes):
        began = time.process_time()
        for i in range(CALLS):
            call(i)
        best = min(best, time.process_time() - began)
    return round(best / CALLS * 1e6, 1)
