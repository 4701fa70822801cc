"""Positions and payments: both sides of every edge."""

from datetime import date

import pytest
from msgspec.structs import replace

from service.reconciling.cash import BankEntry, Settlement, match_cash
from service.reconciling.found import BreakClass
from service.reconciling.items import Item, Tolerances
from service.reconciling.positions import Position, compare_positions, loose
from service.reconciling.verdict import Day, Gap, Verdict, reconcile

P = Position("P1", "EUR", "partner", "current", opening=500_00, repaid=100_00, closing=400_00)
PAID = Item("E1", "P1", "repayment", "EUR", date(2026, 3, 2), principal=100_00)


@pytest.mark.parametrize(("ours", "theirs", "explained", "found"), [
    ([P], [P], 0, []),
    ([P], [replace(P, status="overdue")], 0, [("status_divergence", 0)]),
    ([P], [replace(P, owner="us")], 0, [("status_divergence", 0)]),
    ([P], [replace(P, days_past_due=1)], 0, [("status_divergence", 0)]),
    ([P], [replace(P, repaid=0, closing=500_00)], 0, [("amount_diff", 100_00)]),
    ([P], [replace(P, repaid=0, closing=500_00)], 100_00, []),  # an open item says it already
    ([P], [P], 100_00, []),
    ([P], [replace(P, repaid=0, closing=500_00)], 99_99, [("amount_diff", 1)]),
    ([P], [replace(P, repaid=0, closing=500_00, status="overdue")], 0, [("status_divergence", 100_00)]),
    ([P], [], 0, [("missing_in_partner", -400_00)]),
    ([], [P], 0, [("missing_in_ledger", 400_00)]),
    ([P], [P, P], 0, [("duplicate", 400_00)]),
    ([Position("P1", "EUR", "partner", "paid_off")], [], 0, []),
])  # fmt: skip
def test_positions(ours: list[Position], theirs: list[Position], explained: int, found: list[tuple[str, int]]) -> None:
    told = compare_positions(ours, theirs, {("P1", "EUR"): explained})
    assert [(one.kind, one.amount) for one in told] == found


@pytest.mark.parametrize(("theirs", "goes_on"), [
    ([Position("P1", "EUR", "partner", "current")], True),
    ([Position("P1", "EUR", "partner", "charged_off", days_past_due=200)], False),
    ([], False),
])  # fmt: skip
def test_another_word_of_a_plan_that_left_our_file_goes_on(theirs: list[Position], goes_on: bool) -> None:
    given_up = Position("P1", "EUR", "partner", "charged_off", days_past_due=91)
    before = compare_positions([given_up], [replace(given_up, status="current", days_past_due=90)], {})
    now = compare_positions([], theirs, {}, before)
    assert [(one.identity, one.kind) for one in now] == [(one.identity, one.kind) for one in before if goes_on]


@pytest.mark.parametrize(("positions", "principal", "plans"), [
    ([P], {("P1", "EUR"): 100_00}, []),
    ([P], {}, ["P1"]),
    ([P], {("P1", "EUR"): 99_99}, ["P1"]),
    ([replace(P, closing=400_01)], {("P1", "EUR"): 99_99}, ["P1"]),
    ([], {("P2", "EUR"): 1}, ["P2"]),
    ([], {("P2", "EUR"): 0}, []),
])  # fmt: skip
def test_a_position_follows_from_its_opening_and_the_items(
    positions: list[Position], principal: dict[tuple[str, str], int], plans: list[str]
) -> None:
    assert loose(positions, principal) == plans


def test_an_event_that_both_sides_lost_is_no_green_day() -> None:
    day = Day(business_on=date(2026, 3, 2), ours=(PAID,), theirs=(PAID,), our_positions=(P,), their_positions=(P,))
    assert reconcile(day, Tolerances()).verdict is Verdict.RECONCILED
    lost = reconcile(replace(day, ours=(), theirs=(), loose=tuple(loose([P], {}))), Tolerances())
    assert (lost.verdict, lost.gaps, lost.found) == (Verdict.INCOMPLETE, (Gap.CONTINUITY,), ())


ONE = Settlement("S1", "S1N", "EUR", 100_00)  # we pay the partner
TWO = Settlement("S2", "S2N", "EUR", -30_00)  # the partner pays us
BACK = Settlement("S1", "S1D", "EUR", -30_00)  # of the first, where not only the net is paid: the partner's payment
ABROAD = Settlement("S1", "S1N", "SEK", 900_00)  # the first, in another currency


@pytest.mark.parametrize(("settlements", "entries", "paid", "found"), [
    ([], [], 0, []),
    ([replace(ONE, amount=0)], [], 0, []),
    ([ONE], [BankEntry("B1", "EUR", -100_00, ("S1N",))], 1, []),
    ([ONE], [BankEntry("B1", "EUR", -100_00, ("S1",))], 1, []),
    ([TWO], [BankEntry("B1", "EUR", 30_00, ("S2N",))], 1, []),
    ([ONE], [], 0, [("S1N", "cash_short", -100_00)]),
    ([ONE], [BankEntry("B1", "EUR", -105_00, ("S1N",))], 1, [("S1N", "bank_fee", 5_00)]),
    ([ONE], [BankEntry("B1", "EUR", -200_00, ("S1N",))], 0, [("S1N", "cash_unexplained", 100_00)]),
    ([], [BankEntry("B1", "EUR", 5_00)], 0, [("B1", "cash_unexplained", -5_00)]),
    ([TWO], [BankEntry("B1", "EUR", 25_00, ("S2N",))], 1, [("S2N", "bank_fee", 5_00)]),
    ([TWO], [BankEntry("B1", "EUR", 20_00, ("S2N",))], 1, [("S2N", "bank_fee", 10_00)]),
    ([TWO], [BankEntry("B1", "EUR", 19_99, ("S2N",))], 0, [("S2N", "cash_short", 10_01)]),
    ([TWO], [BankEntry("B1", "EUR", 30_01, ("S2N",))], 0, [("S2N", "cash_unexplained", -1)]),
    ([TWO], [BankEntry("B1", "USD", 30_00, ("S2N",))], 0, [("S2N", "fx_diff", 30_00), ("S2N", "fx_diff", -30_00)]),
    ([ONE, TWO], [BankEntry("B1", "EUR", -70_00, ("S1N", "S2N"))], 2, []),
    ([ONE], [BankEntry("B1", "EUR", -60_00, ("S1N",)), BankEntry("B2", "EUR", -40_00, ("S1N",))], 1, []),
    ([ONE, BACK], [BankEntry("B1", "EUR", -100_00, ("S1N",)), BankEntry("B2", "EUR", 30_00, ("S1D",))], 2, []),
    ([ONE, BACK], [BankEntry("B1", "EUR", 30_00, ("S1D",))], 1, [("S1N", "cash_short", -100_00)]),
    ([ONE, BACK], [BankEntry("B1", "EUR", -70_00, ("S1",))], 2, []),
    ([ONE, BACK], [BankEntry("B1", "EUR", -100_00, ("S1", "S1N"))], 1, [("S1D", "cash_short", 30_00)]),
    ([ONE, ABROAD], [BankEntry("B1", "EUR", -100_00, ("S1N",)), BankEntry("B2", "SEK", -900_00, ("S1N",))], 2, []),
    ([ONE, ABROAD], [BankEntry("B1", "SEK", -900_00, ("S1N",))], 0, [("S1N", "cash_short", -100_00)]),
    ([ONE, TWO], [BankEntry("B1", "EUR", -70_00, ("S2", "S1N")), BankEntry("B2", "EUR", 5_00, ("S2N",))], 0,
     [("S1N", "cash_short", -5_00)]),
])  # fmt: skip
def test_cash(
    settlements: list[Settlement], entries: list[BankEntry], paid: int, found: list[tuple[str, str, int]]
) -> None:
    cash = match_cash(settlements, entries, Tolerances())
    assert (cash.matched, [(one.key, one.kind, one.amount) for one in cash.found]) == (paid, found)
    is_open = any(not one.is_tolerated for one in cash.found)
    assert (bool(cash.open_settlements or cash.open_entries)) is is_open


def test_what_was_open_is_paid_later() -> None:
    before = match_cash([ONE], [BankEntry("B1", "EUR", -60_00, ("S1N",))], Tolerances())
    assert [one.kind for one in before.found] == [BreakClass.CASH_SHORT]
    later = (*before.open_entries, BankEntry("B2", "EUR", -40_00, ("S1N",)))
    assert match_cash(before.open_settlements, later, Tolerances()).found == ()
