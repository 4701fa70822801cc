"""What an insurer sees and decides with its own key, and the packs that it gets each month."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from tests.flows.insuring import POLICIES, asked, insured
from tests.flows.test_insured_losses import declared
from tests.flows.world import NOON, Client, World

OWN = "/v1/support/insurance-policies"


async def bought(world: World, consumer: str, amount: int) -> str:
    """The day on which the first instalment is due."""
    plan = await world.plan(consumer, amount)
    done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    assert done.status_code == 200, done.text
    return str(done.json()["schedule"][0]["due_on"])


async def pack(world: World, insurer: str, month: int, day: int = 1) -> dict[str, Any]:
    """The manifest of a month's pack, made in the month after."""
    world.operator.now = NOON.replace(month=month + 1, day=day)
    body = {"insurer_id": insurer, "begin_on": f"2026-{month:02}-01"}
    made = await world.operator.post("/v1/operator/insurance-packs", body)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def rows(client: Client, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a pack, whose bytes are those that its manifest says."""
    own = "support" if client.authorization.startswith("Bearer spk_") else "operator"
    sent = await client.get(f"/v1/{own}/insurance-packs/{manifest['id']}/content")
    assert sent.status_code == 200, sent.text
    assert hashlib.sha256(sent.content).hexdigest() == manifest["sha256"] == sent.headers["etag"].strip('"')
    assert len(sent.content) == manifest["bytes"]
    return [json.loads(line) for line in sent.text.splitlines()]


async def owed_by_ledger(world: World, as_of: str) -> int:
    """What consumers owe in principal, by the trial balance of a day."""
    told = (await world.operator.get("/v1/operator/ledger/trial-balance", as_of=as_of)).json()
    return sum(one["balance"] for one in told["accounts"] if one["account"] == "consumer_principal")


async def test_a_pack_is_the_ledger_of_its_debtors(world: World) -> None:
    insurer, client = await world.take_on()
    policy = await insured(world, terms={"provider_id": insurer}, legal_basis="clause 12")
    debtors = [await world.consumer(limit=9_000_00) for _ in range(2)]
    for consumer, limit in zip(debtors, (500_00, 5_000_00), strict=True):
        world.operator.now = (world.operator.now or NOON) + timedelta(seconds=1)  # of one instant, ids have no order
        await asked(world, policy, consumer, limit, discretionary=True)
    plans = [await world.plan(debtors[0], amount) for amount in (400_00, 300_00)]
    plans.append(await world.plan(debtors[1], 250_00))
    for plan, amount in zip(plans, (400_00, 300_00, 250_00), strict=True):
        await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": amount})
    await world.merchant.post(f"/v1/plans/{plans[2]['id']}/payments", {"amount": 50_00, "reference": "1"})
    world.merchant.now = NOON + timedelta(35)  # in April: not in the pack of March
    await world.merchant.post(f"/v1/plans/{plans[1]['id']}/payments", {"amount": 80_00, "reference": "2"})
    march = await pack(world, insurer, 3, day=9)
    found = await rows(client, march)
    assert [one["exposure"] for one in found] == [700_00, 200_00]
    assert [(one["insured"], one["uninsured"], one["usage_bps"]) for one in found] == [
        (500_00, 200_00, 10_000), (200_00, 0, 400),
    ]  # fmt: skip
    (sums,) = march["policies"]
    assert sums == {
        "policy_id": policy, "currency": "EUR", "records": 2, "exposure": 900_00, "insured": 700_00,
        "uninsured": 200_00, "ledger": 900_00,
    }  # fmt: skip
    assert march["records"] == 2
    assert await owed_by_ledger(world, "2026-03-31") == 900_00
    assert {one["legal_basis"] for one in found} == {"clause 12"}
    assert all(sum(age["amount"] for age in one["ageing"]) == one["exposure"] for one in found)
    april = await pack(world, insurer, 4)
    assert (await rows(client, april))[0]["exposure"] < 700_00
    assert (
        april["policies"][0]["ledger"] == await owed_by_ledger(world, "2026-04-30") == april["policies"][0]["exposure"]
    )
    assert not any(consumer in json.dumps(found) for consumer in debtors)


async def test_ageing_and_grade_are_of_the_end_of_the_month(world: World) -> None:
    insurer, client = await world.take_on()
    policy, consumer = await insured(world, terms={"provider_id": insurer}), await world.consumer(limit=9_000_00)
    await asked(world, policy, consumer, 5_000_00, discretionary=True)
    due_on = await bought(world, consumer, 400_00)
    (row,) = await rows(client, await pack(world, insurer, 3))
    assert row["grade"] == "not_rated"
    assert row["overdue_days"] == max((NOON.replace(day=31) - NOON.fromisoformat(f"{due_on}T12:00:00+00:00")).days, 0)
    (row,) = await rows(client, await pack(world, insurer, 5))
    assert (row["ageing"][0]["amount"], sum(one["amount"] for one in row["ageing"])) == (0, 400_00)
    assert row["overdue_days"] > 30


async def test_a_pack_is_made_once_and_signed(world: World) -> None:
    insurer, client = await world.take_on()
    policy = await insured(world, terms={"provider_id": insurer})
    await asked(world, policy, await world.consumer(), 100_00, discretionary=True)
    first, again = await pack(world, insurer, 3), await pack(world, insurer, 3, day=2)
    assert first == again
    assert first["key"] == (await world.partner.get("/v1/partner/signing-key")).json()["key"]
    assert len(first["signature"]) == 128
    (listed,) = (await client.get("/v1/support/insurance-packs")).json()["packs"]
    assert listed == first
    (listed,) = (await world.operator.get("/v1/operator/insurance-packs")).json()["packs"]
    assert await rows(client, first) == await rows(world.operator, first)
    for body, code in [
        ({"insurer_id": insurer, "begin_on": "2026-04-01"}, "state_forbids"),
        ({"insurer_id": insurer, "begin_on": "2026-03-02"}, "invalid_field"),
        ({"insurer_id": "sp_" + "0" * 26, "begin_on": "2026-03-01"}, "not_found"),
    ]:
        refused = await world.operator.post("/v1/operator/insurance-packs", body)
        assert refused.json()["code"] == code, refused.text


async def test_an_insurer_sees_its_own_and_nothing_else(world: World) -> None:
    (insurer, ours), (other, theirs) = await world.take_on(), await world.take_on("Weser Insurance")
    mine, foreign = [await insured(world, terms={"provider_id": one}) for one in (insurer, other)]
    consumer = await world.consumer()
    debtor = (await asked(world, mine, consumer, 9_000_00))["id"]
    await asked(world, foreign, consumer, 900_00, discretionary=True)
    listed = (await ours.get(OWN)).json()["policies"]
    assert [one["id"] for one in listed] == [mine]
    (seen,) = (await ours.get(f"{OWN}/{mine}/debtors")).json()["debtors"]
    assert (seen["id"], seen["consumer"], seen["state"]) == (debtor, None, "requested")
    answered = await ours.post(f"{OWN}/{mine}/debtors/{debtor}/answer", {"amount": 4_000_00, "conditions": "Net 30."})
    assert (answered.json()["state"], answered.json()["limit"], answered.json()["consumer"]) == (
        "partial",
        4_000_00,
        None,
    )
    lowered = await ours.post(f"{OWN}/{mine}/debtors/{debtor}/lower", {"amount": 0})
    assert lowered.json()["state"] == "withdrawn"
    for path in ("debtors", "declarations", "overdue-notices"):
        assert (await ours.get(f"{OWN}/{mine}/{path}")).status_code == 200
        assert (await theirs.get(f"{OWN}/{mine}/{path}")).json()["code"] == "not_found"
    for verb, body in (("answer", {"amount": 1}), ("lower", {"amount": 0})):
        refused = await theirs.post(f"{OWN}/{mine}/debtors/{debtor}/{verb}", body)
        assert refused.json()["code"] == "not_found"
        refused = await theirs.post(f"{OWN}/{foreign}/debtors/{debtor}/{verb}", body)
        assert refused.json()["code"] == "wrong_debtor"
    made = await pack(world, insurer, 3)
    assert (await theirs.get("/v1/support/insurance-packs")).json()["packs"] == []
    assert (await theirs.get(f"/v1/support/insurance-packs/{made['id']}/content")).json()["code"] == "not_found"
    assert [one["debtor_id"] for one in await rows(ours, made)] == [debtor]


async def test_an_insurer_reads_its_declarations(world: World) -> None:
    insurer, client = await world.take_on()
    policy = await insured(world, "domestic", terms={"provider_id": insurer})
    made = await declared(world, policy, 1, {"insured": 1_250_000_00})
    (read,) = (await client.get(f"{OWN}/{policy}/declarations")).json()["declarations"]
    assert read == made
    assert read["total"] == 4_375_00
    assert (await world.operator.get(f"{POLICIES}/{policy}/declarations")).json()["declarations"] == [made]
