"""A debtor who is later than the insurer allows is supplied no more, and the insurer is told: over HTTP."""

from datetime import timedelta
from typing import Any

from tests.flows.insuring import POLICIES, agreed, asked, document, insured
from tests.flows.test_insured_losses import posted
from tests.flows.test_loss_claims import CLAIMS
from tests.flows.test_made_one import set_limit
from tests.flows.test_one_person import NUMBER, register
from tests.flows.test_support import waterfall
from tests.flows.world import NOON, World


async def owing(world: World, consumer: str) -> str:
    """The day on which the first instalment that is not paid was due."""
    plan = await world.plan(consumer, 300_00)
    done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": 300_00})
    assert done.status_code == 200, done.text
    return str(done.json()["schedule"][0]["due_on"])


async def codes(world: World, consumer: str, due_on: str, days_late: int) -> list[str]:
    """Why a purchase is declined so many days after a due date."""
    world.merchant.now = NOON.fromisoformat(f"{due_on}T12:00:00+00:00") + timedelta(days_late)
    answer = await world.checkout(consumer, 100_00)
    assert answer["outcome"] == "declined"
    return [one["code"] for one in answer["reasons"]]


async def debtor(world: World, policy: str, consumer: str, **more: Any) -> str:
    return str((await asked(world, policy, consumer, 900_00, discretionary=True, **more))["id"])


async def test_later_than_the_insurer_allows_is_declined_and_proved(world: World) -> None:
    consumer = await world.consumer(limit=9_000_00)
    due_on = await owing(world, consumer)
    assert "STOP_SUPPLY" not in await codes(world, consumer, due_on, 31)
    policy = await insured(world, extension_days_max=30)
    one = await debtor(world, policy, consumer)
    assert "STOP_SUPPLY" not in await codes(world, consumer, due_on, 30)
    assert (await codes(world, consumer, due_on, 31))[0] == "STOP_SUPPLY"
    world.operator.now = world.merchant.now
    (stop,) = (await world.operator.get(f"{POLICIES}/{policy}/debtors/{one}/stops")).json()["stops"]
    log = (await world.operator.get(f"/v1/operator/decisions/{stop['decision_id']}")).json()
    assert policy in str(log["snapshot"])
    replayed = (await world.operator.get(f"/v1/operator/decisions/{stop['decision_id']}/replay")).json()
    assert replayed["is_identical"]
    assert (stop["amount"], stop["merchant_id"]) == (100_00, world.demo.merchant_id)


async def test_another_version_of_the_policy_counts_at_once(world: World) -> None:
    consumer = await world.consumer(limit=9_000_00)
    due_on = await owing(world, consumer)
    one = await document(world, extension_days_max=90)
    policy = await agreed(world, one)
    await debtor(world, policy, consumer)
    assert "STOP_SUPPLY" not in await codes(world, consumer, due_on, 20)
    await agreed(world, one | {"extension_days_max": 10}, policy_id=policy)
    assert (await codes(world, consumer, due_on, 20))[0] == "STOP_SUPPLY"


async def test_it_stops_only_at_merchants_whose_sales_are_insured_and_only_who_has_a_limit(world: World) -> None:
    consumer, other = await register(world.merchant, NUMBER), await register(world.other_merchant, NUMBER)
    await set_limit(world, consumer, 9_000_00)
    due_on = await owing(world, consumer)
    theirs = await insured(world, merchant_ids=[world.demo.second_merchant_id])
    await debtor(world, theirs, other)
    everybody = await insured(world)
    await asked(world, everybody, consumer, 9_000_00)  # the insurer has not answered
    assert "STOP_SUPPLY" not in await codes(world, consumer, due_on, 60)
    world.other_merchant.now = world.merchant.now
    cart = {"merchant_reference": "1", "consumer": other, "currency": "EUR", "amount": 100_00}
    answer = (await world.other_merchant.ask("/v1/checkouts", cart)).json()
    assert answer["reasons"][0]["code"] == "STOP_SUPPLY"


async def test_a_loss_names_the_decisions_that_stopped_supply(world: World) -> None:
    consumer = await world.consumer(limit=9_000_00)
    due_on = await owing(world, consumer)
    policy = await insured(world, "domestic")
    one = await debtor(world, policy, consumer)
    await codes(world, consumer, due_on, 40)
    world.operator.now = world.merchant.now
    lost = {"debtor_id": one, "cause": "credit", "on": due_on, "sales": [{"on": "2026-03-02", "amount": 300_00}]}
    loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
    stops = (await world.operator.get(f"{POLICIES}/{policy}/debtors/{one}/stops")).json()["stops"]
    assert loss["stops"] == [stop["decision_id"] for stop in stops]
    assert len(stops) == 1


# Notices --------------------------------------------------------------------------------------------------------------


async def noticed(world: World, policy: str, due_on: str, days_late: int) -> int:
    world.operator.now = NOON.fromisoformat(f"{due_on}T12:00:00+00:00") + timedelta(days_late)
    told = await posted(world, f"insurance-policies/{policy}/overdue-notices", {}, 200)
    return int(told["told"])


async def test_the_insurer_is_told_once_who_is_overdue(world: World) -> None:
    consumer, prompt = await world.consumer(limit=9_000_00), await world.consumer(limit=9_000_00)
    due_on = await owing(world, consumer)
    policy = await insured(world, overdue_report_days=60)
    one = await debtor(world, policy, consumer)
    await debtor(world, policy, prompt)
    assert [await noticed(world, policy, due_on, days) for days in (59, 60, 61)] == [0, 1, 0]
    assert (await world.operator.post("/v1/operator/day-close")).json()["overdue_noticed"] == 0
    page = (await world.operator.get(f"{POLICIES}/{policy}/overdue-notices")).json()
    (notice,) = page["notices"]
    assert (notice["debtor_id"], notice["due_on"], notice["currency"]) == (one, due_on, "EUR")
    assert notice["amount"] > 0
    again = (await world.operator.get(f"{POLICIES}/{policy}/overdue-notices", after=page["after"])).json()
    assert again == {"notices": [], "after": page["after"]}


async def test_the_close_of_a_day_tells_insurers(world: World) -> None:
    consumer = await world.consumer(limit=9_000_00)
    due_on = await owing(world, consumer)
    await debtor(world, await insured(world, overdue_report_days=30), consumer)
    world.operator.now = NOON.fromisoformat(f"{due_on}T12:00:00+00:00") + timedelta(30)
    assert (await world.operator.post("/v1/operator/day-close")).json()["overdue_noticed"] == 1


async def test_a_claim_shows_the_orders_that_were_declined(world: World) -> None:
    """The plan is given up; what its debtor asked for meanwhile, and did not get, stands in what the claim shows."""
    party_id, _ = await world.take_on()
    claims = {"file_within_days": 3_650, "decide_within_days": 60, "evidence": []}
    terms = {"provider_id": party_id, "claims": claims}
    one = await document(world, extension_days_max=30, terms=terms)
    policy, consumer = await agreed(world, one), await world.consumer(limit=9_000_00)
    await debtor(world, policy, consumer)
    due_on = await owing(world, consumer)
    for days in (20, 31, 45):
        await codes(world, consumer, due_on, days)
    world.operator.now = world.merchant.now
    stops = await proved(world, policy, consumer)
    assert len(stops) == 2
    plan = await world.pool.fetchval("select plan_id from plans where consumer_id = $1", consumer)
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).status_code == 200
    loss = f"lo{plan[2:]}"
    order = await waterfall(world, one["arrangement_id"])
    told = await world.operator.post(f"/v1/operator/losses/{loss}/allocate", {"waterfall_id": order})
    assert told.status_code == 200, told.text
    made = await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": one["arrangement_id"]})
    assert made.status_code == 201, made.text
    claim = f"{CLAIMS}/{made.json()['id']}"
    draft = (await world.operator.get(f"{claim}/evidence")).json()["evidence"]
    assert [(stop["decision_id"], stop["amount"]) for stop in draft["stops"]] == [(stop, 100_00) for stop in stops]
    lodged = await world.operator.post(f"{claim}/lodge")
    assert lodged.status_code == 200, lodged.text
    kept = (await world.operator.get(f"{claim}/evidence")).json()
    assert kept["evidence"]["stops"] == draft["stops"]


async def proved(world: World, policy: str, consumer: str) -> list[str]:
    listed = (await world.operator.get(f"{POLICIES}/{policy}/debtors")).json()["debtors"]
    (one,) = [one["id"] for one in listed if one["consumer"] == consumer]
    stops = (await world.operator.get(f"{POLICIES}/{policy}/debtors/{one}/stops")).json()["stops"]
    return [stop["decision_id"] for stop in stops]
