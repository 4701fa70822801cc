"""A loss: what is owed on a plan and will not be paid, and whose it is. Pure."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import BPS
from service.statement import SmallInt
from service.support.arrangement import Cause, CoveredParts, Name, Region, Sum

MerchantId = Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
PartnerId = Annotated[str, Meta(pattern=r"^pa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class LossState(StrEnum):
    """Where a loss stands. The check `losses_state_is_known` says the same."""

    OPEN = "open"  # nobody bears it yet -> ALLOCATED
    ALLOCATED = "allocated"  # it may be quantified anew, and something may come in -> CLOSED
    CLOSED = "closed"  # all who bore it have theirs back


class Holder(Struct, frozen=True, forbid_unknown_fields=True):
    """A partner whose money a part of the plan is."""

    partner_id: PartnerId
    principal_bps: Annotated[int, Meta(ge=1, le=BPS)]  # its share of the principal


class Loss(Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan owed when it was given up, and what came of it before anybody was asked to bear it."""

    cause: Cause
    on: date  # the day of the default
    debtor: Name  # who owed it: limits of one debtor count by this
    merchant_id: MerchantId  # whose sale it was
    principal: Sum
    interest: Sum = 0
    fees: Sum = 0
    recovered: Sum = 0  # paid since: of principal first, then of interest, then of fees
    days_past_due: Annotated[int, Meta(ge=0, le=10_000)] = 0  # of the oldest that is unpaid, on that day
    segment: Name | None = None  # of the borrower, as the arrangement names it
    category: Name | None = None  # of the goods
    region: Region | None = None  # of the sale, as the arrangement names it
    is_first_time: bool = False  # whether it is the person's first plan
    lent: Sum = 0  # principal of the plan, of which rates may be; 0: it is not said
    holders: Annotated[tuple[Holder, ...], Meta(max_length=10)] = ()  # what they leave of the principal is ours


class OpenedLoss(Struct, frozen=True):
    """A loss, as it is opened with the fact that a plan was given up."""

    bucket: SmallInt
    loss_id: str
    plan_id: str
    merchant_id: str
    currency: str
    cause: Cause  # as it was given up for
    lost_on: date
    opened_at: datetime


class Left(Struct, frozen=True):
    """What of a loss nobody bears yet, by component."""

    principal: int
    interest: int
    fees: int

    def of(self, base: CoveredParts) -> int:
        """What of it an arrangement with this base may bear."""
        return sum(getattr(self, component) for component in COMPONENTS[base])

    def less(self, amount: int, base: CoveredParts) -> "Left":
        """What is left when so much of it is borne: of principal first, then of interest, then of fees."""
        assert 0 <= amount <= self.of(base)
        left = {"principal": self.principal, "interest": self.interest, "fees": self.fees}
        for component in COMPONENTS[base]:
            taken = min(amount, left[component])
            left[component] -= taken
            amount -= taken
        return Left(**left)


COMPONENTS: Final = {
    CoveredParts.PRINCIPAL: ("principal",),
    CoveredParts.PRINCIPAL_INTEREST: ("principal", "interest"),
    CoveredParts.PRINCIPAL_INTEREST_FEES: ("principal", "interest", "fees"),
}  # fmt: skip


def left_of(loss: Loss) -> Left:
    """A loss that nobody has borne anything of."""
    every = CoveredParts.PRINCIPAL_INTEREST_FEES
    return Left(loss.principal, loss.interest, loss.fees).less(loss.recovered, every)


def require_loss(loss: Loss, pointer: str) -> None:
    """Refused: INVALID_FIELD, for what cannot be lost so."""
    owed = loss.principal + loss.interest + loss.fees
    if loss.recovered > owed:
        raise _no(f"{pointer}/recovered", f"At most {owed} minor units are owed.")
    if sum(one.principal_bps for one in loss.holders) > BPS:
        raise _no(f"{pointer}/holders", "The partners' shares are more than 10,000 basis points together.")
    if len({one.partner_id for one in loss.holders}) < len(loss.holders):
        raise _no(f"{pointer}/holders", "A partner is named twice.")


def _no(pointer: str, sentence: str) -> Refused:
    return Refused(Code.INVALID_FIELD, sentence, pointer)
