"""What a policy reads of a consumer, by name, and what is said of attributes it cannot read."""

from typing import Any

import msgspec
import pytest

from service.policies.attributes import Unread, attributes_read, unread
from service.policies.document import Policy
from tests.policies.sample import document_with


def read(*changes: tuple[str, Any]) -> dict[str, tuple[str, tuple[str, ...], bool]]:
    policy = msgspec.json.decode(document_with(*changes), type=Policy)
    return {one.name: (one.type.value, one.words, one.is_needed) for one in attributes_read(policy)}


def test_names_types_and_words_and_nothing_of_what_they_weigh() -> None:
    assert read() == {
        "age": ("integer", (), False),
        "job": ("text", ("fine", "none", "some"), False),  # by the alphabet: not from the worst to the best
        "owner": ("boolean", (), False),
        "verified": ("boolean", (), True),
    }


def test_a_feature_under_another_name_is_told_as_the_merchant_registers_it() -> None:
    assert read(("/features/1/of", "occupation")).keys() == {"age", "occupation", "owner", "verified"}


def test_without_a_list_the_words_are_those_that_bins_and_conditions_name() -> None:
    rule = {"name": "stars", "when": [{"feature": "job", "is": "one_of", "values": ["star"]}], "reason": "OCCUPATION"}
    assert read(("/features/1/values", []), ("/rules/-", rule))["job"][1] == ("fine", "none", "some", "star")
    free = {"name": "town", "type": "text", "source": "attribute"}
    left = {"name": "left", "when": [{"feature": "town", "is": "equals", "value": "Ys"}], "reason": "AREA_NOT_SERVED"}
    assert read(("/features/-", free), ("/rules/-", left))["town"] == ("text", (), False)


READ = attributes_read(msgspec.json.decode(document_with(), type=Policy))
GOOD = {"age": 40, "job": "fine", "owner": False, "verified": True}


@pytest.mark.parametrize(
    ("given", "unknown", "unreadable", "missing"),
    [
        (GOOD, (), (), ()),
        (GOOD | {"jbo": "fine"}, ("jbo",), (), ()),
        ({"jbo": "fine", "aeg": 40}, ("aeg", "jbo"), (), ("age", "job", "owner", "verified")),
        (GOOD | {"age": "40"}, (), ("age",), ()),
        (GOOD | {"age": True}, (), ("age",), ()),
        (GOOD | {"owner": 1}, (), ("owner",), ()),
        (GOOD | {"job": "finee"}, (), ("job",), ()),
        (GOOD | {"job": None}, (), (), ("job",)),
        ({}, (), (), ("age", "job", "owner", "verified")),
    ],
)
def test_what_cannot_be_read(
    given: dict[str, Any], unknown: tuple[str, ...], unreadable: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    assert unread([READ], given) == Unread(unknown, unreadable, missing)


def test_what_one_of_two_policies_reads_is_read() -> None:
    town = {"name": "town", "type": "text", "source": "attribute"}
    challenger = attributes_read(msgspec.json.decode(document_with(("/features/-", town)), type=Policy))
    assert unread([READ], GOOD | {"town": "Ys"}).unknown == ("town",)
    assert unread([READ, challenger], GOOD | {"town": "Ys"}) == Unread((), (), ())


def test_without_a_policy_nothing_is_amiss() -> None:
    assert unread([], {"anything": 1}) == Unread((), (), ())
