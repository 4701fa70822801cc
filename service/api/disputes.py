"""A dispute on a plan: opened, answered, accepted by its merchant; opened for a consumer and decided by the lender."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from service.api.body import Nothing
from service.api.giving_up import propose_above
from service.api.verb import Names, verb
from service.checkout.request import Price
from service.errors import Code
from service.plans.book import Command
from service.plans.dispute import AnswerDispute, AskAgain, CloseDispute, OpenDispute
from service.plans.running.dispute_facts import DisputeOpener, DisputeReason, DisputeState
from service.private_text import NO_NUMBERS, SEALED


class OpenBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the consumer says, and who brings it up."""

    reason: DisputeReason
    opened_by: Literal["consumer", "merchant"] = "consumer"  # who brings it up
    amount: Price | None = None  # minor units of the plan's currency; null: all that was captured and has not come back
    words: Annotated[str, Meta(max_length=2000), SEALED, NO_NUMBERS] = ""  # the consumer's; empty: there are none


class AnswerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What proves the merchant right: a delivery, a signature, a talk."""

    evidence: Annotated[str, Meta(min_length=1, max_length=4000), SEALED, NO_NUMBERS]  # what speaks for the merchant


class DecideBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How it ends."""

    outcome: Literal["won", "lost", "withdrawn"]  # for the merchant; withdrawn: the consumer no longer says so


_OPENED: Final = ("capture_plan", "open_dispute")
_TOO_MUCH: Final = (Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING)


@verb(
    "disputes", 201, refuses=_TOO_MUCH, after=("capture_plan",),
    example={"reason": "not_received", "amount": 50_00, "words": "The parcel never came."},
)  # fmt: skip
def open_dispute(body: OpenBody, names: Names) -> Command:
    """The consumer disputes the purchase: nothing is collected until it is closed.

    The merchant is to answer until `dispute.respond_by` ends; who does not answer has lost, and the amount is refunded.
    """
    return _opening(body, names)


@verb(
    "disputes/answer", 200, refuses=(Code.STATE_FORBIDS,), example={"evidence": "Signed for on 4 March: GLS 4711."},
    after=_OPENED,
)  # fmt: skip
def answer_dispute(body: AnswerBody, names: Names) -> Command:
    """Answer with evidence; the lender decides then."""
    return AnswerDispute(**names, evidence=body.evidence)


@verb("disputes/accept", 200, refuses=(Code.STATE_FORBIDS,), after=_OPENED)
def accept_dispute(body: Nothing, names: Names) -> Command:
    """The consumer is right: what is disputed is refunded."""
    return CloseDispute(**names, outcome=DisputeState.ACCEPTED)


@verb("disputes", 201, refuses=_TOO_MUCH, example={"reason": "returned", "amount": 50_00}, after=("capture_plan",))
def open_any_dispute(body: OpenBody, names: Names) -> Command:
    """A consumer, or their bank, disputes the purchase: nothing is collected until it is closed."""
    return _opening(body, names)


@verb(
    "disputes/ask_again", 200, refuses=(Code.STATE_FORBIDS,),
    after=("capture_plan", "open_any_dispute", "answer_dispute"),
)  # fmt: skip
def ask_again(body: Nothing, names: Names) -> Command:
    """The merchant's answer does not do: a second round, and no third."""
    return AskAgain(**names)


@verb(
    "disputes/decide", 200, propose_above, refuses=(Code.STATE_FORBIDS,), example={"outcome": "lost"},
    after=("capture_plan", "open_any_dispute"),
)  # fmt: skip
def decide_dispute(body: DecideBody, names: Names) -> Command:
    """Decide it: lost by the merchant, what is disputed is refunded; won or withdrawn, it is collected again.

    A refund of more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return CloseDispute(**names, outcome=DisputeState(body.outcome))


def _opening(body: OpenBody, names: Names) -> OpenDispute:
    opened_by = DisputeOpener(body.opened_by)
    return OpenDispute(**names, reason=body.reason, amount=body.amount, opened_by=opened_by, words=body.words)


ROUTES: Final = [open_dispute, answer_dispute, accept_dispute]
OPERATOR_ROUTES: Final = [open_any_dispute, ask_again, decide_dispute]
