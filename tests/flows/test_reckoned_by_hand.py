"""The formulas of support and credit insurance with figures of no publication, reckoned by hand, over HTTP."""

from typing import Any

import pytest

from tests.flows.factoring import assignment, at, bought, pay, receivable
from tests.flows.insuring import insured
from tests.flows.test_insured_losses import declared, limited, posted
from tests.flows.test_support import arrangement, loss, party, second_partner, simulated, waterfall
from tests.flows.world import SHARED, World


@SHARED
async def test_a_waterfall(world: World) -> None:
    """3,731.17 less 211.09 that came before are 3,520.08. The merchant bears 12.5 %: 440.01. Of 3,080.07 the insurer
    counts 3,000.00, less its first loss of 333.33, and pays 72.5 %: 1,933.34. The pool pays 37 % of 1,146.73: 424.29.
    The partners share 722.44 by 61.25 and 38.75: the odd cent is the second's. Of 466.67 net each gets its part."""
    insurer, pool = await party(world, "Elbe Insurance"), await party(world, "Pool of Hamburg")
    first = {"kind": "each_and_every", "amount": 333_33}
    tiers = [
        await arrangement(world, kind="reserve", cover_bps=1_250, funded=True),
        await arrangement(
            world, kind="consumer_insurance", provider_id=insurer, cover_bps=7_250, debtor_max=3_000_00,
            attachment=first,
        ),
        await arrangement(world, kind="compensation_pool", provider_id=pool, cover_bps=3_700, funded=True),
    ]  # fmt: skip
    partners = [world.demo.partner_id, await second_partner(world)]
    holders = [{"partner_id": one, "principal_bps": bps} for one, bps in zip(partners, (6_125, 3_875), strict=True)]
    lost = loss(world, 3_731_17, interest=58_21, fees=12_50, recovered=211_09, holders=holders)
    given = {tiers[0]: {"available": 1_000_00}, tiers[2]: {"available": 50_000_00}}
    one = {"loss": lost, "recoveries": [{"gross": 500_01, "cost": 33_34}]}
    (found,) = await simulated(world, await waterfall(world, *tiers), [one], given=given)
    borne = [tier["amount"] for tier in found["allocation"]["tiers"]]
    rest = [held["amount"] for held in found["allocation"]["rest"]]
    assert (borne, rest) == ([440_01, 1_933_34, 424_29], [442_49, 279_95, 0])
    assert found["allocation"]["written_off"] == 58_21 + 12_50
    (back,) = found["recoveries"]
    assert (back["tiers"], back["rest"]) == ([58_33, 256_31, 56_25], [58_66, 37_12, 0])


ATTACHED: list[tuple[dict[str, Any], list[int], list[int]]] = [
    ({"kind": "threshold", "amount": 2_000_00}, [2_000_00, 2_000_01, 9_999_99], [0, 1_700_01, 8_499_99]),
    # 6,300.00 less 1,250.00, for 15 % are 945.00; of 9,000.00 15 % are 1,350.00
    ({"kind": "minimum_retention", "amount": 1_250_00}, [1_250_00, 6_300_00, 9_000_00], [0, 5_050_00, 7_650_00]),
    ({"kind": "each_and_every", "amount": 777_77}, [777_77, 777_78, 5_000_00], [0, 1, 3_588_90]),
    # 5,000.00 use up as much of 7,500.00, 4,000.00 the rest: 85 % of 1,500.00
    ({"kind": "aggregate_by_loss", "amount": 7_500_00}, [5_000_00, 4_000_00, 1_000_00], [0, 1_275_00, 850_00]),
    # 4,250.00 of 7,500.00; of 3,400.00 3,250.00
    ({"kind": "aggregate_by_indemnity", "amount": 7_500_00}, [5_000_00, 4_000_00, 1_000_00], [0, 150_00, 850_00]),
]


@SHARED
@pytest.mark.parametrize(("attachment", "losses", "pays"), ATTACHED)
async def test_attachments_at_85_percent(
    world: World, attachment: dict[str, Any], losses: list[int], pays: list[int]
) -> None:
    which = await waterfall(world, await arrangement(world, cover_bps=8_500, attachment=attachment))
    found = await simulated(world, which, [{"loss": loss(world, amount)} for amount in losses])
    assert [one["allocation"]["tiers"][0]["amount"] for one in found] == pays


@SHARED
@pytest.mark.parametrize(("base", "pays"), [("payments", [150_000_00, 75_000_00]), ("gross_defaults", [135_000_00, 0])])
async def test_a_cap_of_9_percent_over_two_losses(world: World, base: str, pays: list[int]) -> None:
    """Of 2,500,000.00 lent 225,000.00 are the cap. 60 % of 250,000.00 are 150,000.00, of the next 75,000.00 are left.
    Of gross defaults 225,000.00 count, in all."""
    one = await arrangement(world, cover_bps=6_000, cap={"rate_bps": 900, "base": base})
    losses, given = [{"loss": loss(world, 250_000_00)}] * 2, {one: {"covered": 2_500_000_00}}
    found = await simulated(world, await waterfall(world, one), losses, given=given)
    assert [each["allocation"]["tiers"][0]["amount"] for each in found] == pays


async def test_salvage_by_limit_over_debt(world: World) -> None:
    """Of 7,777.77 x 31,000 / 48,000 the insurer gets 85 %: 4,269.67."""
    policy = await insured(world, "domestic", terms={"cover_bps": 8_500})
    debtor = await limited(world, policy, 31_000_00)
    lost = {
        "debtor_id": debtor, "cause": "credit", "on": "2026-03-01",
        "sales": [{"on": "2026-02-01", "amount": 48_000_00}],
    }  # fmt: skip
    one = await posted(world, f"insurance-policies/{policy}/losses", lost)
    assert (one["insured"], one["indemnity"]) == (31_000_00, 26_350_00)
    back = await posted(world, f"insurance-policies/{policy}/losses/{one['id']}/recoveries", {"gross": 7_777_77})
    assert (back["to_insurer"], back["to_insured"]) == (4_269_67, 3_508_10)


async def test_premium_at_42_bps(world: World) -> None:
    """987,654.32 cost 4,148.15; with 33,333.33 credited it is 4,008.15 in all; the minimum is 5,000.00."""
    policy = await insured(world, "domestic", premium_bps=42, minimum_premium=5_000_00)
    sold = [{"insured": 987_654_32}, {"insured": 0, "credit_notes": 33_333_33}, *10 * [{"insured": 0}]]
    told = [await declared(world, policy, month, one) for month, one in enumerate(sold, 1)]
    assert [one["total"] for one in told] == [4_148_15, -140_00, *9 * [0], 991_85]


async def test_an_invoice_of_other_terms(world: World) -> None:
    """7,777.77 at 82.5 %: 6,416.66; service 1.25 %: 97.22; 6.75 % for 47 days: 56.55; released: 1,207.34."""
    terms = {"advance_bps": 8_250, "service_bps": 125, "discount_bps": 675, "recourse_after_days": 60}
    invoice = await receivable(world, amount=7_777_77)
    one = await bought(world, invoice, terms=terms)
    at(world, 47)
    await pay(world, invoice, 7_777_77, "2026-04-18")
    position = (await assignment(world, one["id"]))["position"]
    assert [position[name] for name in ("advance", "service", "discount", "released")] == [
        6_416_66, 97_22, 56_55, 1_207_34,
    ]  # fmt: skip
