"""The rules that say which rows belong together: both sides of every edge, and what holds for any two sides."""

from datetime import date, timedelta
from itertools import permutations
from random import Random

import pytest
from msgspec.structs import replace

from service.reconciling.found import BreakClass
from service.reconciling.items import Item, Tolerances
from service.reconciling.matching import Left, Match, Rule, match_items
from service.reconciling.verdict import Day, Exact, Gap, Verdict, reconcile

DAY = date(2026, 3, 2)
E = Item("E1", "P1", "repayment", "EUR", DAY, principal=100_00)
OTHER = replace(E, event_id="X1")
LATER = DAY + timedelta(days=2)
TOO_LATE = DAY + timedelta(days=3)


def changed(**facts: object) -> Item:
    return replace(E, **facts)


BACK = Item("E9", "P1", "repayment", "EUR", DAY, principal=-100_00, reverses_event_id="E1")
SUM = Item("S", "", "repayment", "EUR", DAY, principal=300_00, settlement_id="S1")
PARTS = [changed(event_id=f"E{n}", plan_id=f"P{n}", settlement_id="S1") for n in (1, 2, 3)]

TWO = [changed(event_id=f"F{n}", settlement_id="S1") for n in (1, 2)]


@pytest.mark.parametrize(("ours", "theirs", "rules", "left"), [
    ([], [], {}, []),
    ([E], [E], {"exact": 1}, []),
    ([E], [changed(value_on=LATER)], {"exact": 1}, [("timing_value_date", 0)]),
    ([E], [OTHER], {"alike": 1}, []),
    ([E], [replace(OTHER, value_on=LATER)], {"alike": 1}, []),
    ([E], [replace(OTHER, value_on=TOO_LATE)], {}, [("missing_in_partner", -100_00), ("missing_in_ledger", 100_00)]),
    ([E], [replace(OTHER, type="refund")], {}, [("missing_in_partner", -100_00), ("missing_in_ledger", 100_00)]),
    ([E], [replace(OTHER, principal=100_01)], {}, [("missing_in_partner", -100_00), ("missing_in_ledger", 100_01)]),
    ([E], [changed(principal=100_01)], {"rounding": 1}, [("rounding", 1)]),
    ([E], [changed(principal=99_99)], {"rounding": 1}, [("rounding", -1)]),
    ([E], [changed(principal=100_02)], {}, [("amount_diff", 2)]),
    ([E], [changed(principal=100_01, interest=-1)], {}, [("amount_diff", 0)]),
    ([E], [changed(currency="USD")], {}, [("fx_diff", -100_00), ("fx_diff", 100_00)]),
    ([E], [E, E], {"exact": 1}, [("duplicate", 100_00)]),
    ([E], [changed(principal=100_02), E], {"exact": 1}, [("duplicate", 100_02)]),
    ([], [E, E], {}, [("missing_in_ledger", 200_00)]),
    ([], [E, BACK], {"reversal": 1}, []),
    ([E, BACK], [], {"reversal": 1}, []),
    ([E], [E, E, BACK], {"exact": 1, "reversal": 1}, []),
    # What was wrong is taken back and booked anew: the new one stands for ours.
    ([E], [changed(principal=90_00), replace(BACK, principal=-90_00), OTHER], {"alike": 1, "reversal": 1}, []),
    (PARTS, [SUM], {"batch": 1}, []),
    ([SUM], PARTS, {"batch": 1}, []),
    # Of one plan and type, whatever else of the settlement is open.
    ([*TWO, PARTS[1]], [replace(E, event_id="X", principal=200_00, settlement_id="S1")], {"batch": 1},
     [("missing_in_partner", -100_00)]),
    ([replace(E, event_id="X", principal=200_00, settlement_id="S1")], [*TWO, PARTS[1]], {"batch": 1},
     [("missing_in_ledger", 100_00)]),
    (TWO, [replace(E, event_id="X", principal=200_00, settlement_id="S2")], {},
     [("missing_in_partner", -100_00)] * 2 + [("missing_in_ledger", 200_00)]),
    (TWO, [replace(E, event_id="X", principal=200_00, settlement_id="S1", type="refund")], {},
     [("missing_in_partner", -100_00)] * 2 + [("missing_in_ledger", 200_00)]),
    (PARTS[:2], [SUM], {}, [("missing_in_partner", -100_00)] * 2 + [("missing_in_ledger", 300_00)]),
    (PARTS, [replace(SUM, plan_id="P1")], {}, [("missing_in_partner", -100_00)] * 3 + [("missing_in_ledger", 300_00)]),
    ([E, OTHER], [replace(E, event_id="Y1")], {"suggested": 1},
     [("missing_in_partner", -100_00)] * 2 + [("missing_in_ledger", 100_00)]),
    ([changed(principal=0)], [], {}, []),
    ([], [changed(principal=0)], {}, []),
    ([E], [changed(principal=0)], {}, [("amount_diff", -100_00)]),
])  # fmt: skip
def test_rows_belong_together(
    ours: list[Item], theirs: list[Item], rules: dict[str, int], left: list[tuple[str, int]]
) -> None:
    matching = match_items(ours, theirs, Tolerances())
    assert matching.counts == rules
    assert sorted((one.kind, one.amount) for one in matching.found) == sorted(left)


def test_the_fifty_first_cent_of_a_day_is_no_rounding() -> None:
    ours = [changed(event_id=f"E{n:02}") for n in range(51)]
    found = match_items(ours, [replace(one, principal=100_01) for one in ours], Tolerances()).found
    assert [one.kind for one in found] == [BreakClass.ROUNDING] * 50 + [BreakClass.AMOUNT_DIFF]
    assert found[-1].key == "E50"


def test_what_several_rows_fit_is_only_suggested() -> None:
    matching = match_items([E, OTHER], [replace(E, event_id="Y1"), replace(E, event_id="Y2")], Tolerances())
    assert matching.matches == (Match(Rule.SUGGESTED, ("E1", "X1"), ("Y1", "Y2")),)
    assert len(matching.found) == 4


def test_what_is_left_is_looked_for_on_the_next_day() -> None:
    theirs_alone = match_items([], [E], Tolerances()).left
    assert theirs_alone == Left((), (E,), ())
    assert match_items([E], theirs_alone.theirs, Tolerances()).found == ()
    twice = match_items([E], [E, E], Tolerances()).left
    assert twice == Left((), (E,), ("E1",))
    (again,) = match_items([], twice.theirs, Tolerances(), twice.met).found
    assert again.kind is BreakClass.DUPLICATE
    assert match_items([], [*twice.theirs, BACK], Tolerances(), twice.met).found == ()


def test_a_net_of_zero_is_not_green() -> None:
    ours = changed(event_id="A", principal=1_000_00)
    theirs = changed(event_id="B", plan_id="P2", principal=1_000_00)
    result = reconcile(Day(business_on=DAY, ours=(ours,), theirs=(theirs,), our_positions=()), Tolerances())
    assert result.bridges[0].net == 0
    assert result.bridges[0].gross == 2_000_00
    assert result.verdict is not Verdict.RECONCILED
    assert {one.kind for one in result.found} == {BreakClass.MISSING_IN_LEDGER, BreakClass.MISSING_IN_PARTNER}


def random_side(random: Random, rows: int) -> list[Item]:
    return [
        Item(
            f"E{random.randrange(12)}",
            f"P{random.randrange(3)}",
            random.choice(["repayment", "refund"]),
            random.choice(["EUR", "EUR", "EUR", "USD"]),
            DAY + timedelta(days=random.randrange(4)),
            principal=random.choice([100_00, 100_01, -100_00, 0]),
            interest=random.choice([0, 0, 5]),
            settlement_id=random.choice([None, "S1"]),
            reverses_event_id=random.choice([None, None, f"E{random.randrange(12)}"]),
        )
        for _ in range(rows)
    ]


@pytest.mark.parametrize("seed", range(300))
def test_of_any_two_sides(seed: int) -> None:
    """The bridge leaves nothing; nothing open is green; the order of rows never matters; exact ones may be left out."""
    random = Random(seed)
    ours = random_side(random, random.randrange(9))
    theirs = random_side(random, random.randrange(9)) + random.sample(ours, len(ours) // 2)
    result = reconcile(Day(business_on=DAY, ours=tuple(ours), theirs=tuple(theirs)), Tolerances())
    assert all(bridge.residual == 0 for bridge in result.bridges)
    assert Gap.RESIDUAL not in result.gaps
    assert not (result.found and result.verdict is Verdict.RECONCILED)
    random.shuffle(ours)
    random.shuffle(theirs)
    assert reconcile(Day(business_on=DAY, ours=tuple(ours), theirs=tuple(theirs)), Tolerances()) == result


@pytest.mark.parametrize("seed", range(100))
def test_what_matches_exactly_may_be_left_out(seed: int) -> None:
    random = Random(seed)
    same = [changed(event_id=f"S{n}", principal=n) for n in range(1, 20)]
    ours, theirs = random_side(random, 5), [*random_side(random, 5), *random.sample(same, 2)]
    all_of_it = Day(business_on=DAY, ours=(*ours, *same), theirs=(*theirs, *same))
    left_out = Day(
        business_on=DAY,
        ours=tuple(ours),
        theirs=tuple(theirs),
        exact={"EUR": Exact(len(same), sum(one.amount for one in same))},
        met=tuple(one.event_id for one in same),
    )
    assert reconcile(left_out, Tolerances()) == reconcile(all_of_it, Tolerances())


def test_the_order_of_what_several_fit_never_matters() -> None:
    rows = [changed(event_id=name, value_on=DAY + timedelta(days=n)) for n, name in enumerate("ABC")]
    answers = {str(match_items(order, [replace(OTHER, value_on=LATER)], Tolerances())) for order in permutations(rows)}
    assert len(answers) == 1
