"""Premium, and losses of trade debtors: declared, converted, booked and recovered over HTTP."""

from datetime import datetime, timedelta
from typing import Any

from tests.flows.insuring import POLICIES, asked, insured
from tests.flows.world import NOON, World


async def posted(world: World, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
    done = await world.operator.post(f"/v1/operator/{path}", body)
    assert done.status_code == status, done.text
    told: dict[str, Any] = done.json()
    return told


async def balances(world: World, currency: str) -> dict[str, int]:
    """Of the accounts that credit insurance is booked on."""
    told = (await world.operator.get("/v1/operator/ledger/trial-balance")).json()
    of_insurance = ("insurer_payable", "insurer_receivable", "insurance_premium", "exchange_differences", "recoveries")
    return {
        one["account"]: one["balance"]
        for one in told["accounts"]
        if one["currency"] == currency and one["account"] in of_insurance
    }


def at(text: str) -> datetime:
    return NOON.fromisoformat(f"{text}T12:00:00+00:00")


# Premium --------------------------------------------------------------------------------------------------------------


async def declared(world: World, policy: str, month: int, turnover: dict[str, int] | None, **more: Any) -> Any:
    world.operator.now = at(f"{2026 + month // 12}-{month % 12 + 1:02}-01")
    body = {"begin_on": f"2026-{month:02}-01"} | ({"turnover": turnover} if turnover else {}) | more
    return await posted(world, f"insurance-policies/{policy}/declarations", body)


async def test_turnover_credit_notes_and_the_minimum_of_the_year(world: World) -> None:
    policy = await insured(world, "domestic", minimum_premium=6_000_00)
    sold = [
        {"insured": 1_250_000_00, "uninsured": 7},
        {"insured": 0, "credit_notes": 50_000_00},
        *10 * [{"insured": 0}],
    ]
    told = [await declared(world, policy, month, one) for month, one in enumerate(sold, 1)]
    assert [one["total"] for one in told] == [4_375_00, -175_00, *9 * [0], 1_800_00]
    assert (told[11]["premium"]["true_up"], told[11]["end_on"], told[0]["is_stated"]) == (1_800_00, "2026-12-31", True)
    listed = (await world.operator.get(f"{POLICIES}/{policy}/declarations")).json()["declarations"]
    assert listed == told
    assert await balances(world, "EUR") == {"insurance_premium": 6_000_00, "insurer_payable": -6_000_00}


async def test_turnover_by_the_books(world: World) -> None:
    policy, consumer, other = await insured(world, limit_fee=15_00), await world.consumer(), await world.consumer()
    for one in (consumer, other):
        path = f"/v1/operator/consumers/{one}/accounts/EUR"
        assert (await world.operator.post(path, {"limit": 5_000_00})).status_code == 200
    await asked(world, policy, consumer, 1_000_00, discretionary=True)
    await asked(world, policy, consumer, 9_000_00)  # of the insurer, for its fee
    plans = []
    for who, amount in ((consumer, 400_00), (other, 250_00)):
        plans.append((await world.plan(who, amount))["id"])
        done = await world.merchant.post(f"/v1/plans/{plans[-1]}/capture", {"amount": amount})
        assert done.status_code == 200, done.text
    world.merchant.now = NOON + timedelta(31)
    assert (await world.merchant.post(f"/v1/plans/{plans[0]}/refunds", {"amount": 100_00})).is_success
    for month in (1, 2):
        assert (await declared(world, policy, month, None))["total"] == 0
    march = await declared(world, policy, 3, None)
    assert march["turnover"] == {"insured": 400_00, "uninsured": 250_00, "credit_notes": 0}
    assert march["premium"] == {"on_turnover": 1_40, "true_up": 0, "limit_fees": 15_00}
    april = await declared(world, policy, 4, None)
    assert april["turnover"] == {"insured": 0, "uninsured": 0, "credit_notes": 100_00}
    assert (april["total"], april["is_stated"]) == (-35, False)


async def test_periods_that_cannot_be_declared(world: World) -> None:
    policy = await insured(world, "domestic")
    for begin_on, code, detail in [
        ("2026-01-02", "invalid_field", "2026-01-01"), ("2026-02-01", "state_forbids", "2026-01-01"),
        ("2025-12-01", "invalid_field", "2026-01-01"),
    ]:  # fmt: skip
        refused = await world.operator.post(f"{POLICIES}/{policy}/declarations", {"begin_on": begin_on})
        assert (refused.json()["code"], detail in refused.json()["detail"]) == (code, True), refused.text
    await declared(world, policy, 1, None)
    await declared(world, policy, 2, None)
    for begin_on in ("2026-02-01", "2026-03-01"):  # twice; and too early
        refused = await world.operator.post(f"{POLICIES}/{policy}/declarations", {"begin_on": begin_on})
        assert refused.json()["code"] == "state_forbids"


# Losses ---------------------------------------------------------------------------------------------------------------


async def limited(world: World, policy: str, amount: int, **more: Any) -> str:
    """A debtor whom the insurer has granted a limit from the first of the year on; the id."""
    from_on = {"from_on": "2026-01-01"}
    debtor = await asked(world, policy, await world.consumer(), amount, **from_on, **more)
    assert debtor["state"] == "requested"
    path = f"insurance-policies/{policy}/debtors/{debtor['id']}/answer"
    assert (await posted(world, path, {"amount": amount} | from_on, 200))["state"] == "granted"
    return str(debtor["id"])


async def test_what_is_recovered_is_shared_by_the_limit_over_the_debt(world: World) -> None:
    policy = await insured(world, "domestic")
    debtor = await limited(world, policy, 25_000_00)
    lost = {
        "debtor_id": debtor,
        "cause": "credit",
        "on": "2026-03-01",
        "sales": [{"on": "2026-02-01", "amount": 30_000_00}],
    }
    loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
    assert (loss["debt"], loss["insured"], loss["indemnity"], loss["limit"]) == (30_000_00, 25_000_00, 22_500_00, None)
    path = f"insurance-policies/{policy}/losses/{loss['id']}/recoveries"
    back = await posted(world, path, {"gross": 10_000_00})
    assert (back["to_insurer"], back["to_insured"], back["difference"]) == (7_500_00, 2_500_00, 0)
    back = await posted(world, path, {"gross": 21_000_00, "cost": 1_000_00})
    assert (back["net"], back["to_insurer"], back["to_insured"]) == (20_000_00, 15_000_00, 5_000_00)
    assert await balances(world, "EUR") == {
        "insurer_receivable": 22_500_00, "insurer_payable": -22_500_00, "recoveries": 0,
    }  # fmt: skip
    (listed,) = (await world.operator.get(f"{POLICIES}/{policy}/losses")).json()["losses"]
    assert listed == loss


async def abroad(world: World) -> str:
    """A policy of export in CNY, whose rate of political causes is its own."""
    countries = [
        {"country": "FR", "status": "open", "from_on": "2026-01-01"},
        {"country": "BR", "status": "open", "from_on": "2026-01-01", "political": False},
    ]
    terms = {
        "currency": "CNY", "causes": ["credit", "political"], "rates": [{"cover_bps": 9_500, "cause": "political"}],
    }  # fmt: skip
    return await insured(world, "export", country="CN", countries=countries, terms=terms)


async def rate(world: World, on: str, price: str) -> None:
    await posted(
        world, "currency-rates", {"currency": "EUR", "into": "CNY", "on": on, "price": price, "source": "PBoC"}
    )


async def test_a_loss_abroad_converts_at_its_day_and_a_recovery_at_its_own(world: World) -> None:
    policy = await abroad(world)
    debtor = await limited(world, policy, 78_000_00, country="FR")
    await rate(world, "2026-02-27", "7.8")
    lost = {"debtor_id": debtor, "cause": "credit", "on": "2026-02-27", "currency": "EUR",
            "sales": [{"on": "2026-02-01", "amount": 10_000_00}]}  # fmt: skip
    loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
    assert (loss["debt"], loss["insured"], loss["indemnity"], loss["price"]) == (78_000_00, 78_000_00, 70_200_00, "7.8")
    path = f"insurance-policies/{policy}/losses/{loss['id']}/recoveries"
    refused = await world.operator.post(f"/v1/operator/{path}", {"gross": 5_000_00})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_rate")
    assert "2026-02-27" in refused.json()["detail"]
    await rate(world, "2026-03-02", "8")
    back = await posted(world, path, {"gross": 5_000_00})
    assert (back["to_insurer"], back["to_insured"]) == (4_500_00, 500_00)
    assert (back["at_loss"], back["at_receipt"], back["difference"]) == (35_100_00, 36_000_00, 900_00)
    assert await balances(world, "CNY") == {
        "insurer_receivable": 70_200_00, "recoveries": -35_100_00, "exchange_differences": 900_00,
        "insurer_payable": -36_000_00,
    }  # fmt: skip


async def test_a_political_cause_has_its_own_rate_where_the_country_is_covered_for_it(world: World) -> None:
    policy = await abroad(world)
    for country, indemnity, limit in [("FR", 9_500_00, None), ("BR", 0, "nothing_left")]:
        debtor = await limited(world, policy, 10_000_00, country=country)
        lost = {"debtor_id": debtor, "cause": "political", "on": "2026-03-01",
                "sales": [{"on": "2026-02-01", "amount": 10_000_00}]}  # fmt: skip
        loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
        assert (loss["cover_bps"], loss["indemnity"], loss["limit"]) == (9_500, indemnity, limit)


async def test_what_somebody_else_is_paid_is_not_in_our_books(world: World) -> None:
    policy = await insured(world, "domestic", loss_payee_id=world.demo.merchant_id)
    debtor = await limited(world, policy, 9_000_00)
    lost = {
        "debtor_id": debtor,
        "cause": "credit",
        "on": "2026-03-01",
        "sales": [{"on": "2026-02-01", "amount": 100_00}],
    }
    loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
    back = await posted(world, f"insurance-policies/{policy}/losses/{loss['id']}/recoveries", {"gross": 10_00})
    assert (loss["indemnity"], loss["is_booked"], back["to_insurer"]) == (90_00, False, 9_00)
    assert await balances(world, "EUR") == {}


async def test_losses_use_up_what_the_policy_bears_of_all(world: World) -> None:
    first = {"kind": "aggregate_by_loss", "amount": 10_000_00}
    policy = await insured(world, "domestic", terms={"cover_bps": 8_000, "attachment": first, "small_loss_max": 500_00})
    paid = []
    for amount in (499_99, 6_000_00, 7_000_00):
        debtor = await limited(world, policy, 9_000_00)
        lost = {
            "debtor_id": debtor,
            "cause": "credit",
            "on": "2026-03-01",
            "sales": [{"on": "2026-02-01", "amount": amount}],
        }
        paid.append((await posted(world, f"insurance-policies/{policy}/losses", lost))["indemnity"])
    assert paid == [0, 0, 2_400_00]


async def test_a_debtor_is_insured_within_its_limit_over_all_losses(world: World) -> None:
    """Of a limit of 25,000.00 the first loss takes 20,000.00, and the second, or the first told again, what is left."""
    policy = await insured(world, "domestic")
    debtor, other = await limited(world, policy, 25_000_00), await limited(world, policy, 25_000_00)
    lost: dict[str, Any] = {"cause": "credit", "on": "2026-03-01"}
    told = []
    for who, amount in ((debtor, 20_000_00), (debtor, 20_000_00), (debtor, 20_000_00), (other, 30_000_00)):
        sales = [{"on": "2026-02-01", "amount": amount}]
        path = f"insurance-policies/{policy}/losses"
        told.append(await posted(world, path, lost | {"debtor_id": who, "sales": sales}))
    assert [one["insured"] for one in told] == [20_000_00, 5_000_00, 0, 25_000_00]
    assert [one["indemnity"] for one in told] == [18_000_00, 4_500_00, 0, 22_500_00]


async def test_a_loss_is_borne_only_after_so_many_days(world: World) -> None:
    policy = await insured(world, "domestic", terms={"invoke_after_days": 10})
    debtor = await limited(world, policy, 9_000_00)
    lost: dict[str, Any] = {"debtor_id": debtor, "cause": "credit", "on": "2026-03-01"}
    for due_on, indemnity, limit in [("2026-02-20", 0, "too_early"), ("2026-02-19", 90_00, None)]:
        sales = [{"on": "2026-02-01", "amount": 100_00, "due_on": due_on}]
        loss = await posted(world, f"insurance-policies/{policy}/losses", lost | {"sales": sales})
        assert (loss["indemnity"], loss["limit"]) == (indemnity, limit)
    sales = [{"on": "2026-02-01", "amount": 100_00, "due_on": "2026-01-31"}]
    refused = await world.operator.post(f"{POLICIES}/{policy}/losses", lost | {"sales": sales})
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/sales/0/due_on")


async def test_losses_and_rates_that_cannot_be(world: World) -> None:
    policy, other, plans = await insured(world, "domestic"), await insured(world, "domestic"), await insured(world)
    debtor, sales = await limited(world, policy, 9_000_00), [{"on": "2026-02-01", "amount": 100_00}]
    lost = {"debtor_id": debtor, "cause": "credit", "on": "2026-03-01", "sales": sales}
    for which, differs, code in [
        (other, {}, "wrong_debtor"), (plans, {}, "line_mismatch"), (policy, {"currency": "USD"}, "no_rate"),
        (policy, {"on": "2026-03-03"}, "invalid_field"), (policy, {"debtor_id": "db_" + "0" * 26}, "not_found"),
    ]:  # fmt: skip
        refused = await world.operator.post(f"{POLICIES}/{which}/losses", lost | differs)
        assert refused.json()["code"] == code, refused.text
    loss = await posted(world, f"insurance-policies/{policy}/losses", lost)
    yen: dict[str, Any] = {"currency": "JPY", "into": "EUR", "source": "ECB"}
    for on, price in (("2026-03-01", "0.00000001"), ("2026-03-02", "9999999")):
        await posted(world, "currency-rates", yen | {"on": on, "price": price})
        refused = await world.operator.post(
            f"{POLICIES}/{policy}/losses",
            lost | {"on": on, "currency": "JPY", "sales": [{"on": on, "amount": 1 if on.endswith("1") else 10**12}]},
        )
        assert (refused.status_code, refused.json()["pointer"]) == (400, "/sales"), refused.text
    later = lost | {"sales": [*sales, {"on": "2026-03-02", "amount": 1}]}
    refused = await world.operator.post(f"{POLICIES}/{policy}/losses", later)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/sales/1/on"), refused.text
    for which, body, code in [
        (policy, {"gross": 1, "cost": 2}, "invalid_field"), (policy, {"gross": 1, "on": "2026-02-28"}, "invalid_field"),
        (other, {"gross": 1}, "not_found"),
    ]:  # fmt: skip
        refused = await world.operator.post(f"{POLICIES}/{which}/losses/{loss['id']}/recoveries", body)
        assert refused.json()["code"] == code, refused.text
    await rate(world, "2026-03-01", "7.8")
    await rate(world, "2026-03-01", "7.80")
    good = {"currency": "EUR", "into": "CNY", "on": "2026-03-01", "price": "7.8", "source": "PBoC"}
    for differs, code in [
        ({"price": "7.9"}, "state_forbids"), ({"into": "EUR"}, "invalid_field"), ({"into": "XXX"}, "invalid_field"),
        ({"price": "0.0"}, "invalid_field"), ({"on": "2026-03-03"}, "invalid_field"),
    ]:  # fmt: skip
        refused = await world.operator.post("/v1/operator/currency-rates", good | differs)
        assert refused.json()["code"] == code, refused.text
    told = (await world.operator.get("/v1/operator/currency-rates", currency="EUR", into="CNY")).json()
    assert told["rates"] == [{"on": "2026-03-01", "price": "7.8", "source": "PBoC"}]
