"""Any terms that a product might have, and a few that none should: for properties."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st
from msgspec import structs

from service.money import AMOUNT_MAX, Rounding
from service.terms.terms import (
    CapturedInside,
    Captures,
    Cost,
    DayCount,
    DownPaymentAt,
    FeeDue,
    FirstPeriod,
    Interest,
    InterestOn,
    Method,
    NonBusinessDay,
    Payer,
    RateKind,
    Remainder,
    Terms,
    Uncovered,
    Unit,
)  # fmt: skip

RHYTHMS = [(Unit.DAY, 7), (Unit.DAY, 14), (Unit.DAY, 30), (Unit.WEEK, 2), (Unit.HALF_MONTH, 1), (Unit.MONTH, 1),
           (Unit.MONTH, 3), (Unit.YEAR, 1)]  # fmt: skip
starts = st.dates(date(2019, 12, 1), date(2032, 12, 31))
amounts = st.integers(1, 5_000_00) | st.integers(1, 50)
rates = st.one_of(st.just(Decimal(0)), st.decimals(0, 60, places=4))


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    """Terms with every field in play."""
    unit, every = draw(st.sampled_from(RHYTHMS))
    instalments = draw(st.integers(1, 12))
    has_anchor = unit in (Unit.MONTH, Unit.YEAR, Unit.HALF_MONTH) and draw(st.booleans())
    method = draw(st.sampled_from(Method))
    return Terms(
        instalments=instalments,
        every=every,
        unit=unit,
        first_due_days=draw(st.none() | st.integers(0, 60)),
        anchor_day=draw(st.integers(1, 31)) if has_anchor else None,
        first_period=draw(st.sampled_from(FirstPeriod)),
        non_business_day=draw(st.sampled_from(NonBusinessDay)),
        method=method,
        rate_percent=draw(rates),
        rate_kind=draw(st.sampled_from(RateKind)),
        interest=draw(st.sampled_from(Interest)),
        interest_on=draw(st.sampled_from(InterestOn)),
        day_count=draw(st.sampled_from(DayCount)),
        interest_free=draw(st.integers(0, 2)),
        grace_interest=draw(st.integers(0, min(2, instalments - 1))),
        grace_principal=draw(st.integers(0, min(3, instalments - 1))),
        uncovered_interest=draw(st.sampled_from(Uncovered)),
        down_payment_bps=draw(st.sampled_from([0, 0, 1000, 2500])),
        down_payment_at=draw(st.sampled_from(DownPaymentAt)),
        balloon_bps=draw(st.sampled_from([0, 0, 2000])),
        amortized_over=draw(st.sampled_from([0, 0, instalments, instalments + 6])),
        costs=draw(st.sampled_from([(), (Cost("fee", amount=199, bps=150, due=FeeDue.SPREAD),)])),
        rounding=draw(st.sampled_from(Rounding)),
        instalment_rounding=draw(st.sampled_from(Rounding)),
        multiple_of=draw(st.sampled_from([1, 1, 1, 100])),
        remainder=draw(st.sampled_from(Remainder)),
        captures=Captures.MERGED,
    )


@st.composite
def plain_terms(draw: st.DrawFn) -> Terms:
    """Terms of the products that consumers meet: no grace, no balloon, at most 36 % a year."""
    unit, every = draw(st.sampled_from(RHYTHMS[:6]))
    return Terms(
        instalments=draw(st.integers(1, 8)),
        every=every,
        unit=unit,
        method=draw(st.sampled_from([Method.EQUAL_INSTALMENTS] * 3 + [Method.EQUAL_PRINCIPAL])),
        rate_percent=draw(st.just(Decimal(0)) | st.decimals(0, 36, places=2)),
        interest=draw(st.sampled_from(Interest)),
        day_count=draw(st.sampled_from(DayCount)),
        down_payment_bps=draw(st.sampled_from([0, 2500])),
        down_payment_at=DownPaymentAt.SCHEDULE,
        remainder=draw(st.sampled_from([Remainder.LAST, Remainder.EVEN])),
        captures=draw(st.sampled_from(Captures)),
        captured_inside=draw(st.sampled_from(CapturedInside)),
        recalculate=draw(st.booleans()),
        rounding=draw(st.sampled_from([Rounding.HALF_UP, Rounding.HALF_EVEN])),
    )


spans = st.one_of(st.integers(1, 12), st.sampled_from([1, 2, 60, 100, 365, 1200]))
extreme_costs = st.lists(
    st.builds(
        Cost,
        name=st.just("fee"),
        amount=st.sampled_from([0, 1, 20_00, AMOUNT_MAX]),
        bps=st.sampled_from([0, 1, 10_000]),
        due=st.sampled_from(FeeDue),
        payer=st.sampled_from(Payer),
        in_apr=st.booleans(),
    ),
    max_size=3,
)


@st.composite
def extreme_terms(draw: st.DrawFn) -> Terms:
    """Anything that a document of terms may say, near its edges: much of it is refused, none of it may hang."""
    instalments, unit = draw(spans), draw(st.sampled_from(Unit))
    seldom = st.sampled_from([0, 0, 0, 0, 1, instalments - 1, instalments, 1200])
    has_anchor = unit not in (Unit.DAY, Unit.WEEK) and draw(st.booleans())
    return structs.replace(
        draw(any_terms()),
        instalments=instalments,
        every=draw(st.just(1) | spans),
        unit=unit,
        first_due_on=draw(st.sampled_from([None, None, None, date(2126, 1, 15)]) | st.dates(date(2026, 1, 15))),
        first_due_days=draw(st.none() | st.sampled_from([0, 1, 3660])),
        anchor_day=draw(st.integers(1, 31)) if has_anchor else None,
        rate_percent=draw(
            st.sampled_from([Decimal(0), Decimal("1e-12"), Decimal(100_000)]) | st.decimals(0, 100_000, places=2)
        ),
        interest_free=draw(seldom),
        grace_interest=draw(seldom),
        grace_principal=draw(seldom),
        balloon=draw(st.sampled_from([0, 0, 0, 1, AMOUNT_MAX])),
        amortized_over=draw(seldom),
        costs=tuple(draw(extreme_costs)),
        multiple_of=draw(st.sampled_from([1, 1, 1, 10**9])),
    )
