"""The demo's policy on the 700 applications, and what must hold of any backtest."""

import random

import pytest

from service.checkout.answer import Outcome
from service.learning.backtest import backtest, beside
from service.learning.replaying import Replayed
from tests.learning.backtested import approves, demo_backtest, demo_replayed
from tests.learning.cases import demo_policy


def test_every_purchase_is_somewhere_once() -> None:
    found = demo_backtest()
    assert found.all.rows == sum(found.outcomes.values()) == 700
    assert found.all.approved == found.outcomes["approved"]
    for parts in (found.bands, found.purposes):
        for field in ("rows", "approved", "bad", "approved_bad"):
            assert sum(getattr(part, field) for part in parts) == getattr(found.all, field)
    assert {purpose.name for purpose in found.purposes} <= {c.name for c in demo_policy().categories} | {"other"}


def test_the_score_separates_and_keeps_what_its_scale_promises() -> None:
    found = demo_backtest()
    separation = found.separation
    assert 0.78 < separation.auc_low < separation.auc < separation.auc_high < 0.85
    assert separation.gini == pytest.approx(2 * separation.auc - 1, abs=1e-4)
    promised = sum(band.rows * band.promised_bad_bps for band in found.bands) / 700
    assert promised == pytest.approx(found.all.bad_bps, abs=100)  # of 10,000
    assert [band.score_below - band.score_min for band in found.bands] == [40] * len(found.bands)
    rates = [band.promised_bad_bps for band in found.bands]
    assert rates == sorted(rates, reverse=True)


def test_the_best_cut_off_is_the_best() -> None:
    replayed = demo_replayed()
    found = demo_backtest()
    assert found.best_cut_off is not None
    assert found.best_cut_off.profit == max(point.profit for point in found.cut_offs)
    everybody = found.cut_offs[0]
    priced = [one for one in replayed if one.profit is not None]
    assert (everybody.approved, everybody.approval_bps) == (len(priced), 10_000)
    assert everybody.profit == sum(one.profit or 0 for one in priced)
    assert found.profit == sum(one.profit or 0 for one in replayed if one.outcome is Outcome.APPROVED)


def test_the_order_of_the_rows_changes_nothing() -> None:
    shuffled = list(demo_replayed())
    random.Random(7).shuffle(shuffled)
    assert backtest(demo_policy(), shuffled, None) == demo_backtest()


def test_beside_itself_a_policy_changes_nothing() -> None:
    replayed = demo_replayed()
    found = demo_backtest()
    same = beside(found, found, replayed, replayed)
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
    found = beside(backtest(demo_policy(), ours, None), backtest(demo_policy(), theirs, None), ours, theirs)
    assert (found.swapped_in.rows, found.swapped_in.bad) == (2, 1)
    assert (found.swapped_out.rows, found.swapped_out.bad) == (1, 0)
    assert (found.approval_bps, found.approved_bad_bps, found.profit) == (2_500, 1_667, 10)


def test_without_a_price_there_is_no_cut_off() -> None:
    found = backtest(demo_policy(), [approves(1, True, profit=None), approves(0, False, profit=None)], None)
    assert (found.cut_offs, found.best_cut_off, found.profit) == ((), None, 0)


def test_a_better_policy_is_seen_to_be_better() -> None:
    replayed = demo_replayed()
    """Scores drawn from how it ended beat those of the policy, by more than chance."""
    oracle = [
        Replayed(one.is_good, one.score + 100 * one.is_good, one.outcome, False, one.category, one.profit)
        for one in replayed
    ]
    found = beside(demo_backtest(), backtest(demo_policy(), oracle, None), replayed, oracle)
    assert 0 < found.auc_low < found.auc < found.auc_high
