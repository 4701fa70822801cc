"""What happened to a plan, as its merchant and the operator read it; and the plan as it was on a day."""

from datetime import timedelta
from typing import Any

from service.plans.running.facts import AnyFact
from tests.flows.world import NOON, SHARED, World


async def done(world: World, who: Any, plan_id: str, verb: str, body: Any = None) -> dict[str, Any]:
    prefix = "/v1/operator" if who is world.operator else "/v1"
    answered = await who.post(f"{prefix}/plans/{plan_id}/{verb}", body)
    assert answered.is_success, answered.text
    answer: dict[str, Any] = answered.json()
    return answer


async def timeline(world: World, plan_id: str, **query: Any) -> list[dict[str, Any]]:
    page = (await world.merchant.get(f"/v1/plans/{plan_id}/timeline", **query)).json()
    entries: list[dict[str, Any]] = page["entries"]
    assert page["after"] == (entries[-1]["number"] if entries else query.get("after", 0))
    return entries


def later(world: World, days: int) -> None:
    world.merchant.now = world.operator.now = NOON + timedelta(days=days)


@SHARED
async def test_each_fact_says_what_it_changed_and_in_words(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    captured = await done(world, world.merchant, plan["id"], "capture", {"amount": 600_00})
    later(world, 14)
    paid = await done(world, world.merchant, plan["id"], "payments", {"amount": 200_00, "reference": "PSP 1"})
    levied = await done(world, world.operator, plan["id"], "fees", {"amount": 5_00, "is_penalty": True})
    due_on = captured["schedule"][2]["due_on"]
    await done(world, world.operator, plan["id"], "due_dates", {"due_on": due_on, "to": "2026-04-20"})
    await done(world, world.operator, plan["id"], "fees/waive", {"fee_id": levied["recorded"]["id"]})
    back = await done(world, world.operator, plan["id"], "payments/return", {"payment_id": paid["recorded"]["id"]})
    assert back["outstanding"] == 600_00

    entries = await timeline(world, plan["id"])
    assert [one["sentence"] for one in entries] == [
        "The offer was accepted: 600.00 EUR may be captured.",
        f"600.00 EUR were captured, due until {captured['schedule'][-1]['due_on']}.",
        "200.00 EUR were paid, received on 2026-03-16; it settled instalment 1 and paid a part of instalment 2.",
        "A penalty of 5.00 EUR, due on 2026-03-16, is owed besides.",
        f"The instalment due on {due_on} is due on 2026-04-20, and those after it follow.",
        "The fee of 5.00 EUR is not asked for after all.",
        "The bank returned the payment of 200.00 EUR of 2026-03-16 unpaid: the plan stands as if it had not come.",
    ]
    assert [one["number"] for one in entries] == list(range(1, 8))
    assert [one["fact"] for one in entries] == [
        "authorized", "captured", "paid", "levied", "due_moved", "waived", "payment_returned",
    ]  # fmt: skip
    assert [one["actor"] for one in entries] == ["merchant"] * 3 + ["operator"] * 4
    assert [one["changed_schedule"] for one in entries] == [False, True, False, True, True, True, False]
    assert entries[2]["reference"] == "psp 1"
    assert entries[2]["before"] == {"state": "active", "outstanding": 600_00, "used": 600_00, "overpaid": 0}
    assert entries[2]["after"] == {"state": "active", "outstanding": 400_00, "used": 400_00, "overpaid": 0}
    assert [entries[5]["about"], entries[6]["about"]] == [levied["recorded"]["id"], paid["recorded"]["id"]]
    assert (entries[6]["principal"], entries[6]["amount"]) == (-200_00, 200_00)
    assert all(one["before"] == two["after"] for one, two in zip(entries[1:], entries, strict=False))
    kept = await world.pool.fetch(
        "select encode(digest, 'hex') from facts where plan_id = $1 order by number", plan["id"]
    )
    assert [one["digest"] for one in entries] == [digest for (digest,) in kept]  # as they were written down
    assert len({one["digest"] for one in entries}) == len(entries)

    of_operator = (await world.operator.get(f"/v1/operator/plans/{plan['id']}/timeline")).json()["entries"]
    assert of_operator[1]["actor_id"] == world.demo.merchant_id
    assert [{name: value for name, value in one.items() if name != "actor_id"} for one in of_operator] == entries
    assert await timeline(world, plan["id"], after=2, limit=3) == entries[2:5]
    assert await timeline(world, plan["id"], after=7) == []
    strange = await world.other_merchant.get(f"/v1/plans/{plan['id']}/timeline")
    assert (strange.status_code, strange.json()["code"]) == (404, "not_found")


@SHARED
async def test_a_verb_answers_the_fact_that_it_recorded(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    await done(world, world.merchant, plan["id"], "capture", {"amount": 600_00})
    path, body = f"/v1/plans/{plan['id']}/payments", {"amount": 610_00, "received_on": "2026-03-01"}
    foretold = (await world.merchant.post(f"{path}?dry_run=true", body)).json()["plan"]["recorded"]
    first = await world.merchant.post(path, body, key="once")
    again = await world.merchant.post(path, body, key="once")
    assert again.content == first.content
    recorded = first.json()["recorded"]
    assert recorded == {
        "number": 3, "id": recorded["id"], "fact": "paid", "effective_on": "2026-03-02", "amount": 610_00,
        "principal": 600_00, "interest": 0, "fee": 0, "penalty": 0, "overpaid": 10_00,
    }  # fmt: skip
    assert {**foretold, "id": recorded["id"]} == recorded
    entry = (await timeline(world, plan["id"]))[2]
    assert {name: entry[name] for name in recorded} == recorded
    back = await done(world, world.operator, plan["id"], "payments/return", {"payment_id": recorded["id"]})
    assert back["recorded"]["overpaid"] == -10_00


@SHARED
async def test_the_plan_as_it_was_known_on_a_day_and_each_version(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    path = f"/v1/plans/{plan['id']}"
    captured = await done(world, world.merchant, plan["id"], "capture", {"amount": 600_00, "final": True})
    later(world, 30)
    late = await done(world, world.merchant, plan["id"], "payments", {"amount": 150_00, "received_on": "2026-03-16"})
    later(world, 31)
    gone = await done(world, world.merchant, plan["id"], "payments", {"amount": 450_00})
    assert gone["closed_at"]

    def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name not in ("recorded", *names)}

    async def was(**query: str) -> dict[str, Any]:
        answered = await world.merchant.get(path, **query)
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()
        return found

    assert await was(version="1") == without(plan)
    assert await was(version="2") == without(captured)
    assert await was(version="3") == without(late)
    assert await was(version="4") == await was() == without(gone)
    # What was paid on the 16th was not known on the 20th: it is overdue then, as it was seen.
    known = await was(known_on="2026-03-20")
    time_alone = "overdue", "days_past_due", "next_actions"  # no due date is put off while one is overdue
    assert without(known, *time_alone) == without(captured, *time_alone)
    assert known["overdue"] == captured["schedule"][0]["principal"] + captured["schedule"][1]["principal"]
    assert (await was(known_on="2026-04-01"))["paid"] == 150_00
    seen = (await world.operator.get(f"/v1/operator{path[3:]}", known_on="2026-03-20")).json()
    assert (seen["merchant"], without(seen, "merchant", "checkout", "funding")) == (world.demo.merchant_id, known)

    for query in ({"known_on": "2026-03-01"}, {"known_on": "2026-04-03"}, {"version": "5"}, {"version": "0"},
                  {"known_on": "2026-04-01", "version": "1"}, {"known_on": "soon"}):  # fmt: skip
        wrong = await world.merchant.get(path, **query)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_field"), query
        assert wrong.json()["pointer"] == f"/{list(query)[-1]}"
    assert (await world.other_merchant.get(path, version="1")).status_code == 404


@SHARED
async def test_every_kind_of_fact_has_a_sentence(world: World) -> None:
    consumer = await world.consumer()
    plan = await world.plan(consumer, 600_00)
    captured = await done(world, world.merchant, plan["id"], "capture", {"amount": 500_00, "final": True})
    due = [row["due_on"] for row in captured["schedule"]]
    life: list[tuple[Any, str, dict[str, Any]]] = [
        (world.merchant, "payments", {"amount": 10_00}), (world.merchant, "refunds", {"amount": 5_00}),
        (world.operator, "fees", {"amount": 1_00}), (world.operator, "rates", {"on": due[1], "rate_percent": "5"}),
        (world.operator, "pauses", {"on": due[1], "end_on": due[2]}),
        (world.operator, "extensions", {"on": due[1], "instalments": 1}),
        (world.operator, "holidays", {"on": due[2], "principal": 1}),
        (world.operator, "re_amortizations", {"on": due[0]}),
        (world.operator, "re_ageings", {"on": due[0], "first_due_on": due[-1], "instalments": 2}),
        (world.operator, "accelerate", {"due_on": "2026-05-21"}),
        (world.merchant, "payments", {"amount": 900_00}), (world.operator, "overpayments/return", {"amount": 1_00}),
    ]  # fmt: skip
    later(world, 80)
    for who, verb, body in life:
        answer = await done(world, who, plan["id"], verb, body)
    payment = (await timeline(world, plan["id"]))[-2]["id"]
    await done(world, world.operator, plan["id"], "payments/charge_back", {"payment_id": payment, "amount": 800_00})
    goodwill = await done(world, world.operator, plan["id"], "credits", {"kind": "goodwill", "amount": 2_00})
    mistake = {"fact_id": goodwill["recorded"]["id"]}
    undone = (await done(world, world.operator, plan["id"], "corrections", mistake))["recorded"]
    assert (undone["amount"], undone["principal"] + undone["interest"]) == (2_00, -2_00)
    await done(world, world.operator, plan["id"], "charge_off")
    await done(world, world.operator, plan["id"], "forgive")
    told = await timeline(world, plan["id"])
    assert answer["version"] == len(told) - 5
    words = {one["fact"] for one in told} | {"authorized", "given_back", "waived", "payment_returned", "due_moved"}
    words |= {"settlement_quoted", "amended", "capture_reversed", "authorization_extended", "expiry_announced"}
    words |= {"dispute_opened", "dispute_answered", "dispute_asked_again", "dispute_closed"}  # test_disputing.py
    words |= {"claim_made", "claim_contested", "claim_lowered", "claim_closed"}  # test_deposit_stories.py
    words |= {"withdrawn"}  # test_after_the_purchase_stories.py
    words |= {"order_confirmed", "use_started", "use_ended"}  # test_use_stories.py
    words |= {"collection_paused", "collection_resumed"}  # test_time_passes.py
    words |= {"subsidised", "subsidy_returned"}  # test_interest_subsidies.py
    words |= {"bought_down"}  # test_buy_downs.py
    assert words == {kind.__struct_config__.tag for kind in AnyFact.__args__}
    assert all(one["sentence"].endswith(".") for one in told)
