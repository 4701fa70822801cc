"""Shares of a running total: 70 % of 6,000.00 is 4,200.00 in whatever parts it is paid."""

from decimal import Decimal
from random import Random

import msgspec
import pytest

from service.db import Pool
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion, Place
from service.partners import shares
from service.partners.funding import Funding, Participation, ScheduleType, Totals
from service.partners.shares import Parts, bound
from service.plans.partner_books import figures_of
from service.terms.terms import Terms
from tests.plans.simulated.funded import any_funding

SEVENTY = Participation("pa_1", 7_000, 7_000, 5_000, 2_500)
THIRTY = Participation("pa_2", 3_000, 3_000)
COLLECTION = Participation("pa_1", 7_000, schedule_type=ScheduleType.SHARE_OF_COLLECTION)
OWN_RATE = Participation("pa_1", 7_000, schedule_type=ScheduleType.OWN_RATE, rate_percent=Decimal("5.5"))
NINE = Terms(instalments=12, rate_percent=Decimal(9))


def encoded(funding: Funding) -> str:
    """As a plan's row has it."""
    return msgspec.json.encode(funding.participations).decode()


def parts_of(*parts: Participation, terms: Terms = NINE) -> Parts:
    return bound(Funding("pr_1", 1, participations=parts), terms).participations


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "expected"),
    [
        (15, 7_000, 10_000, 11), (14, 7_000, 10_000, 10), (-15, 7_000, 10_000, -11), (0, 7_000, 10_000, 0),
        (6_000_00, 7_000, 10_000, 4_200_00), (45_00, 77, 180, 19_25), (1, 1, 2, 1), (1, 0, 1, 0),
    ],
)  # fmt: skip
def test_half_a_minor_unit_goes_up(amount: int, numerator: int, denominator: int, expected: int) -> None:
    assert shares.share(amount, numerator, denominator) == expected


@pytest.mark.parametrize("seed", range(50))
def test_whatever_the_order_they_add_up(seed: int) -> None:
    chance, parts, total, given = Random(seed), parts_of(SEVENTY, THIRTY), 0, [0, 0]
    while total < 6_000_00:
        more = min(chance.choice((1, 3, 100_01, chance.randint(1, 2_000_00))), 6_000_00 - total)
        for number in range(2):
            given[number] += shares.of_principal(parts, number, total + more) - shares.of_principal(
                parts, number, total
            )
        total += more
        assert sum(given) == total
        assert abs(given[0] * 10 - total * 7) <= 5
        assert abs(given[1] * 10 - total * 3) <= 5
    assert given == [4_200_00, 1_800_00]


def test_a_partner_at_its_own_rate_leaves_us_the_spread() -> None:
    """5.5 % on 70 % of 6,000.00 that is lent at 9 %: of the first month's 45.00 it has 19.25, and 13.50 is our own."""
    parts = parts_of(OWN_RATE)
    theirs, spread = shares.of_interest(parts, 0, 45_00), shares.spread(parts, 0, 45_00)
    assert (theirs, spread, 45_00 - theirs - spread) == (19_25, 12_25, 13_50)


def test_without_a_rate_there_is_no_interest_to_share() -> None:
    parts = parts_of(OWN_RATE, terms=Terms(instalments=12))
    assert (shares.of_interest(parts, 0, 45_00), shares.spread(parts, 0, 45_00)) == (0, 31_50)


def test_a_collection_is_shared_as_one_sum() -> None:
    """0.01 of principal and 0.02 of interest are 0.03, of which 70 % is 0.02; each by itself would be 0.01 and 0.01."""
    parts = parts_of(COLLECTION)
    assert shares.of_principal(parts, 0, 5) + shares.of_collection(parts, 0, 5, 5) == 7
    assert shares.of_principal(parts, 0, 5) + shares.of_interest(parts, 0, 5) == 8


def test_fees_and_penalties_have_percentages_of_their_own() -> None:
    parts = parts_of(SEVENTY, THIRTY)
    assert [shares.of_fees(parts, number, 10_01) for number in range(2)] == [5_01, 0]
    assert [shares.of_penalties(parts, number, 10_01) for number in range(2)] == [2_50, 0]


def test_the_last_of_all_takes_what_the_others_leave() -> None:
    thirds = parts_of(*(Participation(f"pa_{n}", bps, bps) for n, bps in enumerate((3_333, 3_333, 3_334))))
    assert [shares.of_principal(thirds, number, 100) for number in range(3)] == [33, 33, 34]
    assert [shares.of_interest(thirds, number, 2) for number in range(3)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("weights", "total", "expected"),
    [
        ((2_500,) * 4, 2, [1, 1, 0, 0]), ((2_500,) * 4, -2, [-1, -1, 0, 0]), ((2_500,) * 4, 3, [1, 1, 1, 0]),
        ((2_500,) * 4, 5, [1, 1, 1, 2]), ((1_000,) * 10, 5, [1] * 5 + [0] * 5), ((1_000,) * 10, 4, [0] * 9 + [4]),
        ((3_000,) * 3, 2, [1, 1, 0]),  # and none of ours
        ((5_000, 5_000, 0), 1, [1, 0, 0]),
        ((3_333, 3_333, 3_334, 0), 1, [0, 0, 1, 0]),  # whoever has no share does not take what is left
    ],
)  # fmt: skip
async def test_nobody_takes_what_is_not_left(
    pool: Pool, weights: tuple[int, ...], total: int, expected: list[int]
) -> None:
    funding = Funding("pr_1", 1, participations=tuple(
        Participation(f"pa_{number}", bps or 1, bps, bps, bps) for number, bps in enumerate(weights)
    ))  # fmt: skip
    for of in (shares.of_interest, shares.of_fees, shares.of_penalties):
        assert [of(funding.participations, number, total) for number in range(len(weights))] == expected
    found = await pool.fetch("select share from interest_of_parts(0, $1, $2)", total, encoded(funding))
    assert [row["share"] for row in found] == expected


async def test_the_database_shares_interest_the_same(pool: Pool) -> None:
    chance = Random(1)
    for _ in range(200):
        funding = bound(any_funding(chance), NINE)
        before, now = chance.randint(-5, 500_00), chance.randint(0, 10**12)
        found = await pool.fetch("select * from interest_of_parts($1, $2, $3)", before, now, encoded(funding))
        assert [(row["share"], row["spread"]) for row in found] == [
            tuple(of(funding.participations, n, now) - of(funding.participations, n, before)
                  for of in (shares.of_interest, shares.spread))
            for n in range(len(funding.participations))
        ]  # fmt: skip


def test_what_is_recovered_is_shared_as_one_sum_with_what_was_paid() -> None:
    """Of 0.45 interest paid and of 806.61 with 4.48 recovered, 33.33 % are 270.49: 0.15, 268.84 and 1.50."""
    parts = parts_of(Participation("pa_2", 3_333, schedule_type=ScheduleType.SHARE_OF_COLLECTION))
    totals = Totals(
        lent=806_61, interest=45, lost_principal=806_61, lost_interest=4_48, recovered_principal=806_61,
        recovered_interest=4_48,
    )  # fmt: skip
    (stage,) = figures_of(parts, 0, totals)
    due = {occasion: -rule(*amounts)[Place(A.PARTNER_PAYABLE, "pa_2")] for occasion, (rule, amounts) in stage.items()
           if Place(A.PARTNER_PAYABLE, "pa_2") in rule(*amounts)}  # fmt: skip
    assert due == {Occasion.PRINCIPAL_SHARE: 0, Occasion.INTEREST_SHARE: 1_65, Occasion.RECOVERY_SHARE: 268_84}
