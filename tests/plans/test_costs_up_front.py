"""Costs up front are due on the day of the capture, beside the instalments; each capture bears its share."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion
from service.plans.amend import Amend
from service.plans.capture import Capture
from service.plans.money_back import Refund
from service.plans.payment import RecordPayment
from service.plans.reverse import ReverseCapture
from service.plans.running.rows import RowKind
from service.plans.settlement import QuoteSettlement
from service.plans.state import PlanState
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from service.terms.apr import Apr, AprMethod
from service.terms.pricing import price_of
from service.terms.terms import Captures, Cost, DownPaymentAt, FeeDue, Terms, Unit
from tests.plans.lives import APPROVAL, NOON
from tests.plans.test_costs_come_back import Bought

OPENING = Cost("opening", amount=12_00)
FOUR = Terms(costs=(OPENING,))  # 600.00 in four parts, and 12.00 at the start
YEAR = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), costs=(OPENING,))
TODAY = NOON.date()


def told(bought: Bought) -> list[tuple[int, date, int, int]]:
    """Of each line: its capture, day, principal and fee."""
    return [(one.capture, one.due_on, one.principal, one.fee) for one in bought.life.lines(bought.plan_id)]


def test_they_are_due_on_the_day_of_the_capture_and_owed_as_a_fee() -> None:
    bought = Bought(FOUR)
    first, *instalments = bought.life.lines(bought.plan_id)
    assert (first.kind, first.begin_on, first.due_on, first.principal, first.fee) == (
        RowKind.DOWN_PAYMENT, TODAY, TODAY, 0, 12_00,
    )  # fmt: skip
    assert [(one.principal, one.fee) for one in instalments] == [(150_00, 0)] * 4
    amounts, books = bought.plan.amounts, bought.life.balances(bought.plan_id)
    assert (amounts.outstanding, amounts.used) == (612_00, 600_00)
    assert (books[A.CONSUMER_FEES], books[A.FEE_INCOME], books[A.CONSUMER_PRINCIPAL]) == (12_00, -12_00, 600_00)
    bought.do(RecordPayment, amount=12_00)
    assert bought.plan.amounts.fee_paid == 12_00
    assert bought.booked(Occasion.FEE_SHARE) == {A.FEE_INCOME: 6_00, A.PARTNER_PAYABLE: -6_00}  # half is the partner's


def test_what_is_owed_is_what_was_offered() -> None:
    for terms in (YEAR, replace(YEAR, down_payment=100_00, down_payment_at=DownPaymentAt.SCHEDULE)):
        price = price_of("DE", "consumer_credit", terms, 600_00, TODAY)
        bought = Bought(terms)
        assert [(one.due_on, one.principal, one.interest, one.fee) for one in bought.life.lines(bought.plan_id)] == [
            (row.due_on, row.principal, row.interest, row.fee) for row in price.schedule
        ]
        assert bought.owed == 600_00 + price.cost


def test_a_down_payment_and_costs_are_one_line() -> None:
    """A quarter of 600.00 at the start, and 2 % of what is financed."""
    terms = Terms(down_payment_bps=2500, down_payment_at=DownPaymentAt.SCHEDULE, costs=(Cost("opening", bps=200),))
    assert told(Bought(terms))[:2] == [(1, TODAY, 150_00, 9_00), (1, TODAY + timedelta(14), 112_50, 0)]


@pytest.mark.parametrize("captures", list(Captures))
@pytest.mark.parametrize("recalculate", [False, True])
@pytest.mark.parametrize(
    ("captured", "fees"),
    [((200_00, 400_00), [4_00, 8_00]), ((1, 99_99, 500_00), [0, 2_00, 10_00]), ((150_00, 150_00), [3_00, 3_00])],
)
def test_each_capture_bears_its_share(
    captures: Captures, recalculate: bool, captured: tuple[int, ...], fees: list[int]
) -> None:
    """Of a cent a share of less than half a cent; of what is not captured nothing."""
    bought = Bought(replace(YEAR, captures=captures, recalculate=recalculate), *captured)
    at_once = [line for line in bought.life.lines(bought.plan_id) if line.kind is RowKind.DOWN_PAYMENT]
    assert [line.fee for line in at_once] == [fee for fee in fees if fee]
    assert {line.due_on for line in at_once} == {TODAY}
    assert sum(line.fee for line in bought.life.lines(bought.plan_id)) == sum(fees)


def test_what_is_captured_later_is_due_later_and_what_is_voided_bears_nothing() -> None:
    bought = Bought(FOUR, 150_00)
    bought.life.now += timedelta(3)
    bought.do(Capture, amount=300_00)
    bought.do(Void)
    assert [one for one in told(bought) if not one[2]] == [(1, TODAY, 0, 3_00), (2, TODAY + timedelta(3), 0, 6_00)]
    assert bought.owed == 459_00


def test_of_an_order_that_becomes_more_the_later_captures_bear_the_costs_of_that() -> None:
    """2 % of 600.00, of which 300.00 are captured; then of 900.00: the rest has 12.00 of 18.00."""
    bought = Bought(Terms(costs=(Cost("opening", bps=200),)), 300_00, amount_max=1_000_00)
    bought.do(Amend, amount=900_00, approval=APPROVAL)
    bought.do(Capture, amount=600_00)
    assert [one[3] for one in told(bought) if not one[2]] == [6_00, 12_00]


def test_a_capture_that_was_a_mistake_bears_nothing() -> None:
    bought = Bought(FOUR)
    bought.do(ReverseCapture, capture=1)
    assert (told(bought), bought.life.balances(bought.plan_id)[A.FEE_INCOME]) == ([], 0)


def test_money_that_came_before_pays_them_first() -> None:
    bought = Bought(FOUR, 300_00)
    bought.do(RecordPayment, amount=310_00)  # 306.00 are owed
    assert bought.plan.amounts.overpaid == 4_00
    bought.do(Capture, amount=300_00)
    first, *_ = [line for line in bought.life.lines(bought.plan_id) if line.capture == 2]
    assert (first.fee, first.paid_fee, bought.plan.amounts.overpaid) == (6_00, 4_00, 0)


@pytest.mark.parametrize(("refund_costs", "owed"), [(True, [408_00, 0]), (False, [412_00, 12_00])])
def test_they_come_back_by_share_where_the_terms_say_so(refund_costs: bool, owed: list[int]) -> None:
    bought = Bought(replace(FOUR, refund_costs=refund_costs))
    for amount, left in zip((200_00, 400_00), owed, strict=True):
        bought.do(Refund, amount=amount)
        assert bought.owed == left


def test_who_withdraws_owes_none_of_them_and_what_was_paid_counts() -> None:
    bought = Bought(FOUR, jurisdiction="DE")
    bought.do(RecordPayment, amount=12_00)
    assert bought.plan.amounts.fee_paid == 12_00
    bought.do(Withdraw)
    amounts = bought.plan.amounts
    assert (amounts.outstanding, amounts.principal_paid, amounts.fee_paid) == (588_00, 12_00, 0)
    assert bought.life.balances(bought.plan_id)[A.FEE_INCOME] == 0


def settled_on(day: date, terms: Terms, law: str, apr: str, *captured: int) -> tuple[Bought, Any]:
    """600.00 captured on 2 March 2026; what is due by a day is paid, and then a quote asked for."""
    bought = Bought(terms, *captured, jurisdiction=law, apr=Apr(AprMethod.EU_EFFECTIVE, apr, apr))
    due = sum(line.outstanding for line in bought.life.lines(bought.plan_id) if line.due_on <= day)
    bought.life.now += day - TODAY
    bought.do(RecordPayment, amount=due)
    bought.do(QuoteSettlement)
    quote = bought.plan.standing.quote
    assert quote is not None
    bought.do(RecordPayment, amount=quote.amount)
    assert (bought.plan.state, bought.plan.amounts.overpaid) == (PlanState.PAID_OFF, 0)
    return bought, quote


@pytest.mark.parametrize("captured", [(600_00,), (200_00, 400_00)])
@pytest.mark.parametrize("captures", [Captures.OWN_TERM, Captures.MERGED])
def test_in_the_union_who_settles_early_gets_their_share_of_the_days_to_come(
    captures: Captures, captured: tuple[int, ...]
) -> None:
    """C-383/18: of costs that were paid at the start, too. 181 of 365 days are left on 2 September: 5.95 of 12.00.

    600.00 at 1 % a month are 53.31; the rows of October to March bear 10.78 of interest, none of it earned.
    """
    bought, quote = settled_on(date(2026, 9, 2), replace(YEAR, captures=captures), "DE", "16.5", *captured)
    plain, without = settled_on(date(2026, 9, 2), replace(YEAR, captures=captures, costs=()), "DE", "12.7", *captured)
    assert plain.owed == bought.owed == 0
    rebate = quote.interest_rebate + quote.fee_rebate + quote.fee_returned
    assert rebate - without.interest_rebate == 5_95
    assert bought.booked(Occasion.FEE_RETURN) == {A.FEE_INCOME: 5_95, A.CONSUMER_PRINCIPAL: -5_95}


def test_in_the_united_kingdom_they_are_a_repayment_of_the_first_day() -> None:
    """SI 2004/1483, reg. 4(1), with 28 days of notice: 600.00 and what was repaid, at 16.5 % a year."""
    _, quote = settled_on(date(2026, 9, 2), YEAR, "GB", "16.5")
    monthly, since = Decimal("1.165") ** (Decimal(1) / 12), Decimal(28) / 30  # 30 September, 28 of 30 days later
    repaid = sum(53_31 * monthly ** (k + since) for k in range(6))
    owed = (600_00 - 12_00) * monthly ** (6 + since) - repaid
    assert abs(quote.amount - owed) <= 2  # the instalments round by less
    assert quote.fee_returned > 0


@pytest.mark.parametrize("due", [FeeDue.UP_FRONT, FeeDue.FIRST])
@pytest.mark.parametrize(("in_apr", "amount"), [(True, 294_00), (False, 300_00)])
def test_in_the_united_kingdom_what_is_no_charge_for_credit_is_kept(in_apr: bool, amount: int, due: FeeDue) -> None:
    """Half of 600.00 at no interest is left, after 2 of 4 months; a notary's 6.00 are part of no rate of 0 %.

    A charge of 6.00 is, but were it counted at 0 %, all of it would come back.
    """
    terms = Terms(unit=Unit.MONTH, every=1, costs=(Cost("notary", amount=6_00, in_apr=in_apr, due=due),))
    _, quote = settled_on(date(2026, 5, 2), terms, "GB", "0.0")
    assert quote.amount == amount


def test_without_interest_they_are_given_back_from_the_principal() -> None:
    """46 of 56 days are left: 9.86 of 12.00. All goods that come back after that bring the other 2.14."""
    bought, quote = settled_on(date(2026, 3, 12), FOUR, "DE", "20.0")
    assert (quote.amount, quote.principal, quote.fee_rebate, quote.fee_returned) == (590_14, 590_14, 0, 9_86)
    bought.do(Refund, amount=600_00)
    assert bought.plan.amounts.overpaid == 12_00 + 590_14


def test_a_part_brings_its_part_of_them() -> None:
    """Of 590.14 with 9.86 back 200.00 bring 3.35, no less than their share; the rest is settled by what is left."""
    bought = Bought(FOUR, jurisdiction="DE")
    bought.do(RecordPayment, amount=12_00)
    bought.life.now += timedelta(10)
    bought.do(QuoteSettlement, amount=200_00)
    quote = bought.plan.standing.quote
    assert quote is not None
    assert (quote.principal, quote.fee_returned, quote.interest_rebate) == (200_00, 3_35, 0)
    bought.do(RecordPayment, amount=200_00)
    assert (bought.owed, bought.plan.standing.fees_back) == (396_65, 3_35)
    bought.do(QuoteSettlement)
    assert bought.plan.standing.quote is not None
    assert bought.plan.standing.quote.amount == 390_14  # as if all had been settled at once
    bought.do(RecordPayment, amount=390_14)
    assert bought.plan.state is PlanState.PAID_OFF
    assert bought.booked(Occasion.FEE_RETURN) == {A.FEE_INCOME: 9_86, A.CONSUMER_PRINCIPAL: -9_86}


@pytest.mark.parametrize(
    ("refund", "returned", "back"), [(300_00, 6_00, 4_93), (590_00, 11_80, 16), (600_00, 12_00, 0)]
)
def test_what_came_back_with_goods_does_not_come_back_with_a_quote_of_before(
    refund: int, returned: int, back: int
) -> None:
    """As above 9.86 of 12.00; half of the goods bring 6.00, and the quote half of 9.86 then."""
    bought = Bought(FOUR, jurisdiction="DE")
    bought.do(RecordPayment, amount=12_00)
    bought.life.now += timedelta(10)
    bought.do(QuoteSettlement)
    bought.do(Refund, amount=refund)
    standing = bought.plan.standing
    assert standing.quote is not None
    assert (standing.returned_fees, standing.quote.fee_returned) == (returned, back)
    if left := bought.owed - back:
        bought.do(RecordPayment, amount=max(left, 1))
    assert bought.plan.amounts.outstanding == 0
    assert bought.booked(Occasion.FEE_RETURN)[A.FEE_INCOME] == returned + back


@pytest.mark.parametrize(
    ("cost", "amount", "fee_rebate", "returned"),
    [
        (OPENING, 304_38, 0, 4_58),  # 308.96 of principal are left
        (Cost("opening", amount=12_00, due=FeeDue.FIRST), 304_54, 0, 4_42),
        (Cost("keeping", amount=1_00, due=FeeDue.EACH), 311_14, 3_82, 0),  # of 6.00 that are to come; at 16.5 %, too
    ],
)
def test_in_the_united_kingdom_they_come_back_where_interest_follows_what_is_paid(
    cost: Cost, amount: int, fee_rebate: int, returned: int
) -> None:
    """As above on 2 September, without notice: 588.00 * 1.165^(6/12) less 53.31 * 1.165^(k/12) for k of 0 to 5."""
    terms = replace(YEAR, recalculate=True, costs=(cost,))
    bought = Bought(terms, jurisdiction="GB", apr=Apr(AprMethod.EU_EFFECTIVE, "16.5", "16.5"))
    for line in bought.life.lines(bought.plan_id):
        if line.due_on <= date(2026, 9, 2):
            bought.life.now += line.due_on - bought.life.now.date()
            bought.do(RecordPayment, amount=line.outstanding)
    bought.do(QuoteSettlement)
    quote = bought.plan.standing.quote
    assert quote is not None
    assert (quote.amount, quote.fee_rebate, quote.fee_returned) == (amount, fee_rebate, returned)
    bought.do(RecordPayment, amount=quote.amount)
    assert (bought.plan.state, bought.plan.amounts.overpaid) == (PlanState.PAID_OFF, 0)


@pytest.mark.parametrize(("law", "back"), [("DE", 5_95), ("US", 0)])
@pytest.mark.parametrize("ahead", [0, 3, 5])
def test_interest_that_was_paid_ahead_does_not_come_back_as_costs(law: str, back: int, ahead: int) -> None:
    """5.95 of 12.00 as above, however many instalments were paid ahead; in the United States no costs come back."""
    bought = Bought(YEAR, jurisdiction=law)
    for line in bought.life.lines(bought.plan_id)[: 7 + ahead]:
        bought.do(RecordPayment, amount=line.outstanding)
    bought.life.now += date(2026, 9, 2) - TODAY
    bought.do(QuoteSettlement)
    assert bought.plan.standing.quote is not None
    assert bought.plan.standing.quote.fee_returned == back


@pytest.mark.parametrize("amount", [None, 100_00])
def test_where_interest_follows_what_is_paid_they_come_back_besides(amount: int | None) -> None:
    """12.00 on 2 September, as above, or the share that 100.00 have of what is owed."""
    owed = []
    for terms in (replace(YEAR, recalculate=True), replace(YEAR, recalculate=True, costs=())):
        bought = Bought(terms, jurisdiction="DE")
        for line in bought.life.lines(bought.plan_id)[: 6 + bool(terms.costs)]:
            bought.do(RecordPayment, amount=line.outstanding, received_on=None)
        bought.life.now += date(2026, 9, 2) - TODAY
        if terms.costs or amount is None:
            bought.do(QuoteSettlement, amount=amount)
            assert bought.plan.standing.quote is not None
            owed.append((bought.plan.standing.quote.amount, bought.plan.standing.quote.fee_returned))
    assert owed[0][1] > 0
    if amount is None:
        assert (owed[1][0] - owed[0][0], owed[0][1]) == (5_95, 5_95)


def test_a_cost_with_the_first_instalment_stays_with_it() -> None:
    bought = Bought(Terms(costs=(OPENING, Cost("keeping", amount=4_00, due=FeeDue.FIRST))))
    assert [fee for *_, fee in told(bought)] == [12_00, 4_00, 0, 0, 0]
