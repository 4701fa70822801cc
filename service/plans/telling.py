"""What happened to a plan, in a sentence: for people who read its timeline. Pure."""

from collections.abc import Callable
from typing import Final

from service.money import decimal_text
from service.plans.offer import Kind
from service.plans.running.acceleration_fact import Accelerated, AccelerationReason
from service.plans.running.deposit_facts import ClaimClosed, ClaimContested, ClaimLowered, ClaimMade, ClaimState
from service.plans.running.dispute_facts import (
    DisputeAnswered,
    DisputeAskedAgain,
    DisputeClosed,
    DisputeOpened,
    DisputeState,
)
from service.plans.running.facts import (
    Amended,
    AuthorizationExtended,
    Authorized,
    Captured,
    CaptureReversed,
    ChargedBack,
    ChargedOff,
    CollectionPaused,
    CollectionResumed,
    Corrected,
    DueMoved,
    ExpiryAnnounced,
    Extended,
    Forgiven,
    GivenBack,
    HolidayGranted,
    InterestPaused,
    Levied,
    OverpaidReturned,
    Paid,
    PauseReason,
    PaymentReturned,
    RateChanged,
    ReAged,
    ReAmortized,
    Refunded,
    SettlementQuoted,
    Waived,
    Why,
    Withdrawn,
)
from service.plans.running.rows import Line
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted
from service.plans.running.versions import lines_of
from service.plans.telling_borne import borne
from service.plans.telling_returned import beside, returned
from service.plans.timeline import Step
from service.support.arrangement import Cause
from service.terms.allocation_rule import PaymentKind
from service.terms.terms import Unit

Money = Callable[[int], str]

BECAUSE: Final = {
    Why.VOIDED: "the merchant will not capture them",
    Why.EXPIRED: "nobody captured them in time",
    Why.RELEASED: "the goods came back",
    Why.UNCLAIMED: "nothing was claimed in time",
    Why.WITHDRAWN: "the consumer has withdrawn from the credit",
}
LOST: Final = {
    Cause.CREDIT: "the consumer does not pay",
    Cause.FRAUD: "who bought was somebody else, or never meant to pay",
    Cause.DISPUTE: "a dispute was decided against the merchant",
    Cause.DECEASED: "the consumer has died",
    Cause.MERCHANT_FAILURE: "the merchant does not deliver, and does not pay back",
    Cause.POLITICAL: "a state does not let the money go",
}
RESTS: Final = {
    PauseReason.DISPUTE: "consumer and merchant disagree",
    PauseReason.RETURN: "goods are on their way back",
    PauseReason.HARDSHIP: "the consumer cannot pay for a while",
    PauseReason.DEATH: "the consumer has died",
    PauseReason.OTHER: "the lender has decided so",
}
ENDS: Final = {
    DisputeState.WON: "the merchant was right",
    DisputeState.LOST: "the consumer was right",
    DisputeState.ACCEPTED: "the merchant agrees with the consumer",
    DisputeState.WITHDRAWN: "the consumer has withdrawn it",
}
CLAIM_ENDS: Final = {
    ClaimState.WITHDRAWN: "the merchant has withdrawn it",
    ClaimState.REJECTED: "the lender has decided for the consumer",
    ClaimState.LAPSED: "collection was given up before",
}
ENDED: Final = {
    AccelerationReason.LATE: "the consumer is late",
    AccelerationReason.FRAUD: "the credit was got by false statements",
}
CREDITS: Final = {
    PaymentKind.GOODWILL: "goodwill",
    PaymentKind.INTEREST_REFUND: "interest on money that came back",
    PaymentKind.INTEREST_WAIVER: "interest that is not asked for",
}
UNITS: Final = {
    Unit.DAY: "day", Unit.WEEK: "week", Unit.HALF_MONTH: "half month", Unit.MONTH: "month", Unit.YEAR: "year",
}  # fmt: skip


def sentence_of(step: Step, currency: str) -> str:
    """What happened, in plain words: 150.00 EUR were paid, received on 2026-03-16; it settled instalment 1."""

    def money(amount: int) -> str:
        return f"{decimal_text(amount, currency)} {currency}"

    return _sentence(step, money) + beside(step, money)


def _sentence(step: Step, money: Money) -> str:
    amount = money(step.amount or 0)
    match step.fact:
        case Amended(amount=lent, held=held) if step.kind is Kind.DEPOSIT:
            return f"The deposit was topped up to {amount}: {money(lent)} on credit, {money(held)} held on the card."
        case Amended(total_cost=cost):
            return f"The order was amended: {amount} may be captured in all; that would cost {money(cost)}."
        case AuthorizationExtended(days=days):
            return f"It may be captured {_counted(days, 'day')} longer."
        case ExpiryAnnounced(days=days):
            return f"The merchant was told that what is left ends in {_counted(days, 'day')}."
        case OrderConfirmed() | UseStarted() | UseEnded():
            return _of_a_use(step)
        case CaptureReversed(on=on):
            return f"The capture of {amount} of {on} was reversed: the plan stands as if it had not happened."
        case Authorized() | Captured() | GivenBack():
            return _of_purchase(step, amount, money)
        case Paid(kind=kind) if kind in CREDITS:
            return f"{amount} of {CREDITS[kind]} were taken off{_effect(step, money)}."
        case Paid(on=on, received_on=received_on, kind=kind):
            to = " to the merchant" if kind is PaymentKind.PAID_TO_MERCHANT else ""
            return f"{amount} were paid{to}, received on {received_on or on}{_effect(step, money)}."
        case Refunded(lowers=capture, because=because) if capture:
            beside = returned(step, money)
            return f"The bill of capture {capture} was too high by {amount}{beside}{_effect(step, money)}: {because}."
        case Refunded(return_fee=fee):
            kept = f", who keeps {money(fee)} for the way back" if fee else ""
            return f"{amount} were refunded by the merchant{kept}{returned(step, money)}{_effect(step, money)}."
        case OverpaidReturned():
            return f"{amount} that were paid too much went back to the consumer."
        case PaymentReturned(on=on):
            return f"The bank returned the payment of {amount} of {on} unpaid: the plan stands as if it had not come."
        case Corrected(on=on):
            word = str(step.about.__struct_config__.tag).replace("_", " ") if step.about else "fact"
            return (
                f"What was recorded for {on} ({word}) never happened: the plan stands as if it had not been recorded."
            )
        case ChargedBack():
            on = step.about.on if step.about else step.fact.on
            return f"The consumer's bank took {amount} of the payment of {on} back: they are owed again."
        case Levied(due_on=due_on, is_penalty=is_penalty):
            return f"A {'penalty' if is_penalty else 'fee'} of {amount}, due on {due_on}, is owed besides."
        case Waived():
            return f"The fee of {amount} is not asked for after all."
        case SettlementQuoted(good_until=day, interest_rebate=interest, fee_rebate=fee, fee_returned=back):
            spared = f"; {money(interest + fee + back)} are then given up" if interest + fee + back else ""
            part = " a part of" if step.fact.part else ""
            return f"{amount}, paid until {day} ends, settle{part} the plan{spared}."
        case DisputeOpened() | DisputeAnswered() | DisputeAskedAgain() | DisputeClosed():
            return _of_dispute(step, amount)
        case ClaimMade() | ClaimContested() | ClaimLowered() | ClaimClosed():
            return _of_claim(step, amount)
        case CollectionPaused(why=why, on=on):
            return f"Nothing is collected from {on} on, because {RESTS[why]}."
        case CollectionResumed(on=on):
            return f"It is collected again from {on} on."
        case Withdrawn() | Accelerated() | ChargedOff() | Forgiven():
            return _of_the_end(step, amount, money)
    return borne(step.fact, money) or _of_schedule(step)


def _of_purchase(step: Step, amount: str, money: Money) -> str:
    is_deposit = step.kind is Kind.DEPOSIT
    match step.fact:
        case Authorized(amount=lent, held=held) if is_deposit:
            return f"A deposit of {amount} was agreed: {money(lent)} on credit, {money(held)} held on the card."
        case Authorized():
            return f"The offer was accepted: {amount} may be captured."
        case Captured(amount=lent, from_held=from_held):
            rest = _given_back(step) + step.fact.anew
            then = f"; {money(rest)} that were left are given back" if rest else ""
            if is_deposit:
                taken = f"{money(from_held)} of them from the card, {money(lent)} are owed"
                return f"{amount} of the deposit were claimed: {taken}{then}."
            last = max((line.due_on for line in lines_of(step.after)), default=None)
            until = f", due until {last}" if lent and last else ""
            extra = f", {money(step.fact.beyond)} more than was authorized" if step.fact.beyond else ""
            late = ", although they had expired" if step.fact.anew else ""
            return f"{amount} were captured{late}{extra}{until}{then}."
        case GivenBack(why=why):
            return f"{amount} were given back, because {BECAUSE[why]}."
    raise AssertionError(step.fact)


def _of_a_use(step: Step) -> str:
    match step.fact:
        case OrderConfirmed(permission_id=permission_id, authentication_id=authentication_id):
            if authentication_id:
                return "The consumer has confirmed the order, and proved that it was they."
            return f"The consumer has {'permitted all such orders' if permission_id else 'confirmed the order'}."
        case UseStarted(at=at):
            return f"It is used since {at.isoformat(timespec='minutes')}."
        case UseEnded(at=at):
            return f"It was used until {at.isoformat(timespec='minutes')}; its bill is to come."
    raise AssertionError(step.fact)


def _of_dispute(step: Step, amount: str) -> str:
    match step.fact:
        case DisputeOpened(reason=reason, respond_by=until, opened_by=by, words=words):
            said = reason.replace("_", " ") + (f": {words}" if words else "")
            return f"The {by} disputes {amount} ({said}); the merchant is to answer until {until} ends."
        case DisputeAnswered():
            return "The merchant has answered the dispute."
        case DisputeAskedAgain(respond_by=until):
            return f"The answer to the dispute does not do: the merchant is to answer once more, until {until} ends."
        case DisputeClosed(outcome=outcome):
            return f"The dispute is closed: {ENDS[outcome]}."
    raise AssertionError(step.fact)


def _of_claim(step: Step, amount: str) -> str:
    match step.fact:
        case ClaimMade(contest_until=until):
            return f"{amount} of the deposit are claimed; the consumer may contest that until {until} ends."
        case ClaimContested():
            return "The consumer contests the claim; the lender decides."
        case ClaimLowered():
            return f"The claim was lowered to {amount}."
        case ClaimClosed(outcome=outcome):
            return f"Nothing is taken for the claim: {CLAIM_ENDS[outcome]}."
    raise AssertionError(step.fact)


def _of_the_end(step: Step, amount: str, money: Money) -> str:
    match step.fact:
        case Withdrawn(repay_by=repay_by, interest=interest):
            bears = f"{money(interest)} of interest" if interest else "no interest"
            return f"The consumer has withdrawn from the credit: what was lent is owed until {repay_by}, with {bears}."
        case Accelerated(due_on=due_on, why=why):
            return f"The schedule ends, because {ENDED[why]}: all that is owed, {amount}, is due on {due_on}."
        case ChargedOff(cause=cause):
            return f"Collection was given up, because {LOST[cause]}; {amount} are still owed."
        case Forgiven():
            return f"What was still owed was let go: {amount}."
    raise AssertionError(step.fact)


def _of_schedule(step: Step) -> str:
    match step.fact:
        case RateChanged(on=on, rate_percent=rate):
            return f"The rate is {rate.normalize():f} % a year from {on} on."
        case InterestPaused(on=on, end_on=end_on):
            return f"No interest is earned from {on} to {end_on}."
        case Extended(on=on, instalments=count):
            return f"There {_are(count, 'instalment')} more; those due from {on} on are lower."
        case DueMoved(on=on, to=to, due_on=due_on):
            return f"The instalment due on {due_on or on} is due on {to}, and those after it follow."
        case HolidayGranted(on=on, principal=principal, interest=interest):
            counts = ((principal, "principal"), (interest, "interest"))
            asked = [f"{count} ask for no {name}" for count, name in counts if count]
            return f"Of the instalments due from {on} on {' and '.join(asked)}."
        case ReAged(first_due_on=first, instalments=count, every=every, unit=unit):
            rhythm = UNITS[unit] if every == 1 else f"{every} {UNITS[unit]}s"
            charges = ", with what was levied before in the first" if step.fact.with_charges else ""
            return f"What is owed is due in {count} instalments from {first} on, one every {rhythm}{charges}."
        case ReAmortized(on=on):
            return f"What was past due on {on} is spread over the instalments to come."
    raise AssertionError(step.fact)


def _are(count: int, noun: str) -> str:
    return f"{'is' if count == 1 else 'are'} {_counted(count, noun)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _given_back(step: Step) -> int:
    before, following = (one.given_back + one.held_back if one else 0 for one in (step.before, step.after))
    return following - before


def _effect(step: Step, money: Money) -> str:
    """Which instalments it settled, which it lowered, and what of it was too much."""
    before = {line.number: line for line in lines_of(step.before)} if step.before else {}
    settled: list[Line] = []
    lowered: list[Line] = []
    for line in lines_of(step.after):
        was = before.get(line.number)
        if line.paid > (was.paid if was else 0):
            (settled if line.settled_on is not None else lowered).append(line)
    parts = [f"it settled {_named(settled)}"] if settled else []
    if lowered:
        parts.append(f"{'and ' if settled else 'it '}paid a part of {_named(lowered)}")
    too_much = step.settled.overpaid if step.settled else 0
    said = " ".join(parts)
    if too_much > 0:
        said = f"{said}; {money(too_much)} were too much" if said else f"{money(too_much)} were too much"
    return f"; {said}" if said else ""


def _named(lines: list[Line]) -> str:
    """`instalment 1`, `instalments 1 to 3`, `instalments 1, 3 and 7`."""
    numbers = [line.number for line in lines]
    if len(numbers) == 1:
        return f"instalment {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"instalments {numbers[0]} to {numbers[-1]}"
    return f"instalments {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
