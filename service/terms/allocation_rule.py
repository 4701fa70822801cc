"""Which part of which instalment a payment settles first: data, one rule per kind of payment.

A rule is an order over {past due, due, in advance} x {penalty, fee, interest, principal} and a choice among the
instalments that are not due yet.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct


class Component(StrEnum):
    """A part of what is owed."""

    PENALTY = "penalty"
    FEE = "fee"
    INTEREST = "interest"
    PRINCIPAL = "principal"


class Timing(StrEnum):
    """How an instalment stands on the day of the payment."""

    PAST_DUE = "past_due"
    DUE = "due"
    IN_ADVANCE = "in_advance"


class PaymentKind(StrEnum):
    """What the money is. All of it lowers what the consumer owes."""

    PAYMENT = "payment"
    PAID_TO_MERCHANT = "paid_to_merchant"  # a payment that the merchant has taken itself, in cash say
    DOWN_PAYMENT = "down_payment"
    MERCHANT_REFUND = "merchant_refund"  # the price of returned goods, from the merchant
    PAYOUT_REFUND = "payout_refund"  # the same, taken from what we owe the merchant
    GOODWILL = "goodwill"
    INTEREST_REFUND = "interest_refund"  # interest on money that came back, as if it had never been lent
    FEE_REFUND = "fee_refund"  # costs of the plan, by the share of the goods that came back
    INTEREST_WAIVER = "interest_waiver"
    INTEREST_SUBSIDY = "interest_subsidy"  # interest that a scheme pays for the consumer


class Future(StrEnum):
    """Which of the instalments not yet due takes what is left."""

    NEXT = "next"
    LAST = "last"
    CURRENT_OR_LAST = "current_or_last"  # the one whose period runs, else the last
    REAMORTIZE = "reamortize"  # all of them, in equal parts


class Direction(StrEnum):
    """Which a sum settles first: instalments or components."""

    HORIZONTAL = "horizontal"  # one instalment whole, then the next
    VERTICAL = "vertical"  # one component of every instalment, then the next component


Step = tuple[Timing, Component]


def order(*components: Component) -> tuple[Step, ...]:
    """Past due, due, in advance; in each the same order of components."""
    return tuple((timing, component) for timing in Timing for component in components)


STEPS_MAX = len(Timing) * len(Component)
CHARGES_FIRST = order(Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL)


class AllocationRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which components a sum settles first, and where what is left over goes."""

    order: Annotated[tuple[Step, ...], Meta(max_length=STEPS_MAX)] = CHARGES_FIRST
    future: Future = Future.NEXT


INTEREST_FIRST: Final = AllocationRule(order(Component.INTEREST, Component.PRINCIPAL, Component.FEE, Component.PENALTY))


class Allocation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rules of a product: one for every kind of payment, the first for kinds without their own. What a scheme
    pays settles interest first, where nothing else is said."""

    default: AllocationRule = AllocationRule()
    by_kind: Annotated[tuple[tuple[PaymentKind, AllocationRule], ...], Meta(max_length=len(PaymentKind))] = ()
    direction: Direction = Direction.HORIZONTAL

    def rule_of(self, kind: PaymentKind) -> AllocationRule:
        """The rule for payments of this kind. Whoever has taken it, a payment settles the same."""
        if kind is PaymentKind.PAID_TO_MERCHANT:
            kind = PaymentKind.PAYMENT
        for named, rule in self.by_kind:
            if named is kind:
                return rule
        return INTEREST_FIRST if kind is PaymentKind.INTEREST_SUBSIDY else self.default
