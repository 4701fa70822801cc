"""Who bears losses, agreed by two operators and reckoned over HTTP."""

from typing import Any

import pytest

from tests.flows.world import SHARED, World

ARRANGEMENTS = "/v1/operator/support-arrangements"
WATERFALLS = "/v1/operator/waterfalls"
PARTIES = "/v1/operator/support-parties"


async def party(world: World, name: str) -> str:
    made = await world.operator.post(PARTIES, {"name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def document(world: World, **differs: Any) -> dict[str, Any]:
    good = {
        "name": "Guarantee", "kind": "loan_guarantee", "currency": "EUR", "cover_bps": 10_000, "causes": ["credit"],
        "begins_on": "2026-01-01", "ends_on": "2026-12-31",
    }  # fmt: skip
    return good | differs if "kind" in differs else good | {"provider_id": await party(world, "Bank")} | differs


async def agreed(world: World, path: str, one: dict[str, Any], **more: Any) -> str:
    made = await world.seconded(await world.operator.post(path, {"document": one} | more))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def arrangement(world: World, **differs: Any) -> str:
    return await agreed(world, ARRANGEMENTS, await document(world, **differs))


async def waterfall(world: World, *tiers: str, order: str = "pari_passu") -> str:
    return await agreed(world, WATERFALLS, {"name": "Appliances", "tiers": tiers, "recovery_order": order})


async def simulated(world: World, which: str, losses: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    told = await world.operator.post(f"{WATERFALLS}/{which}/simulate", {"losses": losses} | more)
    assert told.status_code == 200, told.text
    found: list[dict[str, Any]] = told.json()["losses"]
    return found


def loss(world: World, principal: int, **differs: Any) -> dict[str, Any]:
    good = {"cause": "credit", "on": "2026-06-01", "debtor": "anna", "merchant_id": world.demo.merchant_id}
    return good | {"principal": principal} | differs


@pytest.fixture
async def tiers(world: World) -> list[str]:
    """The merchant's share, an insurer above its first loss, a pool."""
    first = {"kind": "each_and_every", "amount": 250_00}
    insurer, pool = await party(world, "Elbe Insurance"), await party(world, "Pool of Hamburg")
    return [
        await arrangement(world, kind="reserve", cover_bps=1_000, funded=True),
        await arrangement(
            world, kind="consumer_insurance", provider_id=insurer, cover_bps=8_000, debtor_max=5_000_00,
            attachment=first,
        ),
        await arrangement(world, kind="compensation_pool", provider_id=pool, cover_bps=4_000, funded=True),
    ]  # fmt: skip


async def test_a_loss_is_borne_tier_by_tier(world: World, tiers: list[str]) -> None:
    which = await waterfall(world, *tiers)
    partners = [world.demo.partner_id, await second_partner(world)]
    holders = [{"partner_id": one, "principal_bps": bps} for one, bps in zip(partners, (7_000, 3_000), strict=True)]
    one = loss(world, 4_500_00, interest=96_30, fees=40_00, recovered=300_00, holders=holders)
    given = {tiers[0]: {"available": 350_00}, tiers[2]: {"available": 100_000_00}}
    paid = [{"gross": 900_00, "cost": 90_00}, {"gross": 5_000_00}]
    (found,) = await simulated(world, which, [{"loss": one, "recoveries": paid}], given=given)
    borne = [tier["amount"] for tier in found["allocation"]["tiers"]]
    rest = [held["amount"] for held in found["allocation"]["rest"]]
    assert (borne, rest, found["allocation"]["written_off"]) == (
        [350_00, 2_880_00, 388_00], [407_40, 174_60, 0], 136_30,
    )  # fmt: skip
    first, second = found["recoveries"]
    assert (first["tiers"], first["rest"]) == ([67_50, 555_43, 74_83], [78_57, 33_67, 0])
    assert (second["written_off"], second["to_consumer"]) == (136_30, 1_473_70)
    assert [found] == await simulated(world, which, [{"loss": one, "recoveries": paid}], given=given)


async def second_partner(world: World) -> str:
    made = await world.operator.post("/v1/operator/partners", {"name": "Weser Fund"})
    return str(made.json()["id"])


@SHARED
async def test_losses_add_up(world: World) -> None:
    which = await waterfall(
        world,
        await arrangement(
            world, cover_bps=8_000, attachment={"kind": "aggregate_by_loss", "amount": 10_000_00}, small_loss_max=500_00
        ),
    )
    losses = [{"loss": loss(world, amount)} for amount in (499_99, 6_000_00, 7_000_00)]
    found = await simulated(world, which, losses)
    assert [one["allocation"]["tiers"][0]["amount"] for one in found] == [0, 0, 2_400_00]
    assert found[0]["allocation"]["tiers"][0]["limit"] == "small_loss"


@SHARED
@pytest.mark.parametrize(("base", "pays", "held_back"), [
    ("payments", 130_000_00, 20_000_00), ("gross_defaults", 97_500_00, 52_500_00),
])  # fmt: skip
async def test_a_guarantee_of_75_percent_with_a_cap_of_13(world: World, base: str, pays: int, held_back: int) -> None:
    """Of 1,000,000.00 lent 200,000.00 defaults (the Enterprise Finance Guarantee, United Kingdom)."""
    one = await arrangement(world, cover_bps=7_500, cap={"rate_bps": 1_300, "base": base})
    losses, given = [{"loss": loss(world, 200_000_00)}], {one: {"covered": 1_000_000_00}}
    (found,) = await simulated(world, await waterfall(world, one), losses, given=given)
    (tier,) = found["allocation"]["tiers"]
    assert (tier["amount"], tier["by_terms"] - tier["amount"], tier["limit"]) == (pays, held_back, "cap")


async def test_a_newer_version_bears_the_next_loss(world: World) -> None:
    one = await arrangement(world, cover_bps=5_000)
    which = await waterfall(world, one)
    losses = [{"loss": loss(world, 100_00)}]
    (before,) = await simulated(world, which, losses)
    again = await document(world, cover_bps=6_000)
    assert await agreed(world, ARRANGEMENTS, again, arrangement_id=one) == one
    (after,) = await simulated(world, which, losses)
    told = [(each["allocation"]["tiers"][0]["version"], each["allocation"]["tiers"][0]["amount"])
            for each in (before, after)]  # fmt: skip
    assert told == [(1, 50_00), (2, 60_00)]
    (listed,) = (await world.operator.get(ARRANGEMENTS)).json()["arrangements"]
    assert (listed["version"], listed["document"]["cover_bps"]) == (2, 6_000)


@SHARED
@pytest.mark.parametrize(("differs", "pointer"), [
    ({"currency": "XXX"}, "/currency"),
    ({"ends_on": "2025-12-31"}, "/ends_on"),
    ({"causes": ["credit", "credit"]}, "/causes"),
    ({"provider_id": None}, "/provider_id"),
    ({"cover_bps": 0}, "/cover_bps"),
    ({"attachment": {"kind": "threshold", "amount": 100}, "debtor_max": 100}, "/attachment/amount"),
    ({"annual_max": 2, "aggregate_max": 1}, "/annual_max"),
    ({"cap": {"rate_bps": 500, "base": "payments"}, "kind": "deposit", "provider_id": "pa_" + "0" * 26}, "/cap"),
    ({"rates": [{"cover_bps": 1}, {"cover_bps": 2}]}, "/rates/1"),
    ({"exclusive_classes": ["public", "public"]}, "/exclusive_classes"),
    ({"invoke_after_days": 90, "invoke_by_days": 89}, "/invoke_by_days"),
    ({"form": "cash"}, "/funded"),
    ({"form": "promise", "funded": True}, "/funded"),
    ({"form": "policy"}, "/form"),
    ({"rates": [{"cover_bps": 1, "category": "a"}], "categories": ["b"]}, "/rates/0/category"),
])  # fmt: skip
async def test_terms_that_contradict_themselves(world: World, differs: dict[str, Any], pointer: str) -> None:
    refused = await world.operator.post(ARRANGEMENTS, {"document": await document(world, **differs)})
    told = refused.json()
    assert (refused.status_code, told["code"], told["pointer"]) == (400, "invalid_field", f"/document{pointer}")


@SHARED
async def test_what_a_waterfall_cannot_be(world: World) -> None:
    one = await arrangement(world)
    other = await arrangement(world, currency="CNY")
    unknown = "sa_" + "0" * 26
    for tiers, status, pointer in [
        ([one, one], 400, "/document/tiers/1"), ([one, other], 400, "/document/tiers/1"),
        ([unknown], 404, "/document/tiers/0"),
    ]:  # fmt: skip
        body = {"document": {"name": "No", "tiers": tiers, "recovery_order": "reverse"}}
        refused = await world.operator.post(WATERFALLS, body)
        assert (refused.status_code, refused.json()["pointer"]) == (status, pointer)
    for wanted, status, differs in [(one, 400, {"currency": "CNY"}), (unknown, 404, {})]:
        again = {"document": await document(world, **differs), "arrangement_id": wanted}
        assert (await world.operator.post(ARRANGEMENTS, again)).status_code == status


@SHARED
async def test_losses_that_cannot_be(world: World) -> None:
    which = await waterfall(world, await arrangement(world))
    partner = {"partner_id": world.demo.partner_id, "principal_bps": 6_000}
    for body in [
        {"losses": [{"loss": loss(world, 100, recovered=101)}]},
        {"losses": [{"loss": loss(world, 100, holders=[partner, partner])}]},
        {"losses": [{"loss": loss(world, 100), "recoveries": [{"gross": 1, "cost": 2}]}]},
        {"losses": [{"loss": loss(world, 100)}], "given": {"sa_" + "0" * 26: {}}},
    ]:
        refused = await world.operator.post(f"{WATERFALLS}/{which}/simulate", body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field"), refused.text
    missing = await world.operator.post(f"{WATERFALLS}/wf_{'0' * 26}/simulate", {"losses": [{"loss": loss(world, 1)}]})
    assert missing.status_code == 404
