"""What must be said of an offer is there for the asking, as JSON and as a page."""

from typing import Any

import httpx

from tests.flows.world import SHARED, Client, World

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}  # what browsers send


async def disclosure(client: Client, world: World, path: str, accept: dict[str, str] | None = None) -> httpx.Response:
    headers = client._headers() | (accept or {})
    return await world.http.get(f"{path}/disclosure", headers=headers)


def lines(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 200, response.text
    return {line["name"]: line["value"] for line in response.json()["lines"]}


@SHARED
async def test_every_offer_is_disclosed_and_so_is_the_plan(world: World) -> None:
    answer = await world.checkout(await world.consumer(), 600_00, language="de")
    before = await world.row_counts()
    for offer in answer["offers"]:
        made = await disclosure(world.merchant, world, f"/v1/offers/{offer['id']}")
        assert made.headers["vary"] == "Accept"
        body: dict[str, Any] = made.json()
        assert (body["offer_id"], body["jurisdiction"], body["language"]) == (offer["id"], "DE", "de")
        assert body["apr"] == offer["apr"]
        assert (body["cooling_off_days"], bool(body["law"])) == (14, True)
        said = lines(made)
        assert said["apr"] == f"{offer['apr']['printed']} %"
        cost = f"{offer['total_cost'] // 100},{offer['total_cost'] % 100:02} EUR"
        assert (said["cash_price"], said["total_cost"]) == ("600,00 EUR", cost)
    assert await world.row_counts() == before

    chosen = answer["offers"][-1]["id"]
    plan = (await world.merchant.post("/v1/plans", {"offer_id": chosen})).json()
    of_plan = await disclosure(world.merchant, world, f"/v1/plans/{plan['id']}")
    assert of_plan.json() == (await disclosure(world.merchant, world, f"/v1/offers/{chosen}")).json()


@SHARED
async def test_an_alternatives_offer_is_disclosed_too(world: World) -> None:
    answer = await world.checkout(await world.consumer(limit=300_00), 600_00, kinds=["instalments"])
    assert answer["offers"] == []
    for alternative in answer["alternatives"]:
        made = await disclosure(world.merchant, world, f"/v1/offers/{alternative['offer']['id']}")
        assert lines(made)["credit"] == f"{alternative['offer']['amount'] // 100}.00 EUR"


@SHARED
async def test_a_browser_gets_a_page_and_a_program_json(world: World) -> None:
    offer = await world.offer(await world.consumer(), 600_00, "instalments", language="de")
    path = f"/v1/offers/{offer['id']}"
    made = await disclosure(world.merchant, world, path, HTML)
    assert made.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in made.headers["content-security-policy"]
    assert made.text.startswith('<!doctype html><html lang="de">')
    assert "Hauptstrasse Home &amp; Motor" in made.text
    assert "Widerrufsrecht" in made.text
    for accept in (
        "*/*", "application/json", "application/json, text/html", "text/html;q=0.5, */*", "image/png", "",
        "text/html;q=0",
        "text/html;q=inf", "text/html;q=nan", "text/html;q=1e400", "text/html;q=-1", "text/html;q=1.001", ";",
        "text/html;q=", "text/html;q=0, text/*", "text/html;q=0.4, application/json;q=0.5",
    ):  # fmt: skip
        plain = await disclosure(world.merchant, world, path, {"Accept": accept})
        assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json"), accept
    for accept in ("text/html", "TEXT/HTML; q=0.001", "text/*", "text/html, */*;q=0.9", "application/json;q=0, */*"):
        page = await disclosure(world.merchant, world, path, {"Accept": accept})
        assert page.headers["content-type"] == "text/html; charset=utf-8", accept


@SHARED
async def test_another_merchants_offer_and_one_that_never_was_are_not_there(world: World) -> None:
    plan = await world.plan(await world.consumer(), 600_00)
    offer = plan["offer_id"]
    never = offer[:-4] + "0000"
    for client, path in [
        (world.other_merchant, f"/v1/offers/{offer}"),
        (world.other_merchant, f"/v1/plans/{plan['id']}"),
        (world.merchant, f"/v1/offers/{never}"),
        (world.merchant, "/v1/offers/of_00000000000000000000000000"),
        (world.merchant, f"/v1/offers/{plan['id']}"),
        (world.merchant, "/v1/offers/x"),
        (world.merchant, "/v1/plans/pl_00000000000000000000000000"),
        (world.merchant, f"/v1/plans/{offer}"),
    ]:
        refused = await disclosure(client, world, path, HTML)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), path


@SHARED
async def test_the_offer_of_a_review_is_disclosed(world: World) -> None:
    referral = await world.checkout(await world.consumer(), 16_000_00)
    said = {"outcome": "approve", "note": "The payslips were shown."}
    done = await world.seconded(await world.operator.post(f"/v1/operator/reviews/{referral['id']}", said))
    assert done.json()["decision"]["offers"]
    for offer in done.json()["decision"]["offers"]:
        assert (await disclosure(world.merchant, world, f"/v1/offers/{offer['id']}")).status_code == 200
