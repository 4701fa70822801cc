"""What may happen next, by chance: a verb and its arguments, most of them possible, some of them not."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from service.actor import THE_DAY
from service.merchants.split import Split
from service.plans.acceleration import Accelerate
from service.plans.amend import Amend
from service.plans.bill import BillLine, LineKind, lines_of
from service.plans.capture import Capture
from service.plans.charges import Levy, Waive
from service.plans.contest import ContestClaim, DecideClaim, LowerClaim, WithdrawClaim
from service.plans.convert import Convert
from service.plans.days import PassDays
from service.plans.deposit import Claim, Release
from service.plans.dispute import AnswerDispute, AskAgain, CloseDispute, OpenDispute
from service.plans.guard import ExtendAuthorization, Guard, next_look
from service.plans.lower import LowerCapture
from service.plans.money_back import ChargeBack, Refund, Returned, ReturnOverpayment, ReturnPayment
from service.plans.offer import Kind
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.payment import ReceivedBy, RecordPayment
from service.plans.postpone import PostponeDueDate
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.reverse import ReverseCapture
from service.plans.running.acceleration_fact import AccelerationReason
from service.plans.running.deposit_facts import ClaimState
from service.plans.running.dispute_facts import OPEN as OPEN_DISPUTES
from service.plans.running.dispute_facts import DisputeReason, DisputeState
from service.plans.running.facts import (
    DueMoved,
    Extended,
    HolidayGranted,
    InterestPaused,
    Levied,
    Paid,
    PauseReason,
    RateChanged,
    ReAged,
    ReAmortized,
)
from service.plans.running.when import OF_A_SCHEDULE
from service.plans.top_up import TopUp
from service.plans.use import Confirm, EndUse, StartUse
from service.plans.used import is_unproved
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from service.support.arrangement import Cause
from service.terms.terms import Unit
from tests.plans.lives import APPROVAL, MERCHANT_ACTS
from tests.plans.simulated.asked import CONSUMER, OPERATOR, PROCESSOR, Arguments, Now, Step, part
from tests.plans.simulated.lender_steps import correct, credit, quote, return_subsidy, take_back

UNIT_STEPS = ((1, Unit.MONTH), (14, Unit.DAY), (2, Unit.WEEK))
SELDOM = 0.04
SELLERS = f"me_{1:026}", f"me_{2:026}"


def any_command(now: Now) -> Step:
    """What may well happen to a plan in this state; now and then anything."""
    plan, chance = now.seen.plan, now.chance
    if chance.random() < SELDOM:
        return chance.choice(EVERYTHING)(now)
    if (last := plan.standing.dispute) is not None and last.state in OPEN_DISPUTES and chance.random() < 0.4:
        return dispute(now)
    if plan.standing.open_claim is not None and chance.random() < 0.7:
        return contest(now)
    if _ends_soon(now) and chance.random() < 0.7:
        return guard(now)
    if plan.remaining and chance.random() < (0.4 if now.seen.lines else 0.85):
        return chance.choice(OPEN[plan.kind])(now)
    if not now.seen.lines:
        return chance.choice(BEFORE)(now)
    if plan.kind is Kind.PAY_AFTER_USE and chance.random() < 0.2:
        return convert(now)
    if plan.standing.subsidised and chance.random() < 0.1:
        return return_subsidy(now)
    if plan.standing.quote is not None and chance.random() < 0.5:
        return quote(now)
    if _has_changed_its_schedule(now) and chance.random() < 0.4:
        return pay_all(now)
    return chance.choice(ENDING if chance.random() < SELDOM else RUNNING)(now)


def confirm(now: Now) -> Step:
    """The consumer agrees, with proof where that is asked for."""
    plan = now.seen.plan
    if not is_unproved(plan.offer, plan.standing):
        return Step(Confirm, {}, MERCHANT_ACTS)
    return Step(Confirm, {"authentication_id": "at_1", "amount": plan.amounts.amount}, CONSUMER)


def capture(now: Now) -> Step:
    if is_unproved(now.seen.plan.offer, now.seen.plan.standing):
        return confirm(now)
    amount = part(now, now.seen.plan.remaining)
    arguments = {"amount": amount, "final": now.chance.random() < 0.3, "lines": _bill(now, amount)}
    arguments["reference"] = now.chance.choice((None, None, None, "box 1", "BOX 1 ", "box 2"))
    arguments["splits"] = _splits(now, amount)
    return Step(Capture, arguments, MERCHANT_ACTS)


def reverse(now: Now) -> Step:
    """Mostly the last capture."""
    last = max(1, len(now.seen.plan.bills))
    return Step(
        ReverseCapture, {"capture": now.chance.choice((last, last, now.chance.randint(1, last)))}, MERCHANT_ACTS
    )


def capture_all(now: Now) -> Step:
    if is_unproved(now.seen.plan.offer, now.seen.plan.standing):
        return confirm(now)
    return Step(Capture, {"amount": now.seen.plan.remaining, "final": True}, MERCHANT_ACTS)


def capture_more(now: Now) -> Step:
    """All that is left, and a little more."""
    amount = now.seen.plan.remaining
    return Step(Capture, {"amount": amount + max(1, amount // now.chance.choice((10, 30)))}, MERCHANT_ACTS)


def capture_late(now: Now) -> Step:
    """What was given back."""
    return Step(Capture, {"amount": max(1, part(now, now.seen.plan.amounts.voided))}, MERCHANT_ACTS)


def claim(now: Now) -> Step:
    amount = part(now, now.seen.plan.remaining)
    return Step(Claim, {"amount": amount, "final": now.chance.random() < 0.5}, MERCHANT_ACTS)


def contest(now: Now) -> Step:
    """What may come next of a claim that is open: mostly what is possible."""
    chance, claim = now.chance, now.seen.plan.standing.claim
    amount = claim.amount if claim else 1
    is_contested = claim is not None and claim.state is ClaimState.CONTESTED
    steps = (
        *[Step(ContestClaim, {"words": "It was broken."}, chance.choice((MERCHANT_ACTS, OPERATOR, CONSUMER)))] * 4,
        *[Step(DecideClaim, {"amount": chance.choice((0, amount, part(now, amount)))}, OPERATOR)]
        * (8 if is_contested else 1),
        Step(LowerClaim, {"amount": max(1, part(now, amount))}, MERCHANT_ACTS),
        Step(WithdrawClaim, {}, MERCHANT_ACTS),
        *[pass_days(now)] * 4,
    )
    return chance.choice(steps)


def release(now: Now) -> Step:
    amount = None if now.chance.random() < 0.5 else max(1, part(now, now.seen.plan.remaining))
    return Step(Release, {"amount": amount}, MERCHANT_ACTS)


def use(now: Now) -> Step:
    """It is confirmed, it begins, or it ends."""
    if now.seen.plan.is_unconfirmed or now.chance.random() < SELDOM:
        return confirm(now)
    begun = now.seen.plan.standing.use_started_at is not None
    return Step(EndUse if begun != (now.chance.random() < SELDOM) else StartUse, {}, MERCHANT_ACTS)


def void(now: Now) -> Step:
    return Step(Void, {}, MERCHANT_ACTS)


def withdraw(now: Now) -> Step:
    on = now.chance.choice((None, None, now.today - timedelta(2)))
    return Step(Withdraw, {"on": on}, now.chance.choice((MERCHANT_ACTS, OPERATOR)))


def amend(now: Now) -> Step:
    """Up or down, mostly to what is possible."""
    chance, amounts = now.chance, now.seen.plan.amounts
    least = amounts.captured
    amount = chance.choice(
        (least, least + 1, least + amounts.reserved // 2, amounts.amount + chance.randint(0, 300_00))
    )
    return Step(Amend, {"amount": max(1, amount), "approval": APPROVAL}, MERCHANT_ACTS)


def top_up(now: Now) -> Step:
    amount = now.chance.choice((1, now.chance.randint(1, 300_00)))
    return Step(TopUp, {"amount": amount, "approval": APPROVAL}, MERCHANT_ACTS)


def extend(now: Now) -> Step:
    days = now.chance.choice((None, 1, now.chance.randint(1, 40)))
    return Step(ExtendAuthorization, {"days": days}, MERCHANT_ACTS)


def guard(now: Now) -> Step:
    return Step(Guard, {}, THE_DAY)


def _ends_soon(now: Now) -> bool:
    """Whether the day has something to do before an authorization ends."""
    look = next_look(now.seen.plan)
    return look is not None and look.date() <= now.today < now.seen.plan.ends_at.date()


def pay(now: Now) -> Step:
    """What is due, what is owed, or some of it, or more; as of today, or of a day before."""
    chance, outstanding = now.chance, now.seen.plan.amounts.outstanding
    due = [line.outstanding for line in now.seen.lines if line.outstanding]
    first = due[0] if due else 1
    amount = chance.choice((first, first, chance.randint(1, max(1, outstanding)), outstanding, outstanding + 5, 1))
    on = None if chance.random() < 0.6 else now.today - timedelta(chance.choice((-2, -1, 0, 0, 1, 1, 3, 3, 10, 20, 40)))
    reference = chance.choice((None, None, "a", "A ", "b"))
    arguments = {"amount": max(1, amount), "received_on": on, "reference": reference}
    arguments["received_by"] = ReceivedBy.MERCHANT if chance.random() < 0.1 else ReceivedBy.PROCESSOR
    return Step(RecordPayment, arguments, chance.choice((MERCHANT_ACTS, OPERATOR, PROCESSOR)))


def pay_all(now: Now) -> Step:
    """And mostly more; of late, it was received a while ago."""
    amount = now.seen.plan.amounts.outstanding + now.chance.choice((0, 1, 5_01))
    on = None if now.chance.random() < 0.5 else now.today - timedelta(now.chance.choice((1, 3, 10, 20)))
    return Step(RecordPayment, {"amount": max(1, amount), "received_on": on}, OPERATOR)


def _has_changed_its_schedule(now: Now) -> bool:
    """Whether a change of it was the last that happened, or is to come."""
    last = now.seen.plan.standing.last
    is_to_come = last is not None and last[1] > now.today
    return is_to_come or isinstance(now.seen.last, OF_A_SCHEDULE)


def refund(now: Now) -> Step:
    """An amount, or lines of a bill."""
    lines = [(bill.capture, line) for bill in now.seen.plan.bills for line in bill.lines if line.amount > 0]
    if lines and now.chance.random() < 0.5:
        capture, line = now.chance.choice(lines)
        amount = now.chance.choice((None, max(1, part(now, line.amount))))
        fee = now.chance.choice((0, 0, line.amount // 20))
        return Step(Refund, {"lines": (Returned(capture, line.number, amount),), "return_fee": fee}, MERCHANT_ACTS)
    left = now.seen.plan.amounts.captured - now.seen.plan.amounts.refunded
    amount = max(1, part(now, left))
    arguments = {"amount": amount, "return_fee": now.chance.choice((0, 0, amount // 10))}
    return Step(Refund, arguments, now.chance.choice((MERCHANT_ACTS, OPERATOR)))


def lower(now: Now) -> Step:
    """A bill comes to less, mostly."""
    bills = now.seen.plan.bills
    number = now.chance.randint(1, max(1, len(bills)))
    amount = part(now, bills[number - 1].amount if bills else 1)
    arguments = {"capture": number, "amount": amount, "because": "a mistake", "lines": _bill(now, amount)}
    return Step(LowerCapture, arguments, MERCHANT_ACTS)


def return_payment(now: Now) -> Step:
    if not _has(now, Paid):
        return pay(now)
    return Step(ReturnPayment, {"payment_id": _one_of(now, Paid)}, PROCESSOR)


def charge_back(now: Now) -> Step:
    if not _has(now, Paid):
        return pay(now)
    payment = _one_of(now, Paid)
    amount = next((fact.amount for fact in now.seen.those_of(Paid) if fact.id == payment), 1)
    return Step(ChargeBack, {"payment_id": payment, "amount": max(1, part(now, amount))}, PROCESSOR)


def return_overpayment(now: Now) -> Step:
    if not now.seen.plan.amounts.overpaid and now.chance.random() > SELDOM:
        return pay(now)
    return Step(ReturnOverpayment, {"amount": max(1, part(now, now.seen.plan.amounts.overpaid))}, OPERATOR)


def levy(now: Now) -> Step:
    chance = now.chance
    due_on = None if chance.random() < 0.5 else now.today + timedelta(chance.randint(-40, 40))
    arguments = {"amount": chance.randint(1, 20_00), "is_penalty": chance.random() < 0.5, "due_on": due_on}
    return Step(Levy, arguments, OPERATOR)


def waive(now: Now) -> Step:
    if not _has(now, Levied):
        return levy(now)
    return Step(Waive, {"fee_id": _one_of(now, Levied)}, OPERATOR)


def reschedule(now: Now) -> Step:
    """Every change of a schedule."""
    chance = now.chance
    on = now.today + timedelta(chance.choice((0, 0, 0, 0, -20, 20)))
    head: Arguments = UNWRITTEN | {"on": on}
    due = [line.due_on for line in now.seen.lines if not line.settled_on] or [now.today]
    every, unit = chance.choice(UNIT_STEPS)
    change = chance.choice((
        lambda: RateChanged(**head, rate_percent=Decimal(chance.choice((0, chance.randint(1, 40_00)))) / 100),
        lambda: InterestPaused(**head, end_on=on + timedelta(chance.randint(0, 60))),
        lambda: Extended(**head, instalments=chance.randint(1, 4)),
        lambda: HolidayGranted(**head, principal=chance.randint(0, 2), interest=chance.randint(0, 2)),
        lambda: _due_moved(now, due),
        lambda: ReAmortized(**head),
        lambda: ReAged(**head, first_due_on=on + timedelta(chance.randint(0, 40)),
                       instalments=chance.randint(1, 6), every=every, unit=unit),
    ))()  # fmt: skip
    if isinstance(change, DueMoved) and now.seen.plan.offer.servicing.postpone_times_max:
        to = change.on + timedelta(1 + (change.to - change.on).days % 21)  # a day more than is allowed, at most
        return Step(PostponeDueDate, {"due_on": change.on, "to": to}, CONSUMER)
    return Step(Reschedule, {"change": change}, OPERATOR)


def _due_moved(now: Now, due: list[date]) -> DueMoved:
    on = now.chance.choice(due)
    return DueMoved(**UNWRITTEN, on=on, to=on + timedelta(now.chance.randint(-5, 40)))


def convert(now: Now) -> Step:
    return Step(Convert, {"instalments": now.chance.randint(2, 6)}, now.chance.choice((MERCHANT_ACTS, CONSUMER)))


def pass_days(now: Now) -> Step:
    return Step(PassDays, {}, THE_DAY)


def pause(now: Now) -> Step:
    """It rests for a reason, or goes on."""
    chance = now.chance
    rests = [one.why for one in now.seen.plan.standing.pauses if one.end is None]
    resumes = bool(rests) and chance.random() < 0.7
    why = chance.choice(rests if resumes else tuple(PauseReason))
    actor = MERCHANT_ACTS if why is PauseReason.RETURN else OPERATOR
    if resumes or chance.random() < 0.1:
        return Step(ResumeCollection, {"why": why}, actor)
    return Step(PauseCollection, {"why": why, "on": now.today - timedelta(chance.choice((0, 0, 3, 30)))}, actor)


def dispute(now: Now) -> Step:
    """One is opened; of one that is open, whatever may come next."""
    chance, last = now.chance, now.seen.plan.standing.dispute
    if last is None or (last.state not in OPEN_DISPUTES and chance.random() < 0.8):
        left = now.seen.plan.amounts.captured - now.seen.plan.amounts.refunded
        amount = chance.choice((None, max(1, part(now, left))))
        arguments: Arguments = {"reason": chance.choice(tuple(DisputeReason)), "amount": amount}
        if chance.random() < 0.3:
            named = {"reference": chance.choice(("d1", "d2")), "respond_by": now.today + timedelta(10)}
            return Step(OpenDispute, arguments | named, PROCESSOR)
        return Step(OpenDispute, arguments, chance.choice((MERCHANT_ACTS, OPERATOR, CONSUMER)))
    if last.state is DisputeState.UNDER_REVIEW and chance.random() < 0.5:
        return Step(AskAgain, {}, OPERATOR)
    decided = chance.choice((DisputeState.WON, DisputeState.LOST, DisputeState.WITHDRAWN))
    return chance.choice(
        (
            *[Step(AnswerDispute, {"evidence": "signed for"}, MERCHANT_ACTS)] * 3,
            Step(AskAgain, {}, OPERATOR),
            Step(CloseDispute, {"outcome": decided}, OPERATOR),
            Step(CloseDispute, {"outcome": decided, "dispute_id": last.id}, PROCESSOR),
            Step(CloseDispute, {"outcome": DisputeState.ACCEPTED}, MERCHANT_ACTS),
        )
    )


def accelerate(now: Now) -> Step:
    why = now.chance.choice(list(AccelerationReason))
    return Step(Accelerate, {"due_on": now.today + timedelta(now.chance.choice((0, 14, 60))), "why": why}, OPERATOR)


def charge_off(now: Now) -> Step:
    arguments = {"cause": now.chance.choice(tuple(Cause)), "on": now.chance.choice((None, now.today - timedelta(3)))}
    return Step(ChargeOff, arguments, now.chance.choice((OPERATOR, THE_DAY)))


def forgive(now: Now) -> Step:
    return Step(Forgive, {}, OPERATOR)


Chosen = Callable[[Now], Step]
OPEN_ANYWAY: tuple[Chosen, ...] = (void, *[guard] * 4, extend, pay, withdraw)
OPEN: dict[Kind, tuple[Chosen, ...]] = {
    Kind.INSTALMENTS: (*[capture_all] * 2, capture_more, *[capture] * 18, *[amend, reverse] * 3, *OPEN_ANYWAY),
    Kind.PAY_AFTER_USE: (capture_all, capture_more, *[capture] * 8, *[use] * 4, amend, reverse, *OPEN_ANYWAY),
    Kind.DEPOSIT: (*[claim] * 9, *[use] * 4, contest, release, release, top_up, top_up, *OPEN_ANYWAY),
}
BEFORE: tuple[Chosen, ...] = (
    capture_late,
    capture_late,
    pay,
    pay,
    return_payment,
    charge_back,
    return_overpayment,
    take_back,
    refund,
)
RUNNING: tuple[Chosen, ...] = (
    *[pay] * 6, refund, refund, lower, return_payment, charge_back, charge_back, return_overpayment,
    levy, levy, waive, reverse, reschedule, reschedule, reschedule, accelerate, pass_days, pass_days, pause, dispute,
    dispute, withdraw, credit, credit, correct, *[quote] * 4, take_back,
)  # fmt: skip
ENDING: tuple[Chosen, ...] = (void, guard, extend, charge_off, charge_off, forgive)
EVERYTHING: tuple[Chosen, ...] = (
    *dict.fromkeys((*OPEN[Kind.INSTALMENTS], *OPEN[Kind.DEPOSIT], *BEFORE, *RUNNING, *ENDING, return_subsidy)),
)


def _bill(now: Now, amount: int) -> tuple[BillLine, ...]:
    """Two things, one of them broken, and a discount; one thing; or no lines."""
    first = amount // 3
    tent, mat = ("tent", first, LineKind.ITEM), ("mat", amount - first + 1, LineKind.DAMAGE)
    named = (tent, mat, ("voucher", -1, LineKind.DISCOUNT))
    return lines_of(amount, now.chance.choice(((), (("tent", amount, LineKind.ITEM),), named)))


def _splits(now: Now, amount: int) -> tuple[Split, ...]:
    """Of a third of the captures a part is other sellers'."""
    if now.chance.random() > 0.33 or amount < 2:
        return ()
    first = now.chance.randint(1, amount)
    shares = first, (amount - first) // 2
    return tuple([Split(seller, share) for seller, share in zip(SELLERS, shares, strict=True) if share])


def _has(now: Now, kind: type[Paid] | type[Levied]) -> bool:
    """Whether such a fact stands; seldom said of none as well."""
    return now.chance.random() < SELDOM or kind in now.seen.sums


def _one_of(now: Now, kind: type[Paid] | type[Levied]) -> str:
    """The id of a fact that stands, or of none."""
    known = [fact.id for fact in now.seen.those_of(kind)]
    return now.chance.choice(known) if known else "fa_none"
