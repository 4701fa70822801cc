"""What the books say on each occasion, to the cent; and the transfers that lead from one state to the next."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.ledger import booking
from service.ledger.booking import CLEARING, Balances, Books, transfers
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion, Place

PLAN, MERCHANT, PARTNER = "pl_1", "me_1", "pa_1"


@pytest.mark.parametrize(
    ("occasion", "balances", "expected"),
    [
        (Occasion.PROMISE, booking.promise(0), []),
        (Occasion.PROMISE, booking.promise(1_600_00), [(A.COMMITMENT, A.COMMITMENT_CONTRA, 1_600_00)]),
        (Occasion.SECURITY, booking.security(400_00), [(A.DEPOSIT_HELD, A.DEPOSIT_HELD_CONTRA, 400_00)]),
        (
            Occasion.PURCHASE,
            booking.purchase(PLAN, MERCHANT, 100_00, 0, 3_20),
            [
                (A.CONSUMER_PRINCIPAL, A.MERCHANT_PAYABLE, 96_80),
                (A.CONSUMER_PRINCIPAL, A.MERCHANT_FEE_INCOME, 3_20),
            ],
        ),
        (
            Occasion.PURCHASE,
            booking.purchase(PLAN, MERCHANT, 20, 0, 20),  # the fee may be all of it
            [(A.CONSUMER_PRINCIPAL, A.MERCHANT_FEE_INCOME, 20)],
        ),
        (
            Occasion.PURCHASE,
            booking.purchase(PLAN, MERCHANT, 60, 40, 50),  # a claim: the card pays its part
            [
                (A.PROCESSOR_CLEARING, A.MERCHANT_PAYABLE, 40),
                (A.CONSUMER_PRINCIPAL, A.MERCHANT_PAYABLE, 10),
                (A.CONSUMER_PRINCIPAL, A.MERCHANT_FEE_INCOME, 50),
            ],
        ),
        (
            Occasion.LEVY,
            booking.levy(PLAN, 5_00, 2_50),
            [(A.CONSUMER_FEES, A.FEE_INCOME, 5_00), (A.CONSUMER_FEES, A.PENALTY_INCOME, 2_50)],
        ),
        (
            Occasion.PAYMENT,
            booking.settled(CLEARING, PLAN, MERCHANT, (97_32, 5_90, 1_00, 3)),
            [
                (A.PROCESSOR_CLEARING, A.CONSUMER_PRINCIPAL, 97_32),
                (A.PROCESSOR_CLEARING, A.CONSUMER_INTEREST, 5_90),
                (A.PROCESSOR_CLEARING, A.CONSUMER_FEES, 1_00),
                (A.PROCESSOR_CLEARING, A.CONSUMER_PAYABLE, 3),
            ],
        ),
        (
            Occasion.RECOVERY,
            booking.recovered(PLAN, ((CLEARING, (90, 9, 1, 3)),)),
            [(A.PROCESSOR_CLEARING, A.RECOVERIES, 100), (A.PROCESSOR_CLEARING, A.CONSUMER_PAYABLE, 3)],
        ),
        (
            Occasion.LOSS,
            booking.given_up(A.CREDIT_LOSSES, PLAN, MERCHANT, (90, 9, 1, 0)),
            [
                (A.CREDIT_LOSSES, A.CONSUMER_PRINCIPAL, 90),
                (A.CREDIT_LOSSES, A.CONSUMER_INTEREST, 9),
                (A.CREDIT_LOSSES, A.CONSUMER_FEES, 1),
            ],
        ),
        (
            Occasion.ACCRUAL,
            booking.interest_earned(MERCHANT, 5_90, {PARTNER: 4_13}, 0),
            [(A.CONSUMER_INTEREST, A.INTEREST_INCOME, 1_77), (A.CONSUMER_INTEREST, A.PARTNER_ACCRUED, 4_13)],
        ),
        (
            Occasion.ACCRUAL,
            booking.interest_earned(MERCHANT, 5_90, {}, 0),
            [(A.CONSUMER_INTEREST, A.INTEREST_INCOME, 5_90)],
        ),
        (
            Occasion.ACCRUAL,
            booking.interest_earned(MERCHANT, -1, {PARTNER: -2}, 0),  # a reversal, whose parts were rounded apart
            [(A.PARTNER_ACCRUED, A.CONSUMER_INTEREST, 1), (A.PARTNER_ACCRUED, A.INTEREST_INCOME, 1)],
        ),
        (
            Occasion.DRAWING,
            booking.drawing(PARTNER, 11),
            [(A.PARTNER_RECEIVABLE, A.PARTNER_PARTICIPATION, 11)],
        ),
        (
            Occasion.PRINCIPAL_SHARE,
            booking.principal_share(PARTNER, 68_12),
            [(A.PARTNER_PARTICIPATION, A.PARTNER_PAYABLE, 68_12)],
        ),
        (
            Occasion.INTEREST_SHARE,
            booking.interest_share(PARTNER, accrued=4_13, kept=4_13, recovered=0, spread=0),
            [(A.PARTNER_ACCRUED, A.PARTNER_PAYABLE, 4_13)],
        ),
        (
            Occasion.INTEREST_SHARE,  # of 4.13 that it was paid, 1.40 went back, and of our 0.60 for servicing 0.20
            booking.interest_share(PARTNER, accrued=4_13, kept=2_73, recovered=0, spread=20),
            [
                (A.PARTNER_ACCRUED, A.PARTNER_PAYABLE, 2_73),
                (A.PARTNER_ACCRUED, A.INTEREST_INCOME, 1_40),
                (A.SERVICING_INCOME, A.INTEREST_INCOME, 20),
            ],
        ),
        (
            Occasion.INTEREST_SHARE,
            booking.interest_share(PARTNER, accrued=4_13, kept=4_13, recovered=70, spread=0),
            [(A.PARTNER_ACCRUED, A.PARTNER_PAYABLE, 4_13), (A.RECOVERIES, A.PARTNER_PAYABLE, 70)],
        ),
        (
            Occasion.FEE_SHARE,
            booking.charge_share(A.FEE_INCOME, PARTNER, paid=3_00, recovered=1_00),
            [(A.FEE_INCOME, A.PARTNER_PAYABLE, 3_00), (A.RECOVERIES, A.PARTNER_PAYABLE, 1_00)],
        ),
        (Occasion.SERVICING, booking.servicing(PARTNER, 45), [(A.PARTNER_PAYABLE, A.SERVICING_INCOME, 45)]),
        (
            Occasion.LOSS_SHARE,
            booking.loss_share(PARTNER, principal=70_00, interest=3_50),
            [(A.PARTNER_PARTICIPATION, A.CREDIT_LOSSES, 70_00), (A.PARTNER_ACCRUED, A.CREDIT_LOSSES, 3_50)],
        ),
        (Occasion.RECOVERY_SHARE, booking.recovery_share(PARTNER, 7_00), [(A.RECOVERIES, A.PARTNER_PAYABLE, 7_00)]),
    ],
)
def test_booked(occasion: Occasion, balances: Balances, expected: list[tuple[A, A, int]]) -> None:
    booked = transfers({}, {occasion: balances})
    assert [(one.debit, one.credit, one.amount) for one in booked] == expected
    assert all(one.occasion is occasion for one in booked)
    assert transfers({occasion: balances}, {occasion: balances}) == []
    back = transfers({occasion: balances}, {})
    assert sum(one.amount for one in back) == sum(one.amount for one in booked)


def test_each_account_has_its_owner() -> None:
    bought = transfers({}, {Occasion.PURCHASE: booking.purchase(PLAN, MERCHANT, 10, 0, 1)})
    assert [(one.debit_owner, one.credit_owner) for one in bought] == [(PLAN, MERCHANT), (PLAN, None)]


def test_what_a_late_payment_changed_is_booked_as_the_difference() -> None:
    """Of 60.00 paid, 10.00 were interest; a payment of 50.00 that came earlier leaves 4.00 of interest for both."""
    before: Books = {Occasion.PAYMENT: booking.settled(CLEARING, PLAN, MERCHANT, (50_00, 10_00, 0, 0))}
    after: Books = {Occasion.PAYMENT: booking.settled(CLEARING, PLAN, MERCHANT, (106_00, 4_00, 0, 0))}
    assert [(one.debit, one.credit, one.amount) for one in transfers(before, after)] == [
        (A.PROCESSOR_CLEARING, A.CONSUMER_PRINCIPAL, 50_00),
        (A.CONSUMER_INTEREST, A.CONSUMER_PRINCIPAL, 6_00),
    ]


places = st.builds(Place, st.sampled_from([A.CASH, A.RESERVE, A.GOODWILL, A.ADVANCES]), st.sampled_from([None, "x"]))


@given(st.lists(st.tuples(places, places, st.integers(-1_000, 1_000)), max_size=12))
def test_transfers_lead_from_one_to_the_other(moves: list[tuple[Place, Place, int]]) -> None:
    states: list[Books] = [{}]
    balances: Balances = {}
    for debit, credit, amount in moves:
        balances = dict(balances)
        balances[debit] = balances.get(debit, 0) + amount
        balances[credit] = balances.get(credit, 0) - amount
        states.append({Occasion.CREDIT: balances})
    booked: Balances = {}
    for before, after in pairwise(states):
        for one in transfers(before, after):
            assert one.amount > 0
            for place, amount in (
                (Place(one.debit, one.debit_owner), one.amount), (Place(one.credit, one.credit_owner), -one.amount)
            ):  # fmt: skip
                booked[place] = booked.get(place, 0) + amount
    assert {place: amount for place, amount in booked.items() if amount} == {
        place: amount for place, amount in balances.items() if amount
    }
