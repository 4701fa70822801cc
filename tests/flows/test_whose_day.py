"""One calendar, the merchant's: quotes, offers, due days, overdue, and the dates of payments."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.bench.cast import ATTRIBUTES as GOOD
from tests.flows.world import Client, World

TERMS = {"currency": "EUR", "amount": 300_00, "jurisdiction": "EU", "terms": {"first_due_days": 0}}


async def merchant_in(world: World, zone: str) -> Client:
    """A new merchant's client."""
    made = await world.operator.post("/v1/operator/merchants", {"name": zone, "country": "US", "time_zone": zone})
    key = {"audience": "merchant", "owner_id": made.json()["id"]}
    return Client(world.http, await world.key(**key))


def at(zone: str, day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland"])
async def test_the_day_of_the_shop(world: World, zone: str) -> None:
    shop = await merchant_in(world, zone)
    today = date(2026, 12, 1)
    shop.now = at(zone, today, 23, 30)
    due = [today + timedelta(days=14 * i) for i in range(4)]

    quoted = (await shop.post("/v1/quotes", TERMS)).json()
    consumer = (await shop.post("/v1/consumers", {"reference": "c", "attributes": GOOD})).json()["id"]

    async def checkout(amount: int = 300_00) -> dict[str, object]:
        body = {"merchant_reference": f"at {shop.now}", "consumer": consumer, "currency": "EUR", "amount": amount}
        answer: dict[str, object] = (await shop.post("/v1/checkouts", body | {"kinds": ["instalments"]})).json()
        return answer

    offer = (await checkout())["offers"][0]  # type: ignore[index]
    plan = (await shop.post("/v1/plans", {"offer_id": offer["id"]})).json()
    path = f"/v1/plans/{plan['id']}"
    captured = (await shop.post(f"{path}/capture", {"amount": 300_00})).json()
    for schedule in (quoted["schedule"], offer["schedule"], plan["schedule"], captured["schedule"]):
        assert [date.fromisoformat(row["due_on"]) for row in schedule] == due
    assert (offer["time_zone"], plan["time_zone"]) == (zone, zone)

    # The first is paid in the checkout; the processor may be a day behind, or ahead.
    for days, status in ((-2, 400), (2, 400), (-1, 201), (1, 201)):
        body = {"amount": 37_50, "received_on": str(today + timedelta(days=days))}
        answered = await shop.post(f"{path}/payments", body)
        assert answered.status_code == status, answered.text
        assert status == 201 or answered.json()["pointer"] == "/received_on"
    event = (await shop.get("/v1/events")).json()["events"][-1]
    assert event["data"]["received_on"] == str(today + timedelta(days=1))
    assert answered.json()["schedule"][0]["paid_on"] == str(today)

    # All of the second due day nobody is overdue; from the midnight that ends it on, everybody says so.
    for now, overdue, outcome in (
        (at(zone, due[1], 0, 0), 0, "approved"),
        (at(zone, due[1], 23, 59), 0, "approved"),
        (at(zone, due[1] + timedelta(days=1), 0, 0), 75_00, "declined"),
    ):
        shop.now = world.operator.now = now
        assert (await shop.get(path)).json()["overdue"] == overdue
        assert (await checkout())["outcome"] == outcome
        plans = (await world.operator.get("/v1/operator/summary")).json()["plans"]
        assert [(row["overdue"], row["overdue_plans"]) for row in plans] == [(overdue, int(overdue > 0))]


async def test_the_partner_s_files_count_by_the_programme_s_days(world: World) -> None:
    """The same instant is the 1st in the shop and the 2nd at the bank in Berlin."""
    zone = "America/Los_Angeles"
    shop = await merchant_in(world, zone)
    shop.now = at(zone, date(2026, 12, 1), 16)
    consumer = (await shop.post("/v1/consumers", {"reference": "c", "attributes": GOOD})).json()["id"]
    body = {"merchant_reference": "o", "consumer": consumer, "currency": "EUR", "amount": 300_00}
    offer = (await shop.post("/v1/checkouts", body | {"kinds": ["instalments"]})).json()["offers"][0]
    plan = (await shop.post("/v1/plans", {"offer_id": offer["id"]})).json()
    captured = (await shop.post(f"/v1/plans/{plan['id']}/capture", {"amount": 300_00})).json()
    assert captured["schedule"][0]["due_on"] == "2026-12-01"
    booked = await world.pool.fetch("select distinct booked_on from transfers where plan_id = $1", plan["id"])
    assert [row[0] for row in booked] == [date(2026, 12, 2)]

    world.operator.now = shop.now + timedelta(days=1)
    close = (await world.operator.post("/v1/operator/day-close")).json()
    (txn,) = [made for made in close["files"] if made["type"] == "TXN"]
    assert (txn["business_on"], txn["records"]) == ("2026-12-02", 1)


async def test_days_since_the_first_plan_are_the_shop_s(world: World) -> None:
    zone = "America/Los_Angeles"
    shop = await merchant_in(world, zone)
    shop.now = at(zone, date(2026, 12, 1), 23, 30)
    consumer = (await shop.post("/v1/consumers", {"reference": "c", "attributes": GOOD})).json()["id"]
    body = {"merchant_reference": "o", "consumer": consumer, "currency": "EUR", "amount": 300_00}
    offer = (await shop.post("/v1/checkouts", body | {"kinds": ["instalments"]})).json()["offers"][0]
    await shop.post("/v1/plans", {"offer_id": offer["id"]})
    answer = (await shop.post("/v1/checkouts", body | {"merchant_reference": "o2"})).json()
    decision = (await world.operator.get(f"/v1/operator/decisions/{answer['id']}")).json()
    assert decision["snapshot"]["snapshot"]["first_plan_on"] == "2026-12-01"
