"""More lives of plans that went wrong in other systems, as in `test_lives_reported_elsewhere`.

In a body `@1` is the id of what the first step that was done has recorded, `@-1` that of the last one.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from service.terms.allocation_rule import Allocation, AllocationRule, Future, PaymentKind
from service.terms.terms import Captures, Cost, FeeDue, InterestOn, Method
from tests.flows.published import RealPlan, noon, policy_of, publish
from tests.flows.test_lives_reported_elsewhere import (
    AT_12,
    FOLLOWS,
    THREE,
    TOO_MUCH,
    YEAR,
    Life,
    Step,
    captured,
    is_,
)
from tests.flows.world import World

OPENING: Final = Cost("opening", amount=6_00, due=FeeDue.FIRST)
ON_ALL: Final = replace(AT_12, interest_on=InterestOn.FINANCED, method=Method.EQUAL_PRINCIPAL)
COSTS: Final = replace(THREE, costs=(OPENING,))
LAST: Final = replace(
    THREE, allocation=Allocation(by_kind=((PaymentKind.MERCHANT_REFUND, AllocationRule(future=Future.LAST)),))
)  # fmt: skip
ALIKE: Final = replace(
    THREE, allocation=Allocation(by_kind=((PaymentKind.MERCHANT_REFUND, AllocationRule(future=Future.REAMORTIZE)),))
)  # fmt: skip
BACK: Final = "operator payments/charge_back"
RETURNED: Final = "operator payments/return"
SENT_BACK: Final = "operator overpayments/return"
DISPUTED: Final = {"reason": "not_received"}

LIVES: Final[dict[str, Life]] = {
    "woocommerce/woocommerce-gateway-stripe#757, #853: refunded before it is captured": (THREE, 100_00, (
        ("01-15", "refunds", {"amount": 30_00}, "state_forbids"),
        ("01-15", "capture", {"amount": 70_00, "final": True}, is_("active", 70_00, voided=30_00)),
    )),
    "Automattic/woocommerce-payments#7029: captured beyond what was authorized": (THREE, 100_00, (
        ("01-15", "capture", {"amount": 100_01}, "amount_exceeds_authorized"),
        captured(100_00),
        ("01-15", "capture", {"amount": 1}, "state_forbids"),
    )),
    "angelleye/paypal-woocommerce#1175: without an amount all of it is captured": (THREE, 100_00, (
        ("01-15", "capture", {}, "invalid_field"),
        ("01-15", "capture", {"amount": 80_00}, is_("part_captured", 80_00, remaining=20_00)),
    )),
    "Adyen/adyen-commercetools#975, #399: what comes back is of no one capture": (THREE, 100_00, (
        captured(40_00), captured(60_00),
        ("01-16", "refunds", {"amount": 70_00}, is_("active", 30_00, refunded=70_00)),
        ("01-16", "refunds", {"amount": 30_01}, TOO_MUCH),
        ("01-16", "refunds", {"amount": 30_00}, is_("refunded", 0)),
    )),
    "juspay/hyperswitch#8833: captured in thirds": (THREE, 100_00, (
        *(("01-15", "capture", {"amount": amount}, {}) for amount in (33_33, 33_33)),
        ("01-15", "capture", {"amount": 33_35}, "amount_exceeds_authorized"),
        ("01-15", "capture", {"amount": 33_34}, is_("active", 100_00, captured=100_00)),
    )),
    "woocommerce/woocommerce#64668: a line is a cent more than its parts": (THREE, 100_00, (
        captured(100_00, items=[{"name": f"Part {one}", "amount": 33_33 + one // 3} for one in (1, 2, 3)]),
        *(("01-16", "refunds", {"lines": [{"capture": 1, "line": one}]}, {}) for one in (1, 2)),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 3, "amount": 33_35}]}, TOO_MUCH),
        ("01-16", "refunds", {"lines": [{"capture": 1, "line": 3}]}, is_("refunded", 0)),
    )),
    "apache/fineract#6081: the bank returns what was sent back as overpaid": (THREE, 9_000_00, (
        captured(9_000_00),
        ("01-16", "payments", {"amount": 200_00}, is_("active", 8_800_00)),
        ("01-20", "payments", {"amount": 9_100_00}, is_("overpaid", 0, 300_00)),
        ("01-25", SENT_BACK, {"amount": 300_00}, is_("paid_off", 0)),
        ("01-26", RETURNED, {"payment_id": "@2"}, is_("active", 200_00)),
        ("01-27", "payments", {"amount": 200_00}, is_("paid_off", 0)),
    )),
    "apache/fineract#5401: given up after a return, a refund and an overpayment": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "payments", {"amount": 300_00}, is_("paid_off", 0)),
        ("01-21", "refunds", {"amount": 100_00}, is_("overpaid", 0, 100_00)),
        ("01-22", SENT_BACK, {"amount": 100_00}, is_("paid_off", 0)),
        ("01-23", RETURNED, {"payment_id": "@2"}, is_("active", 300_00)),
        ("06-01", "operator charge_off", {}, is_("charged_off", 300_00)),
        ("06-02", "payments", {"amount": 300_00}, is_("recovered", 0)),
    )),
    "apache/fineract#4768: a charge-off that was a mistake": (AT_12, 600_00, (
        captured(600_00),
        ("02-15", "payments", {"amount": 204_02}, is_("active", 408_02)),
        ("06-01", "operator charge_off", {}, is_("charged_off", 408_02)),
        ("06-02", "payments", {"amount": 100_00}, is_("charged_off", 308_02)),
        ("06-03", "operator corrections", {"fact_id": "@3"}, is_("active", 308_02)),
        ("06-04", "payments", {"amount": 308_02}, is_("paid_off", 0)),
    )),
    "apache/fineract#6344: goods come back after a re-age, from the last on": (LAST, 600_00, (
        captured(600_00),
        ("02-20", "operator re_ageings", {"on": "2026-02-20", "first_due_on": "2026-03-01", "instalments": 3}, {}),
        ("02-21", "refunds", {"amount": 250_00}, {"state": "active", "outstanding": 350_00, "left": [200_00, 150_00]}),
        ("02-22", "refunds", {"amount": 350_00}, is_("refunded", 0)),
    )),
    "consumers of Klarna and Afterpay: where it lands in the schedule, the last or all alike": (ALIKE, 600_00, (
        captured(600_00),
        ("01-16", "refunds", {"amount": 100_00}, {"left": [166_67, 166_67, 166_66]}),
        ("02-15", "payments", {"amount": 166_67}, {"left": [166_67, 166_66]}),
        ("02-16", "refunds", {"amount": 33_33}, {"left": [150_01, 149_99]}),
    )),
    "apache/fineract#6399: a fee is waived after it was paid": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "operator fees", {"amount": 5_00}, is_("active", 305_00)),
        ("01-21", "payments", {"amount": 305_00}, is_("paid_off", 0)),
        ("01-22", "operator fees/waive", {"fee_id": "@2"}, is_("overpaid", 0, 5_00)),
        ("01-23", SENT_BACK, {"amount": 5_00}, is_("paid_off", 0)),
    )),
    "openMF/Deprecated-mifosx#891: a charge stays when the lending is undone": (THREE, 300_00, (
        captured(300_00),
        ("01-15", "operator fees", {"amount": 5_00}, is_("active", 305_00)),
        ("01-15", "captures/reverse", {"capture": 1}, "state_forbids"),
        ("01-15", "operator fees/waive", {"fee_id": "@-1"}, is_("active", 300_00)),
        ("01-15", "captures/reverse", {"capture": 1}, is_("authorized", 0, remaining=300_00)),
        ("01-15", "capture", {"amount": 300_00}, is_("active", 300_00)),
    )),
    "killbill/killbill#1015: what was not known has come, and is paid again": (THREE, 300_00, (
        captured(300_00),
        ("01-16", "payments", {"amount": 100_00, "reference": "psp-1"}, is_("active", 200_00)),
        ("01-16", "payments", {"amount": 100_00, "reference": " PSP-1"}, "duplicate_payment"),
        ("01-17", "payments", {"amount": 300_00, "reference": "psp-2"}, is_("overpaid", 0, 100_00)),
    )),
    "killbill/killbill#472: late, though it had been paid in time": (THREE, 300_00, (
        captured(300_00),
        ("02-16", "payments", {"amount": 1_00}, is_("active", 299_00, overdue=99_00, days_past_due=1)),
        ("02-17", "payments", {"amount": 99_00, "received_on": "2026-02-15"},
         is_("active", 200_00, overdue=0, days_past_due=0)),
    )),
    "getlago/lago-api#4805: more goes back than was paid": (THREE, 300_00, (
        captured(300_00),
        ("01-16", "payments", {"amount": 50_00}, is_("active", 250_00)),
        ("01-17", "refunds", {"amount": 300_00}, is_("overpaid", 0, 50_00)),
        ("01-18", SENT_BACK, {"amount": 50_01}, TOO_MUCH),
        ("01-18", SENT_BACK, {"amount": 50_00}, is_("refunded", 0)),
    )),
    "apache/fineract#4294, #4303, #4330: the first of two is taken back, then a part of the second": (THREE, 300_00, (
        captured(300_00),
        ("02-15", "payments", {"amount": 100_00}, is_("active", 200_00)),
        ("03-15", "payments", {"amount": 100_00}, is_("active", 100_00)),
        ("03-20", BACK, {"payment_id": "@2", "amount": 100_00}, is_("active", 200_00)),
        ("03-21", BACK, {"payment_id": "@2", "amount": 1}, TOO_MUCH),
        ("03-22", RETURNED, {"payment_id": "@2"}, "state_forbids"),
        ("03-23", "payments", {"amount": 200_00}, is_("paid_off", 0)),
        ("03-24", BACK, {"payment_id": "@3", "amount": 50_00}, is_("active", 50_00)),
        ("03-25", "payments", {"amount": 50_00}, is_("paid_off", 0)),
    )),
    "apache/fineract#5360: longer from a day to come, and paid off before it": (ON_ALL, 600_00, (
        captured(600_00),
        ("01-15", "operator extensions", {"on": "2026-02-20", "instalments": 2}, is_("active", 630_00)),
        ("01-20", "payments", {"amount": 618_00}, is_("paid_off", 0)),  # as it was agreed: 6.00 for each of three
        ("03-20", "payments", {"amount": 5_01}, is_("overpaid", 0, 5_01)),
    )),
    "apache/fineract#4912: a rate of nothing is changed, and a payment of before is told": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "operator rates", {"on": "2026-01-20", "rate_percent": "12"}, {"state": "active"}),
        ("01-22", "payments", {"amount": 300_00, "received_on": "2026-01-19"}, is_("paid_off", 0)),
    )),
    "frappe/lending#458: paid off, and that is told after it was spread anew": (ON_ALL, 600_00, (
        captured(600_00),
        ("02-20", "operator re_ageings", {"on": "2026-02-20", "first_due_on": "2026-03-20", "instalments": 9}, {}),
        ("02-21", "payments", {"amount": 618_01, "received_on": "2026-02-19"}, is_("overpaid", 0, 1)),
    )),
    "apache/fineract#5356: another rate, and then all comes back": (FOLLOWS, 600_00, (
        captured(600_00),
        ("02-15", "operator rates", {"on": "2026-02-15", "rate_percent": "0"}, {"state": "active"}),
        ("02-20", "refunds", {"amount": 600_00}, is_("refunded", 0)),
    )),
    "refunded and sent back, and the bank takes the payment back as well": (THREE, 300_00, (
        captured(300_00),
        ("01-16", "payments", {"amount": 300_00}, is_("paid_off", 0)),
        ("01-17", "refunds", {"amount": 300_00}, is_("overpaid", 0, 300_00)),
        ("01-18", SENT_BACK, {"amount": 300_00}, is_("refunded", 0)),
        ("01-19", BACK, {"payment_id": "@2", "amount": 300_00}, is_("active", 300_00)),
        ("01-20", "payments", {"amount": 300_00}, is_("refunded", 0)),
    )),
    "stripe: disputed after all of it was refunded": (THREE, 300_00, (
        captured(300_00),
        ("01-16", "refunds", {"amount": 300_00}, is_("refunded", 0)),
        ("01-17", "disputes", DISPUTED, "state_forbids"),
        ("01-17", "disputes", DISPUTED | {"amount": 1}, TOO_MUCH),
    )),
    "adyen: a dispute is withdrawn, and opened once more": (THREE, 300_00, (
        captured(300_00),
        ("01-16", "disputes", DISPUTED, {"dispute_state": "needs_response", "collection_state": "paused"}),
        ("01-17", "disputes", DISPUTED, "state_forbids"),
        ("01-18", "operator disputes/decide", {"outcome": "withdrawn"},
         is_("active", 300_00, collection_state="collecting")),
        ("01-19", "disputes", DISPUTED | {"amount": 120_00}, {"dispute_state": "needs_response"}),
        ("01-20", "disputes/accept", {}, is_("active", 180_00, refunded=120_00)),
    )),
    "let go, and then it is paid, and goods come back": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "operator forgive", {}, is_("forgiven", 0)),
        ("01-21", "payments", {"amount": 10_00}, is_("forgiven", 0, 10_00)),
        ("01-22", SENT_BACK, {"amount": 10_00}, is_("forgiven", 0)),
    )),
    "paid before anything was shipped, and then it is called off": (THREE, 300_00, (
        ("01-15", "payments", {"amount": 20_00}, is_("authorized", 0, 20_00)),
        ("01-15", "void", {}, is_("voided", 0, 20_00)),
        ("01-16", SENT_BACK, {"amount": 20_00}, is_("voided", 0)),
    )),
    "all came back, and then the mail brings a payment of before": (THREE, 300_00, (
        captured(300_00),
        ("01-20", "refunds", {"amount": 300_00}, is_("refunded", 0)),
        ("01-21", "payments", {"amount": 100_00, "received_on": "2026-01-18"}, is_("overpaid", 0, 100_00)),
    )),
    "affirm: goods come back after it was given up": (AT_12, 600_00, (
        captured(600_00),  # 12.04 of interest
        ("06-01", "operator charge_off", {}, is_("charged_off", 612_04)),
        ("06-02", "refunds", {"amount": 300_00}, is_("charged_off", 306_02)),
        ("06-03", "refunds", {"amount": 300_00}, is_("recovered", 0)),
        ("06-04", "refunds", {"amount": 1}, TOO_MUCH),
    )),
    "all of it was called due, and goods come back": (THREE, 300_00, (
        captured(300_00),
        ("02-20", "operator accelerate", {"due_on": "2026-03-01", "why": "late"}, is_("active", 300_00)),
        ("02-21", "refunds", {"amount": 120_00}, is_("active", 180_00)),
        ("02-22", "capture", {"amount": 1}, "state_forbids"),
        ("03-02", "payments", {"amount": 180_00}, is_("paid_off", 0)),
    )),
    "consumers of Affirm: what the credit cost is kept when the goods come back": (COSTS, 600_00, (
        captured(600_00),
        ("01-16", "refunds", {"amount": 200_00}, is_("active", 404_00)),
        ("01-17", "refunds", {"amount": 400_00}, is_("refunded", 0)),
    )),
    "... of two parcels, the second comes back": (COSTS, 600_00, (
        captured(200_00), captured(400_00),
        ("01-16", "payments", {"amount": 606_00}, is_("paid_off", 0)),
        ("01-17", "refunds", {"lines": [{"capture": 2, "line": 1}]}, "invalid_field"),
        ("01-17", "refunds", {"amount": 400_00}, is_("overpaid", 0, 404_00)),
        ("01-18", SENT_BACK, {"amount": 404_00}, is_("paid_off", 0)),
        ("01-19", "refunds", {"amount": 200_00}, is_("overpaid", 0, 202_00)),
    )),
    "... joined to what runs": (replace(COSTS, captures=Captures.MERGED), 600_00, (
        captured(200_00), captured(400_00, "02-20"),
        ("02-21", "refunds", {"amount": 600_00}, is_("refunded", 0)),
    )),
    "medusajs/medusa#10453: refunded in part, the rest is paid, and all the rest comes back": (COSTS, 300_00, (
        captured(300_00),
        ("01-16", "refunds", {"amount": 100_00}, is_("active", 204_00)),
        ("01-17", "payments", {"amount": 204_00}, is_("paid_off", 0)),
        ("01-18", "refunds", {"amount": 200_00}, is_("overpaid", 0, 204_00)),
        ("01-19", SENT_BACK, {"amount": 204_00}, is_("refunded", 0)),
        ("01-20", "refunds", {"amount": 1}, TOO_MUCH),
    )),
    "a payment of nothing, and one of less": (THREE, 300_00, (
        captured(300_00),
        *(("01-16", "payments", {"amount": amount}, "invalid_field") for amount in (0, -1)),
        ("01-16", "operator credits", {"kind": "goodwill", "amount": 300_01}, TOO_MUCH),
        ("01-16", "operator credits", {"kind": "goodwill", "amount": 300_00}, is_("paid_off", 0)),
        ("01-17", "refunds", {"amount": 300_00}, is_("overpaid", 0, 300_00)),
    )),
}  # fmt: skip


@dataclass
class Living:
    """A plan, and the ids of what was recorded on it."""

    world: World
    real: RealPlan
    ids: list[str] = field(default_factory=list)

    async def step(self, one: Step) -> str:
        """What differs from what must come out; nothing where nothing does."""
        day, verb, body, expected = one
        is_operator, verb = verb.startswith("operator "), verb.removeprefix("operator ")
        client = self.world.operator if is_operator else self.world.merchant
        client.now = noon(date.fromisoformat(f"{YEAR}-{day}"))
        body = {name: self.named(value) for name, value in body.items()}
        path = f"/v1/{'operator/' if is_operator else ''}plans/{self.real.plan['id']}/{verb}"
        answered = await client.post(path, body)
        plan = answered.json()
        if isinstance(expected, str) or not answered.is_success:
            return "" if plan.get("code") == expected else f"{day} {verb}: {answered.text[:500]}"
        self.ids.append(plan["recorded"]["id"])
        plan["left"] = [left for row in plan["schedule"] if (left := _left(row))]
        seen = {key: plan[key] for key in expected}
        return "" if seen == expected else f"{day} {verb}: {seen}, not {expected}"

    def named(self, value: Any) -> Any:
        """An id for `@2`."""
        if not (isinstance(value, str) and value.startswith("@")):
            return value
        place = int(value[1:])
        return self.ids[place - 1 if place > 0 else place]


def _left(row: dict[str, Any]) -> int:
    parts = ("principal", "interest", "fee", "penalty")
    return int(sum(row[one] - row[f"{one}_paid"] for one in parts) - row["forgiven"])


async def test_more_lives_that_went_wrong_elsewhere(world: World) -> None:
    names = {f"life {number}": life for number, life in enumerate(LIVES.values(), 1)}
    await publish(world, policy_of({name: (terms, amount) for name, (terms, amount, _) in names.items()}))
    wrong: dict[str, str] = {}
    for title, (name, (_, amount, steps)) in zip(LIVES, names.items(), strict=True):
        living = Living(world, RealPlan(world, name, amount, date(YEAR, 1, 15)))
        await living.real.open()
        for one in steps:
            if differs := await living.step(one):
                wrong[title] = differs
                break
    assert wrong == {}
