"""What is taken off besides payments, and what never happened after all."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount
from service.plans.capture import Capture
from service.plans.charges import Levy, Waive
from service.plans.correction import Correct
from service.plans.credits import Credit, CreditKind
from service.plans.deposit import Claim
from service.plans.money_back import ChargeBack, Refund, ReturnPayment
from service.plans.offer import Kind, Use
from service.plans.payment import ReceivedBy, RecordPayment
from service.plans.reschedule import ChargeOff, Forgive
from service.plans.settlement import QuoteSettlement
from service.plans.state import PlanState
from service.plans.use import Confirm, StartUse
from service.plans.void import Void
from service.terms.terms import Terms
from tests.plans.lives import MERCHANT_ACTS, NOON, ONE_SUM, PAY_IN_4, YEARLY, Life, agreement

OPERATOR = Actor(ActorKind.OPERATOR, "us_1")
DAY = timedelta(days=1)
TOO_MUCH = (Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount")


DEAR = replace(YEARLY, rate_percent=Decimal(90))  # 600.00 bear 330.76 of interest


class OnAPlan:
    """A plan of 600.00 in four parts, without interest."""

    def __init__(self, captured: int = 600_00, terms: Terms = PAY_IN_4, **offer: Any) -> None:
        self.life = Life()
        self.plan_id = self.life.authorize(agreement(terms=terms, **offer))
        if captured:
            self.merchant(Capture, amount=captured)

    def merchant(self, verb: Any, **arguments: Any) -> str:
        return self._do(verb, MERCHANT_ACTS, arguments)

    def operator(self, verb: Any, **arguments: Any) -> str:
        return self._do(verb, OPERATOR, arguments)

    def _do(self, verb: Any, actor: Actor, arguments: dict[str, Any]) -> str:
        self.life.do(verb, self.plan_id, actor=actor, **arguments)
        return self.life.facts[self.plan_id][-1].fact.id

    @property
    def plan(self) -> Any:
        return self.life.plans[self.plan_id]


def refused(do: Any) -> tuple[Code, str | None]:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value.code, caught.value.pointer


@pytest.mark.parametrize(
    ("kind", "bears", "amount"),
    [
        (CreditKind.DOWN_PAYMENT, LedgerAccount.PROCESSOR_CLEARING, 100_00),
        (CreditKind.MERCHANT_REFUND, LedgerAccount.MERCHANT_PAYABLE, 100_00),
        (CreditKind.PAYOUT_REFUND, LedgerAccount.MERCHANT_PAYABLE, 100_00),
        (CreditKind.GOODWILL, LedgerAccount.GOODWILL, 100_00),
        (CreditKind.INTEREST_REFUND, LedgerAccount.INTEREST_INCOME, 30_00),  # the partner, who has 70 % of it, the rest
        (CreditKind.INTEREST_WAIVER, LedgerAccount.INTEREST_INCOME, 30_00),
    ],
)
def test_who_bears_a_credit(kind: CreditKind, bears: LedgerAccount, amount: int) -> None:
    on = OnAPlan(terms=DEAR if "interest" in kind else PAY_IN_4)
    before, owed = on.life.balances(on.plan_id)[bears], on.plan.amounts.outstanding
    on.operator(Credit, kind=kind, amount=100_00)
    assert on.life.balances(on.plan_id)[bears] == before + amount
    assert on.plan.amounts.outstanding == owed - 100_00
    assert on.plan.amounts.refunded == (100_00 if kind.value.endswith("t_refund") and "interest" not in kind else 0)


def test_what_is_given_is_bounded_by_what_there_is() -> None:
    on = OnAPlan(terms=DEAR)
    interest = on.plan.amounts.outstanding - 600_00
    assert refused(lambda: on.operator(Credit, kind=CreditKind.INTEREST_WAIVER, amount=interest + 1)) == TOO_MUCH
    on.operator(Credit, kind=CreditKind.INTEREST_WAIVER, amount=interest - 1)
    assert refused(lambda: on.operator(Credit, kind=CreditKind.INTEREST_REFUND, amount=2)) == TOO_MUCH
    on.operator(Credit, kind=CreditKind.INTEREST_REFUND, amount=1)
    on.merchant(RecordPayment, amount=600_00)
    assert on.plan.state is PlanState.PAID_OFF
    on.merchant(Refund, amount=250_00)
    assert refused(lambda: on.operator(Credit, kind=CreditKind.GOODWILL, amount=350_01)) == TOO_MUCH
    on.operator(Credit, kind=CreditKind.GOODWILL, amount=350_00)  # what the consumer has paid, and no more
    assert on.plan.amounts.overpaid == 600_00
    assert refused(lambda: on.operator(Credit, kind=CreditKind.GOODWILL, amount=1)) == TOO_MUCH
    on.operator(Credit, kind=CreditKind.DOWN_PAYMENT, amount=1)  # money that came is never refused


def test_what_the_merchant_has_taken_is_paid_and_no_bank_takes_it_back() -> None:
    on = OnAPlan()
    before = on.life.balances(on.plan_id)
    paid = on.merchant(RecordPayment, amount=200_00, received_by=ReceivedBy.MERCHANT)
    after = on.life.balances(on.plan_id)
    assert after[LedgerAccount.MERCHANT_PAYABLE] == before[LedgerAccount.MERCHANT_PAYABLE] + 200_00
    assert after[LedgerAccount.PROCESSOR_CLEARING] == 0
    assert (on.plan.amounts.outstanding, on.plan.amounts.principal_paid, on.plan.amounts.refunded) == (
        400_00,
        200_00,
        0,
    )
    for verb, said in ((ReturnPayment, {}), (ChargeBack, {"amount": 1})):
        asked = refused(lambda verb=verb, said=said: on.operator(verb, payment_id=paid, **said))
        assert asked == (Code.STATE_FORBIDS, "/payment_id")
    on.operator(Correct, undone_id=paid)
    assert +on.life.balances(on.plan_id) == +before


@pytest.mark.parametrize("kind", [CreditKind.GOODWILL, CreditKind.INTEREST_WAIVER])
def test_no_bank_takes_back_what_we_have_credited(kind: CreditKind) -> None:
    on = OnAPlan(terms=DEAR)
    credit = on.operator(Credit, kind=kind, amount=200_00)
    for verb, said in ((ReturnPayment, {}), (ChargeBack, {"amount": 1})):
        asked = refused(lambda verb=verb, said=said: on.operator(verb, payment_id=credit, **said))
        assert asked == (Code.STATE_FORBIDS, "/payment_id")


def test_of_a_payment_taken_back_in_part_the_rest_is_charged_back() -> None:
    on = OnAPlan()
    paid = on.merchant(RecordPayment, amount=200_00)
    on.operator(ChargeBack, payment_id=paid, amount=50_00)
    asked = refused(lambda: on.operator(ReturnPayment, payment_id=paid))
    assert asked == (Code.STATE_FORBIDS, "/payment_id")
    on.operator(ChargeBack, payment_id=paid, amount=150_00)
    assert on.plan.amounts.outstanding == 600_00


def test_a_quote_is_paid_to_the_merchant_as_well() -> None:
    on = OnAPlan(terms=YEARLY, jurisdiction="DE")
    on.life.now += 20 * DAY
    on.merchant(QuoteSettlement)
    quote = on.plan.standing.quote
    assert quote is not None
    assert quote.interest_rebate > 0
    on.merchant(RecordPayment, amount=quote.amount, received_by=ReceivedBy.MERCHANT)
    assert (on.plan.amounts.outstanding, on.plan.amounts.overpaid) == (0, 0)


def test_a_credit_counts_on_its_day() -> None:
    on = OnAPlan()
    on.life.now += 20 * DAY
    on.operator(Credit, kind=CreditKind.GOODWILL, amount=150_00, on=NOON.date() + 3 * DAY)
    assert on.life.lines(on.plan_id)[0].settled_on == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("captured", "arguments", "code", "pointer"),
    [
        (0, {"kind": CreditKind.GOODWILL}, Code.STATE_FORBIDS, None),
        (0, {"kind": CreditKind.PAYOUT_REFUND}, Code.STATE_FORBIDS, None),
        (600_00, {"kind": CreditKind.PAYOUT_REFUND, "amount": 600_01}, Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount"),
        (600_00, {"kind": CreditKind.GOODWILL, "on": NOON.date() + DAY}, Code.INVALID_FIELD, "/on"),
        (600_00, {"kind": CreditKind.GOODWILL, "on": NOON.date() - DAY}, Code.INVALID_FIELD, "/on"),
        (600_00, {"kind": CreditKind.GOODWILL, "actor": MERCHANT_ACTS}, Code.FORBIDDEN, None),
    ],
)
def test_credits_that_cannot_be(captured: int, arguments: dict[str, Any], code: Code, pointer: str | None) -> None:
    on = OnAPlan(captured)
    asked = {"amount": 10_00, "actor": OPERATOR} | arguments
    assert refused(lambda: on.life.do(Credit, on.plan_id, **asked)) == (code, pointer)


def test_a_down_payment_may_come_before_the_capture() -> None:
    on = OnAPlan(captured=0)
    on.operator(Credit, kind=CreditKind.DOWN_PAYMENT, amount=50_00)
    on.merchant(Capture, amount=600_00)
    assert (on.plan.amounts.outstanding, on.plan.amounts.overpaid) == (550_00, 0)


def test_a_payment_recorded_by_mistake_never_came() -> None:
    on = OnAPlan()
    before = on.life.lines(on.plan_id), on.life.balances(on.plan_id)
    paid = on.merchant(RecordPayment, amount=200_00, reference="x")
    on.operator(Correct, undone_id=paid)
    assert on.life.lines(on.plan_id) == before[0]
    assert +on.life.balances(on.plan_id) == +before[1]
    for verb, said in ((ReturnPayment, {}), (ChargeBack, {"amount": 1})):
        asked = refused(lambda verb=verb, said=said: on.operator(verb, payment_id=paid, **said))
        assert asked == (Code.STATE_FORBIDS, "/payment_id")
    assert refused(lambda: on.operator(Correct, undone_id=paid)) == (Code.STATE_FORBIDS, "/fact_id")


def test_a_capture_recorded_by_mistake_may_be_made_again() -> None:
    on = OnAPlan(captured=0)
    first = on.merchant(Capture, amount=500_00, final=True)
    assert (on.plan.state, on.plan.remaining) == (PlanState.ACTIVE, 0)
    on.operator(Correct, undone_id=first)
    assert (on.plan.state, on.plan.remaining, on.plan.bills) == (PlanState.AUTHORIZED, 600_00, ())
    assert (on.life.account.reserved, on.life.account.used) == (600_00, 0)
    on.merchant(Capture, amount=600_00)
    assert [bill.amount for bill in on.plan.bills] == [600_00]
    assert [bill.capture for bill in on.plan.bills] == [1]


def test_a_capture_that_others_stand_on_stays() -> None:
    on = OnAPlan(captured=200_00)
    first = on.life.facts[on.plan_id][-1].fact.id
    second = on.merchant(Capture, amount=400_00)
    paid = on.merchant(RecordPayment, amount=10_00)
    for fact in (first, second):
        assert refused(lambda fact=fact: on.operator(Correct, undone_id=fact)) == (Code.STATE_FORBIDS, "/fact_id")
    for fact in (paid, second, first):
        on.operator(Correct, undone_id=fact)
    assert (on.plan.state, on.plan.amounts.outstanding) == (PlanState.AUTHORIZED, 0)


def test_what_can_never_be_undone() -> None:
    on = OnAPlan(captured=200_00)
    authorized = on.life.facts[on.plan_id][0].fact.id
    voided = on.merchant(Void)
    fee = on.operator(Levy, amount=5_00)
    waived = on.operator(Waive, fee_id=fee)
    for fact in (authorized, voided, waived, fee):
        assert refused(lambda fact=fact: on.operator(Correct, undone_id=fact)) == (Code.STATE_FORBIDS, "/fact_id")
    assert refused(lambda: on.operator(Correct, undone_id="fa_1")) == (Code.NOT_FOUND, "/fact_id")


@pytest.mark.parametrize("verb", [ChargeOff, Forgive])
def test_giving_up_may_be_undone(verb: Any) -> None:
    on = OnAPlan()
    on.life.now += 40 * DAY
    before = on.life.lines(on.plan_id), on.life.balances(on.plan_id)
    given_up = on.operator(verb, on=NOON.date() + 30 * DAY)
    assert on.plan.state in (PlanState.CHARGED_OFF, PlanState.FORGIVEN)
    on.operator(Correct, undone_id=given_up)
    assert (on.plan.state, on.life.lines(on.plan_id)) == (PlanState.ACTIVE, before[0])
    assert +on.life.balances(on.plan_id) == +before[1]


@pytest.mark.parametrize(("verb", "stays"), [(None, False), (StartUse, True), (Capture, True)])
def test_a_confirmation_stays_once_something_rests_on_it(verb: Any, stays: bool) -> None:
    use = Use(confirm_days=20, days_max=40)
    life = Life()
    plan_id = life.authorize(agreement(Kind.PAY_AFTER_USE, terms=ONE_SUM, use=use))
    life.do(Confirm, plan_id)
    confirmed = life.facts[plan_id][-1].fact.id
    if verb:
        life.do(verb, plan_id, **({"amount": 1} if verb is Capture else {}))
    if stays:
        asked = refused(lambda: life.do(Correct, plan_id, actor=OPERATOR, undone_id=confirmed))
        assert asked == (Code.STATE_FORBIDS, "/fact_id")
    else:
        assert life.do(Correct, plan_id, actor=OPERATOR, undone_id=confirmed).is_unconfirmed


def test_a_claim_stays() -> None:
    life = Life()
    plan_id = life.authorize(agreement(Kind.DEPOSIT, held=100_00))
    life.do(Claim, plan_id, amount=50_00)
    claimed = life.facts[plan_id][-1].fact.id
    asked = refused(lambda: life.do(Correct, plan_id, actor=OPERATOR, undone_id=claimed))
    assert asked == (Code.STATE_FORBIDS, "/fact_id")
