"""What an arrangement has to pay with, and what of it is held for which loss. Pure.

    available = funded + returned (where what is returned can be paid out again) - reserved - paid

A hold is what is reserved for one loss, or for a claim: it becomes paid as it is paid, in parts too, or is released.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from service.errors import Code, Refused


class ArrangementState(StrEnum):
    """Whether it covers more. The check `support_capacity_state_is_known` says the same."""

    OPEN = "open"  # -> SUSPENDED, CLOSED
    SUSPENDED = "suspended"  # no plan is enrolled any more; those that are stay covered -> OPEN, CLOSED
    CLOSED = "closed"  # it bears nothing any more


class Hold(Struct, frozen=True):
    """What is held for one loss or claim, in minor units."""

    reserved: int = 0  # not paid yet
    paid: int = 0
    returned: int = 0  # of what was paid
    set_off: int = 0  # of what is paid and returned: it came back before it was paid, and neither moved


class Capacity(Struct, frozen=True):
    """What an arrangement has, in minor units."""

    arrangement_id: str
    state: ArrangementState
    is_funded: bool  # it pays from what was paid in, and no more than that
    is_reinstatable: bool  # what is returned can be paid out again
    funded: int  # minor units that were paid in, less what was taken out
    reserved: int  # minor units for losses that are not paid yet
    paid: int
    returned: int  # minor units of what was paid
    available: int  # not negative where it is funded


def reserved(capacity: Capacity, hold: Hold, wanted: int) -> Hold:
    """Holds `wanted` minor units in all, or as much as there is: two that want 800 of 1,000 get 800 and 200.

    What is paid already counts; what is held beyond it stays. Refused: CAPACITY_EXCEEDED, where nothing at all is left;
    STATE_FORBIDS, where it is closed.
    """
    assert wanted > 0
    if capacity.state is ArrangementState.CLOSED:
        raise Refused(Code.STATE_FORBIDS, "The arrangement is closed.", "/arrangement_id")
    more = max(wanted - hold.reserved - hold.paid, 0)
    room = max(capacity.available, 0) if capacity.is_funded else more
    if more and not room and not hold.reserved:
        raise Refused(Code.CAPACITY_EXCEEDED, "0 minor units are left of what was paid in.", "/amount")
    return replace(hold, reserved=hold.reserved + min(more, room))


def converted(hold: Hold, amount: int) -> Hold:
    """Pays a part of what is reserved, or all of it. Refused: CAPACITY_EXCEEDED, for more than that."""
    assert amount > 0
    if amount > hold.reserved:
        raise Refused(Code.CAPACITY_EXCEEDED, f"At most {hold.reserved} minor units are reserved.", "/amount")
    return replace(hold, reserved=hold.reserved - amount, paid=hold.paid + amount)


def require_terms_fit(capacity: Capacity, *, funded: bool, reinstatable: bool) -> None:
    """Whether newer terms go with what it has. Refused: CAPACITY_EXCEEDED, with what is to be paid in first."""
    back = capacity.returned if reinstatable else 0
    lacks = capacity.reserved + capacity.paid - capacity.funded - back
    if funded and lacks > 0:
        sentence = f"It would have {lacks} minor units less than it bears of losses: have them paid in first."
        raise Refused(Code.CAPACITY_EXCEEDED, sentence, "/document")


def released(hold: Hold, amount: int | None = None) -> Hold:
    """Gives back a part of what is reserved; None: all of it. Refused: CAPACITY_EXCEEDED, for more than that."""
    amount = hold.reserved if amount is None else amount
    if amount > hold.reserved:
        raise Refused(Code.CAPACITY_EXCEEDED, f"At most {hold.reserved} minor units are reserved.", "/amount")
    return replace(hold, reserved=hold.reserved - amount)


def given_back(hold: Hold, amount: int) -> Hold:
    """A part of what was paid comes back. Refused: CAPACITY_EXCEEDED, for more than was paid."""
    assert amount > 0
    if amount > hold.paid - hold.returned:
        sentence = f"At most {hold.paid - hold.returned} minor units can come back."
        raise Refused(Code.CAPACITY_EXCEEDED, sentence, "/amount")
    return replace(hold, returned=hold.returned + amount)


def allocated(hold: Hold, amount: int, returned: int, *, at_once: bool) -> Hold:
    """Holds what a loss was allocated, of which `returned` has come back by recoveries.

    What was paid beyond it was never owed, what is missing is reserved, or paid at once. What came back before all was
    paid is set off against the rest: of 2,880 that are borne, 2,000 paid and 555 back, 325 are left to pay.
    """
    assert 0 <= returned <= amount
    if at_once:
        return Hold(0, amount, returned)
    paid = min(hold.paid - hold.set_off, amount)
    set_off = min(returned, amount - paid)
    return Hold(amount - paid - set_off, paid + set_off, returned, set_off)
