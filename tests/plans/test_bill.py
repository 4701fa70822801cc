"""The lines of a bill sum to its amount, whatever stands in them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.errors import Code, Refused
from service.plans.bill import BillLine, LineKind, lines_of


@pytest.mark.parametrize(
    ("amounts", "fits"),
    [
        ([], True),  # nothing is said of what it is made of
        ([200_00], True),
        ([199_99], False),
        ([200_01], False),
        ([200_00, 0], True),  # a free line
        ([205_00, -5_00], True),  # a discount
        ([205_00, -5_01], False),
        ([0], False),
        ([-200_00], False),
        ([400_00, -200_00, 0, 0], True),
    ],
)
def test_lines_of_a_bill_of_200(amounts: list[int], fits: bool) -> None:
    named = [("Hire", amount, LineKind.ITEM) for amount in amounts]
    if fits:
        assert [(line.number, line.amount) for line in lines_of(200_00, named)] == list(enumerate(amounts, start=1))
        return
    with pytest.raises(Refused) as refused:
        lines_of(200_00, named)
    assert (refused.value.code, refused.value.pointer) == (Code.AMOUNT_MISMATCH, "/amount")


@given(st.lists(st.tuples(st.text(min_size=1), st.integers(-100_00, 100_00)), min_size=1))
def test_lines_keep_their_order_and_are_numbered(named: list[tuple[str, int]]) -> None:
    lines = lines_of(sum(amount for _, amount in named), [(*one, LineKind.ITEM) for one in named])
    assert [(line.name, line.amount) for line in lines] == named
    assert [line.number for line in lines] == list(range(1, len(named) + 1))


def test_what_does_not_add_up_is_said_by_the_kinds_of_lines() -> None:
    named = [
        ("Two nights", 180_00, LineKind.ITEM), ("Minibar", 12_00, LineKind.CHARGE), ("Mirror", 15_00, LineKind.DAMAGE),
        ("An hour too long", 5_00, LineKind.LATE_RETURN), ("Tax", 3_00, LineKind.CHARGE),
        ("Regular guest", -15_00, LineKind.DISCOUNT),
    ]  # fmt: skip
    assert [line.kind for line in lines_of(200_00, named)] == [kind for _, _, kind in named]
    with pytest.raises(Refused) as refused:
        lines_of(230_00, named)
    assert "item 18000, charge 1500, damage 1500, late_return 500, discount -1500." in refused.value.detail


@pytest.mark.parametrize(("amount", "kind"), [(5_00, LineKind.ITEM), (0, LineKind.ITEM), (-5_00, LineKind.DISCOUNT)])
def test_a_line_that_was_kept_without_a_kind_is_an_item_or_a_discount(amount: int, kind: LineKind) -> None:
    kept = msgspec.json.encode({"number": 1, "name": "Hire", "amount": amount})
    assert msgspec.json.decode(kept, type=BillLine) == BillLine(1, "Hire", amount, kind)
