"""Groups side by side, by columns the policy may not look at."""

import pytest

from service.checkout.answer import Outcome
from service.errors import Refused
from service.learning.fairness import Fairness, Grouping, grouping_of, hold_fair
from service.learning.replaying import Replayed
from tests.learning.cases import past
from tests.policies.sample import POLICY


def held(groups: dict[str, tuple[int, int]], column: str = "sex", rows_min: int = 1) -> Fairness:
    """Groups of so many approved and so many not, who all paid."""
    cells = [(name, place < yes) for name, (yes, no) in groups.items() for place in range(yes + no)]
    rows = past(*({column: name} for name, _ in cells))
    outcomes = [Outcome.APPROVED if approved else Outcome.DECLINED for _, approved in cells]
    replayed = [Replayed(True, 600, outcome, False, "other", 0) for outcome in outcomes]
    return hold_fair(POLICY.policy, rows, replayed, [Grouping(column)], rows_min)


@pytest.mark.parametrize(
    ("groups", "flagged", "open_", "ratio"),
    [
        ({"f": (50, 50), "m": (50, 50)}, [], [], 1),
        ({"f": (60, 40), "m": (50, 50)}, [], [], 1.2),  # approval 1.2, mistaken 50 to 40: 1.25 exactly
        ({"f": (61, 39), "m": (50, 50)}, [], ["m"], 1.22),  # mistaken 50 to 39: 1.28, from 0.93 to 1.76
        ({"f": (610, 390), "m": (500, 500)}, ["m"], [], 1.22),  # the same, ten times as many: from 1.16 to 1.42
        ({"f": (6000, 4000), "m": (5100, 4900)}, [], [], 1.1765),  # certain, and below 1.25
        ({"f": (100, 0), "m": (0, 100)}, ["m"], [], None),
        ({"f": (2, 0), "m": (1, 1)}, [], ["m"], 2),  # one of two people proves nothing
    ],
)
def test_above_a_quarter_worse_and_more_than_luck_is_flagged(
    groups: dict[str, tuple[int, int]], flagged: list[str], open_: list[str], ratio: float
) -> None:
    answer = held(groups)
    (column,) = answer.columns
    assert [group.name for group in column.groups if group.is_flagged] == flagged
    assert [group.name for group in column.groups if group.is_open] == open_
    assert answer.flagged == len(flagged)
    assert column.groups[-1].approval_ratio == ratio
    assert (column.groups[0].approval_ratio, column.groups[0].approval_chance) == (1, 1)


def test_chance_tells_a_flag_of_few_from_one_of_many() -> None:
    few, many = (held({"f": (6 * n, 2 * n), "m": (4 * n, 4 * n)}).columns[0].groups[1] for n in (1, 30))
    assert (few.is_flagged, few.is_open) == (False, True)
    assert (many.is_flagged, many.is_open) == (True, False)
    assert few.approval_chance > 0.5
    assert many.approval_chance < 0.001


def test_small_groups_are_named_and_not_judged() -> None:
    (column,) = held({"f": (50, 50), "m": (50, 50), "d": (0, 9)}, rows_min=10).columns
    assert [group.name for group in column.groups] == ["f", "m"]
    assert column.too_few == {"d": 9}
    with pytest.raises(Refused, match=r"No group of 'sex' has 500 rows; cut numbers as sex:25:40, or lower"):
        held({"f": (50, 50)}, rows_min=500)


def test_a_column_that_the_policy_reads_is_told() -> None:
    assert held({"fine": (5, 5), "some": (5, 5)}, "job").columns[0].features == ("job",)
    assert held({"f": (5, 5)}).columns[0].features == ()


@pytest.mark.parametrize(
    ("cell", "group"),
    [("24", "below 25"), ("25", "25 to 39"), ("39", "25 to 39"), ("40", "40 and above"), ("", "(not known)")],
)
def test_numbers_are_cut(cell: str, group: str) -> None:
    assert grouping_of("age:25:40").group_of(cell) == group


def test_cut_groups_stand_in_their_order() -> None:
    rows = past(*({"age": age} for age in ("60", "30", "", "20")))
    replayed = [Replayed(True, 600, Outcome.APPROVED, False, "other", 0)] * 4
    (column,) = hold_fair(POLICY.policy, rows, replayed, [Grouping("age", (25, 40))], 1).columns
    assert [group.name for group in column.groups] == ["below 25", "25 to 39", "40 and above", "(not known)"]


@pytest.mark.parametrize("text", [":25", "age:", "age:40:25", "age:25:25", "age:old"])
def test_what_is_no_grouping(text: str) -> None:
    with pytest.raises(Refused, match="is no COLUMN"):
        grouping_of(text)


def test_words_cannot_be_cut() -> None:
    with pytest.raises(Refused, match="'f', which is no whole number to be cut"):
        grouping_of("sex:25").group_of("f")
