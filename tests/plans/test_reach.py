"""How far a change of a schedule may reach, on both sides of every edge."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.reschedule import UNWRITTEN, Reschedule, Rescheduling
from service.plans.running.facts import DueMoved, Extended, HolidayGranted, InterestPaused, RateChanged, ReAged
from service.terms.terms import Terms, Unit
from tests.plans.lives import YEARLY, Life, agreement

OPERATOR = Actor(ActorKind.OPERATOR, "ada")
TODAY, FIRST = date(2026, 3, 2), date(2026, 4, 2)
TODAYS = {**UNWRITTEN, "on": TODAY}
FOLLOWING = replace(YEARLY, recalculate=True)


def shipped(terms: Terms) -> tuple[Life, str]:
    life = Life()
    plan_id = life.authorize(agreement(terms=terms))
    life.do(Capture, plan_id, amount=600_00)
    return life, plan_id


@pytest.mark.parametrize(
    ("terms", "change", "pointer"),
    [
        (YEARLY, DueMoved(**UNWRITTEN, on=FIRST, to=date(2126, 3, 2)), None),
        (YEARLY, DueMoved(**UNWRITTEN, on=FIRST, to=date(2126, 3, 3)), "/to"),
        (YEARLY, InterestPaused(**UNWRITTEN, on=date(2026, 3, 1), end_on=FIRST), "/on"),
        (YEARLY, InterestPaused(**UNWRITTEN, on=TODAY, end_on=date.max), "/end_on"),
        (YEARLY, Extended(**UNWRITTEN, on=TODAY, instalments=468), None),
        (YEARLY, Extended(**UNWRITTEN, on=TODAY, instalments=469), "/instalments"),
        (FOLLOWING, Extended(**UNWRITTEN, on=TODAY, instalments=108), None),
        (FOLLOWING, Extended(**UNWRITTEN, on=TODAY, instalments=109), "/instalments"),
        (YEARLY, HolidayGranted(**UNWRITTEN, on=TODAY, principal=469), "/instalments"),
        (YEARLY, ReAged(**TODAYS, first_due_on=FIRST, instalments=50, unit=Unit.YEAR), None),
        (YEARLY, ReAged(**TODAYS, first_due_on=FIRST, instalments=51, unit=Unit.YEAR), "/every"),
        (
            YEARLY,
            ReAged(**UNWRITTEN, on=TODAY, first_due_on=FIRST, instalments=1, every=1200, unit=Unit.YEAR),
            "/every",
        ),
        (YEARLY, RateChanged(**UNWRITTEN, on=FIRST, rate_percent=Decimal(-1)), "/rate_percent"),
        (YEARLY, RateChanged(**UNWRITTEN, on=FIRST, rate_percent=Decimal(100_001)), "/rate_percent"),
    ],
)
def test_a_change_reaches_so_far(terms: Terms, change: Rescheduling, pointer: str | None) -> None:
    life, plan_id = shipped(terms)
    if pointer is None:
        assert life.do(Reschedule, plan_id, change=change, actor=OPERATOR).version == 3
        return
    with pytest.raises(Refused) as refused:
        life.do(Reschedule, plan_id, change=change, actor=OPERATOR)
    assert (refused.value.code, refused.value.pointer) == (Code.IMPOSSIBLE_TERMS, pointer)


@pytest.mark.parametrize("due_on", [date.min, date(2026, 3, 1), date(2126, 3, 3), date.max])
def test_a_fee_falls_due_within_the_life_of_the_plan(due_on: date) -> None:
    life, plan_id = shipped(YEARLY)
    with pytest.raises(Refused) as refused:
        life.do(Levy, plan_id, amount=1, due_on=due_on, actor=OPERATOR)
    assert (refused.value.code, refused.value.pointer) == (Code.IMPOSSIBLE_TERMS, "/due_on")


@pytest.mark.parametrize(
    ("jurisdiction", "rate", "is_legal"),
    [
        ("IE", "20.8", True),  # 22.9 % effective
        ("IE", "21", False),  # 23.1 %, and the cap is 23
        ("IE", "0", True),
        ("IE", "99999", False),  # so dear that no annual rate of it can be told
        ("DE", "60", True),  # a cap we know no number of
        ("DE", "99999", True),
        ("", "60", True),
    ],
)
def test_a_rate_goes_no_higher_than_it_could_have_been_agreed(jurisdiction: str, rate: str, is_legal: bool) -> None:
    life = Life()
    plan_id = life.authorize(agreement(terms=YEARLY, jurisdiction=jurisdiction, product_class="consumer_credit"))
    life.do(Capture, plan_id, amount=600_00)
    change = RateChanged(**UNWRITTEN, on=FIRST, rate_percent=Decimal(rate))
    if is_legal:
        assert life.do(Reschedule, plan_id, change=change, actor=OPERATOR).version == 3
        return
    with pytest.raises(Refused) as refused:
        life.do(Reschedule, plan_id, change=change, actor=OPERATOR)
    assert (refused.value.code, refused.value.pointer) == (Code.IMPOSSIBLE_TERMS, "/rate_percent")
    assert "above the cap of" in refused.value.detail


def test_a_rate_that_was_dear_when_it_was_agreed_may_be_lowered() -> None:
    life = Life()
    terms = replace(YEARLY, rate_percent=Decimal(60))
    plan_id = life.authorize(agreement(terms=terms, jurisdiction="IE", product_class="consumer_credit"))
    life.do(Capture, plan_id, amount=600_00)
    change = RateChanged(**UNWRITTEN, on=FIRST, rate_percent=Decimal(59))
    assert life.do(Reschedule, plan_id, change=change, actor=OPERATOR).version == 3
