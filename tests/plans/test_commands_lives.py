"""Any life a consumer's plans can have keeps the books: limit, ledger, schedule and states say the same."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import tests.properties  # noqa: F401 - how hard to try
from service.errors import Refused
from service.ledger.chart import LedgerAccount
from service.money import take_bps
from service.plans.book import PlanCommand
from service.plans.capture import Capture
from service.plans.deposit import Claim, Release
from service.plans.guard import Guard
from service.plans.offer import Kind
from service.plans.payment import RecordPayment
from service.plans.plan import Plan, next_actions
from service.plans.reading_store import fold
from service.plans.running.kept import keep, recall
from service.plans.state import CollectionState, PlanState, collection_state_of
from service.plans.void import Void
from tests.plans.lives import ONE_SUM, PAY_IN_4, WITH_FEES, YEARLY, Life, agreement

ENDED = {PlanState.PAID_OFF, PlanState.CLOSED, PlanState.OVERPAID, PlanState.VOIDED, PlanState.EXPIRED}
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
        amount = max(1, plan.amounts.outstanding * part // 10_000)
        self.try_to(RecordPayment, plan, amount=amount, reference=reference)

    @precondition(lambda self: self.life.plans)
    @rule(data=st.data(), verb=st.sampled_from([Void, Guard]))
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
        assert account.reserved == sum(plan.amounts.reserved for plan in plans)
        assert account.used == sum(plan.amounts.used for plan in plans)
        assert 0 <= account.reserved + account.used <= account.limit

    @invariant()
    def amounts_stay_within_the_plan(self) -> None:
        for plan in self.life.plans.values():
            amounts = plan.amounts
            assert min(amounts.captured, amounts.voided, amounts.held, amounts.reserved, amounts.used) >= 0
            assert amounts.captured + amounts.voided + plan.remaining == plan.offer.amount
            assert plan.remaining == amounts.reserved + amounts.held
            assert amounts.held == 0 or plan.kind is Kind.DEPOSIT

    @invariant()
    def the_schedule_says_what_is_owed(self) -> None:
        for plan in self.life.plans.values():
            rows, amounts = self.life.lines(plan.plan_id), plan.amounts
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
            assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)
            assert sum(row.principal - row.paid_principal for row in rows) == amounts.used
            assert sum(row.outstanding for row in rows) == amounts.outstanding
            assert sum(row.paid for row in rows) == amounts.paid
            assert all((row.settled_on is not None) == (row.outstanding == 0) for row in rows)
            assert all(row.outstanding >= 0 for row in rows)

    @invariant()
    def every_fact_is_kept_and_every_capture_has_its_bill(self) -> None:
        for plan in self.life.plans.values():
            assert [one.number for one in self.life.facts[plan.plan_id]] == list(range(1, plan.version + 1))
            assert [bill.capture for bill in plan.bills] == list(range(1, len(plan.bills) + 1))
            assert sum(bill.amount for bill in plan.bills) == plan.amounts.captured

    @invariant()
    def the_facts_at_once_are_where_it_stands(self) -> None:
        for plan in self.life.plans.values():
            assert keep(fold(plan.offer.terms, self.life.facts[plan.plan_id])) == keep(plan.standing)
            kept = recall(keep(plan.standing), plan.offer.terms)
            assert kept is not None
            assert keep(kept) == keep(plan.standing)

    @invariant()
    def the_ledger_says_the_same(self) -> None:
        for plan in self.life.plans.values():
            balances, amounts = self.life.balances(plan.plan_id), plan.amounts
            assert sum(balances.values()) == 0
            lent = sum(plan.standing.lent)
            share = plan.funding.participations[0].principal_bps
            principal, interest = take_bps(amounts.principal_paid, share), take_bps(amounts.interest_paid, share)
            assert balances[LedgerAccount.COMMITMENT] == amounts.reserved
            assert balances[LedgerAccount.DEPOSIT_HELD] == amounts.held
            assert balances[LedgerAccount.CONSUMER_PRINCIPAL] == amounts.used
            charges = sum(
                row.fee + row.penalty - row.paid_fee - row.paid_penalty for row in self.life.lines(plan.plan_id)
            )
            assert balances[LedgerAccount.CONSUMER_FEES] == charges
            assert balances[LedgerAccount.CONSUMER_INTEREST] == -amounts.interest_paid
            assert balances[LedgerAccount.CONSUMER_PAYABLE] == -amounts.overpaid
            came = amounts.paid + amounts.overpaid + plan.standing.from_held
            assert balances[LedgerAccount.PROCESSOR_CLEARING] == came
            assert balances[LedgerAccount.PARTNER_RECEIVABLE] == take_bps(lent, share)
            assert balances[LedgerAccount.PARTNER_PARTICIPATION] == principal - take_bps(lent, share)
            assert balances[LedgerAccount.PARTNER_PAYABLE] == -principal - interest
            owed_to_merchant = balances[LedgerAccount.MERCHANT_PAYABLE] + balances[LedgerAccount.MERCHANT_FEE_INCOME]
            assert owed_to_merchant == -amounts.captured

    @invariant()
    def states_follow_from_amounts(self) -> None:
        for plan in self.life.plans.values():
            owed = plan.amounts.outstanding
            assert (plan.remaining > 0) == (plan.state in OPEN)
            assert (plan.state in ENDED) == (plan.remaining == 0 and owed == 0)
            assert (plan.closed_at is not None) == (plan.state in ENDED)
            assert (plan.claimed_at is not None) == (plan.kind is Kind.DEPOSIT and plan.amounts.captured > 0)
            collecting = collection_state_of(plan.standing, plan.amounts) is CollectionState.COLLECTING
            assert (owed > 0) == collecting
            assert ("pay" in next_actions(plan)) == (owed > 0)
            assert ("void" in next_actions(plan)) == (plan.remaining > 0)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60 if settings().max_examples < 1_000 else 600, stateful_step_count=40)
