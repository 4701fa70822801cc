"""A payout to a partner: what keeps it from being ordered, and what each of its steps books."""

from datetime import UTC, date, datetime

import pytest

from service.ledger.booking import transfers
from service.ledger.chart import LedgerAccount as A
from service.merchants.payout import PayoutState, Step
from service.partners.payout import Obstacle, PartnerPayout, books_of, obstacle_of
from tests.partners.contracts import BANK, PROGRAMME


def payout(state: PayoutState) -> PartnerPayout:
    return PartnerPayout(
        "pp_1", BANK, PROGRAMME, date(2026, 3, 2), "S", "SN", "EUR", 70_00, date(2026, 3, 3), state, None, 1, None,
        None, datetime(2026, 3, 3, tzinfo=UTC), None,
    )  # fmt: skip


@pytest.mark.parametrize(("state", "has_account", "obstacle"), [
    (PayoutState.DUE, True, None),
    (PayoutState.DUE, False, Obstacle.NO_ACCOUNT),
    (PayoutState.ORDERED, False, None),
    (PayoutState.GIVEN_UP, False, None),
])  # fmt: skip
def test_what_keeps_it_from_being_ordered(state: PayoutState, has_account: bool, obstacle: Obstacle | None) -> None:
    assert obstacle_of(state, has_account=has_account) is obstacle


@pytest.mark.parametrize(("state", "step", "moved"), [
    (PayoutState.DUE, Step.ORDERED, {A.PARTNER_PAYABLE: -70_00, A.PAYOUT_CLEARING: 70_00}),
    (PayoutState.DUE, Step.PAID, {A.PARTNER_PAYABLE: -70_00, A.CASH: 70_00}),
    (PayoutState.ORDERED, Step.PAID, {A.PAYOUT_CLEARING: -70_00, A.CASH: 70_00}),
    (PayoutState.ORDERED, Step.RETURNED, {A.PAYOUT_CLEARING: -70_00, A.PARTNER_PAYABLE: 70_00}),
    (PayoutState.PAID, Step.RETURNED, {A.CASH: -70_00, A.PARTNER_PAYABLE: 70_00}),
])  # fmt: skip
def test_what_a_step_books(state: PayoutState, step: Step, moved: dict[A, int]) -> None:
    found: dict[A, int] = {}
    for one in transfers({}, books_of(payout(state), step)):
        assert one.partner_id in (BANK, None)
        found[one.credit] = found.get(one.credit, 0) + one.amount
        found[one.debit] = found.get(one.debit, 0) - one.amount
    assert {account: amount for account, amount in found.items() if amount} == moved
