"""Personas: what a test merchant's consumer is there to show, by the ending of the merchant's reference. Pure.

`anna+declined` is declined, `ben+insufficient_funds` cannot pay. Only a test merchant's consumers are personas; a real
merchant may call its consumers what it likes.
"""

import re
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused
from service.policies.document import Verdict
from service.policies.reasons import Ground, ReasonCode


class Persona(StrEnum):
    """What a test merchant's consumer does: the ending of its reference, after a `+`.

    Each of them has the policy's best grade, and is approved, declined or referred whatever the policy's rules and the
    score say; so none needs attributes. The limit, the price list and the law hold for them as for everybody.
    """

    APPROVED = "approved"  # approved
    DECLINED = "declined"  # declined, for the credit history
    REFERRED = "referred"  # referred to a person, who says yes or no
    INSUFFICIENT_FUNDS_ONCE = "insufficient_funds_once"  # approved; only the first charge finds too little
    INSUFFICIENT_FUNDS = "insufficient_funds"  # approved; every charge finds too little, and is tried again in vain
    ACCOUNT_CLOSED = "account_closed"  # approved; the account is closed: one charge, and none after it
    CARD_EXPIRED = "card_expired"  # approved; the card has expired: one charge, and none after it
    ANSWER_LOST = "answer_lost"  # approved; each charge is paid, but stays pending until the processor is asked again
    DISPUTED = "disputed"  # approved; 10 days after the first capture the consumer disputes it: not received


class Part(Struct, frozen=True):
    """How a persona brings it about."""

    verdict: Verdict = Verdict.APPROVE
    ground: Ground | None = None  # of what is not approved
    sandbox: str = ""  # how its instruments' tokens end: service/payments/sandbox.py says what becomes of charges
    disputes_after: timedelta | None = None  # its first capture


DOES: Final[dict[Persona, Part]] = {
    Persona.APPROVED: Part(),
    Persona.DECLINED: Part(Verdict.DECLINE, Ground(ReasonCode.CREDIT_HISTORY)),
    Persona.REFERRED: Part(Verdict.REFER, Ground(ReasonCode.REVIEW_NEEDED)),
    Persona.INSUFFICIENT_FUNDS_ONCE: Part(sandbox="-insufficient1"),
    Persona.INSUFFICIENT_FUNDS: Part(sandbox="-insufficient"),
    Persona.ACCOUNT_CLOSED: Part(sandbox="-closed"),
    Persona.CARD_EXPIRED: Part(sandbox="-expired"),
    Persona.ANSWER_LOST: Part(sandbox="-broken"),
    Persona.DISPUTED: Part(disputes_after=timedelta(days=10)),
}

ENDING: Final = re.compile(r"\+([A-Za-z_]+)\Z")


def persona_of(reference: str) -> Persona | None:
    """Which persona a test merchant means by a reference; None: nobody in particular."""
    named = ENDING.search(reference)
    return Persona(named[1]) if named and named[1] in set(Persona) else None


def refuse_no_persona(reference: str) -> None:
    """A test merchant's reference that ends like a persona's, and is none, is a slip of the pen (INVALID_FIELD)."""
    named = ENDING.search(reference)
    if named and named[1] not in set(Persona):
        near = get_close_matches(named[1].lower(), Persona, 1)
        meant = f"; is it +{near[0]}?" if near else "."
        sentence = f"There is no persona +{named[1][:40]}{meant} There are: {', '.join(Persona)}."
        raise Refused(Code.INVALID_FIELD, sentence, "/reference")
