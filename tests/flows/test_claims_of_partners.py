"""A finance partner claims what an arrangement bears of a loss of its money, and sees what others claim of it."""

from typing import Any

import httpx
import pytest

from tests.flows.test_loss_claims import AT_ONCE, CLAIMS, POLICY, at, do
from tests.flows.test_losses import allocate, given_up, plan_of_two
from tests.flows.test_support import waterfall
from tests.flows.test_support_party import borne_by
from tests.flows.world import Client, World

OWN = "/v1/partner/loss-claims"
LEFT = 4_500_00


class Lost:
    """A loss of two partners' money, 70 to 30, of which an insurer bears 80 %."""

    def __init__(self, world: World, loss: str, policy: str, insurer: Client, second: Client) -> None:
        self.world, self.loss, self.policy, self.insurer, self.second = world, loss, policy, insurer, second

    async def claim(self, by: Client) -> httpx.Response:
        return await by.post(OWN, {"loss_id": self.loss, "arrangement_id": self.policy})


@pytest.fixture
async def lost(world: World) -> Lost:
    plan, _, second = await plan_of_two(world)
    loss = await given_up(world, plan)
    party, insurer = await world.take_on()
    policy = await borne_by(world, party, **POLICY | {"claims": AT_ONCE})
    await allocate(world, loss, waterfall_id=await waterfall(world, policy))
    other = Client(world.http, await world.key(audience="partner", owner_id=second))
    at(world, "2026-04-02", world.partner, insurer, other)  # when the first line would have been due
    return Lost(world, loss, policy, insurer, other)


async def listed(client: Client) -> list[str]:
    return [one["id"] for one in (await client.get(OWN)).json()["claims"]]


async def act(client: Client, claim: str, verb: str, **body: Any) -> httpx.Response:
    return await client.post(f"{OWN}/{claim}/{verb}", body)


async def test_a_partner_makes_lodges_answers_and_is_paid(world: World, lost: Lost) -> None:
    """80 % of 4,500.00 are 3,600.00."""
    made = await lost.claim(world.partner)
    assert made.status_code == 201, made.text
    claim = made.json()["id"]
    assert (made.json()["state"], made.json()["claimed"]) == ("draft", LEFT * 8 // 10)
    assert (made.json()["steps"][0]["by_whom"], made.json()["steps"][0]["owner_id"]) == (
        "partner", world.demo.partner_id,
    )  # fmt: skip
    added = await act(world.partner, claim, "documents", kind="identity", reference="safe 4")
    assert added.status_code == 200, added.text
    lodged = await act(world.partner, claim, "lodge")
    assert (lodged.status_code, lodged.json()["state"], lodged.json()["reserved"]) == (200, "lodged", LEFT * 8 // 10)
    asked = await lost.insurer.post(f"/v1/support/claims/{claim}/ask", {"note": "Which letter?"})
    assert asked.status_code == 200, asked.text
    told = await act(world.partner, claim, "answer", note="That of March.")
    assert told.status_code == 200, told.text
    decided = await lost.insurer.post(f"/v1/support/claims/{claim}/decide", {"approved": 3_600_00})
    assert decided.json()["state"] == "approved"
    paid = await lost.insurer.post(f"/v1/support/claims/{claim}/pay", {"amount": 3_600_00, "reference": "1"})
    assert paid.json()["paid"] == 3_600_00
    seen = (await world.partner.get(f"{OWN}/{claim}")).json()
    assert [(step["what"], step["by_whom"]) for step in seen["steps"]] == [
        ("make", "partner"), ("lodge", "partner"), ("ask", "support"), ("answer", "partner"), ("decide", "support"),
        ("pay", "support"),
    ]  # fmt: skip
    pack = await world.partner.get(f"{OWN}/{claim}/evidence")
    assert [one["reference"] for one in pack.json()["evidence"]["documents"]] == ["safe 4"]
    states = [
        one["data"]["state"]
        for one in (await world.partner.get("/v1/partner/news")).json()["events"]
        if one["type"] == "claim.changed"
    ]
    assert states == ["draft", "lodged", "info_requested", "lodged", "approved", "paid"]


async def test_others_see_it_and_only_who_made_it_goes_on_with_it(world: World, lost: Lost) -> None:
    claim = (await lost.claim(world.partner)).json()["id"]
    assert await listed(world.partner) == await listed(lost.second) == [claim]
    for verb in ("lodge", "withdraw"):
        told = await act(lost.second, claim, verb, **({"note": "No."} if verb == "withdraw" else {}))
        assert (told.status_code, told.json()["code"]) == (409, "state_forbids")
    assert (await lost.claim(lost.second)).json()["code"] == "state_forbids"  # it is claimed already
    done = await do(world, claim, "lodge")  # the lender may go on with any
    assert done.status_code == 200, done.text
    assert (await act(world.partner, claim, "withdraw", note="A mistake.")).json()["state"] == "withdrawn"
    again = (await world.operator.get(CLAIMS)).json()["claims"]
    assert [one["id"] for one in again] == [claim]


async def test_whose_money_it_is_not_finds_nothing(world: World, lost: Lost) -> None:
    made = await world.operator.post("/v1/operator/partners", {"name": "Stranger"})
    stranger = Client(world.http, await world.key(audience="partner", owner_id=made.json()["id"]))
    told = await lost.claim(stranger)
    assert (told.status_code, told.json()["code"], told.json()["pointer"]) == (404, "not_found", "/loss_id")
    claim = (await lost.claim(world.partner)).json()["id"]
    assert await listed(stranger) == []
    for path in (f"{OWN}/{claim}", f"{OWN}/{claim}/evidence", f"{OWN}/cl_1"):
        assert (await stranger.get(path)).json()["code"] == "not_found"
    for verb in ("lodge", "answer", "withdraw"):
        body = {} if verb == "lodge" else {"note": "No."}
        assert (await act(stranger, claim, verb, **body)).json()["code"] == "not_found"


async def test_a_claim_that_the_lender_made_is_seen(world: World, lost: Lost) -> None:
    body = {"loss_id": lost.loss, "arrangement_id": lost.policy}
    claim = (await world.operator.post(CLAIMS, body)).json()["id"]
    assert (await world.partner.get(f"{OWN}/{claim}")).json()["claimed"] == 3_600_00
    assert (await act(world.partner, claim, "lodge")).json()["code"] == "state_forbids"
