"""A claim on a deposit that may be contested: contested, lowered, withdrawn by its merchant; decided by the lender."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from service.api.body import Nothing
from service.api.plans import BilledItem, billed
from service.api.verb import Names, verb
from service.checkout.request import Price
from service.errors import Code
from service.money import AMOUNT_MAX
from service.plans.bill import BillLine, lines_of
from service.plans.book import Command
from service.plans.contest import ContestClaim, DecideClaim, LowerClaim, WithdrawClaim
from service.plans.offer import Kind
from service.private_text import NO_NUMBERS, SEALED


class ContestBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the consumer says."""

    words: Annotated[str, Meta(min_length=1, max_length=2000), SEALED, NO_NUMBERS]  # why the consumer contests it


class LowerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is claimed now; with `items`, line by line, which sum to the amount."""

    amount: Price  # less than before
    items: Annotated[tuple[BilledItem, ...], Meta(max_length=200)] = ()

    def lines(self) -> tuple[BillLine, ...]:
        """The items. Refused: AMOUNT_MISMATCH, INVALID_FIELD."""
        return lines_of(self.amount, billed(self.items))


class DecideClaimBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the claim is taken."""

    amount: Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="minor units; 0: nothing is taken")]


_CONTESTED: Final = ("claim_deposit", "contest_claim")


@verb(
    "claims/contest", 200, refuses=(Code.STATE_FORBIDS,), example={"words": "The lens was scratched before."},
    kind=Kind.DEPOSIT, after=("claim_deposit",),
)  # fmt: skip
def contest_claim(body: ContestBody, names: Names) -> Command:
    """The consumer contests a claim, before `deposit.claim.contest_until` ends; the lender decides how much is taken.

    Nothing is taken meanwhile, and nothing else claimed or given back.
    """
    return ContestClaim(**names, words=body.words)


@verb(
    "claims/lower", 200, refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_AUTHORIZED, Code.AMOUNT_MISMATCH),
    example={"amount": 40_00, "items": [{"name": "Lens, polished", "amount": 40_00}]},
    kind=Kind.DEPOSIT, after=("claim_deposit",),
)  # fmt: skip
def lower_claim(body: LowerBody, names: Names) -> Command:
    """Claim less than before, while the claim may be contested or is."""
    return LowerClaim(**names, amount=body.amount, lines=body.lines())


@verb("claims/withdraw", 200, refuses=(Code.STATE_FORBIDS,), kind=Kind.DEPOSIT, after=("claim_deposit",))
def withdraw_claim(body: Nothing, names: Names) -> Command:
    """Claim it no longer: the deposit is as it was before, and may be released."""
    return WithdrawClaim(**names)


@verb(
    "claims/contest", 200, refuses=(Code.STATE_FORBIDS,), example={"words": "The lens was scratched before."},
    kind=Kind.DEPOSIT, after=("claim_deposit",),
)  # fmt: skip
def contest_any_claim(body: ContestBody, names: Names) -> Command:
    """A consumer contests a claim on their deposit, and told the lender so."""
    return ContestClaim(**names, words=body.words)


@verb(
    "claims/decide", 200, refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_AUTHORIZED), example={"amount": 30_00},
    kind=Kind.DEPOSIT, after=_CONTESTED,
)  # fmt: skip
def decide_claim(body: DecideClaimBody, names: Names) -> Command:
    """Decide a contested claim: how much is taken, from nothing to all of it; the held part first, the rest is owed.

    After the decision of a `final` claim what is left of the deposit is given back.
    """
    return DecideClaim(**names, amount=body.amount)


ROUTES: Final = [contest_claim, lower_claim, withdraw_claim]
OPERATOR_ROUTES: Final = [contest_any_claim, decide_claim]
