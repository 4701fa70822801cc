"""What happens to a plan's schedule, as facts: dated, in the words of the business, never edited.

A version of a schedule is its terms and its facts; see `service.plans.running.versions`. `on` is the day a fact takes
effect, `recorded_on` the day it became known: on one day, what was known first goes first.
Amounts are minor units.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from service.terms.allocation_rule import PaymentKind
from service.terms.terms import Unit

Money = Annotated[int, Meta(ge=1, le=1_000_000_000_000, description="minor units")]
Count = Annotated[int, Meta(ge=1, le=1200)]


class Fact(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="fact", kw_only=True):
    id: str
    recorded_on: date


class Captured(Fact, frozen=True, tag="captured"):
    """Goods shipped: the amount, before any down payment, is lent."""

    on: date
    amount: Money


class Paid(Fact, frozen=True, tag="paid"):
    """Money that lowers what is owed."""

    on: date
    amount: Money
    kind: PaymentKind = PaymentKind.PAYMENT


class Refunded(Fact, frozen=True, tag="refunded"):
    """The merchant took goods back. With `returns_interest`, the interest borne by that money comes back as well."""

    on: date
    amount: Money
    kind: PaymentKind = PaymentKind.MERCHANT_REFUND
    returns_interest: bool = True


class OverpaidReturned(Fact, frozen=True, tag="overpaid_returned"):
    """What was paid too much went back to the consumer."""

    on: date
    amount: Money


class ChargedBack(Fact, frozen=True, tag="charged_back"):
    """The consumer's bank took a payment back, wholly or in part; it is owed again."""

    on: date
    amount: Money
    payment_id: str


class Levied(Fact, frozen=True, tag="levied"):
    """A fee or a penalty, due on its own day with the instalment whose period that day lies in."""

    due_on: date
    amount: Money
    is_penalty: bool = False

    @property
    def on(self) -> date:
        """It weighs on payments from the day it is known, or due if that was before."""
        return min(self.due_on, self.recorded_on)


class RateChanged(Fact, frozen=True, tag="rate_changed"):
    on: date  # the first day of the new rate
    rate_percent: Decimal


class InterestPaused(Fact, frozen=True, tag="interest_paused"):
    on: date
    end_on: date  # the last day without interest


class Extended(Fact, frozen=True, tag="extended"):
    """So many instalments more; the equal part of those due from `on` falls."""

    on: date
    instalments: Count


class DueMoved(Fact, frozen=True, tag="due_moved"):
    """The instalment due on `on` falls due on `to`, and those after it follow."""

    on: date
    to: date


class HolidayGranted(Fact, frozen=True, tag="holiday_granted"):
    """So many instalments due from `on` ask for no principal, and as many follow the last; or for no interest."""

    on: date
    principal: Annotated[int, Meta(ge=0, le=1200)] = 0
    interest: Annotated[int, Meta(ge=0, le=1200)] = 0


class ReAged(Fact, frozen=True, tag="re_aged"):
    """What is still owed in principal is spread anew over instalments of its own rhythm."""

    on: date
    first_due_on: date
    instalments: Count
    every: Count = 1
    unit: Unit = Unit.MONTH


class ReAmortized(Fact, frozen=True, tag="re_amortized"):
    """Principal past due is spread over the instalments not yet due."""

    on: date


class ChargedOff(Fact, frozen=True, tag="charged_off"):
    """Collection given up; what happens to the schedule is in the terms."""

    on: date


class Forgiven(Fact, frozen=True, tag="forgiven"):
    """All that is owed is let go."""

    on: date


Event = (
    Captured | Paid | Refunded | OverpaidReturned | ChargedBack | Levied | RateChanged | InterestPaused | Extended
    | DueMoved | HolidayGranted | ReAged | ReAmortized | ChargedOff | Forgiven
)  # fmt: skip
