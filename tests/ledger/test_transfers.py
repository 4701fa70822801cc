"""One function per financial event: what it books, to the cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.ledger.transfers import LedgerAccount as A
from service.ledger.transfers import Transfer, authorized, captured, claimed, paid, released
from service.money import take_bps


@pytest.mark.parametrize(
    ("booked", "expected"),
    [
        (authorized(0, 0), []),
        (
            authorized(1_600_00, 400_00),
            [(A.COMMITMENT, A.COMMITMENT_CONTRA, 1_600_00), (A.DEPOSIT_HELD, A.DEPOSIT_HELD_CONTRA, 400_00)],
        ),
        (released(0, 1), [(A.DEPOSIT_HELD_CONTRA, A.DEPOSIT_HELD, 1)]),
        (
            captured(100_00, 3_20, 0, 7_000),
            [
                (A.COMMITMENT_CONTRA, A.COMMITMENT, 100_00),
                (A.CONSUMER_RECEIVABLE, A.MERCHANT_PAYABLE, 96_80),
                (A.CONSUMER_RECEIVABLE, A.MERCHANT_FEE_INCOME, 3_20),
                (A.PARTNER_RECEIVABLE, A.PARTNER_PARTICIPATION, 70_00),
            ],
        ),
        (
            captured(20, 20, 0, 0),  # the fee may be all of it
            [(A.COMMITMENT_CONTRA, A.COMMITMENT, 20), (A.CONSUMER_RECEIVABLE, A.MERCHANT_FEE_INCOME, 20)],
        ),
        (
            claimed(40, 60, 50, 0, 0),  # the fee comes out of the card's part first
            [
                (A.COMMITMENT_CONTRA, A.COMMITMENT, 60),
                (A.DEPOSIT_HELD_CONTRA, A.DEPOSIT_HELD, 40),
                (A.CASH, A.MERCHANT_FEE_INCOME, 40),
                (A.CONSUMER_RECEIVABLE, A.MERCHANT_PAYABLE, 50),
                (A.CONSUMER_RECEIVABLE, A.MERCHANT_FEE_INCOME, 10),
            ],
        ),
        (
            claimed(0, 5, 0, 10, 7_000),  # 10.5 of 15, of which 7 are drawn
            [
                (A.COMMITMENT_CONTRA, A.COMMITMENT, 5),
                (A.CONSUMER_RECEIVABLE, A.MERCHANT_PAYABLE, 5),
                (A.PARTNER_RECEIVABLE, A.PARTNER_PARTICIPATION, 4),
            ],
        ),
        (
            paid(97_32, 5_90, 1_00, (0, 0), 7_000),
            [
                (A.CASH, A.CONSUMER_RECEIVABLE, 97_32),
                (A.PARTNER_PARTICIPATION, A.PARTNER_PAYABLE, 68_12),
                (A.CASH, A.INTEREST_INCOME, 1_77),
                (A.CASH, A.PARTNER_PAYABLE, 4_13),
                (A.CASH, A.FEE_INCOME, 1_00),
            ],
        ),
    ],
)
def test_booked(booked: list[Transfer], expected: list[tuple[A, A, int]]) -> None:
    assert [(transfer.debit, transfer.credit, transfer.amount) for transfer in booked] == expected


@given(
    parts=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 1_000)), max_size=20), bps=st.integers(0, 10_000)
)
def test_shares_lose_no_cent_in_parts(parts: list[tuple[int, int]], bps: int) -> None:
    principal = interest = 0
    to_partner = [0, 0]
    for more_principal, more_interest in parts:
        for transfer in paid(more_principal, more_interest, 0, (principal, interest), bps):
            if transfer.credit is A.PARTNER_PAYABLE:
                to_partner[transfer.debit is A.CASH] += transfer.amount
        principal, interest = principal + more_principal, interest + more_interest
    assert to_partner == [take_bps(principal, bps), take_bps(interest, bps)]
