"""An endpoint: where events are sent, of a merchant, a partner or a party that bears losses, and when one that did not
arrive is sent again. Pure.

Each event is tried for three days, at pauses that grow; then it is parked until somebody asks for it again. Whoever
answers 410 Gone wants nothing more: the endpoint is switched off.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from service.event_type import EventType

ENDPOINTS_MAX: Final = 20  # of a merchant, in use
OVERLAP_MAX: Final = timedelta(days=7)  # so long at most two secrets are in use
GONE: Final = 410
JITTER: Final = 5  # a pause is up to this part of it longer, by chance: what failed together does not come back so

# From one attempt to the next. The specification of Standard Webhooks suggests them.
PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
ATTEMPTS_MAX: Final = len(PAUSES) + 1


LEDGER: Final = "ledger"  # the feed of a partner's sub-ledger, beside its own
SHARE: Final = "share."  # begins the types of events of the sub-ledger
# What the types of events begin with that are told to an audience; all others are told to merchants. Operators have a
# feed and no endpoints.
TOLD_TO: Final = {
    "operator": ("approval.", "checkout.referred"),
    "partner": (SHARE, "file.", "reconciliation.", "break.", "partner_payout.", "ownership_transfer.", "claim."),
    "support": (
        "arrangement.",
        "claim.",
        "cover.",
        "debtor.",
        "debtor_limit.",
        "insurance_pack.",
        "insurer_settlement.",
    ),
}


def seller_of(feed: str) -> str | None:
    """Whose feed it is, if it is a seller's."""
    return feed if feed and feed != LEDGER else None


def is_told_to(type_: EventType, audience: str) -> bool:
    """Whether an audience is ever told of such events."""
    if audience not in ("merchant", *TOLD_TO):
        return False
    told = [one for one, begins in TOLD_TO.items() if type_.startswith(begins)] or ["merchant"]
    return type_ is EventType.ENDPOINT_TESTED or audience in told


class EndpointState(StrEnum):
    """Whether anything is sent; the check `endpoints_state_is_known` says the same."""

    ACTIVE = "active"
    OFF = "off"  # nothing is; what happens meanwhile is not sent later


class DeliveryState(StrEnum):
    """Where one event is on its way; the check `deliveries_state_is_known` says the same."""

    WAITING = "waiting"  # to be sent, or sent again -> DELIVERED, PARKED
    DELIVERED = "delivered"  # answered with 2xx -> WAITING, if it is asked for again
    PARKED = "parked"  # tried as often as it is, or the endpoint was switched off -> WAITING, if it is asked for again


class Endpoint(Struct, frozen=True):
    """An endpoint as its merchant sees it; the secret is not shown again."""

    endpoint_id: str = field(name="id")
    url: str  # where events are sent
    types: list[EventType]  # what is sent; empty: everything
    of_sellers: bool  # of a platform: what happens to its sellers is sent, too
    state: EndpointState
    off_because: str | None  # null: it is in use, or its merchant has switched it off
    made_at: datetime  # when
    secrets: int  # how many sign each message; two while one takes the other's place
    waiting: int  # how many deliveries are to be sent, or sent again
    parked: int  # how many deliveries are not tried any more


class Verdict(Struct, frozen=True):
    """What an attempt leaves."""

    state: DeliveryState
    due_at: datetime | None = None  # of the next attempt
    is_gone: bool = False  # the endpoint wants nothing more


def judged(status: int | None, attempts: int, now: datetime, chance: int) -> Verdict:
    """What follows from the answer to the attempt of that number; `status` None: nothing was heard.

    `chance` is between 0 and 1,000.
    """
    if status is not None and 200 <= status < 300:
        return Verdict(DeliveryState.DELIVERED)
    if status == GONE:
        return Verdict(DeliveryState.PARKED, is_gone=True)
    if attempts >= ATTEMPTS_MAX:
        return Verdict(DeliveryState.PARKED)
    pause = PAUSES[attempts - 1]
    return Verdict(DeliveryState.WAITING, now + pause + pause * chance / (JITTER * 1_000))
