"""Faults that the demo's partner makes in its file of a day, so that comparing it finds them. Pure."""

import csv
import io
from typing import Final

from msgspec import Struct

from service.money import decimal_text
from service.partners.layout_texts import minor_units
from service.partners.layouts import FileType, columns_of

ROWS_NEEDED: Final = 3  # one for each fault
TOO_MUCH: Final = 1_00  # minor units: more than any tolerance


class Planted(Struct, frozen=True):
    """The file with its faults, and which event has which: `amount_diff`, `missing_in_partner`, `duplicate`."""

    content: bytes
    kinds: dict[str, str]  # by event id, what comparing must call it


def planted(content: bytes) -> Planted:
    """A file TXN in which one principal is too high, one event is missing, and one is there twice."""
    names, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert tuple(names) == columns_of(FileType.TXN), names
    place = {name: number for number, name in enumerate(names)}
    first, second, third = (list(row) for row in rows[:ROWS_NEEDED])
    currency = first[place["currency"]]
    principal = minor_units(first[place["principal"]], currency)
    assert isinstance(principal, int)
    first[place["principal"]] = decimal_text(principal + TOO_MUCH, currency)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, first, third, third, *rows[ROWS_NEEDED:]])
    kinds = ("amount_diff", "missing_in_partner", "duplicate")
    events = [row[place["event_id"]] for row in (first, second, third)]
    return Planted(text.getvalue().encode(), dict(zip(events, kinds, strict=True)))
