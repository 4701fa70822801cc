"""An authentication: what a consumer is asked to agree to, and how long their answer is waited for. Pure.

It is bound to the plan, the amount, the currency and the payee: the challenge that a passkey signs, and the digest that
a code is kept as, are made of them. Asked again, or for another amount, the one before is void.

open        until it is answered, for ten minutes and five tries
confirmed   the answer was right
failed      the fifth answer was wrong
void        another one was asked for, or the plan is of another amount by now
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused
from service.plans.book import refuse_state
from service.plans.offer import Authenticator
from service.plans.plan import Plan
from service.plans.used import is_unproved

TRIES_MAX: Final = 5
ASKED_MAX: Final = 5  # times within an hour for one plan: 25 tries at a code of six digits
WITHIN: Final = timedelta(hours=1)
LASTS: Final = timedelta(minutes=10)
DIGITS: Final = 6
TEST_CODE: Final = "0" * DIGITS  # at a test merchant, where nothing is sent


class State(StrEnum):
    """What has become of it. The check `authentications_state_is_known` says the same."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    VOID = "void"


class Authentication(Struct, frozen=True):
    """One that was asked for: to agree to a plan, or to add a passkey, which is of no plan and no amount."""

    bucket: int
    authentication_id: str
    consumer_id: str
    merchant_id: str  # through whom
    plan_id: str | None
    by: Authenticator
    amount: int | None  # minor units
    currency: str | None
    payee: str  # the merchant's name, as the consumer is shown it
    origin: str | None  # of a passkey: the page on which it is to answer
    expected: bytes  # of a passkey the challenge, of a code its digest
    tries: int
    state: State
    asked_at: datetime
    expires_at: datetime

    @property
    def tries_left(self) -> int:
        """How often it may still be answered."""
        return TRIES_MAX - self.tries if self.state is State.OPEN else 0


def words_of(
    authentication_id: str, plan_id: str | None, amount: int | None, currency: str | None, payee: str
) -> bytes:
    """What the consumer agrees to. No id, currency or name holds the character between them."""
    return "\x1f".join(map(str, (authentication_id, plan_id, amount, currency, payee))).encode()


def challenge_of(words: bytes, chance: bytes) -> bytes:
    """What a passkey signs: 32 bytes that nobody can foresee, and that stand for what is agreed to."""
    return hashlib.sha256(chance + words).digest()


def digest_of(words: bytes, secret: str, code: str) -> bytes:
    """What is kept of a code: without the service's secret its million possibilities cannot be tried."""
    return hmac.digest(secret.encode(), b"code\x1f" + words + b"\x1f" + code.encode(), hashlib.sha256)


def require_open(one: Authentication, amount: int | None, now: datetime) -> None:
    """Whether it may still be answered, when the plan is of this amount. Refused: AUTHENTICATION_ENDED."""
    if one.state is not State.OPEN:
        raise ended(_WHY[one.state])
    if now >= one.expires_at:
        raise ended(f"It could be answered until {one.expires_at.isoformat(timespec='seconds')}.")
    if amount != one.amount:
        raise ended(f"The plan is of {amount} minor units by now, and this was about {one.amount}.")


def after_wrong(one: Authentication) -> State:
    """What becomes of it after one more wrong answer."""
    return State.FAILED if one.tries + 1 >= TRIES_MAX else State.OPEN


def require_waiting(plan: Plan, by: Authenticator) -> None:
    """Refused: STATE_FORBIDS, unless the plan waits for its consumer to prove by this that they agree."""
    asked = plan.offer.authentication
    if asked is None or not plan.remaining or not is_unproved(plan.offer, plan.standing):
        raise refuse_state(plan, "authenticated: nothing of it waits for the consumer to prove that they agree")
    if by not in asked.by:
        raise refuse_state(plan, f"authenticated by a {by}: its product takes {' or '.join(asked.by)}")


def not_the_answer(one: Authentication, field: str) -> Refused:
    """What is said of a wrong answer, which is not counted in `one` yet."""
    left = TRIES_MAX - one.tries - 1
    if not left:
        return ended(_WHY[State.FAILED])
    sentence = f"This is not the answer. {left} more {'answer is' if left == 1 else 'answers are'} heard."
    return Refused(Code.AUTHENTICATION_FAILED, sentence, f"/{field}")


def require_rarely(times: int, first_at: datetime | None) -> None:
    """Whether a consumer may be asked again, after so many times within the hour. Refused: AUTHENTICATION_ENDED."""
    if times >= ASKED_MAX and first_at is not None:
        again = (first_at + WITHIN).isoformat(timespec="seconds")
        raise Refused(
            Code.AUTHENTICATION_ENDED, f"The consumer was asked {times} times within an hour; ask after {again}."
        )


def ended(why: str) -> Refused:
    """It is answered no more."""
    return Refused(Code.AUTHENTICATION_ENDED, f"{why} Ask for another one.")


_WHY: Final = {
    State.CONFIRMED: "It was answered before, which counts once.",
    State.FAILED: f"The answer was wrong {TRIES_MAX} times.",
    State.VOID: "Another one was asked for after it, or the amount has changed.",
}
