"""Every fault a policy can have, with its place: the sample has none, one change makes one."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from service.policies.document import Policy
from service.policies.fault import Fault
from service.policies.validate import read_policy
from service.policies.validate_law import prices_are_legal
from service.policies.validate_prices import prices_are_few, prices_are_possible, too_many_prices
from tests.policies.sample import DOCUMENT, document_with

INTEGER = {"name": "income", "type": "integer", "source": "attribute"}


OUTSIDE = {
    "name": "bureau", "gateway": "schufa", "data_type": "credit_history", "purpose": "credit_decision",
    "days_back": 365, "cached_for_minutes": 60,
}  # fmt: skip


def found(*changes: tuple[str, Any]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.sentence) for fault in read_policy(document_with(*changes))[1]]


def test_the_sample_has_no_fault() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("pointer", "value", "at", "sentence"),
    [
        # the shape
        ("/version", "1", "/version", "Expected `int`, got `str`."),
        ("/version", True, "/version", "Expected `int`, got `bool`."),
        ("/rules/0/reason", "BAD_LUCK", "/rules/0/reason", "Invalid enum value 'BAD_LUCK'."),
        ("/rules/0/note", "", "/rules/0", "Object contains unknown field `note`."),
        ("/limits/0/limit", -1, "/limits/0/limit", "Expected `int` >= 0."),
        # names
        ("/features/1/name", "age", "/features/1", "'age' is there already."),
        ("/rules/1/name", "minor", "/rules/1", "'minor' is there already."),
        ("/categories/1/words", ["CAR"], "/categories/1", "'CAR' is in 'cars' already."),
        ("/time_zone", "Europe/Atlantis", "/time_zone", "There is no time zone 'Europe/Atlantis'."),
        ("/jurisdiction", "UK", "/jurisdiction", "ISO 3166 has no country UK"),
        ("/jurisdiction", "XX", "/jurisdiction", "ISO 3166 has no country XX"),
        ("/product_class", "no-such-class", "/product_class", "No law of DE is about 'no-such-class'; say consumer_"),
        ("/product_class", "deferred_payment_credit", "/product_class", "No law of DE is about 'deferred_payment_"),
        # facts
        (
            "/features/-",
            {"name": "country", "type": "text", "source": "merchant", "values": ["GB", "UK"]},
            "/features/6/values/1",
            "'country' is never 'UK'.",
        ),
        (
            "/features/5/of",
            "colour",
            "/features/5/of",
            "checkout knows no 'colour'; it knows amount, deposit_amount, instalments, items, category, currency.",
        ),
        ("/features/4/type", "integer", "/features/4/type", "'overdue' is boolean, not integer."),
        ("/features/-", INTEGER | {"source": "velocity"}, "/features/6/of", "There is no counter 'income'."),
        ("/features/-", INTEGER | {"over": "age"}, "/features/6/over", "Only a ratio has a divisor."),
        ("/features/-", INTEGER | {"values": ["a"]}, "/features/6/values", "Only a text has a list of words."),
        (
            "/features/-",
            INTEGER | {"source": "ratio", "of": "amount", "over": "job"},
            "/features/6/over",
            "'job' is not an integer.",
        ),
        (
            "/features/-",
            INTEGER | {"source": "ratio", "of": "amount", "over": "later"},
            "/features/6/over",
            "There is no feature 'later' above this one.",
        ),
        # outside
        ("/outside", [OUTSIDE], "/outside/0", "No feature reads 'bureau': nobody is asked for nothing."),
        ("/outside", [OUTSIDE | {"data_type": "health"}], "/outside/0/data_type", "Invalid enum value 'health'."),
        ("/outside", [OUTSIDE | {"purpose": "fun"}], "/outside/0/purpose", "Invalid enum value 'fun'."),
        ("/outside", [OUTSIDE | {"days_back": -1}], "/outside/0/days_back", "Expected `int` >= 0."),
        (
            "/features/-",
            INTEGER | {"source": "outside", "of": "bureau.score"},
            "/features/6/of",
            "There is no outside source 'bureau'; say source.fact.",
        ),
        (
            "/features/-",
            INTEGER | {"source": "outside"},
            "/features/6/of",
            "There is no outside source ''; say source.fact.",
        ),
        # rules
        ("/rules/0/when/0/feature", "height", "/rules/0/when/0/feature", "There is no feature 'height'."),
        ("/rules/0/when/0/value", "18", "/rules/0/when/0", "'age' is integer; '18' is not."),
        ("/rules/0/when/0/value", True, "/rules/0/when/0", "'age' is integer; True is not."),
        ("/rules/0/when/0/value", None, "/rules/0/when/0/value", "below has a value."),
        ("/rules/0/when/0/is", "one_of", "/rules/0/when/0/value", "one_of has no value."),
        ("/rules/1/when/0/is", "above", "/rules/1/when/0/is", "'overdue' is boolean: it is not above anything."),
        (
            "/rules/0/when",
            [{"feature": "job", "is": "equals", "value": "rich"}],
            "/rules/0/when/0",
            "'job' is never 'rich'.",
        ),
        (
            "/rules/0/when/-",
            {"feature": "age", "is": "at_least", "value": 18},
            "/rules/0/when",
            "It can never hold: its conditions on 'age' exclude each other.",
        ),
        (
            "/rules/0/when/-",
            {"feature": "age", "is": "absent"},
            "/rules/0/when",
            "It can never hold: its conditions on 'age' exclude each other.",
        ),
        (
            "/rules/0/when",
            [{"feature": "job", "is": "none_of", "values": ["none", "some", "fine"]}],
            "/rules/0/when",
            "It can never hold: its conditions on 'job' exclude each other.",
        ),
        (
            "/rules/0/verdict",
            "approve",
            "/rules/0/verdict",
            "A rule declines or refers; nothing is approved by a rule.",
        ),
        (
            "/rules/-",
            {"name": "again", "when": [{"feature": "age", "is": "below", "value": 18}], "reason": "UNDER_AGE"},
            "/rules/4",
            "It says what 'minor' says already.",
        ),
        # bins
        (
            "/scorecard/characteristics/0/bins/1/at_least",
            26,
            "/scorecard/characteristics/0/bins/1",
            "There is no bin from 25 to 25.",
        ),
        (
            "/scorecard/characteristics/0/bins/1/at_least",
            24,
            "/scorecard/characteristics/0/bins/1",
            "The bin from 24 overlaps the one from below.",
        ),
        (
            "/scorecard/characteristics/0/bins/2/below",
            99,
            "/scorecard/characteristics/0/bins",
            "There is no bin for 99 and above.",
        ),
        (
            "/scorecard/characteristics/0/bins/0/at_least",
            0,
            "/scorecard/characteristics/0/bins",
            "There is no bin for numbers below 0.",
        ),
        (
            "/scorecard/characteristics/0/bins/1/points",
            60,
            "/scorecard/characteristics/0/bins",
            "The points are not rising, as it says.",
        ),
        (
            "/scorecard/characteristics/1/bins/0/values",
            ["some"],
            "/scorecard/characteristics/1/bins/1",
            "'some' is in a bin already.",
        ),
        (
            "/scorecard/characteristics/1/bins/0",
            {"points": 0, "otherwise": True, "absent": True},
            "/scorecard/characteristics/1/bins/0",
            "A bin is a range, or words, or otherwise, or absent: one of them.",
        ),
        (
            "/scorecard/characteristics/1/bins/-",
            {"points": 0, "otherwise": True},
            "/scorecard/characteristics/1/bins",
            "Every word has a bin: nothing is left for otherwise.",
        ),
        (
            "/scorecard/characteristics/2/bins",
            [{"points": 1, "values": [True]}, {"points": 0, "absent": True}],
            "/scorecard/characteristics/2/bins",
            "There is no bin for False.",
        ),
        (
            "/scorecard/characteristics/2/bins",
            [{"points": 1, "values": [True]}, {"points": 0, "otherwise": True}],
            "/scorecard/characteristics/2/bins",
            "There is no bin for an absent 'owner'.",
        ),
        (
            "/features/2/absent",
            "decline",
            "/scorecard/characteristics/2/bins",
            "'owner' is never absent where points are given.",
        ),
        (
            "/scorecard/characteristics/2/feature",
            "age",
            "/scorecard/characteristics/2/feature",
            "'age' has its points already.",
        ),
        # grades and limits
        ("/grades/0/score_min", 661, "/grades/0", "No score reaches A: the highest is 660."),
        ("/grades/1/score_min", 620, "/grades/1/score_min", "Grade B asks for no less than A."),
        ("/grades/-", {"name": "Z", "score_min": 1}, "/grades/3", "Grade Z has no limit in EUR."),
        ("/limits/0/grade", "Q", "/grades/0", "Grade A has no limit in EUR."),
        ("/limits/0/segment", "students", "/limits/0/segment", "There is no segment 'students'."),
        (
            "/limits/1/steps/0/limit",
            1_000_00,
            "/limits/1/steps/0",
            "A step asks for more plans paid off, and gives a higher limit.",
        ),
        (
            "/decreases",
            [{"name": "late", "when": [{"feature": "lateness", "is": "above", "value": 1}], "kept_bps": 0}],
            "/decreases/0/when/0/feature",
            "There is no feature 'lateness'.",
        ),
        # prices
        ("/instalments/0/grades", ["Q"], "/instalments/0/grades", "There is no grade Q."),
        ("/instalments/0/categories", ["boats"], "/instalments/0/categories", "There is no category 'boats'."),
        ("/instalments/0/currency", "USD", "/instalments/0/currency", "There are no limits in USD."),
        (
            "/instalments/0/amount_min",
            20_000_00,
            "/instalments/0/amount_min",
            "The lowest amount is above the highest.",
        ),
        ("/instalments/0/subsidy/bps", 10_001, "/instalments/0/subsidy/bps", "Expected `int` <= 10000."),
        (
            "/instalments/1/terms/first_due_days",
            400,
            "/instalments/1/terms/uncovered_interest",
            "At 12 instalments: Instalment 1 does not cover its interest.",
        ),
        (
            "/instalments/1/terms/rate_percent",
            "-1",
            "/instalments/1/terms/rate_percent",
            "At 6 instalments: ",
        ),
        ("/instalments/1/length_max", 9, "/instalments/1/lengths/1", "12 instalments are not from 3 to 9."),
        ("/instalments/1/lengths", [6, 6], "/instalments/1/lengths/1", "6 is there already."),
        (
            "/instalments/1/terms",
            {"first_due_days": 0, "costs": [{"name": "late", "amount": 1, "due": "each"}, {"name": "up", "amount": 1}]},
            "/instalments/1/terms/costs/1/due",
            "The first instalment falls due at the start, too; say first.",
        ),
        (
            "/instalments/1/terms/costs",
            [{"name": "set-up", "amount": 100}, {"name": "set-up", "bps": 100, "due": "each", "payer": "merchant"}],
            "/instalments/1/terms/costs/1/due",
            "A merchant pays when what was captured is settled; say up_front.",
        ),
        (
            "/instalments/1/terms/captured_inside",
            "whole_period",
            "/instalments/1/terms/captured_inside",
            "Every capture starts a term of its own",
        ),
        (
            "/instalments/1/terms/allocation",
            {"default": {"order": [["past_due", "fee"]]}},
            "/instalments/1/terms/allocation/default/order",
            "Money could never settle ",
        ),
        (
            "/instalments/1/terms/first_due_on",
            "2026-01-01",
            "/instalments/1/terms/first_due_on",
            "A price list outlives a date; say first_due_days.",
        ),
        (
            "/pay_after_use/0",
            {"name": "x", "currency": "EUR", "amount_min": 5_000_01, "amount_max": 6_000_00, "due_days": 1},
            "/pay_after_use/0/amount_min",
            "It is above every limit of its grades: nobody can have it.",
        ),
        (
            "/deposits/0/ladder/2/waived_bps",
            8000,
            "/deposits/0/ladder/2",
            "A step asks for more clean deposits, and waives a larger share.",
        ),
    ],
)
def test_faults(pointer: str, value: Any, at: str, sentence: str) -> None:
    sentences = [said for place, said in found((pointer, value)) if place == at]
    assert sentences
    assert sentences[0].startswith(sentence)  # the schedule's own words for its refusals are its business


@pytest.mark.parametrize(("word", "is_known"), [("GB", True), ("UK", False)])
def test_a_country_that_is_none_is_a_fault_wherever_it_is_compared(word: str, is_known: bool) -> None:
    country = {"name": "country", "type": "text", "source": "merchant"}
    shop = {"name": "shop", "when": [{"feature": "country", "is": "one_of", "values": [word]}], "reason": "PURPOSE"}
    bins = [{"points": 1, "values": [word]}, {"points": 0, "otherwise": True}]
    points = {"feature": "country", "reason": "PURPOSE", "bins": bins}
    added = ("/features/-", country), ("/rules/-", shop), ("/scorecard/characteristics/-", points)
    at = ["/rules/4/when/0", "/scorecard/characteristics/3/bins/0"]
    assert [place for place, _ in found(*added)] == ([] if is_known else at)


@pytest.mark.parametrize(
    ("jurisdiction", "product_class", "is_known"),
    [
        ("DE", "consumer_credit", True),
        ("DE", "merchant_deferral", True),  # the Union's
        ("DE", "free_credit", True),  # told apart, and left alone
        ("EU", "consumer_credit", True),
        ("GB", "deferred_payment_credit", True),
        ("GB", "merchant_deferral", False),
        ("US", "pay_in_four", True),
        ("US", "personal_loan", False),
        ("CN", "personal_loan", True),
        ("CA", "any", False),
        ("BR", "consumer_credit", True),
        ("BR", "bnpl", False),
    ],
)
def test_a_class_is_known_to_the_law_of_its_jurisdiction(jurisdiction: str, product_class: str, is_known: bool) -> None:
    changes = ("/jurisdiction", jurisdiction), ("/product_class", product_class)
    assert [at for at, _ in found(*changes)] == ([] if is_known else ["/product_class"])


def test_a_row_said_twice_is_a_fault() -> None:
    again = json.loads(document_with())["instalments"][0]
    assert found(("/instalments/-", again)) == [("/instalments/3", "It says what /instalments/0 says already.")]


def test_all_faults_are_found_at_once() -> None:
    faults = found(("/time_zone", "Mars"), ("/rules/0/when/0/feature", "height"), ("/grades/0/score_min", 999))
    assert [at for at, _ in faults] == ["/time_zone", "/rules/0/when/0/feature", "/grades/0"]


@pytest.mark.parametrize("raw", [b"", b"{", b'{"version": NaN}', b"\xff", b"[]", b"null"])
def test_what_is_no_document_is_no_policy(raw: bytes) -> None:
    policy, faults = read_policy(raw)
    assert policy is None
    assert len(faults) == 1


@pytest.mark.parametrize(
    ("jurisdiction", "product_class", "on", "rate", "is_legal"),
    [
        ("DE", "consumer_credit", date(2026, 12, 1), "99", True),  # a cap we know no number of
        ("CN", "consumer_finance_loan", date(2026, 1, 1), "18.2", True),  # 19.8 % compound
        ("CN", "consumer_finance_loan", date(2026, 1, 1), "18.5", False),
        ("CN", "consumer_finance_loan", date(2025, 12, 30), "18.5", True),
        ("CA", "consumer_credit", date(2026, 1, 1), "36", False),
        ("IE", "consumer_credit", date(2026, 1, 1), "20.8", True),  # 22.9 % effective
        ("IE", "consumer_credit", date(2026, 1, 1), "21", False),  # 23.1 %
    ],
)
def test_a_price_above_the_cap_of_the_day_is_a_fault(
    jurisdiction: str, product_class: str, on: date, rate: str, is_legal: bool
) -> None:
    raw = document_with(
        ("/jurisdiction", jurisdiction),
        ("/product_class", product_class),
        ("/instalments/1/terms/rate_percent", rate),
        ("/instalments/2/terms/rate_percent", "1"),
    )
    found = read_policy(raw, on)[1]
    assert [fault.pointer for fault in found] == ([] if is_legal else ["/instalments/1/terms"])
    assert is_legal or "above the cap of" in found[0].sentence


@pytest.mark.parametrize(
    ("rows", "categories", "sentence"),
    [
        (20, 1, ""),  # 20 rows of 100 lengths, for two grades and two categories
        (21, 1, "The rows at their lengths are 2100 prices, more than 2000."),
        (20, 49, ""),
        (20, 50, "The prices for each grade and category are 204000, more than 200000."),
    ],
)
def test_price_lists_are_no_longer_than_can_be_worked_out(rows: int, categories: int, sentence: str) -> None:
    """One that is longer is kept with that fault, and not worked out."""
    row = {
        "name": "long", "currency": "EUR", "amount_min": 500_00, "amount_max": 4_000_00,
        "terms": {"every": 1, "unit": "month", "rate_percent": "9.9"},
        "lengths": [100], "length_min": 1, "length_max": 100,
    }  # fmt: skip
    policy = msgspec.json.decode(
        document_with(
            ("/grades", DOCUMENT["grades"][:2]),
            ("/categories", [{"name": f"c{number}", "words": []} for number in range(categories)]),
            ("/instalments", [row] * rows),
            ("/pay_after_use", []),
            ("/deposits", []),
        ),
        type=Policy,
    )
    assert too_many_prices(policy) == sentence
    if sentence:
        assert list(prices_are_few(policy)) == [Fault("/instalments", sentence)]
        assert not [fault for fault in prices_are_possible(policy) if fault.pointer.endswith("terms")]
        assert list(prices_are_legal(policy, date(2027, 1, 1))) == []
