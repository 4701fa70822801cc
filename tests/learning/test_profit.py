"""Profit by hand: 1,200.00 in twelve months from the middle of a month."""

from datetime import date

import pytest
from msgspec.structs import replace

from service.checkout.answer import Outcome
from service.learning.profit import Economics, profit_of
from service.learning.replaying import accepted, replay_all, without_cut_off
from service.merchants.fee import MerchantFee
from service.plans.offer import Kind, Offer
from service.terms.apr import rates_for
from service.terms.schedule import Instalment
from service.terms.terms import Terms, Unit
from tests.checkout.cases import asked, decided
from tests.learning.cases import NOON, past
from tests.policies.sample import POLICY, policy_with

START = date(2026, 1, 1)
NOTHING = Economics(merchant_fee_bps=0, funding_rate_bps=0, paid_bps=0, recovered_bps=0)
DAYS = (date(2026, 1, 31), date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 1))  # 30, 60, 90 and 120 days on


def offer(interest: int = 0, up_front: int = 0, fee: MerchantFee = MerchantFee()) -> Offer:  # noqa: B008 - frozen
    """Four instalments of 100.00, with so much interest in each; before them what is paid at the start."""
    rows = tuple(Instalment(number, day, 100_00, interest) for number, day in enumerate(DAYS, 1))
    rows = (Instalment(0, START, 0, 0, up_front), *rows) if up_front else rows
    cost = 4 * interest + up_front
    apr = rates_for("EU", ((START, 400_00),), tuple((row.due_on, row.total) for row in rows), Unit.DAY)[0]
    return Offer("of_1", Kind.INSTALMENTS, "EUR", 400_00, Terms(), rows, cost, 400_00 + cost, apr, fee, 30, "UTC", NOON)


@pytest.mark.parametrize(
    ("terms", "economics", "good", "bad"),
    [
        ({}, {}, 0, -400_00),
        ({"interest": 5_00}, {}, 20_00, -400_00),
        ({"interest": 5_00, "up_front": 7_00}, {}, 27_00, 7_00 - 400_00),
        ({"fee": MerchantFee(250, 30)}, {}, 10_30, 10_30 - 400_00),
        ({"interest": 5_00}, {"paid_bps": 5_000}, 20_00, 10_00 - 200_00),
        ({"interest": 5_00}, {"paid_bps": 4_999}, 20_00, 5_00 - 300_00),  # an instalment is paid or it is not
        ({"interest": 5_00}, {"paid_bps": 5_000, "recovered_bps": 2_500}, 20_00, 10_00 - 150_00),
        # 30 days of 400, 300, 200 and 100 at 36.5 %: 30.00; with nothing paid, 120 days of 400: 48.00
        ({}, {"funding_rate_bps": 3_650}, -30_00, -48_00 - 400_00),
        ({}, {"funding_rate_bps": 3_650, "paid_bps": 5_000}, -30_00, -(12_00 + 9_00 + 12_00) - 200_00),
    ],
)
def test_profit(terms: dict[str, object], economics: dict[str, int], good: int, bad: int) -> None:
    given = replace(NOTHING, **economics)
    one = offer(**terms)  # type: ignore[arg-type]
    assert (profit_of(one, True, START, given), profit_of(one, False, START, given)) == (good, bad)


def test_an_offer_of_the_length_asked_for_is_taken_else_the_best() -> None:
    decision = decided(asked(amount=600_00))
    lengths = [len(offer.schedule) for offer in decision.answer.offers]
    assert set(lengths) >= {4, 6, 12}
    assert accepted(decision, None) == decision.answer.offers[0]
    for months, length in ((6, 6), (12, 12), (36, 12), (3, 4)):
        taken = accepted(decision, months)
        assert taken is not None
        assert len(taken.schedule) == length
    assert accepted(decided(asked(amount=9_999_999_00)), 6) is None


def test_whoever_the_score_alone_keeps_out_is_priced_as_in_the_last_grade() -> None:
    fine, poor, minor = replay_all(
        past({}, {"age": "18", "job": "none", "months": ""}, {"age": "17"}), POLICY, NOTHING, NOON
    )
    assert (fine.outcome, fine.category) == (Outcome.APPROVED, "other")
    assert fine.profit is not None
    assert fine.profit > 0
    assert (poor.outcome, poor.score, poor.profit) == (Outcome.DECLINED, 440, 6_00)  # pay-in-4: the subsidy of 1 %
    assert (minor.outcome, minor.profit) == (Outcome.DECLINED, None)  # no cut-off lets a minor in


def test_a_grade_that_refers_is_no_grade_to_be_priced_in() -> None:
    lenient = without_cut_off(POLICY.policy, 0)
    assert [(grade.name, grade.score_min) for grade in lenient.grades] == [("A", 620), ("B", 0)]
    assert policy_with().policy == POLICY.policy
