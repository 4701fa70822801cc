"""The file's shape: its bytes, its hash and its sums. What is read of it is told in test_reading_files.py."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.partners.file import Amounts, FileWriter, Row, proving_totals
from tests import properties  # noqa: F401 - loads the profile
from tests.partners.sheets import GOOD, GOOD_ROWS, rows, written


def test_a_file_reads_as_people_expect() -> None:
    assert written(GOOD_ROWS) == GOOD.encode()


@given(rows, st.integers(1, 5))
def test_a_file_made_in_batches_is_the_same_file(some: list[Row], size: int) -> None:
    writer = FileWriter()
    for start in range(0, len(some), size):
        writer.add(some[start : start + size])
    assert writer.content == written(some)
    assert writer.sha256 == hashlib.sha256(writer.content).digest()
    assert writer.rows == len(some)


def test_totals_that_do_not_roll_forward_are_never_signed() -> None:
    assert proving_totals(10, Amounts(5, 3, 1, 12), "EUR").outstanding == "0.12"
    with pytest.raises(AssertionError):
        proving_totals(10, Amounts(5, 3, 1, 13), "EUR")
