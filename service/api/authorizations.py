"""What is left of an authorization, for its merchant: amend the order, top up, put off the end, give back."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from service.api.body import Nothing
from service.api.differences import with_approval
from service.api.verb import Names, verb
from service.checkout.request import Price
from service.errors import Code
from service.plans.amend import Amend
from service.plans.book import Command
from service.plans.guard import ExtendAuthorization
from service.plans.offer import CAPTURE_DAYS_MAX, Kind
from service.plans.top_up import TopUp
from service.plans.void import Void


class AmendBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the order comes to now."""

    amount: Price  # in the plan's currency: what may be captured in all, with what was captured before


@verb(
    "amend",
    200,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS, Code.NOT_APPROVED, Code.LIMIT_EXCEEDED, Code.ERASED),
    knowing=with_approval,
    example={"amount": 650_00},
)
def amend_plan(body: AmendBody, names: Names) -> Command:
    """Edit the order in place, before all of it was captured: another amount, up or down, on the same terms.

    Up, only the difference is decided: the policy in force must approve of the order as it is to become, on what is
    known now, and the consumer's limit must have room. If not, the order stays as it was (`not_approved`, with the
    reasons and the decision, of which there is a notice). Down, it is free again at once. The amount must be one that
    the offer has (`amount_min` to `amount_max`), at a price within the law of the day. It is quoted anew, and the
    plan's disclosure is that of the new amount.
    """
    return Amend(**names, amount=body.amount)


class TopUpBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How much more the deposit must cover."""

    amount: Price  # more than the deposit is of now


@verb(
    "top_up",
    200,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS, Code.NOT_APPROVED, Code.ERASED),
    knowing=with_approval,
    example={"amount": 200_00},
    kind=Kind.DEPOSIT,
)
def top_up_deposit(body: TopUpBody, names: Names) -> Command:
    """The deposit must cover more: a longer stay, one more camera. Only the difference is decided, on the same terms.

    The policy in force must approve of a deposit of so much, on what is known now; if not, it stays as it was.
    Of the difference the share of the offer (`waived_bps`) is waived as far as the consumer's limit has room, and the
    rest is to be held on their card. The event `deposit.topped_up` and a dry run tell how much of each. The plan's
    disclosure is that of the new deposit. The product's `amount_max` is the most.
    """
    return TopUp(**names, amount=body.amount)


class ExtendAuthorizationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How much longer it shall last."""

    days: Annotated[int, Meta(ge=1, le=CAPTURE_DAYS_MAX)] | None = None  # null: all that its product still allows


@verb("extend_authorization", 200, refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS), example={"days": 7})
def extend_authorization(body: ExtendAuthorizationBody, names: Names) -> Command:
    """Put off the end of what may still be captured: `capture_by`.

    How many days its product allows is told by `extendable_days`; more are refused, with the last instant possible.
    """
    return ExtendAuthorization(**names, days=body.days)


@verb("void", 200, refuses=(Code.STATE_FORBIDS,))
def void_plan(body: Nothing, names: Names) -> Command:
    """Give back what was not captured."""
    return Void(**names)


ROUTES: Final = [amend_plan, top_up_deposit, extend_authorization, void_plan]
