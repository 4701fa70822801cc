"""However a whole is captured in parts: together they bear what was agreed for it, line by line."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.money import Rounding
from service.terms.parts import Part, every_instalment_of_part, instalments_of_part
from service.terms.schedule import Instalment, build_schedule, every_instalment
from service.terms.terms import Cost, DownPaymentAt, FeeDue, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile
from tests.terms.any_parts import partitions, terms_with_sums
from tests.terms.any_terms import starts

START = date(2026, 1, 15)
TWO_YEARS = Terms(instalments=24, every=1, unit=Unit.MONTH, rate_percent=Decimal("8.9"))
IN_EUROS = Terms(instalments=10, every=1, unit=Unit.MONTH, rate_percent=Decimal("14.9"), multiple_of=100)
ROUNDED_UP = Terms(
    instalments=18, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.9"), rounding=Rounding.UP,
    instalment_rounding=Rounding.UP,
)  # fmt: skip


def parts_of(whole: int, count: int) -> list[Part]:
    """Equal parts of a whole."""
    size = whole // count
    return [Part(whole, (size,) * number, size) for number in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 60])
@pytest.mark.parametrize("terms", [TWO_YEARS, IN_EUROS, ROUNDED_UP])
def test_what_was_disclosed_is_what_the_parts_owe(terms: Terms, count: int) -> None:
    owed = [sum(row.total for row in instalments_of_part(terms, part, START)) for part in parts_of(600_00, count)]
    assert sum(owed) == sum(row.total for row in build_schedule(terms, 600_00, START))
    assert max(owed) - min(owed) <= 1


def test_three_parts_of_600_over_24_months_owe_657_19() -> None:
    parts = [instalments_of_part(TWO_YEARS, part, START) for part in parts_of(600_00, 3)]
    assert [sum(row.total for row in rows) for rows in parts] == [219_06, 219_07, 219_06]
    assert [sum(row.principal for row in rows) for rows in parts] == [200_00] * 3
    assert {row.total for rows in parts for row in rows} <= {9_12, 9_13, 9_14, 9_15}


def test_sums_agreed_once_are_shared() -> None:
    """A quarter of 400.00 bears a quarter of all: 25.00 down, 3.00 first, 2.00 spread, 1.00 each, 20.00 at the end; and
    1.25 of what the broker has at once.
    """
    terms = Terms(
        every=1, unit=Unit.MONTH, down_payment=100_00, down_payment_at=DownPaymentAt.SCHEDULE, balloon=80_00,
        costs=(
            Cost("opening", amount=12_00, due=FeeDue.FIRST),
            Cost("keeping", amount=8_00, due=FeeDue.SPREAD),
            Cost("account", amount=4_00, due=FeeDue.EACH),
            Cost("broker", amount=5_00, due=FeeDue.UP_FRONT),
        ),
    )  # fmt: skip
    rows = instalments_of_part(terms, Part(400_00, (200_00,), 100_00), START)
    assert [(row.number, row.principal, row.fee) for row in rows] == [
        (0, 25_00, 1_25), (1, 13_75, 4_50), (2, 13_75, 1_50), (3, 13_75, 1_50), (4, 33_75, 1_50),
    ]  # fmt: skip


def test_a_small_part_has_no_empty_rows_behind_it() -> None:
    assert [row.principal for row in instalments_of_part(Terms(), Part(400_00, (), 1), START)] == [0, 1]


def schedule_or_none(terms: Terms, whole: int, start_on: date) -> list[Instalment] | None:
    """What is agreed for the whole; None where no such plan can exist."""
    try:
        return every_instalment(terms, whole, start_on, bound=True)
    except Refused as refused:
        if refused.code is Code.IMPOSSIBLE_TERMS:
            return None
        raise


CENTS_ROUNDED_UP = Terms(instalments=3, every=7, rate_percent=Decimal("0.0001"), rounding=Rounding.UP)


@given(terms_with_sums(), partitions(), starts)
@example(CENTS_ROUNDED_UP, parts_of(3, 3), START)
def test_parts_of_one_day_are_the_whole_line_by_line(terms: Terms, parts: list[Part], start_on: date) -> None:
    whole = schedule_or_none(terms, parts[0].whole, start_on)
    if whole is None:
        return
    of_parts = [every_instalment_of_part(terms, part, start_on) for part in parts]
    for line, *shares in zip(whole, *of_parts, strict=True):
        assert {(row.number, row.due_on) for row in shares} == {(line.number, line.due_on)}
        assert sum(row.principal for row in shares) == line.principal
        assert sum(row.interest for row in shares) == line.interest
        assert sum(row.fee for row in shares) == line.fee
        assert all(min(row.principal, row.interest, row.fee) >= 0 for row in shares)
    for part, rows in zip(parts, of_parts, strict=True):
        assert sum(row.principal for row in rows) <= part.amount
        if terms.down_payment_at is DownPaymentAt.SCHEDULE or not (terms.down_payment or terms.down_payment_bps):
            assert sum(row.principal for row in rows) == part.amount


@given(terms_with_sums(), st.integers(1, 5_000_00), starts)
def test_a_part_that_is_the_whole_has_its_schedule(terms: Terms, whole: int, start_on: date) -> None:
    if schedule_or_none(terms, whole, start_on) is not None:
        of_part = instalments_of_part(terms, Part(whole, (), whole), start_on)
        assert of_part == build_schedule(terms, whole, start_on, bound=True)


@given(terms_with_sums(), partitions(), st.data())
def test_parts_of_several_days_bear_no_more_than_the_whole_on_the_dearest(
    terms: Terms, parts: list[Part], data: st.DataObject
) -> None:
    borne = most = 0
    for part in parts:
        start_on = data.draw(starts)
        whole = schedule_or_none(terms, part.whole, start_on)
        if whole is None:
            return
        most = max(most, sum(row.interest for row in whole))
        borne += sum(row.interest for row in every_instalment_of_part(terms, part, start_on, most - borne))
        assert borne <= most
