"""What can happen to a plan, of any kind: dated facts in the words of the business, never edited.

A plan is its terms and its facts; `service.plans.running.versions` folds them. `on` is the day a fact takes effect,
`recorded_on` the day it became known: on one day, what was known first goes first. Amounts are minor units.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from service.merchants.split import Splits
from service.plans.bill import BillLine, RefundedLine
from service.plans.running.acceleration_fact import Accelerated
from service.plans.running.deposit_facts import ClaimClosed, ClaimContested, ClaimLowered, ClaimMade
from service.plans.running.dispute_facts import DisputeAnswered, DisputeAskedAgain, DisputeClosed, DisputeOpened
from service.plans.running.fact import Count, Fact, KeepsSettled, Money, Whole
from service.plans.running.subsidy_facts import BoughtDown, Subsidised, SubsidyReturned
from service.plans.running.use_facts import OrderConfirmed, UseEnded, UseStarted
from service.support.arrangement import Cause
from service.terms.allocation_rule import PaymentKind
from service.terms.apr import Apr
from service.terms.schedule import Instalment
from service.terms.terms import RebateMethod, Unit


class Authorized(Fact, frozen=True, tag="authorized"):
    """The consumer accepted the offer: so much may be lent. Of a deposit, `held` more is security on the card."""

    on: date
    amount: Whole
    held: Whole = 0


class Amended(Fact, frozen=True, tag="amended"):
    """The order became another one: so much may be lent in all, on the same terms; what that costs was told anew."""

    on: date
    amount: Money
    schedule: tuple[Instalment, ...]  # if all of it were captured on that day
    total_cost: Whole
    total_payable: Whole
    apr: Apr
    held: Whole = 0  # of a deposit: security on the card besides, with what was taken of it or given back


class AuthorizationExtended(Fact, frozen=True, tag="authorization_extended"):
    """It may be captured so many days longer."""

    on: date
    days: Count


class ExpiryAnnounced(Fact, frozen=True, tag="expiry_announced"):
    """The merchant was told that nothing can be captured any more in so many days."""

    on: date
    days: Count


class Captured(Fact, frozen=True, tag="captured"):
    """Goods shipped, the use ended, or a deposit claimed: the amount, before any down payment, is lent."""

    on: date
    amount: Whole
    from_held: Whole = 0  # of a deposit: so much more was taken from the card
    beyond: Whole = 0  # of the amount: more than was authorized
    anew: Whole = 0  # ... and what had been given back when the authorization expired
    final: bool = False  # what is left of the authorization is given back
    lines: tuple[BillLine, ...] = ()  # of the bill
    reference: str = ""  # the merchant's own
    evidence: str = ""  # of a claim
    claim_id: str = ""  # of a claim that could be contested: it is settled by this
    fee_tier: Annotated[int, Meta(ge=0, le=10)] = 0  # of the merchant's fee, by what it had sold; 0: none
    splits: Splits = ()  # what other sellers have of it


class CaptureReversed(Fact, frozen=True, tag="capture_reversed"):
    """The capture was a mistake, seen on its own day: the plan stands as if it had not happened."""

    on: date  # the day of the capture
    capture_id: str


class Why(StrEnum):
    """Why an authorization was given back."""

    VOIDED = "voided"  # the merchant will not capture it
    EXPIRED = "expired"  # nobody captured it in time
    RELEASED = "released"  # the deposit's goods came back
    UNCLAIMED = "unclaimed"  # nobody claimed the deposit in the days for it
    WITHDRAWN = "withdrawn"  # the consumer has withdrawn from the credit


class GivenBack(Fact, frozen=True, tag="given_back"):
    """So much of the authorization will not be lent, and `from_held` goes back to the card."""

    on: date
    amount: Whole
    why: Why
    from_held: Whole = 0


class Withdrawn(Fact, frozen=True, tag="withdrawn"):
    """The consumer has withdrawn: what was lent is owed in one sum, as if nothing else was agreed; no more is lent."""

    on: date
    repay_by: date  # the last day for what was lent
    interest: Whole = 0  # of the days until the notice, where the law has it


class Paid(Fact, frozen=True, tag="paid"):
    """Money that lowers what is owed. It counts `on` a day of the plan, and was received on a day of the payer's."""

    on: date
    amount: Money
    received_on: date | None = None
    kind: PaymentKind = PaymentKind.PAYMENT


class Refunded(Fact, frozen=True, tag="refunded"):
    """The merchant took goods back. As it says, the interest borne by that money comes back, too, and its costs."""

    on: date
    amount: Money
    kind: PaymentKind = PaymentKind.MERCHANT_REFUND
    returns_interest: bool = True
    by_share: bool = False  # ... its share, where interest does not follow what is paid; False: as it was before
    returns_costs: bool = False  # its share of the costs comes back; False: as it was before
    makes_up: bool = False  # ... and what was let go is made up for first; False: as it was before
    lines: tuple[RefundedLine, ...] = ()  # what came back, by the lines of the bills: the amount and the return fee
    return_fee: Whole = 0  # what the merchant keeps of the price for the way back: no part of the amount, it stays owed
    lowers: Annotated[int, Meta(ge=0, le=99)] = 0  # the capture whose bill was too high, no goods; 0: none
    because: str = ""  # of that bill: why
    bill: tuple[BillLine, ...] = ()  # ... as it should have been


class OverpaidReturned(Fact, frozen=True, tag="overpaid_returned"):
    """What was paid too much went back to the consumer."""

    on: date
    amount: Money


class PaymentReturned(Fact, frozen=True, tag="payment_returned"):
    """The payment was never good: the bank returned it unpaid. The plan stands as if it had not come."""

    on: date  # the day of the payment
    payment_id: str


class ChargedBack(KeepsSettled, frozen=True, tag="charged_back"):
    """The consumer's bank took a payment back, wholly or in part; it is owed again."""

    on: date
    amount: Money
    payment_id: str


class Levied(Fact, frozen=True, tag="levied"):
    """A fee or a penalty, due on its own day with the instalment whose period that day lies in, or which is late."""

    due_on: date
    amount: Money
    is_penalty: bool = False
    late_since: date | None = None  # of a penalty: when what was paid late was due; null: the last that was late then
    with_late: bool = False  # of a penalty: it stands with that instalment, not with the one whose period runs

    @property
    def on(self) -> date:
        """It weighs on payments from the day it is known, or due if that was before."""
        return min(self.due_on, self.recorded_on)


class Waived(Fact, frozen=True, tag="waived"):
    """A fee or penalty is not asked for after all: the plan stands as if it had not been levied."""

    on: date  # the day the levy weighed from
    levy_id: str


class Corrected(Fact, frozen=True, tag="corrected"):
    """A fact was recorded by mistake: the plan stands as if it had never happened."""

    on: date  # the day of that fact
    fact_id: str


class RateChanged(KeepsSettled, frozen=True, tag="rate_changed"):
    on: date  # the first day of the new rate
    rate_percent: Decimal
    settles: bool = False  # what was overpaid settles what is asked for more; False: as it was before


class InterestPaused(KeepsSettled, frozen=True, tag="interest_paused"):
    on: date
    end_on: date  # the last day without interest


class Extended(KeepsSettled, frozen=True, tag="extended"):
    """So many instalments more; the equal part of those due from `on` falls."""

    on: date
    instalments: Count


class DueMoved(KeepsSettled, frozen=True, tag="due_moved"):
    """The instalment due on a day falls due on `to`, and those after it follow."""

    on: date
    to: date
    due_on: date | None = None  # the day it was due; null: `on`
    by_lender: bool = False  # and not by the consumer, of whom the terms say how often


class HolidayGranted(KeepsSettled, frozen=True, tag="holiday_granted"):
    """So many instalments due from `on` ask for no principal, and as many follow the last; or for no interest."""

    on: date
    principal: Annotated[int, Meta(ge=0, le=1200)] = 0
    interest: Annotated[int, Meta(ge=0, le=1200)] = 0


class ReAged(KeepsSettled, frozen=True, tag="re_aged"):
    """What is still owed in principal is spread anew over instalments of its own rhythm."""

    on: date
    first_due_on: date
    instalments: Count
    every: Count = 1
    unit: Unit = Unit.MONTH
    with_charges: bool = False  # fees and penalties that are due already fall due with the first of them
    all_alike: bool = False  # what a bank took back is spread with the rest; False: as it was before
    anchor_day: Count | None = None  # of the month, where the first is due earlier because its month is short


class ReAmortized(KeepsSettled, frozen=True, tag="re_amortized"):
    """Principal past due is spread over the instalments not yet due."""

    on: date


class SettlementQuoted(Fact, frozen=True, tag="settlement_quoted"):
    """What settles the plan, or a part of it, paid until a day ends: then so much is not asked for."""

    on: date
    good_until: date  # the last day
    amount: Whole  # what is to be paid, and what it is made of:
    principal: Whole = 0
    interest: Whole = 0
    fee: Whole = 0
    penalty: Whole = 0
    interest_rebate: Whole = 0  # given up; where interest follows what is paid it falls by itself
    fee_rebate: Whole = 0  # given up
    fee_returned: Whole = 0  # of costs that were paid before: it goes towards what is owed
    compensation: Whole = 0  # of the interest: kept for being repaid early, and given up otherwise
    method: RebateMethod = RebateMethod.NONE
    jurisdiction: str = ""
    part: Whole = 0  # of the amount: paid early on the lines not yet due, all of which fall; 0: it settles everything
    of: Whole = 0  # what would settle all that is not due yet, of which that is a part


class PauseReason(StrEnum):
    """Why nothing is collected."""

    DISPUTE = "dispute"  # consumer and merchant disagree
    RETURN = "return"  # goods are on their way back
    HARDSHIP = "hardship"  # the consumer cannot pay for a while
    DEATH = "death"  # the consumer has died
    OTHER = "other"


class CollectionPaused(Fact, frozen=True, tag="collection_paused"):
    """Nothing is collected, and paying late costs nothing, from this day on."""

    on: date
    why: PauseReason


class CollectionResumed(Fact, frozen=True, tag="collection_resumed"):
    """It is collected again from this day on, unless it rests for another reason."""

    on: date
    why: PauseReason


class ChargedOff(Fact, frozen=True, tag="charged_off"):
    """Collection given up; what happens to the schedule is in the terms."""

    on: date
    cause: Cause = Cause.CREDIT


class Forgiven(Fact, frozen=True, tag="forgiven"):
    """All that is owed is let go."""

    on: date


AnyFact = (
    Authorized | Amended | AuthorizationExtended | ExpiryAnnounced | Captured | CaptureReversed | GivenBack | Paid
    | PaymentReturned | Refunded | OverpaidReturned | ChargedBack | Levied | Waived | Corrected | RateChanged
    | InterestPaused | Extended | DueMoved | HolidayGranted | ReAged | ReAmortized | Accelerated | ChargedOff
    | Forgiven | SettlementQuoted | CollectionPaused | CollectionResumed | DisputeOpened | DisputeAnswered
    | DisputeAskedAgain | DisputeClosed | OrderConfirmed | UseStarted | UseEnded | ClaimMade | ClaimContested
    | ClaimLowered | ClaimClosed | Withdrawn | Subsidised | SubsidyReturned | BoughtDown
)  # fmt: skip


def undone_by(fact: AnyFact) -> str | None:
    """The id of the fact that never happened, now that this one has; None where it undoes nothing."""
    match fact:
        case PaymentReturned(payment_id=undone) | CaptureReversed(capture_id=undone) | Waived(levy_id=undone):
            return undone
        case Corrected():
            return fact.fact_id
    return None
