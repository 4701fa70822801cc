"""A loss through its life: refunds lower it, payments come and bounce; who bears it, and the books, stay right."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import tests.properties  # noqa: F401 - how hard to try
from service.ledger.booking import Books, transfers
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.support.arrangement import Arrangement
from service.support.bearing import Bearing, books_of, payer_of, reliefs
from service.support.cover import Used
from service.support.loss import Holder, Loss
from service.support.quantified import Came, Receipts, brought_up_to_date
from service.support.recovering import Recovery, RecoveryOrder, RecoverySource, share
from service.support.waterfall import Allocation, Tier, allocate
from tests.support.test_waterfall import SUMS, TERMS
from tests.support.worked import APPLIANCE, INSURER, MERCHANT, POOL, A, B, loss, tiers

TODAY = date(2026, 7, 1)
USED = (Used(), Used(available=350_00), Used(), Used(available=100_000_00))
BY_SHARE = {A: 2_940_00, B: 1_260_00}  # what the partners lost by their shares of the plan


def came(net: int) -> Came:
    return Came(net, 0, RecoverySource.CONSUMER, TODAY)


def test_the_books_of_an_appliance() -> None:
    allocation, _ = allocate(tiers(), USED, APPLIANCE)
    books = books_of(Bearing(MERCHANT, tiers(), allocation, (), BY_SHARE))
    assert books[Occasion.RECOURSE][Place(LedgerAccount.MERCHANT_PAYABLE, MERCHANT)] == 350_00
    assert books[Occasion.LOSS_COVER][Place(LedgerAccount.INSURER_RECEIVABLE, INSURER)] == 2_880_00
    assert books[Occasion.LOSS_COVER][Place(LedgerAccount.GUARANTOR_RECEIVABLE, POOL)] == 388_00
    assert books[Occasion.LOSS_RELIEF][Place(LedgerAccount.PARTNER_PAYABLE, A)] == -(2_940_00 - 407_40)
    assert books[Occasion.LOSS_RELIEF][Place(LedgerAccount.PARTNER_PAYABLE, B)] == -(1_260_00 - 174_60)


def test_another_merchant_that_answers_for_it_owes_it_as_a_guarantor() -> None:
    allocation, _ = allocate(tiers(), USED, APPLIANCE)
    borne = replace(allocation.tiers[1], bearer_id=f"me_{'0' * 25}9")
    assert payer_of(tiers()[1], borne, MERCHANT)[1].account is LedgerAccount.GUARANTOR_RECEIVABLE


@pytest.mark.parametrize(("before", "received", "after"), [
    (Receipts(300), 300, Receipts(300)),
    (Receipts(300), 1_110, Receipts(300, (came(810),))),
    (Receipts(300, (came(810),)), 1_210, Receipts(300, (came(810), came(100)))),
    (Receipts(300, (came(810), came(100))), 1_110, Receipts(300, (came(810),))),
    (Receipts(300, (came(810), came(100))), 1_000, Receipts(300, (came(700),))),
    (Receipts(300, (came(810),)), 200, Receipts(200)),
    (Receipts(300, (came(810),)), 0, Receipts(0)),
])  # fmt: skip
def test_what_counts_as_recovered(before: Receipts, received: int, after: Receipts) -> None:
    assert brought_up_to_date(before, received, TODAY) == after


EVENTS = st.tuples(st.sampled_from(["pay", "bounce", "refund"]), st.integers(1, 5_000))


@given(st.lists(TERMS, max_size=5), st.integers(0, 30_000), SUMS, SUMS, st.sampled_from(RecoveryOrder),
       st.lists(EVENTS, max_size=8))  # fmt: skip
def test_whatever_happens_the_loss_is_borne_whole_and_the_books_balance(
    terms: list[Arrangement], available: int, principal: int, charges: int, order: RecoveryOrder,
    happens: list[tuple[str, int]],
) -> None:  # fmt: skip
    steps = tuple(Tier(str(number), 1, one) for number, one in enumerate(terms))
    used = [Used(covered=30_000, available=available) for _ in terms]
    one = loss(principal, fees=charges, holders=(Holder(A, 6_000), Holder(B, 3_000)))
    receipts, paid, booked = Receipts(0), 0, Counter[Place]()
    before: Books = {}
    for what, amount in [("pay", 0), *happens]:
        if what == "pay":
            paid += amount
        elif what == "bounce":
            paid = max(0, paid - amount)
        else:
            one = replace(one, principal=max(0, one.principal - amount))
        receipts = brought_up_to_date(receipts, paid, TODAY)
        assert receipts.recovered + sum(each.net for each in receipts.came) == paid
        quantified = replace(one, recovered=min(receipts.recovered, one.principal + one.fees))
        allocation, _ = allocate(steps, used, quantified)
        recoveries: list[Recovery] = []
        for each in receipts.came:
            recoveries.append(share(order, steps, allocation, recoveries, each.net))
        _require_right(quantified, allocation, recoveries)
        bearing = Bearing(MERCHANT, steps, allocation, tuple(recoveries), _by_shares(quantified, recoveries))
        after = books_of(bearing)
        for transfer in (*transfers(before, {}), *transfers({}, after)):
            booked[Place(transfer.debit, transfer.debit_owner)] += transfer.amount
            booked[Place(transfer.credit, transfer.credit_owner)] -= transfer.amount
        assert {place: amount for place, amount in booked.items() if amount} == _sums(after)
        bears, itself = _kept(allocation, recoveries), _paid_itself(steps, allocation, recoveries)
        for name, relief in reliefs(bearing).items():
            assert bears[name] == bearing.partners[name] - relief - itself[name]
        before = after


def _require_right(one: Loss, allocation: Allocation, recoveries: list[Recovery]) -> None:
    borne = [each.amount for each in allocation.tiers] + [each.amount for each in allocation.rest]
    assert sum(borne) + allocation.written_off == allocation.loss == one.principal + one.fees - one.recovered
    back = [sum(parts) for parts in zip(*[(*each.tiers, *each.rest) for each in recoveries], strict=True)]
    assert all(0 <= got <= bore for got, bore in zip(back, borne, strict=False))
    came_back = sum(each.net for each in recoveries)
    kept = sum(back) + sum(each.written_off for each in recoveries)
    assert came_back == kept + sum(each.to_consumer for each in recoveries)
    assert kept == min(came_back, allocation.loss)


def _by_shares(one: Loss, recoveries: list[Recovery]) -> dict[str, int]:
    """What partners lose by their shares of the plan, all that came since taken off."""
    left = max(0, one.principal - one.recovered - sum(each.net for each in recoveries))
    return {A: left * 6_000 // 10_000, B: left * 3_000 // 10_000}


def _kept(allocation: Allocation, recoveries: list[Recovery]) -> dict[str, int]:
    return {
        held.partner_id: held.amount - sum(each.rest[number] for each in recoveries)
        for number, held in enumerate(allocation.rest)
        if held.partner_id is not None
    }  # fmt: skip


def _paid_itself(steps: tuple[Tier, ...], allocation: Allocation, recoveries: list[Recovery]) -> Counter[str]:
    """What each partner has of those who bear a part for its benefit, less what it pays them back."""
    found: Counter[str] = Counter()
    for number, (tier, borne) in enumerate(zip(steps, allocation.tiers, strict=True)):
        if tier.terms.beneficiary_id is not None:
            found[tier.terms.beneficiary_id] += borne.amount - sum(each.tiers[number] for each in recoveries)
    return found


def _sums(books: Books) -> dict[Place, int]:
    sums: Counter[Place] = Counter()
    for balances in books.values():
        assert sum(balances.values()) == 0
        sums.update(balances)
    return {place: amount for place, amount in sums.items() if amount}
