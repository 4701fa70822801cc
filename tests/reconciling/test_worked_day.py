"""The day that is worked out in full: every figure of it, seen from the partner."""

from datetime import date

from service.reconciling.cash import BankEntry, Settlement
from service.reconciling.found import BreakClass, Leg, first_owner, is_pending
from service.reconciling.items import Item, Tolerances
from service.reconciling.matching import Rule
from service.reconciling.positions import Position, loose, principal_of
from service.reconciling.verdict import Bridge, Day, Line, Result, Verdict, reconcile

DAY = date(2026, 3, 2)


def item(event_id: str, plan_id: str, type_: str, principal: int, interest: int = 0) -> Item:
    return Item(event_id, plan_id, type_, "EUR", DAY, principal, interest)


FUNDING = item("E1", "P1", "funding", -4_200_00)
REPAYMENT = item("E2", "P2", "repayment", 335_80, 31_50)
REFUND = item("E3", "P3", "refund", 700_00)
EARLY = item("E4", "P4", "early_settlement", 1_050_00)
SECOND = item("E5", "P5", "repayment", 210_00)


def position(plan_id: str, opening: int, status: str = "current", **moved: int) -> Position:
    facts = {"funded": 0, "repaid": 0, "refunded": 0, "charged_off": 0} | moved
    closing = opening + facts["funded"] - facts["repaid"] - facts["refunded"] - facts["charged_off"]
    return Position(plan_id, "EUR", "partner", status, opening, closing=closing, **facts)


OURS = [
    position("P1", 0, funded=4_200_00),
    position("P2", 4_000_00, repaid=335_80),
    position("P3", 900_00, refunded=700_00),
    position("P4", 1_050_00),
    position("P5", 500_00, repaid=210_00),
    position("P6", 0, status="charged_off"),
]
THEIRS = [
    *OURS[:1],
    position("P2", 4_000_00, repaid=335_81),
    position("P3", 900_00),
    position("P4", 1_050_00, repaid=1_050_00),
    position("P5", 500_00, repaid=420_00),
    position("P6", 0),
]


def worked_day() -> Result:
    return reconcile(
        Day(
            business_on=DAY,
            ours=(FUNDING, REPAYMENT, REFUND, SECOND),
            theirs=(FUNDING, item("E2", "P2", "repayment", 335_81, 31_50), EARLY, SECOND, SECOND),
            our_positions=tuple(OURS),
            their_positions=tuple(THEIRS),
            loose=tuple(loose(OURS, principal_of((FUNDING, REPAYMENT, REFUND, SECOND)))),
            settlements=(Settlement("S1", "S1N", "EUR", -2_922_70),),
            entries=(BankEntry("B1", "EUR", 2_917_70, ("S1N",)),),
        ),
        Tolerances(),
    )


def test_the_net_is_explained_to_the_cent() -> None:
    lines = (
        Line(BreakClass.MISSING_IN_LEDGER, 1, 1_050_00),
        Line(BreakClass.DUPLICATE, 1, 210_00),
        Line(BreakClass.MISSING_IN_PARTNER, 1, -700_00),
        Line(BreakClass.ROUNDING, 1, 1),
    )
    assert worked_day().bridges == (Bridge("EUR", -2_922_70, -2_362_69, 560_01, 0, lines, 0, 1_960_01),)


def test_each_break_is_named() -> None:
    result = worked_day()
    assert [(one.leg, one.key, one.kind, one.amount) for one in result.found] == [
        (Leg.ITEM, "E4", BreakClass.MISSING_IN_LEDGER, 1_050_00),
        (Leg.POSITION, "P6", BreakClass.STATUS_DIVERGENCE, 0),
        (Leg.ITEM, "E5", BreakClass.DUPLICATE, 210_00),
        (Leg.ITEM, "E3", BreakClass.MISSING_IN_PARTNER, -700_00),
        (Leg.CASH, "S1N", BreakClass.BANK_FEE, 5_00),
        (Leg.ITEM, "E2", BreakClass.ROUNDING, 1),
    ]
    assert (result.verdict, result.gaps, result.pending) == (Verdict.BREAKS, (), 1)
    assert result.counts == {Rule.EXACT: 2, Rule.ROUNDING: 1}


def test_who_acts_and_what_may_wait() -> None:
    assert [first_owner(one.kind) for one in worked_day().found[:4]] == ["operator", "operator", "partner", "partner"]
    assert is_pending(BreakClass.MISSING_IN_PARTNER, DAY, DAY)
    assert not is_pending(BreakClass.MISSING_IN_PARTNER, DAY, date(2026, 3, 3))
    assert not is_pending(BreakClass.MISSING_IN_LEDGER, DAY, DAY)
