"""Interest that was bought down, when time or a mistake changes what it rests on: 565.09 for 12 x 1,000.00 at 9 %."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from service import ids
from service.ledger.chart import LedgerAccount as A
from service.limits.account import Account
from service.plans.capture import Capture
from service.plans.charges import Waive
from service.plans.correction import Correct
from service.plans.days import PassDays, next_day
from service.plans.dispute import OpenDispute
from service.plans.money_back import Refund, ReturnPayment
from service.plans.pausing import PauseCollection
from service.plans.payment import RecordPayment
from service.plans.reschedule import ChargeOff
from service.plans.running.dispute_facts import DisputeReason
from service.plans.running.fact import Fact
from service.plans.running.facts import Captured, ChargedOff, Levied, PauseReason, Refunded
from service.plans.running.subsidy_facts import BoughtDown, BuyDown
from service.plans.running.versions import in_order
from service.subsidies.offered import Subsidy
from service.subsidies.scheme import BuyDownPart, Funder, FunderKind
from service.terms.servicing import LateFee, Servicing
from service.terms.terms import Terms, Unit
from tests.plans.lives import NOON, PERSON, Life, agreement
from tests.plans.simulated.asked import OPERATOR, PROCESSOR

START = NOON.date()  # 2 March 2026
PAID_IN = 565_09
SCHEME = Subsidy(
    scheme_id="sc_1", version=1, name="0 % on appliances", funders=(Funder("state", FunderKind.STATE, 10_000),),
    amount=PAID_IN, consumer_cost=0, spend=12_000_00, is_small=False, is_budgeted=False, buy_down=BuyDownPart(900),
)  # fmt: skip


def bought(servicing: Servicing | None = None) -> tuple[Life, str]:
    """12,000.00 captured on 2 March, in twelve months without interest."""
    life = Life(Account(7, PERSON, "EUR", 20_000_00))
    terms = Terms(instalments=12, every=1, unit=Unit.MONTH)
    plan_id = life.authorize(
        agreement(amount=12_000_00, terms=terms, subsidy=SCHEME, servicing=servicing or Servicing())
    )
    life.do(Capture, plan_id, amount=12_000_00)
    return life, plan_id


def pass_to(life: Life, plan_id: str, on: date, *, day_by_day: bool) -> None:
    """Its days are passed each in time, or all of them on the last."""
    while NOON + (on - START) > life.now:
        life.now = life.now + timedelta(days=1) if day_by_day else NOON + (on - START)
        if (day := next_day(life.plans[plan_id])) is not None and day <= life.now.date():
            life.do(PassDays, plan_id)


@pytest.mark.parametrize("day_by_day", [True, False])
@pytest.mark.parametrize(
    ("disputed", "returned", "earned"),
    [
        (12_000_00, PAID_IN, 0),
        (6_000_00, 282_55, 282_54),  # half a cent up; the rest is income on the due dates, and when all is paid
    ],
)
def test_what_a_dispute_that_time_loses_gives_back(
    disputed: int, returned: int, earned: int, *, day_by_day: bool
) -> None:
    """Nobody answers until 24 March, so on the 25th the goods count as refunded, whenever the days are passed."""
    life, plan_id = bought()
    life.now += timedelta(days=1)
    life.do(OpenDispute, plan_id, reason=DisputeReason.NOT_RECEIVED, amount=disputed)
    pass_to(life, plan_id, date(2026, 6, 10), day_by_day=day_by_day)
    if outstanding := life.plans[plan_id].amounts.outstanding:
        life.do(RecordPayment, plan_id, amount=outstanding)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, earned, returned)
    facts = [one.fact for one in life.facts[plan_id] if isinstance(one.fact, BoughtDown) and one.fact.returned]
    assert [fact.on for fact in facts] == [date(2026, 3, 25)]
    assert life.balances(plan_id)[A.SCHEME_RECEIVABLE] == PAID_IN - returned
    assert life.balances(plan_id)[A.DEFERRED_SUBSIDY] == 0


def test_a_payment_that_finds_a_dispute_lost_gives_as_much_back() -> None:
    """The day was closed late: the payment passes it first."""
    life, plan_id = bought()
    life.do(OpenDispute, plan_id, reason=DisputeReason.NOT_RECEIVED, amount=12_000_00)
    life.now = NOON + (date(2026, 4, 10) - START)
    life.do(RecordPayment, plan_id, amount=1_00)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, 0, PAID_IN)


def known(life: Life, plan_id: str) -> None:
    """Its facts are read, as a command does that may need them."""
    plan = life.plans[plan_id]
    plan.standing.done = in_order(plan.offer.terms, [one.fact for one in life.facts[plan_id]])


def without(life: Life, plan_id: str, kind: type[Fact]) -> None:
    """The last fact of a kind was a mistake."""
    last = [one.fact for one in life.facts[plan_id] if isinstance(one.fact, kind)][-1]
    known(life, plan_id)
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=last.id)


@pytest.mark.parametrize("refunded", [12_000_00, 6_000_00])
def test_a_refund_by_mistake_gives_nothing_back(refunded: int) -> None:
    life, plan_id = bought()
    pass_to(life, plan_id, date(2026, 4, 10), day_by_day=True)
    life.do(Refund, plan_id, amount=refunded)
    assert life.plans[plan_id].standing.buy_down.returned == (479_33 if refunded == 12_000_00 else 239_67)
    without(life, plan_id, Refunded)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, 85_76)  # the income of the first month
    assert life.balances(plan_id)[A.SCHEME_RECEIVABLE] == PAID_IN
    pass_to(life, plan_id, date(2027, 3, 2), day_by_day=False)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, PAID_IN)


def test_of_two_refunds_the_one_that_stands_gives_back() -> None:
    """565.09 x 1,000.00 / 12,000.00 = 47.09, and of the 518.00 left x 5,500.00 / 11,000.00 = 259.00."""
    life, plan_id = bought()
    life.do(Refund, plan_id, amount=1_000_00)
    life.do(Refund, plan_id, amount=5_500_00)
    assert life.plans[plan_id].standing.buy_down.returned == 47_09 + 259_00
    without(life, plan_id, Refunded)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, 0, 47_09)


def test_what_a_payment_that_bounces_had_settled_is_still_to_be_earned() -> None:
    life, plan_id = bought()
    pass_to(life, plan_id, date(2026, 4, 10), day_by_day=True)
    life.do(RecordPayment, plan_id, amount=12_000_00)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, PAID_IN)
    paid = life.facts[plan_id][-2].fact
    plan = life.plans[plan_id]
    plan.standing.done = in_order(plan.offer.terms, [one.fact for one in life.facts[plan_id]])
    life.do(ReturnPayment, plan_id, actor=PROCESSOR, payment_id=paid.id)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, 85_76)
    assert life.balances(plan_id)[A.BUY_DOWN_INCOME] == -85_76


def test_what_bore_a_loss_that_there_is_none_is_still_to_be_earned() -> None:
    life, plan_id = bought()
    life.do(ChargeOff, plan_id, actor=OPERATOR)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN, 0, 0, PAID_IN)
    without(life, plan_id, ChargedOff)
    assert life.plans[plan_id].standing.buy_down == BuyDown(PAID_IN)
    assert life.balances(plan_id)[A.CREDIT_LOSSES] == 0


def test_a_capture_by_mistake_gives_back_what_is_income_by_then() -> None:
    life, plan_id = bought()
    pass_to(life, plan_id, date(2026, 5, 10), day_by_day=True)
    assert life.plans[plan_id].standing.buy_down.earned == 85_76 + 78_91
    without(life, plan_id, Captured)
    assert life.plans[plan_id].standing.buy_down == BuyDown()
    assert life.balances(plan_id)[A.SCHEME_RECEIVABLE] == life.balances(plan_id)[A.BUY_DOWN_INCOME] == 0


@pytest.mark.parametrize("day_by_day", [True, False])
def test_a_fee_that_is_waived_leaves_what_was_earned_after_it(day_by_day: bool) -> None:
    life, plan_id = bought(Servicing(late_fee=LateFee(amount=5_00, grace_days=4)))
    pass_to(life, plan_id, date(2026, 5, 3), day_by_day=day_by_day)
    assert life.plans[plan_id].standing.buy_down.earned == 164_67
    (fee,) = [one.fact for one in life.facts[plan_id] if isinstance(one.fact, Levied)]
    known(life, plan_id)
    life.do(Waive, plan_id, actor=OPERATOR, fee_id=fee.id)
    assert life.plans[plan_id].standing.buy_down.earned == 164_67


def test_what_one_correction_undoes_twice_has_ids_of_its_own() -> None:
    """The pause goes on again without the refund, so that the plan was not late for so long, either."""
    life, plan_id = bought(Servicing(charge_off_days=40))
    life.now += timedelta(days=1)
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN)
    pass_to(life, plan_id, date(2026, 3, 20), day_by_day=True)
    life.do(Refund, plan_id, amount=1_000_00)
    (refund,) = [one.fact for one in life.facts[plan_id] if isinstance(one.fact, Refunded)]
    pass_to(life, plan_id, date(2026, 6, 15), day_by_day=True)
    assert life.plans[plan_id].standing.charged_off_on is not None
    known(life, plan_id)
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=refund.id)
    assert life.plans[plan_id].standing.charged_off_on is None
    written = [one.fact.id for one in life.facts[plan_id]]
    assert len(written) == len({*written})


def test_what_an_older_version_released_is_undone_with_its_charge_off() -> None:
    life, plan_id = bought(Servicing(charge_off_days=40))
    pass_to(life, plan_id, date(2026, 5, 20), day_by_day=True)
    facts = life.facts[plan_id]
    bought_down = [(at, one, one.fact) for at, one in enumerate(facts) if isinstance(one.fact, BoughtDown)]
    ((at, released, fact),) = [one for one in bought_down if one[2].released]
    (given_up,) = [one for one in facts if isinstance(one.fact, ChargedOff)]
    number_901 = ids.derive(ids.FACT, given_up.cause_id, 901)  # it has the next number now
    facts[at] = replace(released, fact=replace(fact, id=number_901))
    known(life, plan_id)
    life.do(Correct, plan_id, actor=OPERATOR, undone_id=given_up.fact.id)
    assert life.plans[plan_id].standing.buy_down.released == 0
