"""A second policy beside the one in force, and any decision again from its log."""

import asyncio
from typing import Any

import msgspec
import pytest

from service import cli
from service.checkout.challenger import Comparison, Difference, comparison_of
from service.config import Settings, environment
from tests.flows.test_policies import DEMO, draft, publish, with_field
from tests.flows.test_reviews import LARGE
from tests.flows.world import World

TRIALS = "/v1/operator/trials"


def stricter() -> dict[str, Any]:
    """The demo's policy, for people of the best grade alone, and of these only the very best."""
    document = with_field("/grades/0/score_min", 715)
    document["grades"] = document["grades"][:1]
    document["limits"] = document["limits"][:1]
    for row in (*document["instalments"], *document["pay_after_use"], *document["deposits"]):
        row.pop("grades", None)
    return document


async def start(world: World, version: dict[str, Any], share_bps: int = 0) -> dict[str, Any]:
    body = {"policy_id": version["id"], "version": version["version"], "share_bps": share_bps}
    made = await world.second_operator.post(TRIALS, body)
    assert made.status_code == 201, made.text
    trial: dict[str, Any] = made.json()
    return trial


async def report(world: World, trial: dict[str, Any], decisions: int) -> dict[str, Any]:
    """The comparison in EUR, once so many decisions are compared."""
    while await world.pool.fetchval("select count(*) from trial_differences") < decisions:
        await asyncio.sleep(0.01)
    (compared,) = (await world.operator.get(f"{TRIALS}/{trial['id']}")).json()["comparisons"]
    assert compared["currency"] == "EUR"
    return dict(compared)


async def buy(world: World, people: int) -> list[dict[str, Any]]:
    """Checkouts of half good people and half less good ones."""
    good = await asyncio.gather(*(world.consumer() for _ in range(people // 2)))
    others = await asyncio.gather(*(world.consumer(attributes={"age_in_years": 30}) for _ in range(people // 2)))
    return list(await asyncio.gather(*(world.checkout(one, 100_00) for one in (*good, *others))))


async def test_in_the_shadow_nobody_notices(world: World) -> None:
    trial = await start(world, await draft(world.operator, stricter()))
    answers = await buy(world, 12)
    assert {answer["policy_version"] for answer in answers} == {1}
    compared = await report(world, trial, 12)
    assert (compared["decisions"], compared["answered"], compared["agreed"]) == (12, 0, 6)
    assert (compared["champion_approved"], compared["challenger_approved"], compared["swapped_out"]) == (12, 6, 6)
    assert compared["financed"] == -6 * 100_00
    summed = {name: compared[name] for name in Comparison.__struct_fields__}
    assert summed == msgspec.structs.asdict(comparison_of(await differences(world)))


async def differences(world: World) -> list[Difference]:
    """What was written, as the pure comparison reads it."""
    rows = await world.pool.fetch(
        'select champion, challenger, score, "limit", financed, cost from trial_differences where currency = $1', "EUR"
    )
    return msgspec.convert([dict(row) for row in rows], list[Difference])


async def test_a_share_of_consumers_is_answered_by_it_and_stays(world: World) -> None:
    trial = await start(world, await draft(world.operator, DEMO), 5_000)
    people = [await world.consumer() for _ in range(24)]
    sides = [(await world.checkout(person, 100_00))["policy_version"] for person in people]
    assert set(sides) == {1, 2}
    assert [(await world.checkout(person, 200_00))["policy_version"] for person in people] == sides
    compared = await report(world, trial, 48)
    assert (compared["answered"], compared["agreed"]) == (2 * sides.count(2), 48)
    ended = await world.operator.post(f"{TRIALS}/{trial['id']}/end")
    assert (ended.status_code, ended.json()["ended_by"] is not None) == (200, True)
    assert {(await world.checkout(person, 100_00))["policy_version"] for person in people} == {1}
    assert (await world.operator.post(f"{TRIALS}/{trial['id']}/end")).json()["code"] == "state_forbids"
    assert [one["id"] for one in (await world.operator.get(TRIALS)).json()["trials"]] == [trial["id"]]


async def test_its_offers_bind_and_replay(world: World) -> None:
    """Everybody is answered by the challenger: its offers become plans, and its decisions replay under it."""
    await start(world, await draft(world.operator, with_field("/offers_max", 1)), 10_000)
    answer = await world.checkout(await world.consumer(), 100_00)
    assert (answer["policy_version"], len(answer["offers"])) == (2, 1)
    assert (await world.merchant.post("/v1/plans", {"offer_id": answer["offers"][0]["id"]})).status_code == 201
    again = (await world.operator.get(f"/v1/operator/decisions/{answer['id']}/replay")).json()
    assert (again["policy_version"], again["is_identical"]) == (2, True)


@pytest.mark.parametrize(("share_bps", "status"), [(0, 201), (1, 403)])
async def test_to_answer_people_it_needs_a_second_person(world: World, share_bps: int, status: int) -> None:
    made = await draft(world.operator, DEMO)
    body = {"policy_id": made["id"], "version": made["version"], "share_bps": share_bps}
    answered = await world.operator.post(TRIALS, body)
    assert (answered.status_code, answered.json().get("code")) == (status, "four_eyes" if status == 403 else None)


async def test_what_cannot_be_tried(world: World) -> None:
    faulty = await draft(world.operator, with_field("/limits/0/grade", "Z"))
    good = await draft(world.operator, DEMO)
    bodies = [
        ({"version": faulty["version"]}, "invalid_policy"),
        ({"version": 1}, "state_forbids"),  # in force
        ({"version": 9}, "not_found"),
    ]
    for body, code in bodies:
        refused = await world.second_operator.post(TRIALS, {"policy_id": DEMO["id"]} | body)
        assert refused.json()["code"] == code
    await start(world, good)
    refused = await world.second_operator.post(TRIALS, {"policy_id": DEMO["id"], "version": good["version"]})
    assert (refused.json()["code"], refused.json()["actions"]) == ("state_forbids", ["end"])


async def test_a_decision_replays_whatever_was_changed_since(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Policy, fees, funding, consumer, plans: the log has all that was known, so the bytes are the same."""
    consumer = await world.consumer()
    decisions = [await world.checkout(consumer, amount) for amount in (100_00, 5_000_00, LARGE, 900_000_00)]
    await publish(world.second_operator, await draft(world.operator, stricter()))
    await world.pool.execute("update merchants set fees = '{}', name = 'Other'")
    await world.pool.execute("update programmes set active = false")
    await world.merchant.post("/v1/plans", {"offer_id": decisions[0]["offers"][0]["id"]})
    for decision in decisions:
        path = f"/v1/operator/decisions/{decision['id']}/replay"
        again = (await world.operator.get(path)).json()
        assert (again["is_identical"], again["differences"], again["answer"]) == (True, [], decision)
        other = (await world.operator.get(path, policy_version=2)).json()
        assert (other["policy_version"], other["is_identical"]) == (2, False)
        found = {one["pointer"]: (one["sent"], one["replayed"]) for one in other["differences"]}
        assert found["/policy_version"] == (1, 2)
    assert (await world.operator.get(path, policy_version=9)).json()["code"] == "not_found"

    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    said = [decisions[0]["id"]], [decisions[0]["id"], "--version", "2"], ["de_00000000000000000000000000"]
    codes = [await asyncio.to_thread(cli.main, ["replay", *words]) for words in said]
    assert codes == [0, 1, 1]
    shown = capsys.readouterr()
    assert "version 1: the same answer, to the byte." in shown.out
    assert "/policy_version: 1 -> 2" in shown.out
    assert shown.err == "tenor: There is no decision 'de_00000000000000000000000000'.\n"
