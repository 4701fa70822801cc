"""Who bears a loss, in worked figures, and what holds of every waterfall."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import tests.properties  # noqa: F401 - how hard to try
from service.money import take_bps
from service.support.arrangement import (
    AGGREGATES,
    Arrangement,
    ArrangementKind,
    Attachment,
    AttachmentKind,
    Cap,
    CapOf,
    Cause,
    CoveredParts,
    Rate,
)
from service.support.cover import Limit, Used, cover_of
from service.support.loss import Holder, Loss
from service.support.recovering import Recovery, RecoveryOrder, share
from service.support.waterfall import Allocation, Tier, allocate, digest
from tests.support.worked import APPLIANCE, MERCHANT, A, B, arrangement, loss, tiers

RESERVE, FULL_POOL = Used(available=350_00), Used(available=100_000_00)
USED = (Used(), RESERVE, Used(), FULL_POOL)


def amounts(found: Allocation) -> tuple[list[int], list[int]]:
    return [one.amount for one in found.tiers], [one.amount for one in found.rest]


# The worked example ---------------------------------------------------------------------------------------------------


def test_who_bears_an_appliance() -> None:
    found, _ = allocate(tiers(), USED, APPLIANCE)
    assert amounts(found) == ([0, 350_00, 2_880_00, 388_00], [407_40, 174_60, 0])
    assert [one.base for one in found.tiers] == [4_200_00, 4_200_00, 3_850_00, 970_00]
    assert [one.limit for one in found.tiers] == [Limit.EXCLUDED_CAUSE, Limit.NO_MONEY, None, None]
    assert (found.loss, found.written_off) == (4_336_30, 136_30)


def test_without_support_the_partners_bear_it() -> None:
    assert amounts(allocate((), (), APPLIANCE)[0]) == ([], [2_940_00, 1_260_00, 0])


def test_an_empty_pool_pays_what_it_has() -> None:
    found, after = allocate(tiers(), (*USED[:3], Used(available=200_00)), APPLIANCE)
    assert amounts(found) == ([0, 350_00, 2_880_00, 200_00], [539_00, 231_00, 0])
    assert (found.tiers[3].by_terms, found.tiers[3].limit, after[3].available) == (388_00, Limit.NO_MONEY, 0)


def test_a_dispute_that_the_merchant_lost_is_the_merchants() -> None:
    found, _ = allocate(tiers(), USED, replace(APPLIANCE, cause=Cause.DISPUTE))
    assert amounts(found) == ([4_200_00, 0, 0, 0], [0, 0, 0])
    assert found.tiers[0].bearer_id == MERCHANT
    assert {one.limit for one in found.tiers[1:]} == {Limit.EXCLUDED_CAUSE}


def test_a_refund_that_was_found_later_lowers_it() -> None:
    found, _ = allocate(tiers(), USED, replace(APPLIANCE, principal=4_100_00))
    assert amounts(found) == ([0, 350_00, 2_560_00, 356_00], [373_80, 160_20, 0])


@pytest.mark.parametrize(("differs", "pays", "limit"), [
    ({}, 388_00, None),
    ({"rates": (Rate(6_000, is_first_time=True),)}, 388_00, None),
    ({"rates": (Rate(6_000, is_first_time=False),)}, 582_00, None),
    ({"rates": (Rate(5_000, category="furniture"), Rate(6_000))}, 582_00, None),
    ({"categories": ("furniture",)}, 0, Limit.OUT_OF_SCOPE),
    ({"loss_max": 388_00}, 388_00, None),
    ({"loss_max": 387_99}, 387_99, Limit.LOSS_MAX),
    ({"begins_on": date(2026, 6, 2)}, 0, Limit.NOT_IN_FORCE),
    ({"begins_on": date(2026, 6, 1)}, 388_00, None),
])  # fmt: skip
def test_what_the_pool_compensates(differs: dict[str, Any], pays: int, limit: Limit | None) -> None:
    found, _ = allocate(tiers(**differs), USED, APPLIANCE)
    assert (found.tiers[3].amount, found.tiers[3].limit) == (pays, limit)


def test_the_same_loss_has_the_same_digest() -> None:
    first, second = (digest(allocate(tiers(), USED, APPLIANCE)[0]) for _ in range(2))
    assert first == second != digest(allocate(tiers(), USED, replace(APPLIANCE, recovered=299_99))[0])


# For one partner's benefit --------------------------------------------------------------------------------------------

FOR_A: dict[str, Any] = {"beneficiary_id": A, "cover_bps": 8_000}


def borne_for(*terms: Arrangement, principal: int = 4_500_00, **says: Any) -> tuple[list[int], list[int]]:
    steps = [Tier(str(number), 1, one) for number, one in enumerate(terms)]
    one = loss(principal, holders=(Holder(A, 7_000), Holder(B, 3_000)), **says)
    return amounts(allocate(steps, [Used() for _ in terms], one)[0])


def test_a_tier_for_one_partner_bears_of_its_part_alone() -> None:
    """80 % of 3,150.00; then an insurer half of what is left of each; in the other order half of all comes first."""
    for_a, half = arrangement(**FOR_A), arrangement(cover_bps=5_000)
    assert borne_for(for_a) == ([2_520_00], [630_00, 1_350_00, 0])
    assert borne_for(for_a, half) == ([2_520_00, 990_00], [315_00, 675_00, 0])
    assert borne_for(half, for_a) == ([2_250_00, 1_260_00], [315_00, 675_00, 0])
    whole = arrangement(beneficiary_id=A)
    assert borne_for(whole, arrangement()) == ([3_150_00, 1_350_00], [0, 0, 0])
    assert borne_for(whole, whole, half) == ([3_150_00, 0, 675_00], [0, 675_00, 0])


def test_of_a_plan_without_its_money_it_bears_nothing() -> None:
    one = loss(100_00, holders=(Holder(B, 10_000),))
    found, _ = allocate([Tier("a", 1, arrangement(**FOR_A))], [Used()], one)
    assert (found.tiers[0].amount, found.tiers[0].limit) == (0, Limit.OTHER_MONEY)


# Attachments: Munich Re's, EXIM's and others' published figures -------------------------------------------------------

EACH = AttachmentKind.EACH_AND_EVERY


@pytest.mark.parametrize(("kind", "amount", "cover", "insured", "pays"), [
    (AttachmentKind.THRESHOLD, 1_000, 8_500, 900, 0),
    (AttachmentKind.THRESHOLD, 1_000, 8_500, 1_000, 0),
    (AttachmentKind.THRESHOLD, 1_000, 8_500, 5_000, 4_250),
    (AttachmentKind.MINIMUM_RETENTION, 1_000, 8_500, 5_000, 4_000),
    (AttachmentKind.MINIMUM_RETENTION, 1_000, 8_500, 10_000, 8_500),
    (AttachmentKind.MINIMUM_RETENTION, 1_000, 8_500, 900, 0),
    (EACH, 5_000, 9_000, 50_000, 40_500),
    (EACH, 5_000, 9_000, 5_000, 0),
])  # fmt: skip
def test_from_where_on_it_pays(kind: AttachmentKind, amount: int, cover: int, insured: int, pays: int) -> None:
    one = arrangement(cover_bps=cover, attachment=Attachment(kind, amount))
    found = cover_of(one, Used(), loss(insured), insured)
    assert (found.amount, found.limit) == (pays, None if pays else Limit.ATTACHMENT)


@pytest.mark.parametrize(("kind", "pays"), [
    (AttachmentKind.AGGREGATE_BY_LOSS, [0, 0, 2_400_00]),
    (AttachmentKind.AGGREGATE_BY_INDEMNITY, [0, 0, 400_00]),
])  # fmt: skip
def test_first_losses_add_up_until_they_are_borne(kind: AttachmentKind, pays: list[int]) -> None:
    one = arrangement(cover_bps=8_000, attachment=Attachment(kind, 10_000_00), small_loss_max=500_00)
    used, found = Used(), list[int]()
    for insured in (499_99, 6_000_00, 7_000_00):
        cover = cover_of(one, used, loss(insured), insured)
        used = cover.used
        found.append(cover.amount)
    assert found == pays


# Caps of portfolios ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "pays", "held_back"), [
    (CapOf.PAYMENTS, 130_000_00, 20_000_00), (CapOf.GROSS_DEFAULTS, 97_500_00, 52_500_00),
])  # fmt: skip
@pytest.mark.parametrize("count", [1, 8])
def test_a_guarantee_of_75_percent_with_a_cap_of_13(base: CapOf, pays: int, held_back: int, count: int) -> None:
    one, used = arrangement(cover_bps=7_500, cap=Cap(1_300, base)), Used(covered=1_000_000_00)
    covers = []
    for _ in range(count):
        covers.append(cover_of(one, used, loss(200_000_00 // count), 200_000_00 // count))
        used = covers[-1].used
    assert sum(cover.amount for cover in covers) == pays
    assert sum(cover.by_terms - cover.amount for cover in covers) == held_back
    assert covers[-1].limit is Limit.CAP


def test_a_first_loss_guarantee_grows_with_what_is_lent_and_is_not_filled_up_again() -> None:
    one, crore = arrangement(ArrangementKind.PORTFOLIO_GUARANTEE, cap=Cap(500, CapOf.PAYMENTS)), 10**9

    def left(used: Used) -> int:
        return cover_of(one, used, loss(100 * crore), 100 * crore).amount

    assert [left(Used(covered=lent * crore)) * 10 // crore for lent in (10, 20)] == [5, 10]
    after = cover_of(one, Used(covered=20 * crore), loss(2 * crore), 2 * crore)
    assert (after.amount, left(after.used)) == (crore, 0)


def test_limits_of_a_debtor_and_of_a_year() -> None:
    one, used = arrangement(debtor_max=1_000, annual_max=1_500), Used()
    found = []
    for debtor, on in [("a", 2026), ("a", 2026), ("b", 2026), ("b", 2027), ("c", 2027)]:
        one = replace(one, ends_on=date(2030, 1, 1))
        cover = cover_of(one, used, loss(800, debtor=debtor, on=date(on, 6, 1)), 800)
        used = cover.used
        found.append((cover.amount, cover.limit))
    assert found == [
        (800, None), (200, Limit.DEBTOR_MAX), (500, Limit.ANNUAL_MAX), (200, Limit.DEBTOR_MAX), (800, None),
    ]  # fmt: skip


@pytest.mark.parametrize(("differs", "used", "past_due", "limit"), [
    ({}, Used(is_in_force=False), 0, Limit.NOT_IN_FORCE),
    ({}, Used(is_enrolled=False), 0, Limit.NOT_ENROLLED),
    ({}, Used(granted=0), 0, Limit.NOT_GRANTED),
    ({"invoke_after_days": 60}, Used(), 59, Limit.TOO_EARLY),
    ({"invoke_after_days": 60}, Used(), 60, None),
    ({"invoke_by_days": 120}, Used(), 120, None),
    ({"invoke_by_days": 120}, Used(), 121, Limit.TOO_LATE),
])  # fmt: skip
def test_when_it_bears_nothing(differs: dict[str, Any], used: Used, past_due: int, limit: Limit | None) -> None:
    found = cover_of(arrangement(**differs), used, loss(970_00, days_past_due=past_due), 970_00)
    assert (found.amount, found.limit) == (0 if limit else 970_00, limit)


def test_no_more_than_was_granted() -> None:
    found = cover_of(arrangement(), Used(granted=300_00), loss(970_00), 970_00)
    assert (found.amount, found.by_terms, found.limit) == (300_00, 970_00, Limit.NOT_GRANTED)


# Recoveries -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "to_tiers", "to_rest"), [
    (RecoveryOrder.PARI_PASSU, (0, 67_50, 555_43, 74_83), (78_57, 33_67, 0)),
    (RecoveryOrder.REVERSE, (0, 0, 0, 228_00), (407_40, 174_60, 0)),
    (RecoveryOrder.SUBROGATED, (0, 0, 810_00, 0), (0, 0, 0)),
])  # fmt: skip
def test_who_gets_a_recovery(order: RecoveryOrder, to_tiers: tuple[int, ...], to_rest: tuple[int, ...]) -> None:
    lost, _ = allocate(tiers(), USED, APPLIANCE)
    assert share(order, tiers(), lost, [], 810_00) == Recovery(810_00, to_tiers, to_rest, 0, 0)


def test_nobody_gets_more_than_they_bore() -> None:
    lost, _ = allocate(tiers(), USED, APPLIANCE)
    first = share(RecoveryOrder.PARI_PASSU, tiers(), lost, [], 810_00)
    second = share(RecoveryOrder.PARI_PASSU, tiers(), lost, [first], 5_000_00)
    assert sum(second.tiers) + sum(second.rest) == 3_390_00
    assert (second.written_off, second.to_consumer) == (136_30, 1_473_70)
    assert [one + more for one, more in zip(first.tiers, second.tiers, strict=True)] == [0, 350_00, 2_880_00, 388_00]


# What holds of all ----------------------------------------------------------------------------------------------------

SUMS = st.integers(0, 10_000)
ATTACHMENTS = st.none() | st.builds(Attachment, st.sampled_from(AttachmentKind), st.integers(1, 5_000))
TERMS = st.builds(
    arrangement,
    st.sampled_from(ArrangementKind),
    cover_bps=st.integers(0, 10_000),
    base=st.sampled_from(CoveredParts),
    causes=st.sets(st.sampled_from(Cause), min_size=1).map(tuple),
    attachment=ATTACHMENTS,
    small_loss_max=SUMS,
    loss_max=SUMS,
    debtor_max=SUMS,
    debtor_paid_max=SUMS,
    annual_max=SUMS,
    aggregate_max=SUMS,
    of_whole=st.booleans(),
    aggregate=st.none() | st.builds(Attachment, st.sampled_from(sorted(AGGREGATES)), st.integers(1, 5_000)),
    cap=st.none() | st.builds(Cap, st.integers(1, 10_000), st.sampled_from(CapOf)),
    beneficiary_id=st.sampled_from([None, None, None, A, B]),
    funded=st.booleans(),
)


@st.composite
def losses(draw: st.DrawFn) -> Loss:
    principal, interest, fees = draw(SUMS), draw(SUMS), draw(SUMS)
    first, second = draw(st.integers(1, 5_000)), draw(st.integers(1, 5_000))
    return loss(
        principal, interest=interest, fees=fees, recovered=draw(st.integers(0, principal + interest + fees)),
        cause=draw(st.sampled_from(Cause)), debtor=draw(st.sampled_from("ab")),
        holders=(Holder(A, first), Holder(B, second)),
    )  # fmt: skip


@given(st.lists(TERMS, max_size=5), st.integers(0, 30_000), st.integers(0, 30_000), st.lists(losses(), max_size=6),
       st.sampled_from(RecoveryOrder), st.lists(SUMS, max_size=4))  # fmt: skip
def test_all_of_it_is_borne_and_nobody_bears_more_than_agreed(
    terms: list[Arrangement], covered: int, available: int, all_losses: list[Loss], order: RecoveryOrder,
    recoveries: list[int],
) -> None:  # fmt: skip
    steps = tuple(Tier(str(number), 1, one) for number, one in enumerate(terms))
    used = [Used(covered=covered, available=available) for _ in terms]
    for one in all_losses:
        found, used = allocate(steps, used, one)
        borne, rest = amounts(found)
        assert sum(borne) + sum(rest) + found.written_off == found.loss
        assert min([*borne, *rest, found.written_off]) >= 0
        assert all(tier.amount <= tier.by_terms <= tier.base for tier in found.tiers)
        _require_shared(steps, found, order, recoveries)
    for tier, so_far in zip(terms, used, strict=True):
        assert not tier.aggregate_max or so_far.paid <= tier.aggregate_max
        assert not tier.annual_max or max(so_far.paid_by_year.values(), default=0) <= tier.annual_max
        assert not tier.debtor_paid_max or max(so_far.paid_by_debtor.values(), default=0) <= tier.debtor_paid_max
        assert not tier.debtor_max or max(so_far.insured_by_debtor.values(), default=0) <= tier.debtor_max
        assert not tier.funded or so_far.paid <= available
        if tier.cap is not None:
            counted = so_far.paid if tier.cap.base is CapOf.PAYMENTS else so_far.defaults
            assert counted <= take_bps(covered, tier.cap.rate_bps)


def _require_shared(steps: tuple[Tier, ...], lost: Allocation, order: RecoveryOrder, nets: list[int]) -> None:
    before: list[Recovery] = []
    for net in nets:
        came = share(order, steps, lost, before, net)
        assert sum(came.tiers) + sum(came.rest) + came.written_off + came.to_consumer == net
        before.append(came)
    borne = [one.amount for one in lost.tiers] + [one.amount for one in lost.rest]
    back = [sum(parts) for parts in zip(*[(*one.tiers, *one.rest) for one in before], strict=True)]
    assert all(0 <= got <= bore for got, bore in zip(back, borne, strict=False))
    assert sum(one.written_off for one in before) <= lost.written_off
