"""Claims over HTTP: an appliance due on 31 July, claimed after three months and within 240 days, decided within 60."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from service.terms.terms import Terms, Unit
from tests.flows.published import noon, policy_of, publish
from tests.flows.test_losses import LOSSES, allocate, capacity, fund
from tests.flows.test_support import waterfall
from tests.flows.test_support_party import borne_by
from tests.flows.world import Client, World

ONE = Terms(instalments=1, every=30, unit=Unit.DAY, rate_percent=Decimal(0))
PRICE = 3_600_00
CLAIMS = "/v1/operator/loss-claims"
THREE_MONTHS = {"wait_months": 3, "file_within_days": 240, "decide_within_days": 60}
POLICY = {
    "kind": "consumer_insurance", "cover_bps": 8_000, "ends_on": "2027-12-31", "claims": THREE_MONTHS, "name": "Policy",
}  # fmt: skip


def at(world: World, on: str, *more: Client) -> None:
    """At noon of a day, for everybody."""
    for client in (world.merchant, world.operator, world.second_operator, *more):
        client.now = noon(date.fromisoformat(on))


async def bought(world: World, price: int = PRICE, **captured: Any) -> str:
    """A plan that is due on 31 July, of a consumer who is known by her number."""
    body = {"reference": f"customer-{price}", "identifiers": [{"kind": "operator_id", "value": f"n-{price}"}]}
    consumer = (await world.merchant.post("/v1/consumers", body)).json()["id"]
    limit = await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 10_000_00})
    assert limit.is_success, limit.text
    plan = await world.plan(consumer, price, category="one")
    done = await world.merchant.post(f"/v1/plans/{plan['id']}/capture", {"amount": price} | captured)
    assert done.is_success, done.text
    (line,) = (await world.merchant.get(f"/v1/plans/{plan['id']}")).json()["schedule"]
    assert line["due_on"] == "2026-07-31"
    return str(plan["id"])


async def lost(world: World, plan: str, which: str) -> str:
    """It is given up, and borne by a waterfall; the loss."""
    assert (await world.seconded(await world.operator.post(f"/v1/operator/plans/{plan}/charge_off"))).is_success
    (one,) = [one for one in (await world.operator.get(LOSSES)).json()["losses"] if one["plan_id"] == plan]
    await allocate(world, one["id"], waterfall_id=which)
    return str(one["id"])


async def effort(world: World, plan: str, kind: str = "notice", on: str = "2026-09-01") -> None:
    body = {"kind": kind, "on": on, "reference": "letter 7"}
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/efforts", body)).status_code == 201


async def claimed(world: World, loss: str, one: str) -> dict[str, Any]:
    made = await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": one})
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def do(world: World, claim: str, verb: str, **body: Any) -> httpx.Response:
    return await world.operator.post(f"{CLAIMS}/{claim}/{verb}", body)


class Insured:
    """A world with an insurer, its policy, a waterfall of it alone, and a client with its key."""

    def __init__(self, world: World, party: str, client: Client, policy: str, which: str) -> None:
        self.world, self.party, self.client, self.policy, self.which = world, party, client, policy, which

    async def claim(self, price: int = PRICE, *, lodge: bool = True) -> tuple[str, str, str]:
        """Of a plan that was bought on 1 July and given up on 1 October; plan, loss, claim."""
        world = self.world
        at(world, "2026-07-01", self.client)
        plan = await bought(world, price, reference="parcel 4711")
        at(world, "2026-10-01", self.client)
        await effort(world, plan)
        loss = await lost(world, plan, self.which)
        claim = str((await claimed(world, loss, self.policy))["id"])
        at(world, "2026-10-31", self.client)
        if lodge:
            done = await do(world, claim, "lodge")
            assert done.status_code == 200, done.text
        return plan, loss, claim

    async def party_does(self, claim: str, verb: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"/v1/support/claims/{claim}/{verb}", body)

    async def seen(self, claim: str) -> dict[str, Any]:
        told = await self.client.get(f"/v1/support/claims/{claim}")
        assert told.status_code == 200, told.text
        found: dict[str, Any] = told.json()
        return found


@pytest.fixture
async def insured(world: World) -> Insured:
    at(world, "2026-06-30")
    await publish(world, policy_of({"one": (ONE, PRICE)}))
    party, client = await world.take_on()
    policy = await borne_by(world, party, **POLICY)
    return Insured(world, party, client, policy, await waterfall(world, policy))


async def balance(world: World, account: str) -> int:
    rows = (await world.operator.get("/v1/operator/ledger/trial-balance")).json()["accounts"]
    return sum(one["debit"] - one["credit"] for one in rows if one["account"] == account)


async def test_it_waits_is_lodged_on_the_day_and_lapses_after_the_last(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim(lodge=False)
    seen = await insured.seen(claim)
    days = (seen["due_on"], seen["waits_until"], seen["file_by"])
    assert days == ("2026-07-31", "2026-10-31", "2027-03-28")
    assert (seen["claimed"], seen["missing"], seen["untried"]) == (2_880_00, [], [])
    for on, code, day in (
        ("2026-10-30", "claim_too_early", "2026-10-31"),
        ("2027-03-29", "claim_too_late", "2027-03-28"),
    ):
        at(world, on)
        refused = await do(world, claim, "lodge")
        assert (refused.status_code, refused.json()["code"]) == (409, code)
        assert day in refused.json()["detail"]
        assert (await insured.seen(claim))["reserved"] == 0
    at(world, "2026-10-31")
    done = await do(world, claim, "lodge")
    assert (done.json()["state"], done.json()["decide_by"], done.json()["reserved"]) == (
        "lodged", "2026-12-30", 2_880_00,
    )  # fmt: skip
    again = await do(world, claim, "lodge")
    assert (again.status_code, again.json()["code"]) == (409, "state_forbids")
    assert "decide" in again.json()["actions"]
    double = await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": insured.policy})
    assert double.json()["code"] == "state_forbids"


async def test_what_it_lacks_is_named_and_nothing_is_reserved(world: World, insured: Insured) -> None:
    at(world, "2026-07-01")
    plan = await bought(world)  # shipped without a reference
    at(world, "2026-10-31")
    claim = str((await claimed(world, await lost(world, plan, insured.which), insured.policy))["id"])
    refused = await do(world, claim, "lodge")
    assert (refused.status_code, refused.json()["code"]) == (422, "incomplete")
    assert refused.json()["detail"].endswith("delivery, dunning.")
    assert (await insured.seen(claim))["missing"] == ["delivery", "dunning"]
    await effort(world, plan)
    added = await do(world, claim, "documents", kind="delivery", reference="note of delivery 12", sha256="0" * 64)
    assert (added.status_code, added.json()["missing"]) == (200, [])
    shown = (await insured.client.get(f"/v1/support/claims/{claim}/evidence")).json()
    assert shown["assembled_at"] is None
    assert (await do(world, claim, "lodge")).json()["state"] == "lodged"
    pack = (await insured.client.get(f"/v1/support/claims/{claim}/evidence")).json()
    assert pack["assembled_at"] is not None
    evidence = pack["evidence"]
    assert evidence["contract"]["amount"] == PRICE
    assert evidence["schedule"] == [{"due_on": "2026-07-31", "amount": PRICE, "paid": 0}]
    assert [one["fact"] for one in evidence["statement"]] == ["authorized", "captured", "charged_off"]
    assert [one["kind"] for one in evidence["dunning"]] == ["notice"]
    assert evidence["identity"]["known_by"] == ["operator_id"]
    assert [(one["kind"], one["sha256"]) for one in evidence["documents"]] == [("delivery", "0" * 64)]
    late = await do(world, claim, "documents", kind="delivery", reference="another")
    assert late.json()["code"] == "state_forbids"


async def test_what_was_approved_is_paid_in_parts_and_booked(world: World, insured: Insured) -> None:
    plan, _, claim = await insured.claim()
    assert await balance(world, "insurer_receivable") == 2_880_00
    too_much = await insured.party_does(claim, "decide", approved=2_880_01)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "capacity_exceeded")
    done = await insured.party_does(claim, "decide", approved=2_880_00)
    assert (done.json()["state"], done.json()["decide_by"]) == ("approved", None)
    for amount, left in ((1_000_00, 1_880_00), (1_880_00, 0)):
        done = await insured.party_does(claim, "pay", amount=amount, reference="transfer")
        assert (done.status_code, done.json()["state"], done.json()["reserved"]) == (200, "paid", left)
        assert await balance(world, "insurer_receivable") == left
    assert await balance(world, "cash") == 2_880_00
    over = await insured.party_does(claim, "pay", amount=1, reference="transfer")
    assert (over.status_code, over.json()["code"]) == (422, "amount_exceeds_outstanding")
    has = await capacity(world, insured.policy)
    assert (has["reserved"], has["paid"]) == (0, 2_880_00)
    told = (await insured.client.get("/v1/support/events", after=1)).json()["events"]
    states = [one["data"]["state"] for one in told if one["type"] == "claim.changed"]
    assert states == ["draft", "lodged", "approved", "paid", "paid"]
    seen = await insured.seen(claim)
    assert [(one["what"], one["amount"], one["by_whom"]) for one in seen["steps"]] == [
        ("make", None, "operator"), ("lodge", 2_880_00, "operator"), ("decide", 2_880_00, "support"),
        ("pay", 1_000_00, "support"), ("pay", 1_880_00, "support"),
    ]  # fmt: skip
    assert (await do(world, claim, "close")).json()["state"] == "closed"
    assert await world.pool.fetchval("select count(*) from transfers where plan_id = $1", plan)


async def test_rejected_is_zero_and_others_bear_it(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim()
    nothing = await insured.party_does(claim, "decide", approved=0)
    assert (nothing.status_code, nothing.json()["pointer"]) == (400, "/rejection")
    done = await insured.party_does(claim, "decide", approved=0, rejection="excluded_cause")
    assert [done.json()[name] for name in ("state", "approved", "paid", "reserved")] == ["rejected", 0, 0, 0]
    has = await capacity(world, insured.policy)
    assert (has["reserved"], has["paid"]) == (0, 0)
    assert await balance(world, "insurer_receivable") == 0
    found = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"][-1]["allocation"]
    assert (found["tiers"][0]["amount"], sum(one["amount"] for one in found["rest"])) == (0, PRICE)
    unpaid = await insured.party_does(claim, "pay", amount=1, reference="transfer")
    assert unpaid.json()["code"] == "state_forbids"


async def test_a_part_is_approved_and_the_rest_falls_on_others(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim()
    done = await insured.party_does(claim, "decide", approved=2_000_00, rejection="over_limit", note="Limit 2,000.")
    assert (done.json()["state"], done.json()["reserved"]) == ("part_approved", 2_000_00)
    assert (await capacity(world, insured.policy))["reserved"] == 2_000_00
    assert await balance(world, "insurer_receivable") == 2_000_00
    found = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"][-1]["allocation"]
    assert sum(one["amount"] for one in found["rest"]) == PRICE - 2_000_00
    await insured.party_does(claim, "pay", amount=2_000_00, reference="transfer")
    back = await insured.party_does(claim, "claw-back", note="The invoice was forged.")
    assert (back.status_code, back.json()["state"], back.json()["clawed_back"]) == (200, "clawed_back", 2_000_00)
    assert await balance(world, "cash") == 0
    assert await balance(world, "insurer_receivable") == 0
    found = (await world.operator.get(f"{LOSSES}/{loss}")).json()["versions"][-1]["allocation"]
    assert sum(one["amount"] for one in found["rest"]) == PRICE


async def test_two_operators_decide_and_pay_for_who_has_no_key(world: World, insured: Insured) -> None:
    _, _, claim = await insured.claim()
    refused = await do(world, claim, "decide", approved=2_880_01)
    assert refused.json()["code"] == "capacity_exceeded"
    waits = await do(world, claim, "decide", approved=2_880_00)
    assert waits.status_code == 202
    assert (await insured.seen(claim))["state"] == "lodged"
    assert (await world.seconded(waits)).json()["state"] == "approved"
    paid = await world.seconded(await do(world, claim, "pay", amount=2_880_00, reference="transfer"))
    assert paid.json()["paid"] == 2_880_00
    assert await balance(world, "insurer_receivable") == 0


async def test_a_question_stops_the_days(world: World, insured: Insured) -> None:
    _, _, claim = await insured.claim()
    at(world, "2026-11-10", insured.client)
    asked = await insured.party_does(claim, "ask", note="Which letter?")
    assert (asked.json()["state"], asked.json()["answer_by"]) == ("info_requested", "2026-12-10")
    at(world, "2026-12-10", insured.client)
    done = await do(world, claim, "answer", note="Letter 7.")
    assert (done.json()["state"], done.json()["decide_by"]) == ("lodged", "2027-01-29")


async def test_nobody_sees_another_s_claims(world: World, insured: Insured) -> None:
    _, _, claim = await insured.claim()
    _, other = await world.take_on("Bank of the Alster")
    assert (await other.get("/v1/support/claims")).json()["claims"] == []
    for path in ("", "/evidence"):
        assert (await other.get(f"/v1/support/claims/{claim}{path}")).status_code == 404
    for verb, body in (
        ("ask", {"note": "?"}), ("decide", {"approved": 2_880_00}), ("pay", {"amount": 1, "reference": "x"}),
        ("claw-back", {"note": "?"}),
    ):  # fmt: skip
        refused = await other.post(f"/v1/support/claims/{claim}/{verb}", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), verb
    assert [one["id"] for one in (await insured.client.get("/v1/support/claims")).json()["claims"]] == [claim]
    assert (await insured.client.get("/v1/support/claims", in_state="paid")).json()["claims"] == []


async def test_time_lodges_warns_and_lapses(world: World, insured: Insured) -> None:
    _, _, claim = await insured.claim(lodge=False)
    at(world, "2026-10-20", insured.client)
    assert (await do(world, claim, "lodge", when_due=True)).json()["state"] == "waiting"
    await closed_on(world, "2026-10-30")
    assert (await insured.seen(claim))["state"] == "waiting"
    await closed_on(world, "2026-10-31")
    assert (await insured.seen(claim))["state"] == "lodged"
    await closed_on(world, "2026-12-20")
    await closed_on(world, "2026-12-21")
    told = (await insured.client.get("/v1/support/events", after=1)).json()["events"]
    warned = [one["data"] for one in told if one["type"] == "claim.deadline"]
    assert warned == [{"claim_id": claim, "what": "decide", "due_on": "2026-12-30", "days": 10}]
    at(world, "2026-12-22", insured.client)
    await insured.party_does(claim, "ask", note="Which letter?")
    await closed_on(world, "2027-01-10")
    await closed_on(world, "2027-01-22")
    seen = await insured.seen(claim)
    assert (seen["state"], seen["reserved"]) == ("lapsed", 0)
    assert (await capacity(world, insured.policy))["reserved"] == 0
    told = (await insured.client.get("/v1/support/events", after=1)).json()["events"]
    assert [one["data"]["what"] for one in told if one["type"] == "claim.deadline"] == ["decide", "answer"]
    assert told[-1]["actor"] == "day"


async def closed_on(world: World, on: str) -> None:
    at(world, on)
    done = await world.operator.post("/v1/operator/day-close")
    assert done.status_code == 200, done.text


async def test_a_draft_lapses_when_its_last_day_is_over(world: World, insured: Insured) -> None:
    _, _, claim = await insured.claim(lodge=False)
    await closed_on(world, "2027-03-28")
    assert (await insured.seen(claim))["state"] == "draft"
    await closed_on(world, "2027-03-29")
    assert (await insured.seen(claim))["state"] == "lapsed"


async def test_an_effort_that_was_not_made(world: World, insured: Insured) -> None:
    gate = {"days_past_due_min": 60, "notices_min": 2}
    terms = {"file_within_days": 240, "decide_within_days": 60, "effort": gate, "evidence": []}
    strict = await borne_by(world, insured.party, **POLICY | {"claims": terms})
    at(world, "2026-07-01")
    plan = await bought(world)
    at(world, "2026-09-28")
    claim = str((await claimed(world, await lost(world, plan, await waterfall(world, strict)), strict))["id"])
    for on, said in (("2026-09-28", "days_past_due: 59 of 60"), ("2026-09-29", "notices: 0 of 2")):
        at(world, on)
        refused = await do(world, claim, "lodge")
        assert (refused.status_code, refused.json()["code"]) == (422, "effort_missing")
        assert said in refused.json()["detail"]
    for _ in range(2):
        await effort(world, plan)
    assert (await do(world, claim, "lodge")).json()["state"] == "lodged"


async def test_withdrawn_is_released_and_may_be_claimed_no_more(world: World, insured: Insured) -> None:
    _, loss, claim = await insured.claim()
    done = await do(world, claim, "withdraw", note="A mistake.")
    assert (done.json()["state"], done.json()["reserved"]) == ("withdrawn", 0)
    assert (await capacity(world, insured.policy))["reserved"] == 0
    again = await world.operator.post(CLAIMS, {"loss_id": loss, "arrangement_id": insured.policy})
    assert again.json()["code"] == "state_forbids", "the arrangement bears nothing of it any more"


async def test_a_dispute_that_is_open_holds_it(world: World, insured: Insured) -> None:
    plan, _, claim = await insured.claim()
    opened = await world.operator.post(
        f"/v1/operator/plans/{plan}/disputes", {"amount": 100_00, "reason": "not_as_described"}
    )
    assert opened.is_success, opened.text
    refused = await insured.party_does(claim, "decide", approved=2_880_00)
    assert (refused.status_code, refused.json()["code"]) == (409, "state_forbids")
    await closed_on(world, "2026-11-01")
    seen = await insured.seen(claim)
    assert (seen["state"], seen["decide_by"], seen["days_left"]) == ("hold", None, 59)


async def test_partners_whose_money_it_is_hear_of_claims(world: World, insured: Insured) -> None:
    await insured.claim()
    told = (await world.partner.get("/v1/partner/news")).json()["events"]
    states = [one["data"]["state"] for one in told if one["type"] == "claim.changed"]
    assert states in ([], ["draft", "lodged"])


AT_ONCE = {"file_within_days": 3_650, "decide_within_days": 60, "evidence": []}


@pytest.mark.parametrize("rounds", [10, pytest.param(50, marks=pytest.mark.long)])
async def test_two_claims_of_800_on_1000_reserve_800_and_200(world: World, insured: Insured, rounds: int) -> None:
    """In each round two losses of 800.00 are allocated, claimed and lodged at once."""
    await publish(world, policy_of({"one": (ONE, 800_00)}))
    for number in range(rounds):
        terms = {"kind": "loan_guarantee", "funded": True, "claims": AT_ONCE, "ends_on": "2027-12-31"}
        guarantee = await borne_by(world, insured.party, name=f"Guarantee {number}", **terms)
        await fund(world, guarantee, 1_000_00)
        which = await waterfall(world, guarantee)
        losses = [await _given_up(world, number, twin) for twin in range(2)]
        lodged = await asyncio.gather(*(_claim_at_once(world, loss, which, guarantee) for loss in losses))
        assert sorted(lodged) == [200_00, 800_00], number
        has = await capacity(world, guarantee)
        assert (has["funded"], has["reserved"], has["available"]) == (1_000_00, 1_000_00, 0)


async def _given_up(world: World, number: int, twin: int) -> str:
    at(world, "2026-07-01")
    consumer = (await world.merchant.post("/v1/consumers", {"reference": f"customer-{number}-{twin}"})).json()["id"]
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 10_000_00})
    plan = (await world.plan(consumer, 800_00, category="one"))["id"]
    assert (await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": 800_00})).is_success
    at(world, "2026-10-31")
    assert (await world.operator.post(f"/v1/operator/plans/{plan}/charge_off")).status_code == 200
    return str(await world.pool.fetchval("select loss_id from losses where plan_id = $1", plan))


async def _claim_at_once(world: World, loss: str, which: str, guarantee: str) -> int:
    told = await world.operator.post(f"{LOSSES}/{loss}/allocate", {"waterfall_id": which})
    assert told.status_code == 200, told.text
    claim = (await claimed(world, loss, guarantee))["id"]
    done = await do(world, claim, "lodge")
    assert done.status_code == 200, done.text
    return int(done.json()["reserved"])
