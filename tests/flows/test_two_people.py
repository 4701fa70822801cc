"""What one person alone does not do is proposed by one operator, and done when another approves it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from service import db
from service.alone import AloneMax
from service.config import Settings
from tests.flows.conftest import world_on
from tests.flows.world import NOON, Client, World

APPROVALS = "/v1/operator/approvals"
ALONE_MAX = 1_000_00


@pytest.fixture
async def world(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """A service in which one operator does little alone."""
    async with world_on(replace(settings, alone_max=AloneMax(ALONE_MAX)), pool) as world:
        yield world


async def set_limit(world: World, consumer: str, limit: int, **more: Any) -> httpx.Response:
    return await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": limit}, **more)


async def proposed(world: World, limit: int = ALONE_MAX + 1) -> tuple[str, str]:
    """A consumer, and the approval that its limit waits for."""
    consumer = await world.consumer()
    answered = await set_limit(world, consumer, limit)
    assert answered.status_code == 202, answered.text
    approval: str = answered.json()["id"]
    return consumer, approval


def refusal(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["code"]


async def test_a_high_limit_waits_for_another_person(world: World) -> None:
    consumer = await world.consumer()
    assert (await set_limit(world, consumer, ALONE_MAX)).status_code == 200  # so much one sets alone
    answered = await set_limit(world, consumer, ALONE_MAX + 1)
    assert answered.status_code == 202
    approval = answered.json()["id"]
    assert answered.json()["act"] == "set_limit"
    assert (await world.account(consumer))["limit"] == ALONE_MAX
    (waiting,) = (await world.second_operator.get(APPROVALS, in_state="pending")).json()["approvals"]
    assert (waiting["id"], waiting["proposed_by"], waiting["thing_id"]) == (approval, "ada", f"{consumer}.EUR")
    assert waiting["payload"] == {"consumer_id": consumer, "currency": "EUR", "limit": ALONE_MAX + 1}
    done = await world.second_operator.post(f"{APPROVALS}/{approval}/approve")
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["decided_by"]) == ("approved", "grace")
    assert done.json()["result"]["limit"] == ALONE_MAX + 1
    assert (await world.account(consumer))["limit"] == ALONE_MAX + 1
    told = (await world.operator.get("/v1/operator/audit", thing_id=f"{consumer}.EUR")).json()["entries"]
    assert (told[0]["before"], told[0]["after"]) == ({"limit": None}, {"limit": ALONE_MAX})
    assert (told[2]["before"], told[2]["after"]) == ({"limit": ALONE_MAX}, {"limit": ALONE_MAX + 1})
    assert [(one["verb"], one["owner_id"]) for one in told] == [
        ("changed", "ada"), ("proposed", "ada"), ("changed", "grace"), ("approved", "grace"),
    ]  # fmt: skip


async def test_nobody_approves_what_they_proposed(world: World) -> None:
    consumer, approval = await proposed(world)
    another = await world.pool.fetchval("select count(*) from keys where owner_id = 'ada'")
    assert another == 1
    own = await world.operator.post(f"{APPROVALS}/{approval}/approve")
    assert refusal(own) == (403, "four_eyes")
    assert "another operator approves it" in own.json()["detail"]
    assert (await world.account(consumer))["limit"] == 0
    assert (await world.second_operator.post(f"{APPROVALS}/{approval}/approve")).status_code == 200  # it still waits


async def test_an_approval_is_decided_once(world: World) -> None:
    _, approval = await proposed(world)
    key = uuid.uuid4().hex
    done = await world.second_operator.post(f"{APPROVALS}/{approval}/approve", key=key)
    again = await world.second_operator.post(f"{APPROVALS}/{approval}/approve", key=key)
    assert again.content == done.content
    for verb in ("approve", "reject"):
        assert refusal(await world.second_operator.post(f"{APPROVALS}/{approval}/{verb}")) == (409, "state_forbids")


async def test_two_approve_at_once_and_it_is_done_once(world: World) -> None:
    consumer, approval = await proposed(world)
    answers = await asyncio.gather(*(world.second_operator.post(f"{APPROVALS}/{approval}/approve") for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [200] + [409] * 7
    changes = await world.operator.get(f"/v1/operator/consumers/{consumer}/accounts/EUR/limit-changes")
    assert len(changes.json()["changes"]) == 1


async def test_what_was_rejected_is_not_done(world: World) -> None:
    consumer, approval = await proposed(world)
    rejected = await world.operator.post(f"{APPROVALS}/{approval}/reject")  # who proposed it takes it back so
    assert (rejected.status_code, rejected.json()["state"]) == (200, "rejected")
    assert refusal(await world.second_operator.post(f"{APPROVALS}/{approval}/approve")) == (409, "state_forbids")
    assert (await world.account(consumer))["limit"] == 0


@pytest.mark.parametrize(("later", "status"), [(timedelta(days=7, seconds=-1), 200), (timedelta(days=7), 409)])
async def test_a_proposal_lapses(world: World, later: timedelta, status: int) -> None:
    _, approval = await proposed(world)
    world.second_operator.now = NOON + later
    assert (await world.second_operator.post(f"{APPROVALS}/{approval}/approve")).status_code == status


async def test_what_is_wrong_is_refused_when_it_is_proposed(world: World) -> None:
    nobody = "co_01KJQ8ZC000000000000000000"
    assert refusal(await set_limit(world, nobody, ALONE_MAX + 1)) == (404, "not_found")
    assert refusal(await set_limit(world, nobody, 10**15)) == (400, "invalid_field")
    assert (await world.operator.get(APPROVALS)).json()["approvals"] == []


async def test_the_scope_of_the_act_is_needed(world: World) -> None:
    _, approval = await proposed(world)
    lacking = Client(world.http, await world.key(audience="operator", owner_id="grace", scopes=["approvals"]))
    refused = await lacking.post(f"{APPROVALS}/{approval}/approve")
    assert refusal(refused) == (403, "forbidden")
    assert "limits" in refused.json()["detail"]


async def test_the_key_of_a_third_person_is_with_neither_of_the_two(world: World) -> None:
    await world.enrol("linus")
    body = {"audience": "operator", "owner_id": "Linus", "scopes": ["ledger"]}
    asked = await world.operator.post("/v1/operator/keys", body, key="once")
    assert asked.status_code == 202
    path, half = f"{APPROVALS}/{asked.json()['id']}/approve", asked.json()["first_half"]
    assert (await world.operator.post("/v1/operator/keys", body, key="once")).json()["first_half"] is None
    listed = await world.second_operator.get(APPROVALS)
    assert half not in listed.text
    shown = await world.second_operator.post(path, key="done")
    rest = shown.json()["result"]["key"]
    assert (await world.second_operator.post(path, key="done")).json()["result"]["key"] is None
    for text, status in ((rest, 401), (half, 401), (f"opk_{rest}", 401), (f"opk_{half}{rest}", 200)):
        answered = await Client(world.http, text).get("/v1/operator/ledger/trial-balance")
        assert answered.status_code == status, text
    (key,) = (await world.operator.get("/v1/operator/keys", owner_id="linus")).json()["keys"]
    assert (key["created_by_owner"], key["audience"]) == ("grace", "operator")


async def test_a_wide_key_takes_two(world: World, subtests: pytest.Subtests) -> None:
    for scopes, status in ((["*"], 202), (["plans", "*"], 202), (["plans"], 201), (["*:read"], 201)):
        with subtests.test(str(scopes)):
            body = {"audience": "merchant", "owner_id": world.demo.merchant_id, "scopes": scopes}
            made = await world.operator.post("/v1/operator/keys", body)
            assert made.status_code == status
            key = (await world.seconded(made)).json()["key"]
            found = await Client(world.http, key).get("/v1/plans", merchant_reference="none")
            assert refusal(found) == (404, "not_found")  # it was let in


async def test_all_scopes_by_their_names_take_two_as_well(world: World) -> None:
    """Refused in words of the contract, for whoever lists the scopes there are."""
    named = await world.operator.post("/v1/operator/keys", wide(world, ["nothing"]))
    assert named.status_code == 400
    things = [
        "checkouts", "consents", "consumers", "disputes", "endpoints", "instruments", "permissions", "plans", "quotes",
        "sessions",
    ]  # fmt: skip
    known = [one for one in things if (await world.operator.post("/v1/operator/keys", wide(world, [one]))).is_success]
    assert len(known) > 5
    assert (await world.operator.post("/v1/operator/keys", wide(world, known))).status_code == 202


def wide(world: World, scopes: list[str]) -> dict[str, Any]:
    return {"audience": "merchant", "owner_id": world.demo.merchant_id, "scopes": scopes}


async def test_another_in_the_place_of_a_wide_key_takes_two(world: World) -> None:
    """Who may make keys would else be every merchant: by a key that is made of theirs."""
    keys = (await world.operator.get("/v1/operator/keys", owner_id=world.demo.merchant_id)).json()["keys"]
    (full,) = [one["id"] for one in keys if one["scopes"] == ["*"]]
    path = f"/v1/operator/keys/{full}/rotate"
    asked = await world.operator.post(path, {"overlap_hours": 1}, key="once")
    assert (asked.status_code, asked.json()["act"], "key" in asked.json()) == (202, "rotate_key", False)
    assert [one["id"] for one in (await world.merchant.get("/v1/keys")).json()["keys"]] == [full]
    shown = await world.seconded(asked)
    new = Client(world.http, shown.json()["key"])
    assert full in [one["replaces"] for one in (await new.get("/v1/keys")).json()["keys"]]
    narrow = (await world.operator.post("/v1/operator/keys", wide(world, ["plans:read"]))).json()["id"]
    assert (await world.operator.post(f"/v1/operator/keys/{narrow}/rotate")).status_code == 201


async def test_a_key_needs_its_owner(world: World) -> None:
    body = {"audience": "operator", "owner_id": "mallory", "scopes": ["policies"]}
    assert refusal(await world.operator.post("/v1/operator/keys", body)) == (404, "not_found")


async def test_there_must_be_one(world: World, subtests: pytest.Subtests) -> None:
    for approval in ("ap_01KJQ8ZC000000000000000000", "ap_1", "co_01KJQ8ZC000000000000000000"):
        for verb in ("approve", "reject"):
            with subtests.test(f"{verb} {approval}"):
                assert refusal(await world.second_operator.post(f"{APPROVALS}/{approval}/{verb}")) == (404, "not_found")


@pytest.mark.parametrize("how", ["charge_off", "forgive"])
async def test_much_is_given_up_by_two(world: World, how: str) -> None:
    world.operator.now = world.second_operator.now = world.merchant.now = NOON
    consumer = await world.consumer(limit=ALONE_MAX)
    approval = (await set_limit(world, consumer, 5_000_00)).json()["id"]
    assert (await world.second_operator.post(f"{APPROVALS}/{approval}/approve")).status_code == 200
    states = []
    for amount in (ALONE_MAX // 2, ALONE_MAX * 2):
        plan = (await world.plan(consumer, amount))["id"]
        captured = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": amount})
        assert captured.status_code in (200, 201), captured.text
        trial = await world.operator.post(f"/v1/operator/plans/{plan}/{how}?dry_run=true")
        assert trial.status_code == 200, trial.text
        answered = await world.operator.post(f"/v1/operator/plans/{plan}/{how}")
        states.append(answered.status_code)
    assert states == [200, 202]
    assert refusal(await world.operator.post(f"/v1/operator/plans/{plan}/{how}", {"on": "2050-01-01"}))[0] == 400
    done = await world.second_operator.post(f"{APPROVALS}/{answered.json()['id']}/approve")
    assert done.status_code == 200, done.text
    assert done.json()["result"]["state"] in ("charged_off", "paid_off", "forgiven")
    facts = await world.pool.fetch("select fact, actor_id from facts where plan_id = $1 order by number", plan)
    assert facts[-1]["actor_id"] == "grace"


async def captured(world: World, amount: int) -> str:
    world.operator.now = world.second_operator.now = world.merchant.now = NOON
    consumer = await world.consumer(limit=ALONE_MAX)
    if amount > ALONE_MAX:
        approval = (await set_limit(world, consumer, 10 * ALONE_MAX)).json()["id"]
        assert (await world.second_operator.post(f"{APPROVALS}/{approval}/approve")).status_code == 200
    plan = (await world.plan(consumer, amount))["id"]
    answered = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": amount})
    assert answered.status_code in (200, 201), answered.text
    return f"/v1/operator/plans/{plan}"


async def approved(world: World, answered: httpx.Response) -> dict[str, Any]:
    """The plan after what was proposed, which the same operator does not approve."""
    assert answered.status_code == 202, answered.text
    approve = f"{APPROVALS}/{answered.json()['id']}/approve"
    assert refusal(await world.operator.post(approve)) == (403, "four_eyes")
    done = await world.second_operator.post(approve)
    assert done.status_code == 200, done.text
    result: dict[str, Any] = done.json()["result"]
    return result


async def test_much_is_credited_by_two_and_many_small_ones_are_much(world: World) -> None:
    path = await captured(world, 3 * ALONE_MAX)
    owed = (await world.operator.get(path)).json()["outstanding"]
    gift = {"kind": "goodwill", "amount": ALONE_MAX // 2}
    assert [(await world.operator.post(f"{path}/credits", gift)).status_code for _ in range(2)] == [201, 201]
    for body in ({"kind": "goodwill", "amount": 1}, {"kind": "merchant_refund", "amount": ALONE_MAX + 1}):
        trial = await world.operator.post(f"{path}/credits?dry_run=true", body)
        assert trial.status_code == 200, trial.text
        waits = await world.operator.post(f"{path}/credits", body)
        plan = await approved(world, waits)
    interest = 17_28  # of 51.83, as much as 1,000.01 are of 3,000.00
    assert plan["outstanding"] == owed - 2 * ALONE_MAX - 2 - interest
    assert (await world.operator.post(f"{path}/credits", {"kind": "merchant_refund", "amount": 1})).status_code == 201


async def test_the_same_request_again_is_the_same_proposal(world: World) -> None:
    path = await captured(world, 3 * ALONE_MAX)
    body, key = {"kind": "payout_refund", "amount": 2 * ALONE_MAX}, str(uuid.uuid4())
    first = await world.operator.post(f"{path}/credits", body, key=key)
    again = await world.operator.post(f"{path}/credits", body, key=key)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert await world.pool.fetchval("select count(*) from approvals where act = 'act_on_plan'") == 1


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ({"kind": "goodwill", "amount": 600_01}, 600_00),
        ({"kind": "interest_waiver", "amount": 1}, 0),  # there is none
        ({"kind": "interest_refund", "amount": 1}, 0),
    ],
)
async def test_nobody_gives_more_than_there_is(world: World, body: dict[str, Any], most: int) -> None:
    path = await captured(world, 600_00)
    refused = await world.operator.post(f"{path}/credits", body)
    assert refusal(refused) == (422, "amount_exceeds_outstanding")
    assert f"At most {most} minor units" in refused.json()["detail"]
    assert refused.json()["pointer"] == "/amount"


async def test_much_goes_back_is_levied_waived_and_undone_by_two(world: World) -> None:
    path = await captured(world, 600_00)
    paid = await world.merchant.post(f"{path.replace('/operator', '')}/payments", {"amount": 9 * ALONE_MAX})
    assert paid.status_code == 201, paid.text
    too_much = 9 * ALONE_MAX - 600_00
    waits = await world.operator.post(f"{path}/overpayments/return", {"amount": too_much - 1})
    assert (await approved(world, waits))["overpaid"] == 1
    assert (await world.operator.post(f"{path}/overpayments/return", {"amount": 1})).status_code == 200
    path = await captured(world, 600_00)
    waits = await world.operator.post(f"{path}/fees", {"amount": ALONE_MAX + 1})
    fee = (await approved(world, waits))["recorded"]["id"]
    waits = await world.operator.post(f"{path}/fees/waive", {"fee_id": fee})
    assert (await approved(world, waits))["outstanding"] == 600_00
    path = await captured(world, 3 * ALONE_MAX)
    off = await approved(world, await world.operator.post(f"{path}/charge_off"))
    assert off["state"] == "charged_off"
    waits = await world.operator.post(f"{path}/corrections", {"fact_id": off["recorded"]["id"]})
    assert (await approved(world, waits))["state"] == "active"


async def test_a_large_dispute_is_lost_by_two_and_won_by_one(world: World) -> None:
    path = await captured(world, 3 * ALONE_MAX)
    disputed = await world.operator.post(f"{path}/disputes", {"reason": "not_received"})
    assert disputed.status_code == 201
    waits = await world.operator.post(f"{path}/disputes/decide", {"outcome": "lost"})
    assert (await approved(world, waits))["refunded"] == 3 * ALONE_MAX
    path = await captured(world, 3 * ALONE_MAX)
    await world.operator.post(f"{path}/disputes", {"reason": "not_received"})
    assert (await world.operator.post(f"{path}/disputes/decide", {"outcome": "won"})).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "update approvals set proposed_by = 'grace'", "update approvals set payload = '{}'", "delete from approvals",
        "update approvals set state = 'approved', decided_by = 'ada', decided_key = 'x', decided_at = proposed_at",
    ],
)  # fmt: skip
async def test_the_database_is_the_second_wall(world: World, statement: str) -> None:
    await proposed(world)
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.CheckViolationError)):
        await world.pool.execute(statement)


async def test_a_key_stays_that_of_a_request_that_was_refused(world: World) -> None:
    path, key = await captured(world, 600_00), str(uuid.uuid4())
    body = {"kind": "goodwill", "amount": 600_01}
    refused = await world.operator.post(f"{path}/credits", body, key=key)
    assert refusal(refused) == (422, "amount_exceeds_outstanding")
    assert (await world.operator.post(f"{path}/credits", body, key=key)).content == refused.content
    other = await world.operator.post(f"{path}/credits", body | {"amount": 1}, key=key)
    assert refusal(other) == (422, "idempotency_key_reused")


async def test_a_large_payment_is_proved_by_two(world: World) -> None:
    """It frees a limit as if that were raised, so it takes as many."""
    where = f"/v1/operator/merchants/{world.demo.merchant_id}/change"
    assert (await world.operator.post(where, {"is_believed": False})).status_code == 200
    consumer = await world.consumer(limit=3_000_00)
    plan = (await world.plan(consumer, 2_500_00))["id"]
    assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 2_500_00})).is_success
    bodies, prove = [], f"/v1/operator/plans/{plan}/payments/prove"
    for amount in (ALONE_MAX, ALONE_MAX + 1):
        told = await world.merchant.post(f"/v1/plans/{plan}/payments", {"amount": amount})
        bodies.append({"payment_id": told.json()["recorded"]["id"], "evidence": "statement-9/entry-3"})
    held = {row["payment_id"]: row["amount"] for row in await world.pool.fetch("select * from held_words")}
    assert (await world.operator.post(prove, bodies[0])).status_code == 201  # so much one proves alone
    left = 2_500_00 - held[bodies[0]["payment_id"]]
    assert (await world.account(consumer))["used"] == left
    asked = await world.operator.post(prove, bodies[1])
    assert (asked.status_code, asked.json()["act"]) == (202, "prove_payment")
    assert (await world.account(consumer))["used"] == left
    done = await world.seconded(asked)
    assert (done.json()["amount"], done.json()["payment_id"]) == (ALONE_MAX + 1, bodies[1]["payment_id"])
    assert (await world.account(consumer))["used"] == left - held[bodies[1]["payment_id"]]
    assert (await world.operator.post(prove, bodies[1])).status_code == 201  # said again, it waits for nobody
