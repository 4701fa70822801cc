"""When a file is doubted: both sides of each edge."""

from datetime import date

import pytest

from service.errors import Code, Refused
from service.partners.file import NOTHING, Amounts, Row
from service.partners.reconciliation import BREAKS_MAX, Verdict, reconcile
from service.partners.theirs.doubt import FEW, Proof, doubt, require_bounded, require_proven

YESTERDAY = date(2026, 3, 1)


def rows(count: int, drawn: int = 100) -> list[Row]:
    return [Row(f"pl_{number:06}", "EUR", Amounts(drawn)) for number in range(count)]


def wrong(plans: int, breaks: int) -> Verdict:
    """So many plans, of which so many do not match."""
    return reconcile(rows(plans), [*rows(breaks, 99), *rows(plans)[breaks:]])


@pytest.mark.parametrize(
    ("verdict", "alike_on", "says"),
    [
        (wrong(1, 1), None, None),
        (wrong(FEW, FEW), None, None),
        (wrong(FEW + 1, FEW + 1), None, "another day or programme: 21 breaks in 21 plans"),
        (wrong(100, 50), None, None),
        (wrong(100, 51), None, "51 breaks in 100 plans"),
        (wrong(100, 0), YESTERDAY, None),
        (wrong(100, 1), YESTERDAY, "looks like that of 2026-03-01"),
        (reconcile(rows(1), []), None, "no rows, and ours of this day has 1"),
        (reconcile([], []), None, None),
        (reconcile([Row("pl_Z", "EUR", NOTHING)], []), None, None),
        (reconcile([], rows(FEW)), None, None),
        (reconcile([], rows(FEW + 1)), None, "21 breaks in 21 plans"),
        (reconcile([], rows(BREAKS_MAX)), None, "10000 breaks in 10000 plans"),
        (reconcile([], rows(BREAKS_MAX + 1)), None, None),  # so many are refused in any case
    ],
)
def test_doubt(verdict: Verdict, alike_on: date | None, says: str | None) -> None:
    why = doubt(verdict, alike_on)
    assert why is None if says is None else says in (why or "")


@pytest.mark.parametrize(
    ("proof", "is_proven"),
    [
        (Proof(), True),
        (Proof(rows=3), True),
        (Proof(rows=2), False),
        (Proof(rows=0), False),
        (Proof(sha256="ab"), True),
        (Proof(sha256="ac"), False),
        (Proof(3, "ab"), True),
        (Proof(3, "ac"), False),
    ],
)
def test_a_file_that_contradicts_its_proof_is_refused(proof: Proof, is_proven: bool) -> None:
    if is_proven:
        require_proven(proof, 3, "ab")
    else:
        with pytest.raises(Refused) as refused:
            require_proven(proof, 3, "ab")
        assert refused.value.code is Code.INVALID_FILE


def test_breaks_are_bounded() -> None:
    require_bounded(reconcile([], rows(BREAKS_MAX)))
    with pytest.raises(Refused, match="more than 10000 breaks, and so many are not kept"):
        require_bounded(reconcile([], rows(BREAKS_MAX + 1)))
