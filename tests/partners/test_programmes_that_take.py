"""Which programmes take a plan: both sides of every edge, and the order they are asked in."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from service.partners.allocation import NotTaken, Sought, Takers, against, candidates, in_order, takers
from service.partners.funding import OWN_MONEY
from tests.partners.contracts import participant, programme

SHOP, OTHER = "me_01JD8Q4Z7K0000000000000000", "me_01JD8Q4Z7K0000000000000001"
CAPITAL: dict[str, Any] = {"tier1_capital": 4_000_000_000_00, "tier1_on": "2021-06-30"}
PLAN = Sought("instalments", "EUR", 600_00, 12, "B", SHOP, "DE", date(2026, 3, 2), "furniture", "DE")


@pytest.mark.parametrize(
    ("eligibility", "said"),
    [
        ({}, []),
        ({"kinds": ["instalments", "deposit"]}, []),
        ({"kinds": ["deposit"]}, [NotTaken.KIND]),
        ({"categories": ["furniture"]}, []),
        ({"categories": ["travel"]}, [NotTaken.CATEGORY]),
        ({"grades": ["A", "B"]}, []),
        ({"grades": ["A"]}, [NotTaken.GRADE]),
        ({"amount_min": 600_00}, []),
        ({"amount_min": 600_01}, [NotTaken.AMOUNT]),
        ({"amount_max": 600_00}, []),
        ({"amount_max": 599_99}, [NotTaken.AMOUNT]),
        ({"instalments_min": 12}, []),
        ({"instalments_min": 13}, [NotTaken.INSTALMENTS]),
        ({"instalments_max": 12}, []),
        ({"instalments_max": 11}, [NotTaken.INSTALMENTS]),
        ({"merchants": [SHOP]}, []),
        ({"merchants": [OTHER]}, [NotTaken.MERCHANT]),
        ({"countries": ["DE", "AT"]}, []),
        ({"countries": ["AT"]}, [NotTaken.COUNTRY]),
        ({"jurisdictions": ["DE"]}, []),
        ({"jurisdictions": ["EU"]}, [NotTaken.JURISDICTION]),
        ({"kinds": ["deposit"], "grades": ["A"]}, [NotTaken.KIND, NotTaken.GRADE]),  # it says all
    ],
)
def test_a_programme_takes_what_its_document_lists(eligibility: dict[str, Any], said: list[NotTaken]) -> None:
    one = programme(eligibility=eligibility)
    assert list(against(one, PLAN)) == said
    assert takers(candidates([one], PLAN), PLAN) == (() if said else (one,))


@pytest.mark.parametrize(
    ("changes", "plan", "said"),
    [
        ({"active": False}, {}, [NotTaken.SUSPENDED]),
        ({"currency": "CHF"}, {}, [NotTaken.CURRENCY]),
        ({"kind": "purchase", "participants": [participant(10_000)]}, {}, [NotTaken.BUYS_LATER]),
        ({"kind": "forward_flow", "participants": [participant(10_000)]}, {}, []),
        ({"kind": "assisted", "participants": [participant(10_000)]}, {"jurisdiction": "CN"}, []),
        ({"participants": [participant(7_000)]}, {"jurisdiction": "CN"}, [NotTaken.LAW]),
        ({"participants": [participant(7_000, **CAPITAL)]}, {"jurisdiction": "CN"}, []),
        ({"participants": [participant(7_100, **CAPITAL)]}, {"jurisdiction": "CN"}, [NotTaken.LAW]),
        ({"participants": [participant(7_100)]}, {"jurisdiction": "CN", "on": date(2021, 12, 31)}, []),
    ],
)
def test_a_programme_takes_what_it_may(changes: dict[str, Any], plan: dict[str, Any], said: list[NotTaken]) -> None:
    assert list(against(programme(**{"eligibility": {}} | changes), replace(PLAN, **plan))) == said


def test_the_lowest_priority_is_asked_first_and_of_equals_the_oldest() -> None:
    one, two, three = programme("pr_3", priority=1), programme("pr_1"), programme("pr_2")
    assert in_order([three, two, one]) == [one, two, three]


def test_an_offer_knows_its_takers() -> None:
    known = Takers((programme("pr_1").funding, programme("pr_2").funding), {"of_1": (1, 0), "of_2": (0,)}, "A")
    assert [one.programme_id for one in known.of("of_1")] == ["pr_2", "pr_1"]
    assert known.of("of_3") == ()
    assert OWN_MONEY not in known.fundings
