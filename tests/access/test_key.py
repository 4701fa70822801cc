"""What a key looks like and may do; one spelling of a person's name."""

import pytest

from service.access.key import (
    Audience,
    KeyKind,
    Principal,
    Secrets,
    covers,
    is_wide,
    kind_of,
    mark_of,
    person_of,
    prefix_of,
)


@pytest.mark.parametrize(
    ("held", "wanted", "is_covered"),
    [
        (["*"], "plans:write", True),
        (["*"], "*", True),
        (["*:read"], "plans:read", True),
        (["*:read"], "plans:write", False),
        (["*:read"], "plans", False),
        (["*:read"], "*", False),
        (["*:read"], "*:read", True),
        (["plans"], "plans", True),
        (["plans"], "plans:read", True),
        (["plans"], "plans:write", True),
        (["plans"], "plansx", False),
        (["plans:read"], "plans:read", True),
        (["plans:read"], "plans:write", False),
        (["plans:read"], "plans", False),
        (["plans:read", "events"], "events:write", True),
        (["plans"], "*:read", False),
        ([], "plans:read", False),
    ],
)
def test_what_a_scope_covers(held: list[str], wanted: str, is_covered: bool) -> None:
    assert covers(held, wanted) is is_covered
    thing, _, verb = wanted.partition(":")
    if verb:
        assert Principal("ke_1", "merchant", "me_1", frozenset(held)).may(thing, verb) is is_covered


@pytest.mark.parametrize(
    ("audience", "scopes", "origins", "is_test", "prefix"),
    [
        ("merchant", ["*"], [], False, "sk_live_"),
        ("merchant", ["*"], [], True, "sk_test_"),
        ("merchant", ["*:read"], [], False, "rk_live_"),
        ("merchant", ["plans", "events:read"], [], True, "rk_test_"),
        ("merchant", ["quotes"], ["https://shop.example"], False, "pk_live_"),
        ("merchant", ["quotes"], ["https://shop.example"], True, "pk_test_"),
        ("partner", ["*"], [], False, "ptk_"),
        ("support", ["arrangements:read"], [], False, "spk_"),
        ("operator", ["keys"], [], False, "opk_"),
        ("processor", ["*"], [], False, "psk_"),
    ],
)
def test_what_a_key_begins_with(
    audience: str, scopes: list[str], origins: list[str], is_test: bool, prefix: str
) -> None:
    assert prefix_of(audience, kind_of(scopes, origins), is_test=is_test) == prefix


def test_every_audience_has_a_prefix() -> None:
    begun = {prefix_of(audience, kind, is_test=False) for audience in Audience for kind in KeyKind}
    assert len(begun) == len(KeyKind) + len(Audience) - 1


@pytest.mark.parametrize(
    ("audience", "scopes", "is_so"),
    [
        ("merchant", ["*"], True), ("merchant", ["*:read"], False), ("merchant", ["plans"], False),
        ("merchant", ["plans", "checkouts"], False), ("merchant", ["plans", "checkouts", "sessions"], True),
        ("merchant", ["plans:write", "checkouts:write", "sessions"], True),
        ("merchant", ["plans:read", "checkouts", "sessions:read"], False),
        ("partner", ["*"], True), ("operator", ["keys"], True), ("operator", ["*:read"], True),
    ],
)  # fmt: skip
def test_a_wide_key(audience: str, scopes: list[str], is_so: bool) -> None:
    assert is_wide(audience, scopes, {"plans", "checkouts", "consumers", "sessions"}) is is_so


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("ada", "ada"),
        ("Ada", "ada"),
        ("\uff41\uff44\uff41", "ada"),  # full width
        ("Ada Lovelace", "ada lovelace"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("\u0041\u0301da", "\u00e1da"),  # an accent of its own, and one in the letter
        ("\u0430da", "\u0430da"),  # a Cyrillic letter is another letter
        ("ada\u200b", None),  # zero width
        ("ada\u00ad", None),  # a soft hyphen
        ("a\u202eda", None),  # right to left
        ("ada\ufeff", None),
        ("ada\ue000", None),  # of nobody's alphabet
        ("ada\x00", None),
        (" ada", None),
        ("ada\u00a0", None),
        ("ada\u3000lovelace", "ada lovelace"),
        ("me_01JD8Q4Z7K0000000000000000", None),  # what looks like an id
        ("\uff4d\uff45_01jd8q4z7k0000000000000000", None),
        ("operator me_01JD8Q4Z7K0000000000000000", "operator me_01jd8q4z7k0000000000000000"),
    ],
)
def test_a_person_has_one_spelling(name: str, person: str | None) -> None:
    assert person_of(name) == person
    if person is not None:
        assert person_of(person) == person


def test_a_mark_names_a_secret_and_tells_nothing_of_it() -> None:
    one, other = "a" * 32, "b" * 32
    assert mark_of(one) == mark_of(one) != mark_of(other)
    assert one not in mark_of(one)
    assert list(Secrets(one, other).by_mark().values()) == [one, other]
    assert list(Secrets(one, one).by_mark().values()) == list(Secrets(one).by_mark().values()) == [one]
