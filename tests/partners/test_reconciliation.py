"""What does not match between two files, and that the breaks explain the totals to the cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.partners.file import COMPONENTS, NOTHING, Amounts, Row
from service.partners.reconciliation import BREAKS_MAX, BreakKind, Difference, Outcome, Verdict, reconcile
from tests import properties  # noqa: F401 - loads the profile

A = Row("pl_A", "EUR", Amounts(35000, 0, 0, 35000))
B = Row("pl_B", "EUR", Amounts(0, 7000, 123, 28000))
B_LESS = Row("pl_B", "EUR", Amounts(0, 7000, 120, 28000))
B_POUNDS = Row("pl_B", "GBP", B.amounts)
ZERO = Row("pl_Z", "EUR", NOTHING)


@pytest.mark.parametrize(
    ("theirs", "breaks"),
    [
        ([A, B], []),
        ([B, A], []),
        ([A], [("missing_at_partner", "pl_B")]),
        ([], [("missing_at_partner", "pl_A"), ("missing_at_partner", "pl_B")]),
        ([A, B, Row("pl_C", "EUR", Amounts(1))], [("missing_here", "pl_C")]),
        ([A, B_LESS], [("amount_differs", "pl_B")]),
        ([A, B_POUNDS], [("currency_differs", "pl_B")]),
        ([A, B, B], [("duplicate", "pl_B")]),
        ([A, B_LESS, B], [("duplicate", "pl_B")]),
        ([A, B_LESS, B_LESS], [("amount_differs", "pl_B"), ("duplicate", "pl_B")]),
        ([A, B, B_POUNDS, B_LESS], [("duplicate", "pl_B"), ("duplicate", "pl_B")]),
        ([A, B, ZERO], []),
        ([A, B, ZERO, ZERO], [("duplicate", "pl_Z")]),
    ],
)
def test_breaks(theirs: list[Row], breaks: list[tuple[str, str]]) -> None:
    verdict = reconcile([A, B], theirs)
    assert [(one.kind, one.plan_id) for one in verdict.breaks] == breaks
    assert verdict.outcome is (Outcome.BREAKS if breaks else Outcome.MATCHED)


def test_a_row_of_nothing_is_not_missed_on_either_side() -> None:
    assert reconcile([A, ZERO], [A]).outcome is Outcome.MATCHED


def test_a_difference_names_its_component_and_both_amounts() -> None:
    (one,) = reconcile([B], [B_LESS]).breaks
    assert one.differences == (Difference("interest_repaid", 123, 120, -3),)


def test_counts_and_sums() -> None:
    verdict = reconcile([A, B], [B_LESS, B_POUNDS])
    assert verdict.counts == {"amount_differs": 1, "duplicate": 1, "missing_at_partner": 1}
    assert (verdict.our_rows, verdict.their_rows) == (2, 2)
    assert verdict.our_totals == {"EUR": Amounts(35000, 7000, 123, 63000)}
    assert verdict.their_totals == {"EUR": B_LESS.amounts, "GBP": B_POUNDS.amounts}


@pytest.mark.parametrize(("count", "told"), [(BREAKS_MAX, BREAKS_MAX), (BREAKS_MAX + 2, BREAKS_MAX + 1)])
def test_breaks_are_counted_up_to_a_bound(count: int, told: int) -> None:
    theirs = (Row(f"pl_{number:06}", "EUR", Amounts(1)) for number in reversed(range(count)))
    verdict = reconcile([], theirs)
    assert (len(verdict.breaks), verdict.their_totals["EUR"].drawn) == (told, count)
    assert list(verdict.breaks) == sorted(verdict.breaks, key=lambda one: one.plan_id)


cents = st.integers(-3, 3)
some_amounts = st.builds(Amounts, cents, cents, cents, cents)
some_row = st.builds(Row, st.sampled_from("ABCDEF"), st.sampled_from(["EUR", "GBP"]), some_amounts)
our_files = st.lists(some_row, max_size=6, unique_by=lambda row: row.plan_id)
their_files = st.lists(some_row, max_size=10)


def explained(verdict: Verdict, currency: str, component: str) -> int:
    theirs: int = sum(getattr(one.theirs, component) for one in verdict.breaks if one.their_currency == currency)
    ours: int = sum(getattr(one.ours, component) for one in verdict.breaks if one.our_currency == currency)
    return theirs - ours


@given(our_files, their_files)
def test_the_breaks_explain_the_totals_to_the_cent(ours: list[Row], theirs: list[Row]) -> None:
    verdict = reconcile(ours, theirs)
    for currency in ("EUR", "GBP"):
        our_sums = verdict.our_totals.get(currency, NOTHING)
        their_sums = verdict.their_totals.get(currency, NOTHING)
        for component in COMPONENTS:
            difference = getattr(their_sums, component) - getattr(our_sums, component)
            assert difference == explained(verdict, currency, component)


@given(our_files, their_files, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(ours: list[Row], theirs: list[Row], chance: object) -> None:
    shuffled_ours, shuffled_theirs = list(ours), list(theirs)
    chance.shuffle(shuffled_ours)  # type: ignore[attr-defined]
    chance.shuffle(shuffled_theirs)  # type: ignore[attr-defined]
    assert reconcile(ours, theirs) == reconcile(shuffled_ours, shuffled_theirs)


@given(our_files)
def test_a_file_matches_itself(ours: list[Row]) -> None:
    assert reconcile(ours, list(reversed(ours))).outcome is Outcome.MATCHED


@given(our_files, their_files)
def test_a_plan_breaks_once_in_each_way(ours: list[Row], theirs: list[Row]) -> None:
    keys = [(one.plan_id, one.kind, one.their_currency) for one in reconcile(ours, theirs).breaks]
    assert len(keys) == len(set(keys))
    assert {kind for _, kind, _ in keys} <= set(BreakKind)
