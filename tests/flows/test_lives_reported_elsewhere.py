"""Lives of plans that went wrong in other systems, each by the report of it, on plans of the running service.

A step is what is asked for, on which day, by whom, and what must come out: figures of the plan, or the code of a
refusal. Amounts are cents. One service lives all of them.
"""

import asyncio
import uuid
from datetime import date
from decimal import Decimal
from typing import Any, Final

from service.terms.terms import DayCount, Interest, Terms, Unit
from tests.flows.published import RealPlan, noon, policy_of, publish
from tests.flows.world import Client, World

YEAR: Final = 2026
Step = tuple[str, str, dict[str, Any], dict[str, Any] | str]  # day, verb, body, what comes out or why it is refused
Life = tuple[Terms, int, tuple[Step, ...]]

THREE: Final = Terms(instalments=3, every=1, unit=Unit.MONTH)
AT_12: Final = Terms(instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12))
FOLLOWS: Final = Terms(
    instalments=6, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), interest=Interest.DAILY,
    day_count=DayCount.THIRTY_360, recalculate=True,
)  # fmt: skip
TOO_MUCH: Final = "amount_exceeds_outstanding"
BIRD: Final = {"name": "Bird", "amount": 189_00}


def is_(state: str, outstanding: int, overpaid: int = 0, **more: Any) -> dict[str, Any]:
    """Where the plan stands."""
    return {"state": state, "outstanding": outstanding, "overpaid": overpaid, **more}


def captured(amount: int, day: str = "01-15", **more: Any) -> Step:
    return day, "capture", {"amount": amount, **more}, {}


LIVES: Final[dict[str, Life]] = {
    "krokedil/klarna-payments-for-woocommerce#10, off by a penny": (THREE, 99_99, (
        captured(99_99),
        ("01-16", "refunds", {"amount": 89_89}, is_("active", 10_10, refunded=89_89)),
        ("01-16", "refunds", {"amount": 10_10}, is_("refunded", 0, refunded=99_99)),
    )),
    "woocommerce/woocommerce#66884, two of six and four of six are rounded up": (THREE, 10_00, (
        captured(10_00, items=[{"name": "6 pens", "amount": 10_00}]),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 1, "amount": 3_33}]}, is_("active", 6_67)),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 1, "amount": 6_68}]}, TOO_MUCH),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 1}]}, is_("refunded", 0)),
    )),
    "getlago/lago-api#2643, four credit notes sum to a cent more": (THREE, 334_99, (
        captured(334_99),
        *(("01-16", "refunds", {"amount": amount}, {}) for amount in (82_00, 69_00, 102_00)),
        ("01-16", "refunds", {"amount": 82_00}, TOO_MUCH),
        ("01-16", "refunds", {"amount": 81_99}, is_("refunded", 0)),
    )),
    "medusajs/medusa#16036, alma/alma-php-client#67: a refund of nothing refunds all": (THREE, 100_00, (
        captured(100_00),
        *(("01-16", "refunds", body, "invalid_field") for body in ({"amount": 0}, {"amount": -1}, {})),
        ("01-16", "payments", {"amount": 1}, is_("active", 99_99, refunded=0)),
    )),
    "alma/alma-monthlypayments-magento2#222, one product refunds both": (THREE, 250_00, (
        captured(250_00, items=[{"name": "A", "amount": 125_00}, {"name": "B", "amount": 125_00}]),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 1}]}, is_("active", 125_00, refunded=125_00)),
    )),
    "juspay/hyperswitch#3120, killbill/killbill#334: more refunded than was captured": (THREE, 100_00, (
        captured(50_00),
        ("01-16", "refunds", {"amount": 60_00}, TOO_MUCH),
        ("01-16", "refunds", {"amount": 50_00}, is_("part_captured", 0)),
        ("01-16", "capture", {"amount": 50_00}, is_("active", 50_00, captured=100_00)),
    )),
    "juspay/hyperswitch#2036, the rest is not voided": (THREE, 100_00, (
        captured(60_00, final=True),
        ("01-16", "void", {}, "state_forbids"),
        ("01-16", "capture", {"amount": 1}, "state_forbids"),
        ("01-16", "refunds", {"amount": 60_00}, is_("refunded", 0, voided=40_00)),
    )),
    "killbill/killbill#514, blnkfinance/blnk#41: voided twice, and captured afterwards": (THREE, 100_00, (
        ("01-15", "void", {}, is_("voided", 0)),
        ("01-15", "void", {}, "state_forbids"),
        ("01-15", "capture", {"amount": 1}, "state_forbids"),
    )),
    "Adyen/adyen-magento2#2420, after a part nothing else goes": (THREE, 100_00, (
        captured(40_00),
        ("01-16", "refunds", {"amount": 10_00}, is_("part_captured", 30_00)),
        ("01-16", "payments", {"amount": 5_00}, is_("part_captured", 25_00)),
        ("01-16", "capture", {"amount": 30_00}, is_("part_captured", 55_00)),
        ("01-16", "void", {}, is_("active", 55_00, voided=30_00)),
    )),
    "solidusio/solidus#1603, refunded in part, then called off": (THREE, 100_00, (
        captured(70_00),
        ("01-16", "refunds", {"amount": 30_00}, is_("part_captured", 40_00)),
        ("01-16", "void", {}, is_("active", 40_00, voided=30_00)),
        ("01-16", "refunds", {"amount": 40_01}, TOO_MUCH),
        ("01-16", "refunds", {"amount": 40_00}, is_("refunded", 0)),
    )),
    "mollie/Magento#218, a discount on the whole order": (THREE, 124_00, (
        ("01-15", "capture", {"amount": 124_00, "items": [BIRD]}, "amount_mismatch"),
        captured(124_00, items=[BIRD], discounts=[{"name": "Coupon", "amount": 65_00}]),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 1}]}, is_("refunded", 0, refunded=124_00)),
    )),
    "mollie/Shopware6#410, polarsource/polar#8344: more comes back than was paid": (THREE, 100_00, (
        captured(100_00),
        ("01-16", "payments", {"amount": 100_00}, is_("paid_off", 0)),
        ("01-17", "refunds", {"amount": 125_00}, TOO_MUCH),
        ("01-17", "refunds", {"amount": 100_00}, is_("overpaid", 0, 100_00)),
        ("01-17", "disputes", {"reason": "not_received", "amount": 100_00}, TOO_MUCH),
    )),
    "medusajs/medusa#10491, what is paid off cannot be refunded": (THREE, 100_00, (
        captured(100_00),
        ("01-16", "payments", {"amount": 100_00}, is_("paid_off", 0)),
        ("01-17", "refunds", {"amount": 40_00}, is_("overpaid", 0, 40_00)),
        ("01-17", "operator overpayments/return", {"amount": 40_00}, is_("paid_off", 0)),
        ("01-17", "operator overpayments/return", {"amount": 1}, TOO_MUCH),
    )),
    "Automattic/woocommerce-payments#6196, lost after a refund of a part, all of it is refunded": (THREE, 600_00, (
        captured(600_00),
        ("01-16", "refunds", {"amount": 200_00}, is_("active", 400_00)),
        ("01-17", "disputes", {"reason": "not_received", "amount": 400_01}, TOO_MUCH),
        ("01-17", "disputes", {"reason": "not_received", "amount": 400_00}, is_("active", 400_00)),
        ("01-18", "refunds", {"amount": 100_00}, is_("active", 300_00)),  # antiwork/gumroad#4372: and not twice
        ("01-19", "disputes/accept", {}, is_("refunded", 0, refunded=600_00)),
        ("01-20", "refunds", {"amount": 1}, TOO_MUCH),
    )),
    "Automattic/woocommerce-payments#4931, won, and not to be refunded any more": (THREE, 600_00, (
        captured(600_00),
        ("01-16", "disputes", {"reason": "not_received", "amount": 600_00}, {"dispute_state": "needs_response"}),
        ("01-17", "operator disputes/decide", {"outcome": "won"}, is_("active", 600_00)),
        ("01-18", "refunds", {"amount": 600_00}, is_("refunded", 0)),
    )),
    "apache/fineract#2692, #3051, #2972: a charge-back of an overpaid loan": (THREE, 300_00, (
        captured(300_00),
        ("02-15", "payments", {"amount": 100_00}, is_("active", 200_00)),
        ("03-01", "payments", {"amount": 250_00}, is_("overpaid", 0, 50_00)),
        ("03-02", "operator payments/charge_back", {"payment_id": "last", "amount": 20_00}, is_("overpaid", 0, 30_00)),
        ("03-03", "operator payments/charge_back", {"payment_id": "last", "amount": 100_00}, is_("active", 70_00)),
        ("03-04", "operator payments/charge_back", {"payment_id": "last", "amount": 130_00}, is_("active", 200_00)),
        ("03-04", "operator payments/charge_back", {"payment_id": "last", "amount": 1}, TOO_MUCH),
        ("03-10", "payments", {"amount": 200_00}, is_("paid_off", 0)),
    )),
    "apache/fineract#3220, #4350: paid and taken back after it was charged off": (THREE, 300_00, (
        captured(300_00),
        ("02-15", "payments", {"amount": 100_00}, is_("active", 200_00)),
        ("06-01", "operator charge_off", {}, is_("charged_off", 200_00)),
        ("06-02", "payments", {"amount": 50_00}, is_("charged_off", 150_00)),
        ("06-03", "payments", {"amount": 20_00, "received_on": "2026-03-10"}, is_("charged_off", 130_00)),
        ("06-04", "operator payments/return", {"payment_id": "last"}, is_("charged_off", 150_00)),
        ("06-05", "payments", {"amount": 160_00}, is_("recovered", 0, 10_00)),
        ("06-06", "operator overpayments/return", {"amount": 10_00}, is_("recovered", 0)),
    )),
    "apache/fineract#5031, #4018: taken back after all was paid, it stays closed": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "operator fees", {"amount": 5_00, "due_on": "2026-01-25"}, is_("active", 305_00)),
        ("01-26", "payments", {"amount": 305_00}, is_("paid_off", 0)),
        ("01-28", "operator payments/return", {"payment_id": "last"}, is_("active", 305_00, closed_at=None)),
    )),
    "apache/fineract#5314, #5681: spread anew on the first day, and when the last one is over": (THREE, 300_00, (
        captured(300_00),
        ("01-15", "operator re_amortizations", {"on": "2026-01-15"}, is_("active", 300_00, overdue=0)),
        ("06-01", "operator re_ageings", {"on": "2026-06-01", "first_due_on": "2026-07-01", "instalments": 4},
         is_("active", 300_00, overdue=0, days_past_due=0)),
        ("07-02", "payments", {"amount": 300_00}, is_("paid_off", 0)),
        ("07-03", "operator re_ageings", {"on": "2026-07-03", "first_due_on": "2026-08-01", "instalments": 4},
         "state_forbids"),
        ("07-03", "operator extensions", {"on": "2026-07-03", "instalments": 1}, "state_forbids"),
    )),
    "apache/fineract#5359, a fee of a re-aged loan is left when all was paid": (THREE, 1_000_00, (
        captured(1_000_00),
        ("01-15", "operator fees", {"amount": 20_00, "due_on": "2026-01-15"}, is_("active", 1_020_00)),
        ("01-24", "operator re_ageings", {"on": "2026-01-24", "first_due_on": "2026-01-29", "instalments": 2},
         is_("active", 1_020_00)),
        ("01-24", "payments", {"amount": 1_020_00}, is_("paid_off", 0)),
    )),
    "apache/fineract#4449, all goods come back, and instalments are left": (AT_12, 600_00, (
        captured(600_00),
        ("01-15", "refunds", {"amount": 600_00}, is_("refunded", 0)),
    )),
    "apache/fineract#4116, #4135: parts come back, and their interest is a cent off": (AT_12, 600_00, (
        captured(600_00),  # 12.04 of interest
        ("01-15", "refunds", {"amount": 200_00}, is_("active", 408_03)),  # 4.01 of it
        ("01-20", "refunds", {"amount": 200_01}, is_("active", 204_00)),  # 8.03 of it by now
        ("02-20", "refunds", {"amount": 199_99}, is_("refunded", 0)),
    )),
    "apache/fineract#4182, interest of nothing comes back": (FOLLOWS, 600_00, (
        captured(600_00),
        ("01-15", "refunds", {"amount": 600_00}, is_("refunded", 0)),
    )),
    "00labs/huma-contracts#249, paid at once in two parts, and interest is asked for": (FOLLOWS, 1_000_00, (
        captured(1_000_00),
        ("01-15", "payments", {"amount": 900_00}, {"state": "active"}),
        ("01-15", "payments", {"amount": 100_00}, is_("paid_off", 0)),
    )),
    "ulsklyc/yuvomi#954, a part counts as an instalment": (THREE, 300_00, (
        captured(300_00),
        ("02-15", "payments", {"amount": 50_00}, is_("active", 250_00)),
        ("02-20", "payments", {"amount": 20_00}, is_("active", 230_00, overdue=30_00, days_past_due=5)),
    )),
    "openMF/Deprecated-mifosx: a fee waived twice": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "operator fees", {"amount": 5_00}, is_("active", 305_00)),
        ("01-21", "operator fees/waive", {"fee_id": "last"}, is_("active", 300_00)),
        ("01-21", "operator fees/waive", {"fee_id": "last"}, "state_forbids"),
    )),
    "a payment from before the plan, and one of next year": (THREE, 300_00, (
        ("01-15", "payments", {"amount": 1_00, "received_on": "2026-01-13"}, "invalid_field"),
        ("01-15", "payments", {"amount": 1_00, "received_on": "2027-01-15"}, "invalid_field"),
        ("01-15", "payments", {"amount": 1_00, "received_on": "2026-01-14"}, is_("authorized", 0, 1_00)),
        ("01-15", "capture", {"amount": 300_00}, is_("active", 299_00)),
    )),
    "apache/fineract#3990: re-aged after a charge-back, the first asks for both": (THREE, 600_00, (
        captured(600_00),
        ("02-15", "payments", {"amount": 200_00}, is_("active", 400_00)),
        ("02-20", "operator payments/charge_back", {"payment_id": "last", "amount": 100_00}, is_("active", 500_00)),
        ("02-20", "operator re_ageings", {"on": "2026-02-20", "first_due_on": "2026-03-01", "instalments": 5},
         {"asked": [200_00, *[100_00] * 5]}),
    )),
    "apache/fineract#5618: what came late had paid it, and instalments of nothing follow": (THREE, 600_00, (
        captured(600_00),
        ("05-20", "operator re_ageings", {"on": "2026-05-20", "first_due_on": "2026-06-01", "instalments": 3}, {}),
        ("05-21", "payments", {"amount": 600_00, "received_on": "2026-05-19"}, {"asked": [200_00] * 3}),
    )),
}  # fmt: skip


async def step(world: World, real: RealPlan, one: Step, last: str) -> tuple[list[str], str]:
    """What differs from what must come out; and the id of what was recorded last."""
    day, verb, body, expected = one
    is_operator, verb = verb.startswith("operator "), verb.removeprefix("operator ")
    client: Client = world.operator if is_operator else world.merchant
    client.now = noon(date.fromisoformat(f"{YEAR}-{day}"))
    body = {key: last if value == "last" else value for key, value in body.items()}
    answered = await client.post(f"/v1/{'operator/' if is_operator else ''}plans/{real.plan['id']}/{verb}", body)
    plan = answered.json()
    if isinstance(expected, str):
        return [] if plan.get("code") == expected else [f"{day} {verb}: {answered.text}"], last
    if not answered.is_success:
        return [f"{day} {verb}: {answered.text}"], last
    plan["asked"] = [row["principal"] + row["interest"] for row in plan["schedule"]]
    seen = {key: plan[key] for key in expected}
    kept = verb in ("payments", "fees")
    return [] if seen == expected else [f"{day} {verb}: {seen}, not {expected}"], plan["recorded"][
        "id"
    ] if kept else last


async def test_lives_that_went_wrong_elsewhere(world: World) -> None:
    names = {f"life {number}": life for number, life in enumerate(LIVES.values(), 1)}
    await publish(world, policy_of({name: (terms, amount) for name, (terms, amount, _) in names.items()}))
    wrong: dict[str, list[str]] = {}
    for title, (name, (_, amount, steps)) in zip(LIVES, names.items(), strict=True):
        real, last = RealPlan(world, name, amount, date(YEAR, 1, 15)), ""
        await real.open()
        for one in steps:
            differs, last = await step(world, real, one, last)
            if differs:
                wrong[title] = differs
                break
    assert wrong == {}
    await of_captures_and_voids_at_once_one_is_done(world)
    await a_key_is_good_for_one_request(world)


async def of_captures_and_voids_at_once_one_is_done(world: World) -> None:
    """polarsource/polar#13726: an order is voided while it is charged."""
    for _ in range(4):
        real = RealPlan(world, "life 1", 99_99, date(YEAR, 1, 15))
        await real.open()
        path = f"/v1/plans/{real.plan['id']}"
        asked = [
            world.merchant.post(f"{path}/{verb}", body) for verb, body in (("capture", {"amount": 99_99}), ("void", {}))
        ]
        again = [
            world.merchant.post(f"{path}/{verb}", body) for verb, body in (("void", {}), ("capture", {"amount": 99_99}))
        ]
        done = [one.json() for one in await asyncio.gather(*asked, *again) if one.is_success]
        assert [(plan["state"], plan["captured"]) for plan in done] in ([("active", 99_99)], [("voided", 0)])
        account = await world.account(done[0]["consumer"])
        assert (account["reserved"], account["used"]) == (0, done[0]["captured"])


async def a_key_is_good_for_one_request(world: World) -> None:
    """formancehq/ledger#1601, LerianStudio/midaz#1974: a key again with another body, plan or verb."""
    plans = []
    for _ in range(2):
        real = RealPlan(world, "life 1", 99_99, date(YEAR, 1, 15))
        await real.open()
        await real.do(world.merchant, "capture", amount=99_99)
        plans.append(f"/v1/plans/{real.plan['id']}")
    key, body = uuid.uuid4().hex, {"amount": 10_00}
    first = await world.merchant.post(f"{plans[0]}/refunds", body, key=key)
    assert (await world.merchant.post(f"{plans[0]}/refunds", body, key=key)).content == first.content
    for path, other in (
        (f"{plans[0]}/refunds", {"amount": 10_01}), (f"{plans[1]}/refunds", body), (f"{plans[0]}/payments", body),
    ):  # fmt: skip
        refused = await world.merchant.post(path, other, key=key)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    for _ in range(2):  # saleor/apps#2446: two refunds alike are two
        assert (await world.merchant.post(f"{plans[1]}/refunds", body)).status_code == 201
    assert [(await world.merchant.get(path)).json()["refunded"] for path in plans] == [10_00, 20_00]
