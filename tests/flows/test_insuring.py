"""Credit insurance over HTTP: policies, limits of debtors, and what of their debts is insured."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.insuring import POLICIES, agreed, asked, debtors, document, insured
from tests.flows.test_support import arrangement
from tests.flows.world import NOON, SHARED, World


async def bought(world: World, consumer: str, amount: int) -> str:
    """A plan that was captured at once."""
    world.merchant.now = NOON
    plan = str((await world.plan(consumer, amount))["id"])
    await captured(world, plan, amount, 0)
    return plan


async def captured(world: World, plan: str, amount: int, days: int) -> None:
    """So many days after noon."""
    world.merchant.now = NOON + timedelta(days)
    done = await world.merchant.post(f"/v1/plans/{plan}/capture", {"amount": amount})
    assert done.status_code == 200, done.text


# What would be insured ------------------------------------------------------------------------------------------------


async def calculated(world: World, policy: str, **body: Any) -> dict[str, Any]:
    told = await world.operator.post(f"{POLICIES}/{policy}/insured", body)
    assert told.status_code == 200, told.text
    found: dict[str, Any] = told.json()
    return found


@SHARED
async def test_a_limit_withdrawn_takes_nothing_from_earlier_sales(world: World) -> None:
    policy = await insured(world, "domestic")
    granted, withdrawn = {"limit": 25_000_00, "from_on": "2026-01-01"}, {"limit": 0, "from_on": "2026-03-10"}
    sales = [{"on": "2026-03-09", "amount": 24_000_00, "overdue_days": 1}, {"on": "2026-03-10", "amount": 2_000_00}]
    found = await calculated(world, policy, limits=[granted, withdrawn], sales=sales)
    assert [(one["insured"], one["why"]) for one in found["sales"]] == [(24_000_00, None), (0, "no_limit")]
    found = await calculated(world, policy, limits=[granted], sales=sales)
    assert (found["exposure"], found["insured"], found["uninsured"]) == (26_000_00, 25_000_00, 1_000_00)
    assert [one["uninsured"] for one in found["ageing"]] == [1_000_00, 0, 0, 0, 0]
    assert [one["insured"] for one in found["ageing"]] == [1_000_00, 24_000_00, 0, 0, 0]


@SHARED
async def test_a_closed_country_is_not_insured(world: World) -> None:
    causes = ["credit", "political"]
    countries = [{"country": "CN", "status": "open", "from_on": "2026-01-01"},
                 {"country": "CN", "status": "closed", "from_on": "2026-03-10"}]  # fmt: skip
    policy = await insured(world, "export", countries=countries, terms={"causes": causes})
    limits = [{"limit": 9_000_00, "from_on": "2026-01-01"}]
    sales = [{"on": "2026-03-09", "amount": 1_00}, {"on": "2026-03-10", "amount": 2_00}]
    for country, amounts in [("CN", [1_00, 0]), ("US", [0, 0])]:
        found = await calculated(world, policy, limits=limits, sales=sales, country=country)
        assert [one["insured"] for one in found["sales"]] == amounts
        assert found["sales"][1]["why"] == "country_closed"


# Limits of debtors ----------------------------------------------------------------------------------------------------


async def paid_after(world: World, consumer: str, days_late: int, count: int = 3) -> None:
    """So many orders, paid in full so late, to the lender itself: a merchant's word would not count."""
    for _ in range(count):
        plan = await bought(world, consumer, 300_00)
        (line, *_) = (await world.merchant.get(f"/v1/plans/{plan}")).json()["schedule"]
        due = NOON.replace(year=int(line["due_on"][:4]), month=int(line["due_on"][5:7]), day=int(line["due_on"][8:10]))
        world.merchant.now = due + timedelta(days_late)
        told = (await world.merchant.get(f"/v1/plans/{plan}")).json()
        paid = {"amount": told["outstanding"], "reference": plan}
        world.operator.now = world.merchant.now
        assert (await world.operator.post(f"/v1/operator/plans/{plan}/payments", paid)).status_code == 201


@SHARED
async def test_a_rule_grants_at_once_who_has_paid_promptly(world: World) -> None:
    policy, consumer = await insured(world), await world.consumer(limit=100_000_00)
    first = await asked(world, policy, consumer, 5_000_00)
    assert (first["state"], first["source"], first["limit"]) == ("requested", "asked", 0)
    answered = await world.operator.post(f"{POLICIES}/{policy}/debtors/{first['id']}/answer", {"amount": 0})
    assert answered.json()["state"] == "refused"
    await paid_after(world, consumer, 0)
    world.operator.now = NOON + timedelta(60)
    again = await asked(world, policy, consumer, 5_000_00)
    assert again["id"] == first["id"]
    assert (again["state"], again["source"], again["rule_id"]) == ("granted", "rule", "prompt-payers")
    assert again["limit"] == 5_000_00
    more = await asked(world, policy, consumer, 5_000_01)
    assert (more["state"], more["limit"]) == ("requested", 5_000_00)


@SHARED
async def test_who_pays_late_is_asked_for_at_the_insurer(world: World) -> None:
    policy, consumer = await insured(world), await world.consumer(limit=100_000_00)
    await paid_after(world, consumer, 120)
    world.operator.now = NOON + timedelta(300)
    assert (await asked(world, policy, consumer, 5_000_00))["state"] == "requested"


@SHARED
async def test_what_a_debtor_owes_and_what_of_it_is_insured(world: World) -> None:
    policy, consumer = await insured(world), await world.consumer(limit=100_000_00)
    debtor = await asked(world, policy, consumer, 500_00, discretionary=True)
    assert (debtor["source"], debtor["exposure"], debtor["limit"]) == ("discretionary", 0, 500_00)
    amounts = (400_00, 300_00, 200_00)
    plans = [str((await world.plan(consumer, amount))["id"]) for amount in amounts]
    await captured(world, plans[0], 400_00, 0)
    await captured(world, plans[1], 300_00, 1)
    path = f"{POLICIES}/{policy}/debtors/{debtor['id']}/lower"
    world.operator.now = NOON + timedelta(2)
    lowered = (await world.operator.post(path, {"amount": 0, "conditions": "Stop."})).json()
    assert (lowered["state"], lowered["limit"]) == ("withdrawn", 0)
    await captured(world, plans[2], 200_00, 2)
    (found,) = await debtors(world, policy)
    assert [(one["amount"], one["insured"], one["why"]) for one in found["sales"]] == [
        (400_00, 400_00, None), (300_00, 100_00, "over_limit"), (200_00, 0, "no_limit"),
    ]  # fmt: skip
    assert (found["exposure"], found["insured"], found["uninsured"]) == (900_00, 500_00, 400_00)
    world.operator.now = NOON + timedelta(120)
    (late,) = await debtors(world, policy)
    assert sum(one["amount"] for one in late["ageing"]) == 900_00 == late["exposure"]
    assert late["ageing"][0]["amount"] == 0
    assert sum(one["uninsured"] for one in late["ageing"]) == 400_00


@SHARED
async def test_the_limits_of_a_country_are_within_its_cap(world: World) -> None:
    countries = [{"country": "CN", "status": "open", "from_on": "2026-01-01", "cap": 6_000_00, "political": False}]
    policy = await insured(world, "export", countries=countries)
    first, second = await world.consumer(), await world.consumer()
    await asked(world, policy, first, 4_000_00, country="CN", discretionary=True)
    body = {"consumer_id": second, "amount": 2_000_01, "country": "CN", "discretionary": True}
    refused = await world.operator.post(f"{POLICIES}/{policy}/debtors", body)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/amount")
    assert "200000 minor units" in refused.json()["detail"]
    await asked(world, policy, second, 2_000_00, country="CN", discretionary=True)


# What is refused ------------------------------------------------------------------------------------------------------


@SHARED
@pytest.mark.parametrize(("line", "differs", "code", "pointer"), [
    ("consumer", {"line": "domestic"}, "line_mismatch", "/document/line"),
    ("consumer", {"country": "XX"}, "invalid_field", "/document/country"),
    ("consumer", {"terms": {"debtor_max": 1_000}}, "invalid_field", "/document/discretionary_max"),
    ("consumer", {"loss_payee_id": f"pa_{'0' * 26}"}, "invalid_field", "/document/loss_payee_id"),
    ("consumer", {"discretionary_max": 0}, "invalid_field", "/document/automatic"),
    ("consumer", {"countries": [{"country": "CN", "status": "open", "from_on": "2026-01-01"}]}, "invalid_field",
     "/document/countries"),
    ("export", {}, "invalid_field", "/document/countries"),
    ("export", {"countries": [{"country": "DE", "status": "open", "from_on": "2026-01-01"}]}, "invalid_field",
     "/document/countries/0/country"),
    ("export", {"countries": [{"country": "CN", "status": "open", "from_on": "2026-01-01"}]}, "invalid_field",
     "/document/countries/0/political"),
    ("export", {"countries": 2 * [{"country": "CN", "status": "closed", "from_on": "2026-01-01"}]}, "invalid_field",
     "/document/countries/1"),
    ("domestic", {"merchant_ids": ["me_" + "0" * 26]}, "not_found", "/document"),
    ("domestic", {"arrangement_id": "sa_" + "0" * 26}, "not_found", "/document/arrangement_id"),
])  # fmt: skip
async def test_policies_that_contradict_themselves(
    world: World, line: str, differs: dict[str, Any], code: str, pointer: str
) -> None:
    given = dict(differs)
    one = await document(world, line, terms=given.pop("terms", {})) | given
    refused = await world.operator.post(POLICIES, {"document": one})
    assert (refused.json()["code"], refused.json()["pointer"]) == (code, pointer), refused.text


async def test_a_policy_stays_of_its_line_and_currency(world: World) -> None:
    one = await document(world)
    policy = await agreed(world, one)
    assert await agreed(world, one | {"premium_bps": 40}, policy_id=policy) == policy
    (listed,) = (await world.operator.get(POLICIES)).json()["policies"]
    assert (listed["version"], listed["document"]["premium_bps"]) == (2, 40)
    elsewhere = await arrangement(world, kind="consumer_insurance", provider_id=world.demo.partner_id, currency="CNY")
    other_line = await document(world, "domestic")
    for differs, code in [({"arrangement_id": elsewhere}, "currency_mismatch"), (other_line, "line_mismatch")]:
        refused = await world.operator.post(POLICIES, {"document": one | differs, "policy_id": policy})
        assert (refused.status_code, refused.json()["code"]) == (422, code)


@SHARED
async def test_limits_that_cannot_be(world: World) -> None:
    mine = await insured(world, "domestic", merchant_ids=[world.demo.merchant_id], terms={"debtor_max": 9_000_00})
    foreign = await insured(world, "domestic", merchant_ids=[world.demo.second_merchant_id])
    countries = [{"country": "CN", "status": "closed", "from_on": "2026-01-01"}]
    export = await insured(world, "export", countries=countries)
    consumer = await world.consumer()
    debtor = (await asked(world, mine, consumer, 100_00, discretionary=True))["id"]
    for policy, verb, body, code in [
        (foreign, "debtors", {"consumer_id": consumer, "amount": 1}, "wrong_debtor"),
        (foreign, f"debtors/{debtor}/lower", {"amount": 0}, "wrong_debtor"),
        (mine, f"debtors/{debtor}/answer", {"amount": 1}, "state_forbids"),
        (mine, f"debtors/{debtor}/lower", {"amount": 0, "from_on": "2026-03-01"}, "invalid_field"),
        (mine, "debtors", {"consumer_id": consumer, "amount": 9_000_01}, "invalid_field"),
        (mine, "debtors", {"consumer_id": consumer, "amount": 1, "country": "CN"}, "line_mismatch"),
        (export, "debtors", {"consumer_id": consumer, "amount": 1}, "line_mismatch"),
        (export, "debtors", {"consumer_id": consumer, "amount": 1, "country": "CN"}, "country_closed"),
        (export, "debtors", {"consumer_id": consumer, "amount": 1, "country": "BR"}, "country_closed"),
        (mine, "debtors", {"consumer_id": "co_" + "0" * 26, "amount": 1}, "not_found"),
    ]:  # fmt: skip
        refused = await world.operator.post(f"{POLICIES}/{policy}/{verb}", body)
        assert refused.json()["code"] == code, (verb, body, refused.text)
        assert 400 <= refused.status_code < 500
    told = await asked(world, mine, await world.consumer(), 9_000_00)
    again = await world.operator.post(f"{POLICIES}/{mine}/debtors", {"consumer_id": told["consumer"], "amount": 1})
    assert again.json()["code"] == "state_forbids"
