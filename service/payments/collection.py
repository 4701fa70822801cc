"""Collection: with what a plan is paid, and how far the tries for what fell due have come. Pure."""

from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from service.payments.charge import Charge, ChargeState, Origin, Reason
from service.payments.retry import next_try, stops
from service.terms.servicing import Retry


class Collection(Struct, frozen=True):
    """How a plan is collected. Its tries are for the instalments that fell due until `for_due_on`."""

    instrument_id: str | None  # charged on due dates; None: nothing is
    is_stopped: bool  # the instrument is of no use any more; until another is named
    for_due_on: date | None
    began_at: datetime | None  # when the first try was made
    tries: int
    retry_at: datetime | None  # when the next may be made; None: not before another instalment is due


def with_a_try(before: Collection, last_due_on: date, now: datetime) -> Collection:
    """After one more try. An instalment that was not due before begins the ladder anew, with all that is due."""
    is_new = before.for_due_on is None or last_due_on > before.for_due_on
    if is_new or before.began_at is None:
        return replace(before, for_due_on=last_due_on, began_at=now, tries=1, retry_at=None)
    return replace(before, for_due_on=last_due_on, tries=before.tries + 1, retry_at=None)


def after_charge(
    before: Collection, retry: Retry, charge: Charge, state: ChargeState, reason: Reason | None, now: datetime
) -> Collection:
    """After a charge has come to its end. What somebody asked for by hand moves the ladder only if it succeeds."""
    if state is ChargeState.SUCCEEDED:
        return replace(before, began_at=None, tries=0, retry_at=now)
    assert reason is not None
    if charge.origin is not Origin.AUTOPAY or before.instrument_id != charge.instrument_id:
        return before
    began_at, tries = before.began_at or charge.made_at, max(before.tries, 1)
    return replace(
        before,
        is_stopped=before.is_stopped or stops(reason),
        began_at=began_at,
        tries=tries,
        retry_at=next_try(retry, reason, tries, began_at, now),
    )
