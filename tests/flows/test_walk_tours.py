"""Walks that were not left to chance: each verb about a plan is accepted once, by whoever may say it."""

from typing import Any, Final

from tests.flows.walk import Walk, ready
from tests.flows.walk_banks import PROCESSORS
from tests.flows.walk_money import LENDERS, MERCHANTS, OPERATORS
from tests.flows.walk_steps import Step
from tests.flows.world import World

ONE: Final = {"charge_id": "charge 1", "reference": "dp-1"}
WEEKS: Final = [Step("wait", {"hours": 528}), Step("close the day")]  # three, and a day


def lent(amount: int = 300_00) -> Step:
    return Step("capture", {"amount": amount})


def by_lender(verb: str, **body: Any) -> Step:
    return Step(verb, body, "by the lender")


TOURS: Final[dict[str, tuple[str, list[Step]]]] = {
    "an order that is changed, and what becomes of it": ("pay in 4, with leeway", [
        Step("extend_authorization", {"days": 1}), Step("amend", {"amount": 250_00}), lent(100_00),
        Step("captures/reverse", {"capture": 1}), lent(200_00),
        Step("captures/lower", {"capture": 2, "amount": 150_00, "because": "It was too high."}), Step("void"),
        Step("payments", {"amount": 50_00}), Step("payments/return", {"payment_id": "fact 8"}),
        by_lender("payments", amount=60_00), Step("payments/charge_back", {"payment_id": "fact 10", "amount": 10_00}),
        Step("fees", {"amount": 2_50}), Step("fees/waive", {"fee_id": "fact 12"}),
        Step("collection/pause", {"why": "hardship"}), Step("collection/resume", {"why": "hardship"}),
        Step("returns"), Step("returns/withdraw"), Step("refunds", {"amount": 20_00}),
        by_lender("refunds", amount=10_00), Step("credits", {"kind": "goodwill", "amount": 5_00}),
        Step("settlement_quotes"), by_lender("settlement_quotes"), Step("payments", {"amount": 100_00}),
        Step("overpayments/return", {"amount": 1_00}), Step("corrections", {"fact_id": "fact 20"}),
    ]),
    "what is disputed": ("pay in 4", [
        lent(), Step("disputes", {"reason": "not_received", "amount": 10_00}),
        Step("disputes/answer", {"evidence": "Signed for."}), Step("disputes/ask_again"),
        Step("disputes/decide", {"outcome": "won"}), by_lender("disputes", reason="not_received"),
        Step("disputes/accept"),
    ]),
    "other schedules": ("by the period", [
        lent(), Step("due_dates", {"due_on": "2026-04-02", "to": "2026-04-10"}, "by the lender"),
        Step("extensions", {"on": "2026-03-02", "instalments": 1}),
        Step("pauses", {"on": "2026-03-22", "end_on": "2026-04-01"}),
        Step("rates", {"on": "2026-03-02", "rate_percent": "12"}),
        Step("holidays", {"on": "2026-03-02", "principal": 1}), *WEEKS, *WEEKS,
        Step("re_amortizations", {"on": "2026-04-15"}),
        Step("re_ageings", {"on": "2026-04-15", "first_due_on": "2026-05-15", "instalments": 3}),
        Step("accelerate", {"due_on": "2026-04-29", "why": "late"}),
    ]),
    "put off by the consumer": ("put off", [lent(), Step("due_dates", {"due_on": "2026-03-16", "to": "2026-03-17"})]),
    "given up": ("pay in 4", [lent(), Step("charge_off", {"cause": "fraud"}), Step("forgive")]),
    "withdrawn": ("pay in 4", [lent(), Step("withdrawal")]),
    "... as the lender says": ("pay in 4", [lent(), by_lender("withdrawal")]),
    "used, and converted": ("trial", [
        Step("confirm"), Step("use/start"), Step("use/end"),
        Step("capture", {"amount": 300_00, "evidence": "A photograph."}), *WEEKS, *WEEKS,
        Step("convert", {"instalments": 3}),
    ]),
    "... as the lender says, too": ("trial", [
        Step("confirm"), Step("capture", {"amount": 300_00, "evidence": "A photograph."}), *WEEKS, *WEEKS,
        by_lender("convert", instalments=2),
    ]),
    "a deposit": ("deposit, contestable", [
        Step("top_up", {"amount": 100_00}), Step("claims", {"amount": 80_00, "final": False}),
        Step("claims/withdraw"), Step("claims", {"amount": 80_00, "final": False}),
        Step("claims/lower", {"amount": 70_00}), Step("claims/contest", {"words": "It was broken before."}),
        Step("claims/decide", {"amount": 60_00}), Step("claims", {"amount": 10_00, "final": False}),
        by_lender("claims/contest", words="It was not."), Step("claims/decide", {"amount": 0}), Step("release"),
    ]),
    "proved": ("proved", [Step("authentications"), lent()]),
    "by card": ("by card", [
        lent(), Step("charges"), by_lender("charges", amount=50_00),
        Step("processor/disputes", ONE | {"reason": "duplicate", "amount": 1_00}),
        Step("processor/disputes/decide", ONE | {"outcome": "lost"}),
    ]),
    "subsidised": ("subsidised", [lent(), *WEEKS, *WEEKS, Step("return_subsidy")]),
}  # fmt: skip


async def test_each_verb_is_accepted_as_the_model_says(world: World) -> None:
    await ready(world)
    accepted = set[str]()
    for product, steps in TOURS.values():
        walk = await Walk.begin(world, product, 300_00)
        for step in steps:
            before = walk.version
            await walk.go(step)
            if walk.version > before and step.verb not in ("wait", "close the day"):
                by = "operator/" if walk.sender(step)[1].startswith("/v1/operator") else ""
                accepted.add(step.verb if step.verb in PROCESSORS else f"{by}{step.verb}")
    assert {*MERCHANTS, *PROCESSORS, *[f"operator/{verb}" for verb in [*OPERATORS, *LENDERS]]} - accepted == set()
