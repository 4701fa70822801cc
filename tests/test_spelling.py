"""What names something: spellings that are one, and names that nobody can see."""

import pytest

from service.errors import Code, Refused
from service.spelling import refuse_unseen, spellings

SEEN = [
    "order-1",
    "Kühl 7",
    "Ku\u0308hl 7",
    "訂單 1",
    "طلب-1",
    "הזמנה",
    "a b",
    " a ",
    "\u00a0a",
    "№ 7",
    "👍🏽",
    "\U000f0000",
]
UNSEEN = {
    "": "more than blanks",
    "   ": "more than blanks",
    "\u00a0": "more than blanks",
    "\u3000\u2003": "more than blanks",
    "order-1\u200b": "U+200B",
    "\u200f": "U+200F",
    "\u202eorder-1": "U+202E",
    "order\u00ad-1": "U+00AD",
    "order-1\ufeff": "U+FEFF",
    "a\u2028b": "U+2028",
    "a\x85": "U+0085",
    "a\x7f": "U+007F",
    "\u3164": "U+3164",
    "\u2800": "U+2800",
    "order-1\U000e0041": "U+E0041",
}


@pytest.mark.parametrize("name", SEEN)
def test_what_can_be_seen_is_a_name(name: str) -> None:
    refuse_unseen(name, "/reference")


@pytest.mark.parametrize("name", UNSEEN, ids=ascii)
def test_what_cannot_be_seen_names_nothing(name: str) -> None:
    with pytest.raises(Refused) as told:
        refuse_unseen(name, "/reference")
    assert (told.value.code, told.value.pointer) == (Code.INVALID_FIELD, "/reference")
    assert UNSEEN[name] in told.value.detail


@pytest.mark.parametrize("sent", ["K\u00fchl", "Ku\u0308hl"])
def test_each_way_to_write_a_name_is_looked_for(sent: str) -> None:
    assert spellings(sent)[0] == "K\u00fchl"
    assert set(spellings(sent)) == {"K\u00fchl", "Ku\u0308hl"}


def test_a_plain_name_has_one_spelling() -> None:
    assert spellings("order-1") == ["order-1"]
