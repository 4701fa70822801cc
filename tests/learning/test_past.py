"""Files of past purchases: what is read, what stops the reading, and what is never read."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from service.errors import Refused
from service.learning.past import Columns, past_of, wanted_columns
from service.learning.table import Table, read_table
from service.plans.offer import Kind
from tests.learning.cases import APPLICATIONS, COLUMNS, GOOD, PROTECTED, demo_policy, past, table
from tests.policies.sample import POLICY

FEATURES = POLICY.policy.features


def test_a_row_is_the_checkout_it_would_be() -> None:
    (one,) = past({"euros": "599.90", "months": "", "owner": "", "age": "-1"})
    assert (one.request.amount, one.request.currency, one.request.instalments) == (599_90, "EUR", None)
    assert (one.request.kinds, one.request.word, one.is_good) == ((Kind.INSTALMENTS,), "sofa", True)
    assert one.snapshot.attributes == {"age": -1, "job": "fine", "verified": True}  # an empty cell is not known
    assert one.snapshot.limit is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"euros": "NaN"}, "'euros' is 'NaN', which is no amount above zero in EUR"),
        ({"euros": ""}, "'euros' is '', which is no amount"),
        ({"euros": "0"}, "'euros' is '0', which is no amount above zero"),
        ({"euros": "-5"}, "'euros' is '-5', which is no amount above zero"),
        ({"euros": "1.001"}, "'euros' is '1.001', which is no amount above zero in EUR"),
        ({"euros": "1,000"}, "'euros' is '1,000', which is no amount"),
        ({"months": "12.0"}, "'months' is '12.0', which is no whole number"),
        ({"months": "0"}, "'months' is '0', which is no number of instalments from 1 to 120"),
        ({"age": "nan"}, "'age' is 'nan', which is no whole number"),
        ({"age": "4_0"}, "'age' is '4_0', which is no whole number"),
        ({"age": "9" * 5000}, "which is no whole number"),
        ({"job": "NaN"}, "'job' is 'NaN', which is no word"),
        ({"owner": "perhaps"}, "'owner' is 'perhaps', which is no yes or no"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_named(change: dict[str, str], what: str) -> None:
    with pytest.raises(Refused) as refused:
        past({}, change)
    assert refused.value.detail.startswith("past.csv: row 2: ")
    assert what in refused.value.detail


@pytest.mark.parametrize(
    ("rows", "bad", "sentence"),
    [
        ([{}], "", "past.csv: none ended badly ('ended' is always 'well'); it takes both endings."),
        ([{"ended": "badly"}], "", "past.csv: none ended well ('ended' is never 'well'); it takes both endings."),
        (
            [{"ended": "so so"}, {"ended": "badly"}],
            "",
            "past.csv: besides 'well' 'ended' is 'badly', 'so so'; say which is bad with --bad.",
        ),
        ([{}], "awful", "past.csv: none ended badly ('ended' is never 'awful'); it takes both endings."),
    ],
)
def test_it_takes_both_endings(rows: list[dict[str, str]], bad: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        past_of(Table("past.csv", "", tuple(GOOD | row for row in rows)), replace(COLUMNS, bad=bad), FEATURES)
    assert refused.value.detail == sentence


def test_rows_that_ended_neither_way_are_left_out() -> None:
    assert len(past_of(table({}, {"ended": "so so"}, {}), replace(COLUMNS, bad="badly"), FEATURES)) == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty."),
        (b"\n\n", "is empty."),
        (b"a,b\n", "has no rows."),
        (b"a,b\n1\n", "row 1 has 1 cells, the header 2."),
        (b"a,b\n1,2\n1,2,3\n", "row 2 has 3 cells, the header 2."),
        (b"a\n1\n", "has no column 'b' (--amount)."),
        (b"c\n1\n", "lacks the columns 'a' (--outcome), 'b' (--amount)."),
        (b"a,b,a\n1,2,3\n", "has the column 'a' twice."),
        (b"a,b\n\xff,2\n", "is not UTF-8: byte 4 is none."),
        (b'a,b\n"1,2\n', "is not CSV: unexpected end of data."),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "past.csv"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        read_table(path, {"a": "--outcome", "b": "--amount"})
    assert refused.value.detail.startswith(str(path))
    assert refused.value.detail.endswith(sentence)


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "past.csv"
    path.write_bytes("\ufeffa,b\r\n1,2\r\n".encode())
    assert read_table(path, {"a": "--outcome"}).rows == ({"a": "1"},)


def test_only_what_is_wanted_is_read_and_a_slip_protects_nothing() -> None:
    wanted = wanted_columns(Columns(), demo_policy().features)
    read = read_table(APPLICATIONS, wanted, PROTECTED)
    assert len(read.rows) == 700
    assert not set(PROTECTED) & set(read.rows[0])
    with pytest.raises(Refused, match=r"has no column 'foreign_workr' \(--without\)"):
        read_table(APPLICATIONS, wanted, ["foreign_workr"])
