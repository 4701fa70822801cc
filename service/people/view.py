"""A person as an operator sees one: what merchants call them, what they may owe, and who they were taken for. Pure."""

from datetime import datetime

from msgspec import Struct, field

from service.people.identifier import IdentifierKind
from service.people.move import MoveReason
from service.people.pause import Paused


class CalledView(Struct, frozen=True):
    """What one merchant calls this person, and by which kinds of identifiers it was registered."""

    consumer_id: str = field(name="consumer")
    merchant_id: str
    identifiers: tuple[IdentifierKind, ...]  # each once; what they say is not told


class LimitView(Struct, frozen=True):
    """The account in one currency, minor units, at all merchants."""

    currency: str
    limit: int
    reserved: int
    used: int
    over_limit: bool  # more is out than the limit; nothing is granted until that came back


class MoveView(Struct, frozen=True):
    """Consumers that came from one person to another."""

    move_id: str = field(name="id")
    from_id: str = field(name="from")  # the person whose they were
    to_id: str = field(name="to")  # the person whose they are
    consumers: tuple[str, ...]  # which
    reason: MoveReason
    note: str | None  # null: a registration matched
    asked_by: str | None  # the key of who proposed it; null: nobody, a registration matched
    approved_by: str | None  # the key of the other operator
    moved_at: datetime  # when


class PersonView(Struct, frozen=True):
    """A human being, as all merchants together know one."""

    person_id: str = field(name="id")
    created_at: datetime
    merged_into: str | None  # who this person was found to be; null: nobody else
    consumers: tuple[CalledView, ...]  # what merchants call this person
    accounts: tuple[LimitView, ...]  # by currency
    moves: tuple[MoveView, ...]  # the oldest first: how consumers came to this person, or left
    paused: tuple[Paused, ...]  # why nothing is collected from this person now; empty: it is
