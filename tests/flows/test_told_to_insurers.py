"""What an insurer is told as it happens: limits that are asked for, who is overdue, packs; by webhooks, too."""

from datetime import date, timedelta
from typing import Any

from tests.flows.insuring import POLICIES, asked, insured
from tests.flows.published import noon
from tests.flows.test_webhooks import Receiver, delivering, rounds
from tests.flows.test_webhooks_of_others import heard_by
from tests.flows.world import NOON, Client, World
from tests.outside.serving import served

TYPES = ("debtor_limit.asked", "debtor.overdue", "insurance_pack.made")


async def told(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    events = (await client.get("/v1/support/events")).json()["events"]
    return [(one["type"], one["actor"], one["data"]) for one in events if one["type"] in TYPES]


async def test_a_limit_that_is_asked_for_is_told_at_once(world: World) -> None:
    """4,000.00 of 2,000.00 that the lender may grant itself: the insurer is asked. 1,000.00: it hears of it."""
    insurer, client = await world.take_on()
    _, other = await world.take_on("Bank of the Alster")
    policy = await insured(world, discretionary_max=2_000_00, terms={"provider_id": insurer})
    receiver = Receiver()
    async with served(receiver) as url, delivering(world) as deliverer:
        made = await heard_by(client, url, "/v1/support/endpoints", types=["debtor_limit.asked"])
        large = await asked(world, policy, await world.consumer(limit=9_000_00), 4_000_00)
        small = await asked(world, policy, await world.consumer(limit=9_000_00), 1_000_00, discretionary=True)
        await rounds(deliverer)
        sent = receiver.told(made["secret"])
    common = {"policy_id": policy, "currency": "EUR", "effective_on": f"{NOON:%Y-%m-%d}"}
    expected = [
        {"debtor_id": large["id"], "amount": 4_000_00, "state": "requested"} | common,
        {"debtor_id": small["id"], "amount": 1_000_00, "state": "granted"} | common,
    ]
    assert await told(client) == [("debtor_limit.asked", "operator", data) for data in expected]
    assert [one["data"] for one in sent] == expected
    assert await told(other) == []
    answer = {"amount": 3_000_00}
    path = f"/v1/support/insurance-policies/{policy}/debtors/{large['id']}/answer"
    assert (await client.post(path, answer)).status_code == 200


async def test_who_is_overdue_is_told_once(world: World) -> None:
    insurer, client = await world.take_on()
    policy = await insured(world, overdue_report_days=60, terms={"provider_id": insurer})
    consumer = await world.consumer(limit=9_000_00)
    debtor = (await asked(world, policy, consumer, 900_00, discretionary=True))["id"]
    plan = await world.plan(consumer, 300_00)
    done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 300_00})
    due_on = done.json()["schedule"][0]["due_on"]
    for days, heard in ((59, 0), (60, 1), (61, 1)):
        world.operator.now = noon(date.fromisoformat(due_on)) + timedelta(days=days)
        assert (await world.operator.post(f"{POLICIES}/{policy}/overdue-notices")).status_code == 200
        news = [one for one in await told(client) if one[0] == "debtor.overdue"]
        assert len(news) == heard
    _, actor, data = news[0]
    owed = sum(line["principal"] for line in done.json()["schedule"] if line["due_on"] <= "2026-05-01")
    assert (actor, data) == (
        "operator",
        {"debtor_id": debtor, "policy_id": policy, "amount": owed, "currency": "EUR", "due_on": due_on},
    )


async def test_a_pack_that_was_made_is_told_once(world: World) -> None:
    insurer, client = await world.take_on()
    policy = await insured(world, terms={"provider_id": insurer})
    await asked(world, policy, await world.consumer(limit=9_000_00), 900_00, discretionary=True)
    world.operator.now = NOON.replace(month=4, day=1)
    body = {"insurer_id": insurer, "begin_on": "2026-03-01"}
    packs = [(await world.operator.post("/v1/operator/insurance-packs", body)).json() for _ in range(2)]
    assert packs[0]["id"] == packs[1]["id"]
    assert [one for one in await told(client) if one[0] == "insurance_pack.made"] == [
        ("insurance_pack.made", "operator", {"pack_id": packs[0]["id"], "begin_on": "2026-03-01", "records": 1}),
    ]  # fmt: skip
