"""Each command on both sides of every edge: what it refuses and why, and what it makes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec import structs

from service import ids
from service.actor import Actor, ActorKind
from service.errors import Code, Refused
from service.ledger.chart import LedgerAccount
from service.plans.authorize import Authorize
from service.plans.book import Book, PlanCommand
from service.plans.books import needs_facts
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.deposit import Claim, Release
from service.plans.guard import Guard
from service.plans.money_back import ChargeBack, Refund, ReturnOverpayment
from service.plans.offer import Kind
from service.plans.payment import RecordPayment
from service.plans.reschedule import UNWRITTEN, Forgive, Reschedule
from service.plans.running.facts import Extended
from service.plans.state import PlanState
from service.plans.void import Void
from service.terms.terms import Captures, Cost, DownPaymentAt, FeeDue, Terms, Unit
from tests.plans.lives import NOON, ONE_SUM, PAY_IN_4, WITH_FEES, Life, agreement, new_id

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
OPERATOR = Actor(ActorKind.OPERATOR, "op_1")
PROCESSOR = Actor(ActorKind.PROCESSOR, "pr_1")
SOMEBODY_ELSE = Actor(ActorKind.MERCHANT, new_id(ids.MERCHANT))


def refused_with(do: Callable[[], object]) -> tuple[Code, str | None]:
    """The refusal's code and pointer."""
    with pytest.raises(Refused) as refused:
        do()
    assert refused.value.detail.endswith(".")
    return refused.value.code, refused.value.pointer


def opened(kind: Kind, amount: int = 600_00, held: int = 0) -> tuple[Life, str]:
    """A life with one authorized plan."""
    life = Life()
    terms = PAY_IN_4 if kind is Kind.INSTALMENTS else ONE_SUM
    return life, life.authorize(agreement(kind, amount, terms, held))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, None),
        ({"amount": 1_000_00}, None),
        ({"amount": 1_000_01}, Code.LIMIT_EXCEEDED),
        ({"kind": Kind.DEPOSIT, "amount": 2_000_00, "held": 1_000_00}, None),  # only what is waived takes of the limit
        ({"kind": Kind.DEPOSIT, "amount": 2_000_00, "held": 999_99}, Code.LIMIT_EXCEEDED),
        ({"expires_at": NOON + SECOND}, None),
        ({"expires_at": NOON}, Code.OFFER_EXPIRED),
        ({"is_accepted": True}, Code.OFFER_ACCEPTED),
        ({"is_reference_used": True}, Code.REFERENCE_USED),
        ({"is_accepted": True, "is_reference_used": True, "expires_at": NOON}, Code.OFFER_ACCEPTED),  # in this order
        ({"is_reference_used": True, "expires_at": NOON, "amount": 1_000_01}, Code.REFERENCE_USED),
        ({"expires_at": NOON, "amount": 1_000_01}, Code.OFFER_EXPIRED),
    ],
)
def test_authorize(facts: dict[str, Any], code: Code | None) -> None:
    book = {name: facts[name] for name in ("is_accepted", "is_reference_used") if name in facts}
    agreed = agreement(**{name: value for name, value in facts.items() if name not in book})
    life = Life()
    if code:
        assert refused_with(lambda: life.authorize(agreed, **book)) == (code, "/offer_id")
        return
    plan = life.plans[life.authorize(agreed, **book)]
    assert (plan.state, plan.amounts.reserved) == (PlanState.AUTHORIZED, agreed.offer.amount - agreed.offer.held)
    assert life.account.reserved == plan.amounts.reserved
    assert plan.capture_by == NOON + 30 * DAY


def test_an_offer_of_another_merchant_is_not_there() -> None:
    agreed = agreement()
    command = Authorize(
        command_id=new_id(ids.COMMAND),
        actor=Actor(ActorKind.MERCHANT, new_id(ids.MERCHANT)),
        offer_id=agreed.offer.offer_id,
    )
    book = Book(Life().account, agreement=agreed)
    assert refused_with(lambda: command.apply(book, NOON)) == (Code.NOT_FOUND, "/offer_id")


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        (Capture, {"amount": 1}), (Void, {}), (Claim, {"amount": 1}), (Release, {}),
        (RecordPayment, {"amount": 1}),
    ],
)  # fmt: skip
def test_a_plan_of_another_merchant_is_not_there(verb: type[PlanCommand], arguments: dict[str, Any]) -> None:
    life, plan_id = opened(Kind.INSTALMENTS)
    asked = arguments | {"actor": SOMEBODY_ELSE}
    assert refused_with(lambda: life.do(verb, plan_id, **asked)) == (Code.NOT_FOUND, "/plan_id")


# One verb on a plan of 600.00 (of a deposit 100.00 held), at a moment after it was authorized.
ON_A_PLAN: list[tuple[Kind, timedelta, type[PlanCommand], dict[str, Any], Code | None]] = [
    (Kind.INSTALMENTS, 0 * DAY, Capture, {"amount": 600_00}, None),
    (Kind.INSTALMENTS, 0 * DAY, Capture, {"amount": 600_01}, Code.AMOUNT_EXCEEDS_AUTHORIZED),
    (Kind.INSTALMENTS, 0 * DAY, Capture, {"amount": 4}, None),
    (Kind.INSTALMENTS, 0 * DAY, Capture, {"amount": 1}, None),
    (Kind.INSTALMENTS, 30 * DAY, Capture, {"amount": 600_00}, None),
    (Kind.INSTALMENTS, 30 * DAY + SECOND, Capture, {"amount": 600_00}, Code.STATE_FORBIDS),
    (Kind.INSTALMENTS, 23 * DAY - SECOND, Guard, {}, Code.STATE_FORBIDS),
    (Kind.INSTALMENTS, 23 * DAY, Guard, {}, None),
    (Kind.INSTALMENTS, 30 * DAY + SECOND, Guard, {}, None),
    (Kind.INSTALMENTS, 30 * DAY + SECOND, Void, {}, None),
    (Kind.INSTALMENTS, 0 * DAY, Claim, {"amount": 1}, Code.STATE_FORBIDS),
    (Kind.INSTALMENTS, 0 * DAY, Release, {}, Code.STATE_FORBIDS),
    (Kind.INSTALMENTS, 0 * DAY, RecordPayment, {"amount": 1}, None),  # money that came is never refused
    (Kind.INSTALMENTS, 0 * DAY, Capture, {"amount": 0}, Code.INVALID_FIELD),
    (Kind.INSTALMENTS, 0 * DAY, Capture, {"amount": 0, "final": True}, None),
    (Kind.PAY_AFTER_USE, 0 * DAY, Capture, {"amount": 0}, None),  # a use that cost nothing
    (Kind.DEPOSIT, 0 * DAY, Claim, {"amount": 0}, None),
    (Kind.DEPOSIT, 0 * DAY, Claim, {"amount": 0, "final": False}, Code.INVALID_FIELD),
    (Kind.PAY_AFTER_USE, 0 * DAY, Capture, {"amount": 1}, None),
    (Kind.PAY_AFTER_USE, 0 * DAY, Capture, {"amount": 600_01}, Code.AMOUNT_EXCEEDS_AUTHORIZED),
    (Kind.PAY_AFTER_USE, 0 * DAY, Claim, {"amount": 1}, Code.STATE_FORBIDS),
    (Kind.DEPOSIT, 0 * DAY, Capture, {"amount": 1}, Code.STATE_FORBIDS),
    (Kind.DEPOSIT, 0 * DAY, Claim, {"amount": 600_00}, None),
    (Kind.DEPOSIT, 0 * DAY, Claim, {"amount": 600_01}, Code.AMOUNT_EXCEEDS_AUTHORIZED),
    (Kind.DEPOSIT, 30 * DAY + SECOND, Claim, {"amount": 1}, Code.STATE_FORBIDS),
    (Kind.DEPOSIT, 0 * DAY, Release, {"amount": 600_00}, None),
    (Kind.DEPOSIT, 0 * DAY, Release, {"amount": 600_01}, Code.AMOUNT_EXCEEDS_AUTHORIZED),
    (Kind.DEPOSIT, 30 * DAY + SECOND, Release, {}, None),  # giving back is never too late
]


@pytest.mark.parametrize(("kind", "after", "verb", "arguments", "code"), ON_A_PLAN)
def test_on_a_plan(
    kind: Kind, after: timedelta, verb: type[PlanCommand], arguments: dict[str, Any], code: Code | None
) -> None:
    life, plan_id = opened(kind, held=100_00 if kind is Kind.DEPOSIT else 0)
    life.now += after
    if code is None:
        assert life.do(verb, plan_id, **arguments).version == 2
        return
    pointer = "/amount" if code is Code.AMOUNT_EXCEEDS_AUTHORIZED else None
    found, at = refused_with(lambda: life.do(verb, plan_id, **arguments))
    assert found == code
    assert pointer is None or at == pointer


@pytest.mark.parametrize(
    ("payment", "code", "pointer"),
    [
        ({"amount": 600_00}, None, None),
        ({"amount": 1, "received_on": date(2026, 3, 2)}, None, None),
        ({"amount": 1, "received_on": date(2026, 3, 3)}, None, None),  # where the money came it may be tomorrow
        ({"amount": 1, "received_on": date(2026, 3, 4)}, Code.INVALID_FIELD, "/received_on"),
        ({"amount": 1, "received_on": date(2026, 3, 1)}, None, None),  # or yesterday
        ({"amount": 1, "received_on": date(2026, 2, 28)}, Code.INVALID_FIELD, "/received_on"),
        ({"amount": 1, "reference": "a"}, None, None),  # a standing order repeats its reference
        ({"amount": 100_00, "reference": "a"}, Code.DUPLICATE_PAYMENT, "/reference"),
        ({"amount": 100_00, "reference": " A "}, Code.DUPLICATE_PAYMENT, "/reference"),
        ({"amount": 100_00, "reference": "a", "received_on": date(2026, 3, 2)}, Code.DUPLICATE_PAYMENT, "/reference"),
        ({"amount": 100_00, "reference": "a", "received_on": date(2026, 3, 3)}, None, None),
        ({"amount": 100_00, "reference": "b"}, None, None),
        ({"amount": 100_00}, None, None),
    ],
)
def test_payments(payment: dict[str, Any], code: Code | None, pointer: str | None) -> None:
    life, plan_id = opened(Kind.PAY_AFTER_USE, amount=700_00)
    life.do(Capture, plan_id, amount=700_00)
    life.do(RecordPayment, plan_id, amount=100_00, reference="a")
    if code:
        assert refused_with(lambda: life.do(RecordPayment, plan_id, **payment)) == (code, pointer)
        return
    assert life.do(RecordPayment, plan_id, **payment).amounts.principal_paid == 100_00 + payment["amount"]


@pytest.mark.parametrize("parts", [[300_00], [100_00, 200_00], [100_01, 99_98, 100_01], [4_00] * 75, [299_96, 4]])
@pytest.mark.parametrize("due", [FeeDue.FIRST, FeeDue.SPREAD, FeeDue.EACH])
def test_a_cost_of_the_plan_is_charged_once_however_it_is_captured(parts: list[int], due: FeeDue) -> None:
    """Captured in full, the fees are the offer's to the cent; a fixed one is not charged with each part again."""
    costs = (Cost("opening", amount=10_01, due=due), Cost("handling", bps=133, due=due))
    agreed = agreement(terms=Terms(instalments=2, every=1, unit=Unit.MONTH, costs=costs), amount=300_00)
    life = Life()
    plan_id = life.authorize(agreed)
    for amount in parts:
        life.do(Capture, plan_id, amount=amount)
    assert sum(row.fee for row in life.lines(plan_id)) == sum(row.fee for row in agreed.offer.schedule)


def test_what_is_captured_in_part_bears_its_part_of_the_costs() -> None:
    costs = (Cost("opening", amount=10_00, due=FeeDue.FIRST),)
    life = Life()
    plan_id = life.authorize(agreement(terms=Terms(costs=costs), amount=300_00))
    life.do(Capture, plan_id, amount=100_00, final=True)
    assert [row.fee for row in life.lines(plan_id)] == [3_33, 0, 0, 0]


def test_a_balloon_and_a_down_payment_in_the_schedule_are_shared_too() -> None:
    terms = Terms(instalments=2, balloon=90_00, down_payment=30_00, down_payment_at=DownPaymentAt.SCHEDULE)
    life = Life()
    plan_id = life.authorize(agreement(terms=terms, amount=300_00))
    life.do(Capture, plan_id, amount=100_00)
    life.do(Capture, plan_id, amount=200_00)
    rows = [(row.capture, row.principal) for row in life.lines(plan_id)]
    assert sorted(rows, key=lambda row: row[0]) == [
        (1, 10_00), (1, 30_00), (1, 60_00), (2, 20_00), (2, 60_00), (2, 120_00)
    ]  # fmt: skip


def test_a_payment_settles_the_oldest_first_fee_then_interest_then_principal() -> None:
    life = Life()
    plan_id = life.authorize(agreement(terms=WITH_FEES, amount=300_00))
    life.do(Capture, plan_id, amount=300_00)
    first, second, _ = life.lines(plan_id)
    life.do(RecordPayment, plan_id, amount=first.fee + first.interest + 1)
    row = life.lines(plan_id)[0]
    assert (row.paid_fee, row.paid_interest, row.paid_principal) == (first.fee, first.interest, 1)
    life.do(RecordPayment, plan_id, amount=first.principal - 1 + second.fee - 1)
    rows = life.lines(plan_id)
    assert rows[0].settled_on == NOON.date()
    assert (rows[1].paid_fee, rows[1].paid_interest) == (second.fee - 1, 0)


def test_what_is_too_much_is_kept_for_the_consumer() -> None:
    life, plan_id = opened(Kind.PAY_AFTER_USE)
    early = life.do(RecordPayment, plan_id, amount=50_00)
    assert (early.state, early.amounts.overpaid) == (PlanState.AUTHORIZED, 50_00)
    used = life.do(Capture, plan_id, amount=120_00)
    assert (used.state, used.amounts.outstanding, used.amounts.overpaid) == (PlanState.PAYMENT_DUE, 70_00, 0)
    paid = life.do(RecordPayment, plan_id, amount=70_01)
    assert (paid.state, paid.amounts.outstanding, paid.amounts.overpaid) == (PlanState.OVERPAID, 0, 1)
    again = life.do(RecordPayment, plan_id, amount=10_00)
    assert (again.state, again.amounts.overpaid) == (PlanState.OVERPAID, 10_01)


def test_a_use_that_cost_nothing_is_paid_off() -> None:
    life, plan_id = opened(Kind.PAY_AFTER_USE)
    used = life.do(Capture, plan_id, amount=0)
    assert (used.state, used.amounts.voided, life.account.reserved) == (PlanState.PAID_OFF, 600_00, 0)


def test_a_payment_that_arrives_late_counts_on_its_day() -> None:
    """The second payment is recorded first: what each settled is as if they had come in order."""
    life, plan_id = opened(Kind.INSTALMENTS)
    life.do(Capture, plan_id, amount=600_00)
    life.now += 40 * DAY
    life.do(RecordPayment, plan_id, amount=150_00, received_on=date(2026, 4, 10))
    life.do(RecordPayment, plan_id, amount=150_00, received_on=date(2026, 3, 16))
    assert [row.settled_on for row in life.lines(plan_id)] == [date(2026, 3, 16), date(2026, 4, 10), None, None]


def test_a_release_before_a_claim_that_was_foreseen_gives_back_once() -> None:
    """Claims go before all else where captures are foreseen; so does what was released before them."""
    life = Life()
    terms = structs.replace(ONE_SUM, captures=Captures.FORESEEN)
    plan_id = life.authorize(agreement(Kind.DEPOSIT, 100_00, terms, 40_00))
    life.do(Release, plan_id, amount=30_00)
    plan = life.do(Claim, plan_id, amount=50_00)
    assert (plan.amounts.captured, plan.amounts.voided, plan.remaining) == (50_00, 50_00, 0)
    assert (plan.amounts.used, plan.standing.from_held, plan.standing.held_back) == (40_00, 10_00, 30_00)


def test_what_went_back_twice_is_no_loan_of_the_partners() -> None:
    """Paid before any capture, returned as overpaid, and taken back by the bank as well: the consumer owes it."""
    life, plan_id = opened(Kind.INSTALMENTS)
    life.do(RecordPayment, plan_id, amount=1_00)
    life.do(ReturnOverpayment, plan_id, amount=1_00, actor=PROCESSOR)
    payment_id = life.facts[plan_id][1].fact.id
    plan = life.do(ChargeBack, plan_id, payment_id=payment_id, amount=1_00, actor=PROCESSOR)
    assert (plan.amounts.used, plan.amounts.outstanding, plan.state) == (1_00, 1_00, PlanState.AUTHORIZED)
    balances = life.balances(plan_id)
    assert balances[LedgerAccount.CONSUMER_PRINCIPAL] == 1_00
    assert balances[LedgerAccount.PROCESSOR_CLEARING] == -1_00
    assert balances[LedgerAccount.PARTNER_PARTICIPATION] == balances[LedgerAccount.PARTNER_PAYABLE] == 0


def test_a_payment_taken_back_after_all_was_forgiven_is_owed() -> None:
    life, plan_id = opened(Kind.INSTALMENTS)
    life.do(Capture, plan_id, amount=600_00)
    life.do(RecordPayment, plan_id, amount=200_00)
    payment_id = life.facts[plan_id][-1].fact.id
    forgiven = life.do(Forgive, plan_id, actor=OPERATOR)
    assert (forgiven.state, forgiven.amounts.used) == (PlanState.FORGIVEN, 0)
    plan = life.do(ChargeBack, plan_id, payment_id=payment_id, amount=50_00, actor=PROCESSOR)
    assert (plan.state, plan.amounts.used, plan.closed_at) == (PlanState.ACTIVE, 50_00, None)
    assert life.balances(plan_id)[LedgerAccount.CONSUMER_PRINCIPAL] == 50_00
    levied = life.do(Levy, plan_id, amount=5_00, actor=OPERATOR)
    assert [line.outstanding for line in life.lines(plan_id)] == [0, 0, 0, 0, 55_00]
    assert levied.amounts.outstanding == 55_00
    assert life.do(Forgive, plan_id, actor=OPERATOR).state is PlanState.FORGIVEN


def test_facts_are_loaded_where_what_happens_today_may_go_before_one_of_them() -> None:
    """An instalment more, from the day of the second on: that takes effect on its day, and a payment goes before it."""
    life, plan_id = opened(Kind.INSTALMENTS)
    plan = life.do(Capture, plan_id, amount=600_00)
    names: dict[str, Any] = {"command_id": new_id(ids.COMMAND), "plan_id": plan_id, "actor": OPERATOR}
    pay = RecordPayment(**names, amount=1_00)
    back_dated = RecordPayment(**names, amount=1_00, received_on=NOON.date() - DAY)
    assert not needs_facts(plan, [pay], NOON)
    assert not needs_facts(plan, [pay, pay], NOON)
    assert needs_facts(plan, [back_dated], NOON)
    assert needs_facts(plan, [pay, RecordPayment(**names, amount=1_00, received_on=NOON.date())], NOON)
    assert needs_facts(plan, [Refund(**names, amount=1_00)], NOON)
    second = life.lines(plan_id)[1].due_on
    paid_on_the_day = RecordPayment(**names, amount=1_00, received_on=second)
    assert not needs_facts(plan, [paid_on_the_day], NOON + (second - NOON.date()))  # though the day is not passed yet
    assert needs_facts(plan, [paid_on_the_day], NOON + (second - NOON.date()) + DAY)
    moved = life.do(Reschedule, plan_id, change=Extended(**UNWRITTEN, on=second, instalments=1), actor=OPERATOR)
    assert needs_facts(moved, [pay], NOON)
    assert life.do(RecordPayment, plan_id, amount=1_00).amounts.paid == 1_00
