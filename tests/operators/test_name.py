"""One name is one person, however it is written; what only looks like a name of somebody else's is none."""

import pytest

from service.operators.name import operator_of


@pytest.mark.parametrize(
    ("written", "person"),
    [
        ("ada", "ada"), ("Ada", "ada"), ("ADA", "ada"), ("ａｄａ", "ada"), ("Ada Lovelace", "ada lovelace"),
        ("Straße", "strasse"), ("José", "josé"), ("Jose\u0301", "josé"), ("Ольга", "ольга"), ("李明", "李明"),
        ("ﬁona", "fiona"), ("o'neill-smith", "o'neill-smith"), ("\u1d43da", "ada"),
    ],
)  # fmt: skip
def test_a_name_has_one_spelling(written: str, person: str) -> None:
    assert operator_of(written) == person
    assert operator_of(person) == person


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "ada ", " ada", "ada  lovelace", "ada\u200b", "a\u200dda", "\u2060ada", "\ufeffada", "ada\x00",
        "ada\n", "\u0430da", "ad\u0430", "\u03b1da", "ada\u202e", "me_01jd8q4z7k0000000000000000", "a" * 101,
        "\ud800",
    ],
)  # fmt: skip
def test_what_is_no_name(written: str) -> None:
    assert operator_of(written) is None
