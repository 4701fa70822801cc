"""What a settlement comes to: nothing is made, nothing is lost, whatever is captured, refunded, kept back and paid."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.ledger.booking import transfers
from service.ledger.chart import LedgerAccount
from service.merchants.settlement import Due, Left, LineKind, LineTotal, Settlement, books_of, settled
from service.merchants.settlement_terms import (
    BankAccount,
    Billing,
    Every,
    SettlementTerms,
    next_month,
    pays_on,
    period_end,
    require_account,
)

NOW = datetime(2026, 3, 3, tzinfo=UTC)
ON = date(2026, 3, 2)
ACCOUNT = BankAccount("Bahnhof Books", "DE89370400440532013000")
Lines = list[tuple[LineKind, int, int]]  # kind, gross, fee
AMOUNTS = st.integers(0, 10**7)
TERMS = st.builds(
    SettlementTerms,
    accounts=st.sampled_from([{}, {"EUR": ACCOUNT}]),
    billing=st.sampled_from(Billing),
    minimum=st.sampled_from([0, 1, 500_00]),
    reserve_bps=st.sampled_from([0, 1, 333, 10_000]),
    reserve_days=st.just(30),
)
LINES = st.lists(
    st.one_of(
        st.tuples(st.just(LineKind.CAPTURE), AMOUNTS, st.integers(0, 500)),
        st.tuples(st.just(LineKind.CAPTURE_LOWERED), AMOUNTS.map(lambda one: -one), st.integers(-500, 0)),
        st.tuples(
            st.sampled_from([LineKind.REFUND, LineKind.CHARGEBACK, LineKind.PAID_TO_MERCHANT]),
            AMOUNTS.map(lambda one: -one),
            st.just(0),
        ),
        st.tuples(st.just(LineKind.PAYOUT_RETURNED), AMOUNTS, st.just(0)),
        st.tuples(st.just(LineKind.ADJUSTMENT), st.integers(-(10**6), 10**6), st.just(0)),
    ),
    max_size=6,
)


def totals(lines: Lines) -> list[LineTotal]:
    return [LineTotal(kind, 1, gross, fee, fee // 5, gross - fee - fee // 5) for kind, gross, fee in lines]


@given(st.lists(LINES, min_size=1, max_size=6), TERMS)
def test_every_cent_is_paid_kept_back_or_carried_on(
    days: list[list[tuple[LineKind, int, int]]], terms: SettlementTerms
) -> None:
    left, made = Left(), list[Settlement]()
    for number, lines in enumerate(days):
        on = ON + timedelta(days=10 * number)
        released = sum(
            one.withheld for one in made
            if one.release_on and (left.business_on or date.min) < one.release_on <= on
        )  # fmt: skip
        billed = sum(
            one.fees_deferred for one in made
            if one.bill_on and (left.business_on or date.min) < one.bill_on <= on
        )  # fmt: skip
        one = settled("se_1", "me_1", "EUR", on, left, totals(lines), Due(released, billed), terms, 1, NOW)
        assert one.opening == left.closing
        assert min(one.payout, one.withheld, one.released) >= 0
        assert one.payout in (0, one.closing + one.payout)  # all of it, or nothing
        assert one.closing <= 0 or one.closing < max(terms.minimum, 1) or not terms.accounts
        made.append(one)
        left = Left(one.number, one.closing, on)
    net = sum(gross - fee - fee // 5 for lines in days for _, gross, fee in lines)
    kept = sum(one.withheld - one.released for one in made)
    deferred = sum(one.fees_deferred - one.fees_billed for one in made)
    assert net == sum(one.payout for one in made) + kept + left.closing - deferred
    assert kept >= 0


@given(LINES, TERMS)
def test_it_books_what_it_pays_and_keeps_back(lines: Lines, terms: SettlementTerms) -> None:
    one = settled("se_1", "me_1", "EUR", ON, Left(), totals(lines), Due(), terms, 1, NOW)
    moved = dict.fromkeys(LedgerAccount, 0)
    for transfer in transfers({}, books_of(one, "me_1")):
        moved[transfer.debit] += transfer.amount
        moved[transfer.credit] -= transfer.amount
    assert moved[LedgerAccount.PAYOUT_CLEARING] == -one.payout
    assert moved[LedgerAccount.RESERVE] == -one.withheld
    assert moved[LedgerAccount.MERCHANT_RECEIVABLE] == one.fees_deferred
    assert moved[LedgerAccount.MERCHANT_PAYABLE] == one.payout + one.withheld - one.fees_deferred


def test_captures_are_paid_whole_where_fees_are_billed_with_the_month() -> None:
    terms = SettlementTerms(accounts={"EUR": ACCOUNT}, billing=Billing.MONTHLY)
    lines = totals([(LineKind.CAPTURE, 600_00, 17_70)])
    one = settled("se_1", "me_1", "EUR", ON, Left(), lines, Due(), terms, 1, NOW)
    assert (one.captured, one.fees, one.taxes) == (600_00, 17_70, 3_54)
    assert (one.fees_deferred, one.payout) == (21_24, 600_00)
    assert one.bill_on == date(2026, 4, 1)
    bill = settled("se_2", "me_1", "EUR", date(2026, 4, 1), Left(1, 0, ON), [], Due(fees_billed=17_70), terms, 1, NOW)
    assert (bill.fees_billed, bill.payout, bill.closing) == (17_70, 0, -17_70)


@pytest.mark.parametrize(
    ("day", "first"), [("2026-03-02", "2026-04-01"), ("2026-12-31", "2027-01-01"), ("2028-02-01", "2028-03-01")]
)
def test_the_next_month_begins(day: str, first: str) -> None:
    assert next_month(date.fromisoformat(day)) == date.fromisoformat(first)


@pytest.mark.parametrize(
    ("every", "day", "ends"),
    [
        (Every.DAY, "2026-03-02", "2026-03-02"),
        (Every.WEEK, "2026-03-02", "2026-03-08"),
        (Every.WEEK, "2026-03-08", "2026-03-08"),
        (Every.WEEK, "2026-12-29", "2027-01-03"),
        (Every.MONTH, "2028-02-01", "2028-02-29"),
        (Every.MONTH, "2026-12-31", "2026-12-31"),
    ],
)
def test_a_period_ends(every: Every, day: str, ends: str) -> None:
    assert period_end(every, date.fromisoformat(day)) == date.fromisoformat(ends)


@pytest.mark.parametrize(
    ("lag", "calendar", "day", "pays"),
    [
        (0, "", "2026-03-02", "2026-03-02"),
        (0, "", "2026-03-07", "2026-03-09"),  # a Saturday
        (1, "", "2026-03-06", "2026-03-09"),
        (2, "XECB", "2026-04-01", "2026-04-07"),  # Good Friday and Easter Monday
        (1, "DE", "2026-05-01", "2026-05-04"),
    ],
)
def test_a_payout_comes_so_many_business_days_later(lag: int, calendar: str, day: str, pays: str) -> None:
    terms = SettlementTerms(lag_days=lag, calendar=calendar)
    assert pays_on(terms, date.fromisoformat(day)) == date.fromisoformat(pays)


def test_an_account_has_its_check_digits() -> None:
    require_account(ACCOUNT, "/iban")
    with pytest.raises(Refused, match="check digits"):
        require_account(BankAccount("Bahnhof Books", "DE98370400440532013000"), "")


@pytest.mark.parametrize(
    ("iban", "bic", "pointer"),
    [
        ("BE54310100270097", None, None),
        ("DE99370400440000000024", None, "/iban"),  # mod 97 holds, check digits are 02 to 98
        ("GB02BARC20201530093451", None, None),
        ("GB94BARC20201530093459", None, "/iban"),
        ("DJ2110002010010409943020008", None, None),  # in the registry since 2022
        ("US64SVBKUS6S3300958879", None, "/iban"),  # a country without IBANs
        ("DE3600000000000000000", None, "/iban"),  # mod 97 holds, German ones have 22 characters
        ("DE89370400440532013000", "DEUTDEFF", None),
        ("DE89370400440532013000", "MULTIPLE", "/bic"),  # there is no country IP
        ("LT121000011101001000", "REVOLT21XXX", None),
        ("ES9121000418450200051332", "REVOLT21", None),  # a bank abroad has it
    ],
)
def test_an_account_is_one_that_a_bank_may_have(iban: str, bic: str | None, pointer: str | None) -> None:
    account = BankAccount("Bahnhof Books", iban, bic)
    if pointer is None:
        require_account(account, "")
        return
    with pytest.raises(Refused) as refused:
        require_account(account, "")
    assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, pointer)
