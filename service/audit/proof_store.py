"""The proof of the audit log: every mark and seal again, against the heads that were kept elsewhere."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from service.audit.chain import BEGINNING, Bad, Gone, Head, Sealed, begins_after, check
from service.audit.entry import Entry
from service.audit.flow import Q, beginning
from service.db import Connection

AT_ONCE: Final = 2_000
_ENTRY: Final = len(Entry.__struct_fields__)


class Proof(Struct, frozen=True):
    """How far the log is what was written, and what is wrong with the entry after that; nothing is right."""

    head: Head
    bad: Bad | None
    gone: Gone | None = None  # entries before, which are not kept any more


async def verify(conn: Connection, secret: str, kept: Sequence[Head] = ()) -> Proof:
    """Proves the log from its first entry that is kept, at one instant; `kept` are heads of it that stand elsewhere.

    A head that is older than that entry proves nothing: what it is of was forgotten.
    """
    head, gone = BEGINNING, None
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        if (begins := await beginning(conn)) is not None:
            gone = begins[0]
            found = begins_after(secret, *begins)
            if isinstance(found, Bad):
                return Proof(head, found)
            head = found
        by_number = {one.number: one for one in kept if one.number > head.number}
        if any(one.number == head.number != 0 and one != head for one in kept):
            return Proof(BEGINNING, Bad(head.number, "its seal is not the one that was kept elsewhere"))
        async for row in conn.cursor(Q.load_sealed, prefetch=AT_ONCE):
            number, mark, seal = row[_ENTRY:]
            found = check(secret, head, Sealed(number, Entry(*row[:_ENTRY]), mark, seal))
            if isinstance(found, Bad):
                return Proof(head, found, gone)
            if found != by_number.pop(found.number, found):
                return Proof(head, Bad(found.number, "its seal is not the one that was kept elsewhere"), gone)
            head = found
    if by_number:
        last = max(by_number)
        why = f"it is missing, and all after it: the log once went on to number {last}, as was kept elsewhere"
        return Proof(head, Bad(head.number + 1, why), gone)
    return Proof(head, None, gone)
