"""When a fact may happen: kinds of facts by what they do, and the refusal of one that comes too early or too late."""

from service.errors import Code, Refused
from service.plans.running import claims, facts
from service.plans.running.acceleration_fact import Accelerated
from service.plans.running.deposit_facts import ClaimClosed, ClaimContested, ClaimLowered, ClaimMade
from service.plans.running.dispute_facts import DisputeAnswered, DisputeAskedAgain, DisputeClosed, DisputeOpened
from service.plans.running.facts import AnyFact
from service.plans.running.standing import Standing
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted

OF_A_USE = (OrderConfirmed, UseStarted, UseEnded)
OF_A_DISPUTE = (DisputeOpened, DisputeAnswered, DisputeAskedAgain, DisputeClosed)
OF_A_CLAIM = (ClaimMade, ClaimContested, ClaimLowered, ClaimClosed)
# Before one of these facts is folded, principal past due bears interest up to its day.
MOVES_MONEY = (
    facts.Captured, facts.Paid, facts.Refunded, facts.OverpaidReturned, facts.ChargedBack, facts.ReAged,
    facts.ReAmortized, facts.ChargedOff, facts.Forgiven, Accelerated, Subsidised, SubsidyReturned,
)  # fmt: skip
# What may happen before anything was captured, and what may still happen once collection has been given up.
BEFORE_A_CAPTURE = (
    facts.Authorized,
    facts.Amended,
    facts.AuthorizationExtended,
    facts.ExpiryAnnounced,
    facts.Captured,
    facts.GivenBack,
    facts.Paid,
    facts.OverpaidReturned,
    facts.ChargedBack,
    # Something may be owed without a capture: a payment was overpaid, went back to the consumer, and bounced then.
    facts.Levied,
    facts.ChargedOff,
    facts.CollectionPaused,
    facts.CollectionResumed,
    facts.Withdrawn,
    BoughtDown,  # its capture may have been reversed
    *OF_A_USE,
    *OF_A_DISPUTE,
    *OF_A_CLAIM,
)
AFTER_THE_END = (
    facts.Paid, facts.Refunded, facts.OverpaidReturned, facts.ChargedBack, facts.Levied, facts.Forgiven,
    facts.GivenBack, facts.SettlementQuoted, facts.CollectionPaused, facts.CollectionResumed, *OF_A_USE, *OF_A_DISPUTE,
    ClaimContested, ClaimLowered, ClaimClosed, SubsidyReturned, BoughtDown,
)  # fmt: skip
# What may still happen once a plan was settled early or called due: its schedule has ended, but the plan goes on.
AFTER_ITS_SCHEDULE = (*AFTER_THE_END, facts.ChargedOff, Subsidised)
# What leaves a settlement quote in force. Any other fact ends it, because it changes what the quote was reckoned from.
KEEPS_A_QUOTE = (
    facts.Paid, facts.Refunded, facts.OverpaidReturned, facts.Levied, facts.GivenBack, facts.SettlementQuoted,
    facts.CollectionPaused, facts.CollectionResumed, Accelerated, Subsidised, SubsidyReturned, BoughtDown,
    *OF_A_USE, *OF_A_DISPUTE, *OF_A_CLAIM,
)  # fmt: skip
# What changes a schedule. Some of these facts take effect on a day to come.
OF_A_SCHEDULE = (
    facts.RateChanged, facts.InterestPaused, facts.Extended, facts.DueMoved, facts.HolidayGranted, facts.ReAged,
    facts.ReAmortized,
)  # fmt: skip
# Once the consumer has withdrawn from the credit, these count as never agreed.
NEVER_AGREED = (*OF_A_SCHEDULE, facts.Levied, facts.SettlementQuoted, Accelerated)
# What was done to an authorization. A withdrawal that we hear of late had ended the authorization before that.
OF_AN_AUTHORIZATION = (facts.Amended, facts.AuthorizationExtended, facts.ExpiryAnnounced, facts.GivenBack)


def is_of_no_account(standing: Standing, fact: AnyFact) -> bool:
    """Whether the fact does nothing, because the consumer has withdrawn from the credit.

    Before the day of the withdrawal that holds for changes of the schedule: they count as never agreed. After it, it
    holds for changes of the authorization: nothing may be captured any more.
    """
    if standing.withdrawal is None:
        return False
    return isinstance(fact, OF_AN_AUTHORIZATION if standing.schedule_ended else NEVER_AGREED)


def require_its_time(standing: Standing, fact: AnyFact) -> None:
    """Refused: STATE_FORBIDS, where such a fact comes too early, or too late."""
    has_begun = any(course.periods[0].begin <= fact.on for course in standing.courses)
    has_begun = has_begun or bool(standing.withdrawal and standing.lent)
    if isinstance(fact, facts.Refunded) and standing.from_held:
        has_begun = True  # a claim that was taken from the card may be refunded, as a capture may
    if isinstance(fact, facts.Forgiven) and any(row.is_open for row in standing.rows):
        has_begun = True  # owed though nothing was captured: a payment was given back to the consumer, then it bounced
    if not has_begun and not isinstance(fact, BEFORE_A_CAPTURE):
        by_then = f" by {fact.on}" if standing.courses else " yet"  # a course that was foreseen begins on a later day
        raise Refused(Code.STATE_FORBIDS, f"Nothing has been captured{by_then}.")
    if standing.closed and not isinstance(fact, AFTER_THE_END):
        raise Refused(Code.STATE_FORBIDS, "The plan has been given up: its schedule stays as it is.")
    if standing.schedule_ended and not isinstance(fact, AFTER_ITS_SCHEDULE):
        raise Refused(Code.STATE_FORBIDS, "It was settled early or called due, or a part of it: its schedule stays.")
    claims.wait(standing, fact)
