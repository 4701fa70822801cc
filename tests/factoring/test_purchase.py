"""The price of an invoice that is bought, on its day, later, and when it is not paid."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.factoring.purchase import (
    Bought,
    PurchaseTerms,
    books_between,
    bought,
    discount_of,
    paid,
    recourse_price,
    recovered,
    recovered_books,
    repurchased,
    written_off,
)
from service.ledger.booking import transfers
from service.ledger.chart import LedgerAccount, Occasion

DAY_0 = date(2026, 3, 2)
TERMS = PurchaseTerms(advance_bps=8_500, service_bps=80, discount_bps=800)
ONE = bought(10_000_00, TERMS, DAY_0)


def on(days: int) -> date:
    return DAY_0 + timedelta(days)


@pytest.mark.parametrize(("days", "released"), [(60, 1_306_67), (75, 1_278_33), (0, 1_420_00)])
def test_what_is_released_when_it_is_paid(days: int, released: int) -> None:
    assert (ONE.advance, ONE.service) == (8_500_00, 80_00)
    done = paid(ONE, TERMS, 10_000_00, 0, on(days))
    assert (done.is_paid, done.released) == (True, released)
    assert done.advance + done.service + done.discount + done.released == 10_000_00


def test_what_it_costs_to_buy_back() -> None:
    assert recourse_price(ONE, TERMS, on(150)) == 8_863_33
    part = paid(ONE, TERMS, 1_000_00, 0, on(150))
    assert recourse_price(part, TERMS, on(150)) == 7_863_33
    assert repurchased(part, TERMS, on(150)).released == -7_863_33


def test_a_credit_lowers_what_is_released_and_may_turn_it() -> None:
    assert paid(ONE, TERMS, 9_900_00, 100_00, on(60)).released == 1_206_67
    assert paid(ONE, TERMS, 8_000_00, 2_000_00, on(60)).released == -693_33  # the seller owes it


def test_the_discount_runs_on_what_is_not_collected() -> None:
    part = paid(ONE, TERMS, 4_250_00, 0, on(30))
    assert discount_of(part, TERMS) == 56_67
    done = paid(part, TERMS, 5_750_00, 0, on(60))
    assert done.discount == 85_00  # 8,500 for 30 days and 4,250 for 30 days, rounded once
    assert done.released == 10_000_00 - 8_500_00 - 80_00 - 85_00


@pytest.mark.parametrize(("collected", "kept", "released", "lost"), [
    (0, 0, 0, 8_500_00), (8_499_99, 0, 0, 1), (8_500_00, 0, 0, 0), (8_550_00, 50_00, 0, 0),
])  # fmt: skip
def test_what_is_lost_costs_the_seller_nothing(collected: int, kept: int, released: int, lost: int) -> None:
    part = paid(ONE, TERMS, collected, 0, on(60)) if collected else ONE
    done = written_off(part, TERMS, on(60))
    assert (done.service + done.discount if not lost else 0, done.released, done.lost) == (kept, released, lost)


def balance(steps: list[tuple[Bought | None, Bought, Occasion, bool]], account: LedgerAccount) -> int:
    total = 0
    for before, after, how, has_ended in steps:
        for one in transfers({}, books_between("me_1", before, after, how, has_ended)):
            total += one.amount * ((one.debit is account) - (one.credit is account))
    return total


@given(
    st.integers(1, 10**9), st.integers(1, 10_000), st.integers(0, 500), st.integers(0, 3_000), st.integers(0, 10**9),
    st.integers(0, 400), st.integers(0, 10**9), st.sampled_from(["paid", "repurchased", "written_off"]),
)  # fmt: skip
def test_whatever_happens_nothing_stays_advanced_and_no_cent_is_lost(
    face: int, advance: int, service: int, discount: int, part: int, days: int, credit: int, ending: str
) -> None:
    terms = PurchaseTerms(advance_bps=advance, service_bps=service, discount_bps=discount)
    first = bought(face, terms, DAY_0)
    steps: list[tuple[Bought | None, Bought, Occasion, bool]] = [(None, first, Occasion.FACTORING_ADVANCE, False)]
    came = min(part, face - 1)
    second = paid(first, terms, came, 0, on(days // 2))
    steps.append((first, second, Occasion.FACTORING_COLLECTION, False))
    if ending == "paid":
        diluted = min(credit, face - came)
        third = paid(second, terms, face - came - diluted, diluted, on(days))
    else:
        third = (repurchased if ending == "repurchased" else written_off)(second, terms, on(days))
    steps.append((second, third, Occasion.FACTORING_COLLECTION, True))
    assert balance(steps, LedgerAccount.ADVANCES) == 0
    assert balance(steps, LedgerAccount.CASH) == third.collected
    assert balance(steps, LedgerAccount.CREDIT_LOSSES) == third.lost
    to_seller = -balance(steps, LedgerAccount.MERCHANT_PAYABLE)
    income = -balance(steps, LedgerAccount.FACTORING_INCOME)
    assert to_seller == first.advance + third.released
    assert third.collected + third.lost == to_seller + income
    assert third.lost == 0 or ending == "written_off"


@given(
    st.integers(1, 10**9), st.integers(1, 10_000), st.integers(0, 500), st.integers(0, 3_000), st.integers(0, 10**9),
    st.integers(0, 400), st.lists(st.integers(0, 10**9), min_size=1, max_size=4),
)  # fmt: skip
def test_what_comes_later_makes_up_for_the_loss_before_the_seller_gets_anything(
    face: int, advance: int, service: int, discount: int, part: int, days: int, later: list[int]
) -> None:
    terms = PurchaseTerms(advance_bps=advance, service_bps=service, discount_bps=discount)
    first = bought(face, terms, DAY_0)
    one = written_off(paid(first, terms, min(part, face - 1), 0, on(days // 2)), terms, on(days))
    for wanted in later:
        came = min(wanted, face - one.collected)
        after = recovered(one, terms, came, 0)
        booked = recovered_books("me_1", one, after, from_seller=False)
        for balances in booked.values():
            assert sum(balances.values()) == 0
        assert after.lost == 0 or (after.released, after.service, after.discount) == (0, 0, 0)
        assert after.released >= one.released
        ours = one.lost - after.lost + after.service + after.discount - one.service - one.discount
        assert came == ours + after.released - one.released
        one = after
