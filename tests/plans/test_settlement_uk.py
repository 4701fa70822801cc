"""Settled in the United Kingdom, where interest follows what is paid: each payment counts from its own day.

Every value is the formula of SI 2004/1483, reg. 4(1), at 16.5 %: what was lent times 1.165^(periods / 12), less each
payment times the same of its own periods.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import pytest
from msgspec.structs import replace

from service.plans.money_back import ChargeBack, Refund
from service.plans.payment import RecordPayment
from service.plans.running.facts import SettlementQuoted
from service.plans.settlement import QuoteSettlement
from service.plans.state import PlanState
from service.terms.apr import Apr, AprMethod
from service.terms.terms import Cost, FeeDue, Terms, Unit
from tests.plans.test_costs_come_back import OPERATOR, Bought

YEAR: Final = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), recalculate=True)
APR: Final = Apr(AprMethod.EU_EFFECTIVE, "16.5", "16.5")
OPENING: Final = Cost("opening", amount=12_00)
FIRST: Final = Cost("opening", amount=12_00, due=FeeDue.FIRST)
EACH: Final = Cost("keeping", amount=1_00, due=FeeDue.EACH)
SEPTEMBER: Final = date(2026, 9, 2)  # 600.00 were lent on 2 March


def bought(*costs: Cost) -> Bought:
    return Bought(replace(YEAR, costs=costs), jurisdiction="GB", apr=APR)


def go_to(plan: Bought, on: date) -> None:
    plan.life.now += on - plan.life.now.date()


def pay_as_due(plan: Bought, until: date, ahead: date | None = None) -> str | None:
    """Everything on its day, and 200.00 ahead on another; returns the fact of these."""
    paid_ahead = None
    days = {line.due_on for line in plan.life.lines(plan.plan_id) if line.due_on <= until}
    for day in sorted(days | ({ahead} if ahead else set())):
        go_to(plan, day)
        if day == ahead:
            paid_ahead = plan.do(RecordPayment, amount=200_00)
        for line in plan.life.lines(plan.plan_id):
            if line.due_on == day and line.outstanding:
                plan.do(RecordPayment, amount=line.outstanding)
    go_to(plan, until)
    return paid_ahead


def quoted(plan: Bought, amount: int | None = None) -> SettlementQuoted:
    plan.do(QuoteSettlement, amount=amount)
    quote = plan.plan.standing.quote
    assert quote is not None
    return quote


@pytest.mark.parametrize(
    ("cost", "ahead", "amount"),
    [
        (OPENING, None, 304_38),  # 12.00 on 2 March, then 53.31 each month
        (OPENING, date(2026, 3, 3), 297_99),  # 200.00, and from July what is left: 13.24, 53.31, 53.31
        (OPENING, date(2026, 5, 10), 298_76),
        (FIRST, date(2026, 3, 3), 298_64),
        (FIRST, date(2026, 5, 10), 298_92),
        (EACH, None, 311_14),
        (EACH, date(2026, 3, 3), 304_83),
        (EACH, date(2026, 5, 10), 305_59),
    ],
)
def test_what_was_paid_ahead_counts_from_its_day(cost: Cost, ahead: date | None, amount: int) -> None:
    plan = bought(cost)
    pay_as_due(plan, SEPTEMBER, ahead)
    assert quoted(plan).amount == amount
    plan.do(RecordPayment, amount=amount)
    assert (plan.plan.state, plan.plan.amounts.overpaid) == (PlanState.PAID_OFF, 0)


def test_what_is_due_and_not_paid_is_asked_for_as_it_stands() -> None:
    """None of seven lines was paid: 304.38 as above, 12.00, six times 53.31. Their lateness is no charge of the law."""
    plan = bought(OPENING)
    go_to(plan, SEPTEMBER)
    quote = quoted(plan)
    assert quote.amount == 304_38 + 12_00 + 6 * 53_31


def test_a_payment_that_was_taken_back_counts_no_more() -> None:
    """Paid and taken back on one day, on which nothing was due: as if nothing had been paid ahead."""
    plan, other = bought(OPENING), bought(OPENING)
    pay_as_due(plan, date(2026, 3, 20))
    pay_as_due(other, date(2026, 3, 20))
    payment = plan.do(RecordPayment, amount=200_00)
    plan.life.do(ChargeBack, plan.plan_id, actor=OPERATOR, payment_id=payment, amount=200_00)
    assert quoted(plan).amount == quoted(other).amount


def test_a_fee_that_is_no_charge_for_the_credit_is_paid_whole() -> None:
    """1.00 with each instalment for insurance: without it 304.38 are asked for, and the six fees to come besides."""
    insured = Cost("insurance", amount=1_00, due=FeeDue.EACH, in_apr=False)
    plan = bought(OPENING, insured)
    pay_as_due(plan, SEPTEMBER)
    assert quoted(plan).amount == 304_38 + 6_00


@pytest.mark.parametrize("cost", [OPENING, FIRST, EACH])
@pytest.mark.parametrize("refund", [1_00, 200_00, 450_00])
@pytest.mark.parametrize("ahead", [None, date(2026, 3, 3), date(2026, 6, 20)])
def test_after_goods_came_back_it_is_paid_off_to_the_cent(cost: Cost, refund: int, ahead: date | None) -> None:
    plan = bought(cost)
    pay_as_due(plan, date(2026, 7, 2), ahead)
    plan.do(Refund, amount=refund)
    go_to(plan, plan.life.now.date() + timedelta(9))
    if not plan.plan.amounts.outstanding:
        return
    owed, quote = plan.plan.amounts.outstanding, quoted(plan)
    assert 0 < quote.amount <= owed
    plan.do(RecordPayment, amount=quote.amount)
    assert (plan.plan.amounts.outstanding, plan.plan.amounts.overpaid) == (0, 0)


def test_a_part_that_was_paid_ahead_is_given_up_by_the_same_law() -> None:
    """100.00 more, of 297.99 as above: of 5.62 that come back the same part, rounded in the consumer's favour."""
    plan = bought(OPENING)
    pay_as_due(plan, SEPTEMBER, date(2026, 3, 3))
    quote = quoted(plan, 100_00)
    assert (quote.of, quote.fee_returned) == (297_99, -(-5_62 * 100_00 // 297_99))
