"""What the partner sends: its files as they are kept, and what became of each. Pure."""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct, field

from service.errors import Code


class ReceivedType(StrEnum):
    """What a file of the partner's holds: the four layouts, and what it says to ours."""

    TXN = "TXN"
    POS = "POS"
    STL = "STL"
    CHG = "CHG"
    ACK = "ACK"  # a line for each line of ours that it answers


class ReceivedState(StrEnum):
    """What became of a file. The check `received_files_state_is_known` says the same."""

    LOADED = "loaded"  # its rows count -> SUPERSEDED, WITHDRAWN
    REFUSED = "refused"  # it cannot be what it was sent as; none of its rows were kept
    SUPERSEDED = "superseded"  # a corrected file took its place
    WITHDRAWN = "withdrawn"  # the partner took it back


class ReceivedFile(Struct, frozen=True):
    """A file of the partner's: what it was sent as, and what became of it."""

    file_id: str = field(name="id")
    programme_id: str
    type: ReceivedType
    business_on: date
    number: int | None  # as the partner counts its files of this type; null: it does not
    state: ReceivedState
    fault: Code | None  # why it was refused, for programs
    detail: str | None  # ... in a sentence
    rows: int
    sums: dict[str, dict[str, int]]  # by currency and column, in minor units
    sha256: str  # of its bytes, in hexadecimal
    bytes: int  # how long it is
    received_at: datetime
    ended_at: datetime | None  # when another one took its place, or it was withdrawn; null: it did not end
