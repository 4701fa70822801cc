"""Terms of a plan's life that make no sense are refused where they stand, with the reason."""

from typing import Any

import msgspec
import pytest

from service.policies.validate_life import AS_AGREED, NO_COSTS, NO_INTEREST, life_is_followed
from service.terms.allocation_rule import Component, Timing, order
from service.terms.terms import Terms

FOLLOWS = {"recalculate": True, "rate_percent": "9.9"}
EVERY = [list(step) for step in order(Component.INTEREST, Component.PRINCIPAL, Component.PENALTY, Component.FEE)]


def found(said: dict[str, Any]) -> list[tuple[str, str]]:
    terms = msgspec.convert(said, Terms)
    return [(fault.pointer, fault.sentence) for fault in life_is_followed("/terms", terms)]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"captures": "merged", "captured_inside": "whole_period"},
        {"captures": "foreseen", "captured_inside": "whole_period"},
        {"captures": "foreseen", **FOLLOWS},
        {"recalculate": True},  # a rate may be agreed later
        {"paid_early": "at_due_date", **FOLLOWS},
        {"overdue_interest": False, **FOLLOWS},
        {"refund_interest": False, **FOLLOWS},
        {"refund_interest": False, "rate_percent": "9.9"},
        {"refund_costs": False, "costs": [{"name": "opening", "amount": 3_00, "due": "first"}]},
        {"refund_costs": False, "costs": [{"name": "theirs", "amount": 3_00, "payer": "merchant"}]},
        {"charge_off": "no_more_interest"},
        {"charge_off": "all_due"},
        {"chargeback_order": ["interest"]},
        {"allocation": {"direction": "vertical"}},
        {"allocation": {"default": {"order": EVERY}, "by_kind": [["goodwill", {"future": "last"}]]}},
    ],
)
def test_what_can_be_followed_has_no_fault(said: dict[str, Any]) -> None:
    assert found(said) == []


@pytest.mark.parametrize(
    ("said", "at", "sentence"),
    [
        ({"captured_inside": "whole_period"}, "/captured_inside", "Every capture starts a term of its own"),
        ({"paid_early": "at_due_date", "rate_percent": "9.9"}, "/paid_early", AS_AGREED),
        ({"paid_early": "at_due_date", "recalculate": True}, "/paid_early", NO_INTEREST),
        ({"overdue_interest": False, "rate_percent": "9.9"}, "/overdue_interest", AS_AGREED),
        ({"overdue_interest": False, "recalculate": True}, "/overdue_interest", NO_INTEREST),
        ({"refund_interest": False, "recalculate": True}, "/refund_interest", NO_INTEREST),
        ({"refund_costs": False}, "/refund_costs", NO_COSTS),
        ({"chargeback_order": ["fee", "fee"]}, "/chargeback_order/1", "fee is there already."),
        (
            {"allocation": {"default": {"order": EVERY[:-1]}}},
            "/allocation/default/order",
            "Money could never settle fee in advance: name every one, each once.",
        ),
        (
            {"allocation": {"default": {"order": [step for step in EVERY if step[1] != "interest"]}}},
            "/allocation/default/order",
            "Money could never settle interest past due, interest due, interest in advance: name every one, each once.",
        ),
        (
            {"allocation": {"default": {"order": [*EVERY[:-1], EVERY[0]]}}},
            "/allocation/default/order/11",
            "interest past due is there already.",
        ),
        (
            {"allocation": {"by_kind": [["goodwill", {"order": EVERY[1:]}]]}},
            "/allocation/by_kind/0/1/order",
            "Money could never settle interest past due: name every one, each once.",
        ),
        (
            {"allocation": {"by_kind": [["goodwill", {}], ["goodwill", {"future": "last"}]]}},
            "/allocation/by_kind/1",
            "goodwill has a rule already.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(said: dict[str, Any], at: str, sentence: str) -> None:
    place, reason = found(said)[0]
    assert place == "/terms" + at
    assert reason.startswith(sentence)


def test_the_usual_order_names_every_step() -> None:
    assert len(EVERY) == len(Timing) * len(Component)
    assert found({"allocation": {"default": {"order": EVERY}}}) == []
