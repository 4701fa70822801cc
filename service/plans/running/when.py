"""Which facts may happen when, and what else each kind of them does to what was known before."""

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
# Principal past due bears interest up to each of these; the others change terms, and find it as it was.
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
    # something is owed even then when a payment bounced that had gone back to the consumer
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
# What a plan that was settled early or called due still knows besides: its schedule was given up, not the plan.
AFTER_ITS_SCHEDULE = (*AFTER_THE_END, facts.ChargedOff, Subsidised)
# What leaves a quote as it is; all else changes what it was reckoned from.
KEEPS_A_QUOTE = (
    facts.Paid, facts.Refunded, facts.OverpaidReturned, facts.Levied, facts.GivenBack, facts.SettlementQuoted,
    facts.CollectionPaused, facts.CollectionResumed, Accelerated, Subsidised, SubsidyReturned, BoughtDown,
    *OF_A_USE, *OF_A_DISPUTE, *OF_A_CLAIM,
)  # fmt: skip
# What changes a schedule, some of it on a day to come.
OF_A_SCHEDULE = (
    facts.RateChanged, facts.InterestPaused, facts.Extended, facts.DueMoved, facts.HolidayGranted, facts.ReAged,
    facts.ReAmortized,
)  # fmt: skip
# What has never been agreed once the consumer has withdrawn from the credit.
NEVER_AGREED = (*OF_A_SCHEDULE, facts.Levied, facts.SettlementQuoted, Accelerated)
# What became of an authorization that was over already: of the consumer's withdrawal we heard later.
OF_AN_AUTHORIZATION = (facts.Amended, facts.AuthorizationExtended, facts.ExpiryAnnounced, facts.GivenBack)


def is_of_no_account(standing: Standing, fact: AnyFact) -> bool:
    """Whether the withdrawal of the consumer from the credit leaves nothing of it: before that day it changed the
    schedule, which is as if it had not been agreed; after it what may be captured, which is nothing.
    """
    if standing.withdrawal is None:
        return False
    return isinstance(fact, OF_AN_AUTHORIZATION if standing.schedule_ended else NEVER_AGREED)


def require_its_time(standing: Standing, fact: AnyFact) -> None:
    """Refused: STATE_FORBIDS, where such a fact comes too early, or too late."""
    has_begun = any(course.periods[0].begin <= fact.on for course in standing.courses)
    has_begun = has_begun or bool(standing.withdrawal and standing.lent)
    if isinstance(fact, facts.Refunded) and standing.from_held:
        has_begun = True  # a claim that the card has paid comes back as any other
    if isinstance(fact, facts.Forgiven) and any(row.is_open for row in standing.rows):
        has_begun = True  # what is owed though nothing was captured, such as a payment that had gone back and bounced
    if not has_begun and not isinstance(fact, BEFORE_A_CAPTURE):
        by_then = f" by {fact.on}" if standing.courses else " yet"  # one that is foreseen is known before its day
        raise Refused(Code.STATE_FORBIDS, f"Nothing has been captured{by_then}.")
    if standing.closed and not isinstance(fact, AFTER_THE_END):
        raise Refused(Code.STATE_FORBIDS, "The plan has been given up: its schedule stays as it is.")
    if standing.schedule_ended and not isinstance(fact, AFTER_ITS_SCHEDULE):
        raise Refused(Code.STATE_FORBIDS, "It was settled early or called due, or a part of it: its schedule stays.")
    claims.wait(standing, fact)
