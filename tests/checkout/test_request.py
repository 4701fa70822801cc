"""What a merchant may ask, and what is refused before anything is decided."""

import json
from typing import Any

import msgspec
import pytest

from service.checkout.request import Checkout, refuse_contradictions
from service.errors import Code, Refused
from tests.checkout.cases import CONSUMER

GOOD: dict[str, Any] = {"merchant_reference": "order 1", "consumer": CONSUMER, "currency": "EUR", "amount": 100_00}
decode = msgspec.json.Decoder(Checkout).decode


def item(**changes: Any) -> dict[str, Any]:
    return {"name": "Phone", "unit_amount": 100_00} | changes


def test_the_least_that_can_be_asked() -> None:
    checkout = decode(json.dumps(GOOD))
    refuse_contradictions(checkout)
    assert len(checkout.kinds) == 3
    assert checkout.word == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "100"),
        ("amount", 100.0),
        ("amount", True),
        ("amount", None),
        ("amount", 0),
        ("amount", -1),
        ("amount", 10**12 + 1),
        ("amount", 2**70),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("merchant_reference", ""),
        ("merchant_reference", "x" * 101),
        ("merchant_reference", "a\x00b"),
        ("consumer", "co_1"),
        ("consumer", CONSUMER.replace("co_", "me_")),
        ("consumer", CONSUMER + "0"),
        ("kinds", []),
        ("kinds", ["loan"]),
        ("deposit_amount", -1),
        ("instalments", 0),
        ("instalments", 121),
        ("items", [item(quantity=0)]),
        ("items", [item(name="")]),
        ("items", [item(name="a\nb")]),
        ("items", [item(unit_amount=1.5)]),
        ("items", [item(sku="1")]),
        ("items", [item()] * 201),
        ("note", "hello"),
    ],
)
def test_what_is_malformed_is_refused_by_field(field: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        decode(json.dumps(GOOD | {field: value}))
    assert field in str(refused.value)


@pytest.mark.parametrize("amount", ["1e2", "100.0", "NaN", "1_000"])
def test_an_amount_is_written_as_a_whole_number(amount: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(json.dumps(GOOD).replace("10000", amount))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"currency": "XXX"}, "/currency"),
        ({"kinds": ["deposit", "deposit"]}, "/kinds"),
        ({"kinds": ["deposit"]}, "/deposit_amount"),
        ({"items": [item(unit_amount=99_99)]}, "/items"),
        ({"items": [item(), item(name="Rebate", unit_amount=-1)]}, "/items"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        refuse_contradictions(decode(json.dumps(GOOD | changes)))
    assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, pointer)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"items": [item(category="phones")]}, "phones"),
        ({"items": [item(category="phones")], "category": "gifts"}, "gifts"),
        (
            {
                "items": [
                    item(unit_amount=30_00, category="a"),
                    item(unit_amount=40_00, category="b"),
                    item(unit_amount=15_00, quantity=2, category="a"),
                ]
            },
            "a",
        ),
        ({"items": [item(unit_amount=110_00, category="a"), item(unit_amount=-10_00, category="discount")]}, "a"),
    ],
)
def test_the_category_is_that_of_most_of_the_amount(changes: dict[str, Any], word: str) -> None:
    checkout = decode(json.dumps(GOOD | changes))
    refuse_contradictions(checkout)
    assert checkout.word == word
