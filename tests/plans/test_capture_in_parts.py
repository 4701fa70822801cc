"""However a plan is captured in parts: in full, it bears to the cent what was agreed for the whole."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from service.errors import Refused
from service.plans.capture import terms_of_part
from service.terms.schedule import Instalment, balloon_of, build_schedule, down_payment_of
from service.terms.terms import Cost, DownPaymentAt, FeeDue, Terms, Unit
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.lives import NOON

costs = st.builds(
    Cost,
    name=st.just("cost"),
    amount=st.integers(0, 20_00),
    bps=st.integers(0, 300),
    due=st.sampled_from([FeeDue.FIRST, FeeDue.SPREAD, FeeDue.EACH]),
)
agreed = st.builds(
    Terms,
    instalments=st.integers(2, 6),
    every=st.just(1),
    unit=st.just(Unit.MONTH),
    rate_percent=st.sampled_from([Decimal(0), Decimal("9.9")]),
    costs=st.lists(costs, max_size=2).map(tuple),
    down_payment=st.integers(0, 100_00),
    down_payment_bps=st.integers(0, 3_000),
    down_payment_at=st.just(DownPaymentAt.SCHEDULE),
    balloon=st.integers(0, 200_00),
    balloon_bps=st.integers(0, 3_000),
    multiple_of=st.sampled_from([1, 1, 5, 100]),
)


def kept_back(terms: Terms, amount: int) -> int:
    return balloon_of(terms, amount - down_payment_of(terms, amount))


@given(agreed, st.integers(900_00, 2_000_00), st.lists(st.integers(1, 19), max_size=4, unique=True))
@example(Terms(instalments=4, every=1, unit=Unit.MONTH, balloon_bps=2333), 618_92, [3, 4, 17])
@example(
    Terms(instalments=4, down_payment_bps=1333, down_payment_at=DownPaymentAt.SCHEDULE, multiple_of=100), 808_42, [11]
)
def test_the_parts_bear_what_the_whole_does(terms: Terms, whole: int, cuts: list[int]) -> None:
    ends = [0, *(whole * cut // 20 for cut in sorted(cuts)), whole]
    rows: list[Instalment] = []
    balloons = 0
    try:
        disclosed = build_schedule(terms, whole, NOON.date())
        for before, after in pairwise(ends):
            part = terms_of_part(terms, whole, before, after - before)
            rows += build_schedule(part, after - before, NOON.date())
            balloons += kept_back(part, after - before)
    except Refused:  # a part too small to divide into so many instalments
        assume(False)
    assert sum(row.principal for row in rows) == whole
    assert sum(row.fee for row in rows) == sum(row.fee for row in disclosed)
    assert sum(row.principal for row in rows if row.is_down_payment) == down_payment_of(terms, whole)
    assert balloons == kept_back(terms, whole)
