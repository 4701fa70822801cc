"""What a period earns and asks for is remembered, and forgotten with whatever bears on it."""

from datetime import date
from decimal import Decimal

import pytest

from service.plans.running import moves
from service.plans.running.course import Course
from service.plans.running.level import settle
from service.terms.schedule import build_schedule
from service.terms.terms import Terms, Unit

TERMS = Terms(instalments=6, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.9"), recalculate=True)
START, AMOUNT = date(2026, 1, 15), 1_000_00


def course() -> Course:
    return moves.begin_course(TERMS, build_schedule(TERMS, AMOUNT, START), START)


def test_dues_are_remembered() -> None:
    one = course()
    assert all(a is b for a, b in zip(one.dues(), one.dues(), strict=True))


@pytest.mark.parametrize(("field", "value"), [
    ("level", 170_00), ("paid_principal", 1_00), ("paid_interest", 9_00), ("correction", -1), ("later_interest", 1_00),
    ("asked_earlier", True), ("interest_only", True), ("defers_interest", True),
])  # fmt: skip
def test_what_is_written_on_a_period_makes_it_ask_anew(field: str, value: int) -> None:
    """The due of that period is another, and so it is of a course that was never asked before."""
    asked, fresh = course(), course()
    before = asked.dues()
    for one in (asked, fresh):
        setattr(one.periods[2], field, value)
    assert asked.dues() == fresh.dues() != before
    assert all(a is b for a, b in zip(asked.dues()[:2], before[:2], strict=True)), "those before it are as they were"


def test_the_same_value_written_again_changes_nothing() -> None:
    one = course()
    before = one.dues()
    one.periods[2].level += 0
    assert all(a is b for a, b in zip(one.dues(), before, strict=True))


@pytest.mark.parametrize("on", [date(2026, 3, 15), date(2026, 3, 20), date(2026, 4, 15), START])
def test_a_movement_is_as_if_the_course_were_cut_anew(on: date) -> None:
    """At the end of a period, inside one, and on the first day of all."""
    remembered, fresh = course(), course()
    remembered.dues()
    for one in (remembered, fresh):
        one.move(on, -100_00)
        settle(one, on)
    fresh.cut_anew()
    assert remembered.dues() == fresh.dues()


def test_a_credit_is_owed_in_its_period() -> None:
    remembered, fresh = course(), course()
    remembered.dues()
    for one in (remembered, fresh):
        moves.take_back(one, date(2026, 3, 20), 10_00, 1_00, date(2026, 3, 20))
    fresh.cut_anew()
    assert remembered.dues() == fresh.dues() != course().dues()
