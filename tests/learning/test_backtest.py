"""The demo's policy on the 700 applications, and what must hold of any backtest."""

import random

import pytest

from service.checkout.answer import Outcome
from service.learning.backtest import backtest, beside
from service.learning.past import Columns, past_of, wanted_columns
from service.learning.profit import Economics
from service.learning.replaying import Replayed, replay_all
from service.learning.table import read_table
from service.policies.compile import compile_policy
from tests.learning.cases import APPLICATIONS, NOON, demo_policy

POLICY = demo_policy()
TABLE = read_table(APPLICATIONS, wanted_columns(Columns(), POLICY.features))
REPLAYED = replay_all(past_of(TABLE, Columns(), POLICY.features), compile_policy(POLICY), Economics(), NOON)
FOUND = backtest(POLICY, REPLAYED, None)


def approves(score: int, is_good: bool, *, profit: int | None = 10, approved: bool = True) -> Replayed:
    return Replayed(is_good, score, Outcome.APPROVED if approved else Outcome.DECLINED, False, "other", profit)


def test_every_purchase_is_somewhere_once() -> None:
    assert FOUND.all.rows == sum(FOUND.outcomes.values()) == 700
    assert FOUND.all.approved == FOUND.outcomes["approved"]
    for parts in (FOUND.bands, FOUND.purposes):
        for field in ("rows", "approved", "bad", "approved_bad"):
            assert sum(getattr(part, field) for part in parts) == getattr(FOUND.all, field)
    assert {purpose.name for purpose in FOUND.purposes} <= {c.name for c in POLICY.categories} | {"other"}


def test_the_score_separates_and_keeps_what_its_scale_promises() -> None:
    separation = FOUND.separation
    assert 0.78 < separation.auc_low < separation.auc < separation.auc_high < 0.85
    assert separation.gini == pytest.approx(2 * separation.auc - 1, abs=1e-4)
    promised = sum(band.rows * band.promised_bad_bps for band in FOUND.bands) / 700
    assert promised == pytest.approx(FOUND.all.bad_bps, abs=100)  # of 10,000
    assert [band.score_below - band.score_min for band in FOUND.bands] == [40] * len(FOUND.bands)
    rates = [band.promised_bad_bps for band in FOUND.bands]
    assert rates == sorted(rates, reverse=True)


def test_the_best_cut_off_is_the_best() -> None:
    assert FOUND.best_cut_off is not None
    assert FOUND.best_cut_off.profit == max(point.profit for point in FOUND.cut_offs)
    everybody = FOUND.cut_offs[0]
    priced = [one for one in REPLAYED if one.profit is not None]
    assert (everybody.approved, everybody.approval_bps) == (len(priced), 10_000)
    assert everybody.profit == sum(one.profit or 0 for one in priced)
    assert FOUND.profit == sum(one.profit or 0 for one in REPLAYED if one.outcome is Outcome.APPROVED)


def test_the_order_of_the_rows_changes_nothing() -> None:
    shuffled = list(REPLAYED)
    random.Random(7).shuffle(shuffled)
    assert backtest(POLICY, shuffled, None) == FOUND


def test_beside_itself_a_policy_changes_nothing() -> None:
    same = beside(FOUND, FOUND, REPLAYED, REPLAYED)
    assert (same.auc, same.auc_low, same.auc_high, same.profit) == (0, 0, 0, 0)
    assert (same.swapped_in.rows, same.swapped_out.rows) == (0, 0)


def test_swaps_are_counted_with_how_they_ended() -> None:
    ours = [
        approves(9, True),
        approves(8, False),
        approves(2, True, approved=False),
        approves(1, False, approved=False),
    ]
    theirs = [approves(9, True, approved=False), approves(8, False), approves(9, True), approves(9, False)]
    found = beside(backtest(POLICY, ours, None), backtest(POLICY, theirs, None), ours, theirs)
    assert (found.swapped_in.rows, found.swapped_in.bad) == (2, 1)
    assert (found.swapped_out.rows, found.swapped_out.bad) == (1, 0)
    assert (found.approval_bps, found.approved_bad_bps, found.profit) == (2_500, 1_667, 10)


def test_without_a_price_there_is_no_cut_off() -> None:
    found = backtest(POLICY, [approves(1, True, profit=None), approves(0, False, profit=None)], None)
    assert (found.cut_offs, found.best_cut_off, found.profit) == ((), None, 0)


def test_a_better_policy_is_seen_to_be_better() -> None:
    """Scores drawn from how it ended beat those of the policy, by more than chance."""
    oracle = [
        Replayed(one.is_good, one.score + 100 * one.is_good, one.outcome, False, one.category, one.profit)
        for one in REPLAYED
    ]
    found = beside(FOUND, backtest(POLICY, oracle, None), REPLAYED, oracle)
    assert 0 < found.auc_low < found.auc < found.auc_high
