"""Each identifier is written in one way, whoever sends it; what is none is refused at its place."""

import pytest
from msgspec.structs import asdict

from service.errors import Code, Refused
from service.people.identifier import Identifier, IdentifierKind, known_by, normal

ALL = tuple(IdentifierKind)
NATIONAL_ID, OPERATOR_ID, EMAIL, PHONE = ALL


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Identifier(EMAIL, " Ada@Example.ORG "), "ada@example.org"),
        (Identifier(EMAIL, "ada.lovelace+shop@example.org"), "ada.lovelace+shop@example.org"),
        (Identifier(EMAIL, "ada@BÜCHER.example"), "ada@xn--bcher-kva.example"),
        (Identifier(EMAIL, "ada@bu\u0308cher.example"), "ada@xn--bcher-kva.example"),  # an accent of its own
        (Identifier(EMAIL, "ADA＠example.org"), "ada@example.org"),
        (Identifier(PHONE, "+49 (30) 90-18.20"), "+4930901820"),
        (Identifier(PHONE, "＋４９３０９０１８２０"), "+4930901820"),
        (Identifier(NATIONAL_ID, "12 345-678 a", country="ES"), "12345678A"),
        (Identifier(NATIONAL_ID, "12.345.678/A", country="ES"), "12345678A"),
        (Identifier(OPERATOR_ID, " Kd-0042 "), "Kd-0042"),
    ],
)
def test_one_way_of_writing(one: Identifier, text: str) -> None:
    assert normal(one, "") == text
    assert normal(Identifier(**{**asdict(one), "value": text}), "") == text


@pytest.mark.parametrize(
    ("one", "pointer"),
    [
        (Identifier(EMAIL, "ada"), "/value"),
        (Identifier(EMAIL, "ada@"), "/value"),
        (Identifier(EMAIL, "@example.org"), "/value"),
        (Identifier(EMAIL, "ada@example"), "/value"),
        (Identifier(EMAIL, "a da@example.org"), "/value"),
        (Identifier(EMAIL, "ada@exa mple.org"), "/value"),
        (Identifier(EMAIL, "ada@-.org"), "/value"),
        (Identifier(PHONE, "030 901820"), "/value"),  # of which country?
        (Identifier(PHONE, "+0 30 901820"), "/value"),
        (Identifier(PHONE, "+123456"), "/value"),
        (Identifier(PHONE, "+1234567890123456"), "/value"),
        (Identifier(PHONE, "+49 30 CALL ME"), "/value"),
        (Identifier(NATIONAL_ID, "123", country="ES"), "/value"),
        (Identifier(NATIONAL_ID, "ABCDEFGH", country="ES"), "/value"),
        (Identifier(NATIONAL_ID, "1" * 31, country="ES"), "/value"),
        (Identifier(NATIONAL_ID, "12345678A"), "/country"),
        (Identifier(NATIONAL_ID, "12345678A", country="XX"), "/country"),
        (Identifier(EMAIL, "ada@example.org", country="ES"), "/country"),
        (Identifier(OPERATOR_ID, "  "), "/value"),
        (Identifier(OPERATOR_ID, "a\nb"), "/value"),
    ],
)
def test_what_is_none_is_refused_at_its_place(one: Identifier, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        known_by([Identifier(PHONE, "+4930901820"), one], ALL)
    assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, f"/identifiers/1{pointer}")


@pytest.mark.parametrize(
    ("one", "counting", "counts"),
    [
        (Identifier(EMAIL, "a@b.example", verified=True), ALL, True),
        (Identifier(EMAIL, "a@b.example"), ALL, False),
        (Identifier(PHONE, "+4930901820", verified=True), ALL, True),
        (Identifier(PHONE, "+4930901820"), ALL, False),
        (Identifier(NATIONAL_ID, "12345678A", country="ES"), ALL, True),
        (Identifier(OPERATOR_ID, "1"), ALL, True),
        (Identifier(EMAIL, "a@b.example", verified=True), (NATIONAL_ID, PHONE), False),
        (Identifier(OPERATOR_ID, "1"), (), False),
    ],
)
def test_what_counts(one: Identifier, counting: tuple[IdentifierKind, ...], counts: bool) -> None:
    assert [known.counts for known in known_by([one], counting)] == [counts]


def test_the_strongest_come_first_each_once() -> None:
    given = [
        Identifier(PHONE, "+4930901820"),
        Identifier(PHONE, "+49 30 901820", verified=True),
        Identifier(EMAIL, "a@b.example"),
        Identifier(OPERATOR_ID, "1"),
        Identifier(NATIONAL_ID, "12345678A", country="ES"),
    ]
    known = known_by(given, ALL)
    assert [one.kind for one in known] == list(ALL)
    assert known[-1].counts  # once verified is enough


def test_equal_numbers_of_two_countries_or_kinds_are_not_the_same() -> None:
    given = [
        Identifier(NATIONAL_ID, "12345678", country="ES"),
        Identifier(NATIONAL_ID, "12345678", country="PT"),
        Identifier(OPERATOR_ID, "12345678"),
    ]
    assert len({one.text for one in known_by(given, ALL)}) == 3
