"""Any life a consumer's plans can have keeps the books: limit, ledger, schedule and states say the same."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import tests.properties  # noqa: F401 - how hard to try
from service.errors import Refused
from service.ledger.transfers import LedgerAccount
from service.money import take_bps
from service.plans.book import PlanCommand
from service.plans.capture import Capture
from service.plans.deposit import Claim, Release
from service.plans.offer import Kind
from service.plans.payment import RecordPayment
from service.plans.plan import CollectionState, Plan, PlanState, next_actions
from service.plans.void import Expire, Void
from tests.plans.lives import ONE_SUM, PAY_IN_4, WITH_FEES, YEARLY, Life, agreement

ENDED = {PlanState.PAID_OFF, PlanState.CLOSED, PlanState.VOIDED, PlanState.EXPIRED}
OPEN = {PlanState.AUTHORIZED, PlanState.PART_CAPTURED}
TERMS = {Kind.INSTALMENTS: [PAY_IN_4, YEARLY, WITH_FEES], Kind.PAY_AFTER_USE: [ONE_SUM], Kind.DEPOSIT: [ONE_SUM]}

parts = st.one_of(st.sampled_from([0, 1, 9_999, 10_000, 10_001]), st.integers(1, 10_000))  # in bps of what is left


class Lives(RuleBasedStateMachine):
    """A consumer with a limit of 1,000.00 and as many plans as chance opens."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life()

    @rule(data=st.data(), kind=st.sampled_from(Kind), amount=st.integers(1, 700_00), held=parts)
    def authorize(self, data: st.DataObject, kind: Kind, amount: int, held: int) -> None:
        terms = data.draw(st.sampled_from(TERMS[kind]))
        on_card = take_bps(amount, min(held, 10_000)) if kind is Kind.DEPOSIT else 0
        with suppress(Refused):
            self.life.authorize(agreement(kind, amount, terms, on_card, expires_at=self.life.now + timedelta(1)))

    @rule(days=st.integers(0, 20))
    def wait(self, days: int) -> None:
        self.life.now += timedelta(days=days)

    @precondition(lambda self: self.life.plans)
    @rule(data=st.data(), part=parts, final=st.booleans())
    def capture(self, data: st.DataObject, part: int, final: bool) -> None:
        plan = self.any_plan(data)
        self.try_to(Capture, plan, amount=max(1, plan.remaining * part // 10_000), final=final)

    @precondition(lambda self: self.life.plans)
    @rule(data=st.data(), part=parts, final=st.booleans())
    def claim(self, data: st.DataObject, part: int, final: bool) -> None:
        plan = self.any_plan(data)
        self.try_to(Claim, plan, amount=max(1, plan.remaining * part // 10_000), final=final)

    @precondition(lambda self: self.life.plans)
    @rule(data=st.data(), part=st.none() | parts)
    def release(self, data: st.DataObject, part: int | None) -> None:
        plan = self.any_plan(data)
        amount = None if part is None else max(1, plan.remaining * part // 10_000)
        self.try_to(Release, plan, amount=amount)

    @precondition(lambda self: self.life.plans)
    @rule(data=st.data(), part=parts, reference=st.none() | st.sampled_from("ab"))
    def pay(self, data: st.DataObject, part: int, reference: str | None) -> None:
        plan = self.any_plan(data)
        owed = sum(row.outstanding for row in self.life.instalments[plan.plan_id])
        self.try_to(RecordPayment, plan, amount=max(1, owed * part // 10_000), reference=reference)

    @precondition(lambda self: self.life.plans)
    @rule(data=st.data(), verb=st.sampled_from([Void, Expire]))
    def end(self, data: st.DataObject, verb: type[PlanCommand]) -> None:
        self.try_to(verb, self.any_plan(data))

    def any_plan(self, data: st.DataObject) -> Plan:
        return data.draw(st.sampled_from(list(self.life.plans.values())))

    def try_to(self, verb: type[PlanCommand], plan: Plan, **arguments: object) -> None:
        before = plan.version
        try:
            after = self.life.do(verb, plan.plan_id, **arguments)
        except Refused:
            assert self.life.plans[plan.plan_id] is plan
            return
        assert after.version == before + 1

    @invariant()
    def the_account_is_the_sum_of_its_plans(self) -> None:
        account, plans = self.life.account, self.life.plans.values()
        assert account.reserved == sum(plan.reserved for plan in plans)
        assert account.used == sum(plan.outstanding for plan in plans)
        assert 0 <= account.reserved + account.used <= account.limit
        assert account.version >= 1 + len(self.life.events)

    @invariant()
    def amounts_stay_within_the_plan(self) -> None:
        for plan in self.life.plans.values():
            assert min(plan.captured, plan.voided, plan.held, plan.reserved, plan.outstanding) >= 0
            assert plan.captured + plan.voided <= plan.amount
            assert plan.remaining == plan.reserved + plan.held
            assert plan.held == 0 or plan.kind is Kind.DEPOSIT

    @invariant()
    def the_schedule_says_what_is_owed(self) -> None:
        for plan in self.life.plans.values():
            rows = self.life.instalments[plan.plan_id]
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
            assert sum(row.principal - row.principal_paid for row in rows) == plan.outstanding
            assert sum(row.principal_paid for row in rows) == plan.principal_paid
            assert sum(row.interest_paid for row in rows) == plan.interest_paid
            assert sum(row.fee_paid for row in rows) == plan.fee_paid
            assert all((row.paid_on is not None) == (row.outstanding == 0) for row in rows)
            assert all(row.outstanding >= 0 for row in rows)

    @invariant()
    def every_capture_has_its_bill(self) -> None:
        for plan in self.life.plans.values():
            assert [bill.capture for bill in plan.bills] == list(range(1, plan.captures + 1))
            assert sum(bill.amount for bill in plan.bills) == plan.captured

    @invariant()
    def the_ledger_says_the_same(self) -> None:
        for plan in self.life.plans.values():
            balances = self.life.balances(plan.plan_id)
            assert sum(balances.values()) == 0
            from_card = plan.captured - sum(row.principal for row in self.life.instalments[plan.plan_id])
            paid = plan.principal_paid + plan.interest_paid + plan.fee_paid
            share = plan.funding.funding_bps
            principal, interest = take_bps(plan.principal_paid, share), take_bps(plan.interest_paid, share)
            assert from_card >= 0
            assert from_card == 0 or plan.kind is Kind.DEPOSIT
            assert balances[LedgerAccount.CONSUMER_RECEIVABLE] == plan.outstanding
            assert balances[LedgerAccount.COMMITMENT] == plan.reserved
            assert balances[LedgerAccount.DEPOSIT_HELD] == plan.held
            assert balances[LedgerAccount.CASH] == paid + from_card
            drawn = take_bps(plan.captured - from_card, share)
            assert balances[LedgerAccount.PARTNER_RECEIVABLE] == drawn
            assert balances[LedgerAccount.PARTNER_PARTICIPATION] == principal - drawn
            assert balances[LedgerAccount.PARTNER_PAYABLE] == -principal - interest
            assert balances[LedgerAccount.INTEREST_INCOME] == interest - plan.interest_paid
            owed_to_merchant = balances[LedgerAccount.MERCHANT_PAYABLE] + balances[LedgerAccount.MERCHANT_FEE_INCOME]
            assert owed_to_merchant == -plan.captured

    @invariant()
    def states_follow_from_amounts(self) -> None:
        for plan in self.life.plans.values():
            owed = sum(row.outstanding for row in self.life.instalments[plan.plan_id])
            assert (plan.remaining > 0) == (plan.state in OPEN)
            assert (plan.state in ENDED) == (plan.remaining == 0 and owed == 0)
            assert (plan.closed_at is not None) == (plan.state in ENDED)
            assert (plan.claimed_at is not None) == (plan.kind is Kind.DEPOSIT and plan.captured > 0)
            assert (owed > 0) == (plan.collection_state is CollectionState.COLLECTING)
            assert (plan.captures > 0) == (plan.captured > 0)
            assert ("pay" in next_actions(plan)) == (owed > 0)
            assert ("void" in next_actions(plan)) == (plan.remaining > 0)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60 if settings().max_examples < 1_000 else 600, stateful_step_count=40)
