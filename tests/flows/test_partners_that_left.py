"""A second partner of a programme: paid by ids of its own, and told of its plans when it takes part no more."""

from datetime import date, timedelta
from typing import Any

from tests.flows.test_bank_statements import hand_in, opened
from tests.flows.test_paying_partners import ACCOUNT, PAYER
from tests.flows.test_sending_files import RECEIVED
from tests.flows.test_worked_day_over_http import act, it_is
from tests.flows.world import NOON, Client, World
from tests.partners.contracts import participant
from tests.reconciling.messages import IBAN, entry, message

FIRST = NOON.date()
SECOND_ACCOUNT = {"holder": "Havel Bank", "iban": "DE02120300000000202051"}


def day(number: int) -> date:
    """1 is the day of the purchase."""
    return FIRST + timedelta(days=number - 1)


async def agree(world: World, *participants: dict[str, Any]) -> None:
    path = f"/v1/operator/programmes/{world.demo.programme_id}"
    terms = (await world.operator.get(path)).json()["versions"][-1]["terms"] | {"participants": list(participants)}
    agreed = await world.seconded(await world.operator.post(f"{path}/versions", terms))
    assert agreed.is_success, agreed.text


async def with_another(world: World, first_bps: int = 4_000) -> tuple[str, Client]:
    """A second partner that takes part with 40 %, and a client with its key."""
    it_is(world, FIRST)
    another = (await world.operator.post("/v1/operator/partners", {"name": "Havel bank"})).json()["id"]
    await agree(
        world,
        participant(first_bps, world.demo.partner_id, interest_bps=first_bps, account=ACCOUNT),
        participant(4_000, another, interest_bps=4_000, account=SECOND_ACCOUNT),
    )
    client = Client(world.http, await world.key(audience="partner", owner_id=another, scopes=["*"]))
    client.now = None
    return another, client


async def leaves(world: World) -> None:
    await agree(world, participant(4_000, world.demo.partner_id, interest_bps=4_000, account=ACCOUNT))


async def former(world: World) -> list[tuple[str, str, str | None]]:
    told = (await world.operator.get(f"/v1/operator/programmes/{world.demo.programme_id}")).json()["former_partners"]
    return [(one["partner_id"], one["left_on"], one["files_until"]) for one in told]


async def closes(world: World, number: int) -> dict[str, Any]:
    """The first hour after a day."""
    it_is(world, day(number + 1))
    closed = await world.operator.post("/v1/operator/day-close")
    assert closed.is_success, closed.text
    done: dict[str, Any] = closed.json()
    return done


async def filed(client: Client) -> list[tuple[int, str, int]]:
    """Its files of events: number, day, rows."""
    listed = (await client.get("/v1/partner/files", of_type="TXN")).json()["files"]
    return [(one["number"], one["business_on"], one["records"]) for one in listed]


async def sends_the_same(world: World, client: Client, on: date) -> None:
    """The partner's own files of a day say what ours say."""
    for manifest in (await client.get("/v1/partner/files", business_on=on.isoformat())).json()["files"]:
        if manifest["type"] in ("TXN", "POS"):
            content = (await client.get(f"/v1/partner/files/{manifest['id']}/content")).content
            where = f"{RECEIVED}?programme_id={world.demo.programme_id}&business_on={on}&of_type={manifest['type']}"
            assert world.operator.now is not None
            client.now = world.operator.now + timedelta(minutes=1)
            sent = await client.post(where, content=content, headers={"Content-Type": "text/csv"})
            assert sent.status_code == 201, sent.text


async def test_who_left_gets_files_until_its_last_plan_is_gone(world: World) -> None:
    another, client = await with_another(world)
    plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
    await act(world, plan["id"], "capture", amount=600_00)
    assert await former(world) == []
    it_is(world, day(2))
    await leaves(world)
    assert await former(world) == [(another, day(2).isoformat(), None)]
    await closes(world, 2)
    await sends_the_same(world, client, day(2))
    assert [(await closes(world, 3))["reconciled"] for _ in range(2)] == [1, 0]
    it_is(world, day(5))
    owed = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["outstanding"]
    await act(world, plan["id"], "payments", amount=owed)
    assert (await former(world))[0][2] is None  # what was paid is not filed yet
    await closes(world, 5)
    last = day(5).isoformat()
    assert await former(world) == [(another, day(2).isoformat(), last)]
    await sends_the_same(world, client, day(5))
    for number in (6, 7):
        await closes(world, number)
        assert await former(world) == [(another, day(2).isoformat(), last)]
    told = await filed(client)
    assert told == [(1, day(1).isoformat(), 1), *[(n, day(n).isoformat(), 0) for n in (2, 3, 4)], (5, last, 1)]
    assert len(await filed(world.partner)) == 7  # who takes part has a file of every day
    compared = (await client.get("/v1/partner/reconciliations")).json()["reconciliations"]
    assert (compared[-1]["business_on"], compared[-1]["verdict"]) == (last, "reconciled")


async def test_what_comes_after_its_last_day_is_filed_and_no_day_is_left_out(world: World) -> None:
    another, client = await with_another(world)
    plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
    await act(world, plan["id"], "capture", amount=600_00)
    given_up = await world.operator.post(f"/v1/operator/plans/{plan['id']}/charge_off", {"on": FIRST.isoformat()})
    assert given_up.is_success, given_up.text
    await leaves(world)
    for number in (1, 2, 3):
        await closes(world, number)
    assert await former(world) == [(another, FIRST.isoformat(), FIRST.isoformat())]
    assert await filed(client) == [(1, FIRST.isoformat(), 2)]
    late = await act(world, plan["id"], "payments", amount=100_00)  # on the fourth day
    assert late["state"] == "recovered" or late["paid"] == 100_00
    await closes(world, 4)
    assert [row[1:] for row in (await filed(client))[1:]] == [
        (day(2).isoformat(), 0), (day(3).isoformat(), 0), (day(4).isoformat(), 1)
    ]  # fmt: skip
    await closes(world, 5)
    assert await former(world) == [(another, FIRST.isoformat(), day(4).isoformat())]
    (payout,) = (await client.get("/v1/partner/payouts")).json()["payouts"]
    assert (payout["amount"], payout["obstacle"]) == (40_00, None)  # to the account that it had when it took part


async def test_two_that_are_owed_the_same_are_paid_each_by_its_own_payment(world: World) -> None:
    """40.00 for each on one day: the bank shows two payments that are alike but for their end-to-end ids."""
    _, client = await with_another(world)
    assert (await opened(world)).status_code == 201
    plan = await world.plan(await world.consumer(limit=1_000_00), 600_00)
    await act(world, plan["id"], "capture", amount=600_00)
    await closes(world, 1)
    await act(world, plan["id"], "payments", amount=100_00)
    await closes(world, 2)
    body = {"currency": "EUR", "payer": PAYER | {"iban": IBAN}, "until": "2026-12-31"}
    proposed = await world.operator.post("/v1/operator/partner-payment-orders", body)
    assert (await world.seconded(proposed)).is_success
    listed = [(await one.get("/v1/partner/payouts")).json()["payouts"][0] for one in (world.partner, client)]
    assert [one["amount"] for one in listed] == [40_00, 40_00]
    names = [one["end_to_end_id"] for one in listed]
    assert len({*names}) == 2
    assert {len(name) for name in names} == {35}
    shown = message([entry("-40.00", names[1], "B1")], "0.00", "-40.00")
    assert (await hand_in(world, shown)).status_code == 201
    states = [(await one.get("/v1/partner/payouts")).json()["payouts"][0]["state"] for one in (world.partner, client)]
    assert states == ["ordered", "paid"]
    shown = message([entry("-40.00", names[0], "B2")], "-40.00", "-80.00", message_id="M2")
    assert (await hand_in(world, shown)).status_code == 201
    assert (await world.partner.get("/v1/partner/payouts")).json()["payouts"][0]["state"] == "paid"
    await sends_the_same(world, world.partner, day(2))
    compared = await world.operator.post(
        f"/v1/operator/programmes/{world.demo.programme_id}/reconciliations", {"business_on": day(2).isoformat()}
    )
    assert compared.status_code == 201, compared.text
    open_cash = [one for one in compared.json()["found"] if one["leg"] == "cash"]
    assert [one["kind"] for one in open_cash] == ["cash_short"] * len(open_cash)  # the fundings of the first day alone
