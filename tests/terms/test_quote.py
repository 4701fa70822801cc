"""A quote: what is lent and paid, which costs the law counts, and each law's own words."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given

from service.errors import Code, Refused
from service.terms.apr import AprMethod, effective_apr
from service.terms.disclosure import form_of
from service.terms.quote import Quote, QuoteRequest, flows_of, interval_unit, quote
from service.terms.schedule import build_schedule
from service.terms.terms import Cost, DownPaymentAt, FeeDue, Payer, Terms, Unit
from tests import properties  # noqa: F401
from tests.terms.any_terms import any_terms

TODAY = date(2026, 1, 15)
YEAR: dict[str, Any] = {"instalments": 12, "every": 1, "unit": Unit.MONTH, "rate_percent": Decimal("9.9")}


def quoted(terms: Terms, amount: int = 1000_00, jurisdiction: str = "DE", currency: str = "EUR") -> Quote:
    return quote(QuoteRequest(currency=currency, amount=amount, terms=terms, jurisdiction=jurisdiction), TODAY)


@pytest.mark.parametrize(
    ("facts", "printed"),
    [
        ({}, "10.4"),
        ({"costs": (Cost("fee", amount=10_00),)}, "12.5"),
        ({"costs": (Cost("fee", amount=10_00, in_apr=False),)}, "10.4"),  # a notary's, say
        ({"costs": (Cost("fee", amount=10_00, payer=Payer.MERCHANT),)}, "10.4"),
        ({"costs": (Cost("fee", amount=10_00, due=FeeDue.FIRST),)}, "12.4"),
        ({"costs": (Cost("fee", amount=1_00, due=FeeDue.EACH),)}, "12.7"),
        ({"down_payment_bps": 2_000}, "10.4"),
        ({"down_payment_bps": 2_000, "down_payment_at": DownPaymentAt.SCHEDULE}, "10.4"),
        ({"rate_percent": Decimal(0)}, "0.0"),
    ],
)
def test_the_rate_counts_what_the_law_counts(facts: dict[str, Any], printed: str) -> None:
    assert quoted(Terms(**YEAR | facts)).apr.printed == printed


def test_everything_paid_is_in_the_total() -> None:
    fees = (Cost("opening", amount=10_00), Cost("monthly", amount=1_00, due=FeeDue.EACH))
    answer = quoted(Terms(**YEAR, down_payment_bps=2_000, costs=fees))
    assert (answer.down_payment, answer.financed, answer.up_front) == (200_00, 800_00, 10_00)
    assert answer.total_payable == 200_00 + sum(row.total for row in answer.schedule)
    assert [(row.number, row.due_on, row.total) for row in answer.schedule if not row.principal] == [(0, TODAY, 10_00)]
    assert answer.total_cost == answer.total_interest + answer.total_fees == answer.total_payable - 1000_00


@pytest.mark.parametrize(
    ("jurisdiction", "currency", "methods"),
    [
        ("DE", "EUR", [AprMethod.EU_EFFECTIVE]),
        ("GB", "GBP", [AprMethod.EU_EFFECTIVE]),
        ("US", "USD", [AprMethod.US_ACTUARIAL]),
        ("CN", "CNY", [AprMethod.IRR_EFFECTIVE, AprMethod.IRR_NOMINAL]),
        ("IN", "INR", [AprMethod.IRR_NOMINAL]),
        ("AU", "AUD", [AprMethod.EU_EFFECTIVE]),
        ("SG", "SGD", [AprMethod.EU_EFFECTIVE]),
    ],
)
def test_each_law_has_its_rates_and_words(jurisdiction: str, currency: str, methods: list[AprMethod]) -> None:
    answer = quoted(Terms(**YEAR), jurisdiction=jurisdiction, currency=currency)
    assert [rate.method for rate in (answer.apr, *answer.other_rates)] == methods
    names = [line.name for line in answer.disclosure]
    unsaid = {"withdrawal", "paid_at_once"}  # policies know its days; nothing is
    assert names == [name for name in form_of(jurisdiction).labels if name not in unsaid]
    assert f"{answer.apr.printed} %" in [line.value for line in answer.disclosure]


@pytest.mark.parametrize(
    ("request_", "code", "pointer"),
    [
        ({"currency": "XXX"}, Code.INVALID_FIELD, "/currency"),
        ({"jurisdiction": "UK"}, Code.INVALID_FIELD, "/jurisdiction"),
        ({"jurisdiction": "XX"}, Code.INVALID_FIELD, "/jurisdiction"),
        ({"currency": "XAU"}, Code.INVALID_FIELD, "/currency"),
        ({"currency": "CHW"}, Code.INVALID_FIELD, "/currency"),
        ({"terms": Terms(down_payment=1000_00)}, Code.IMPOSSIBLE_TERMS, "/terms/down_payment"),
        ({"start_on": date(9999, 12, 1)}, Code.IMPOSSIBLE_TERMS, "/terms/instalments"),
        ({"terms": Terms(instalments=1200, every=1200, unit=Unit.YEAR)}, Code.IMPOSSIBLE_TERMS, "/terms/instalments"),
    ],
)
def test_refused(request_: dict[str, Any], code: Code, pointer: str) -> None:
    good: dict[str, Any] = {"currency": "EUR", "amount": 1000_00, "terms": Terms(), "jurisdiction": "DE"}
    with pytest.raises(Refused) as refused:
        quote(QuoteRequest(**good | request_), TODAY)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    ("terms", "unit"),
    [
        (Terms(), Unit.WEEK),
        (Terms(every=10), Unit.DAY),
        (Terms(every=2, unit=Unit.WEEK), Unit.WEEK),
        (Terms(unit=Unit.MONTH), Unit.MONTH),
    ],
)
def test_every_fourteen_days_is_every_two_weeks(terms: Terms, unit: Unit) -> None:
    assert interval_unit(terms) is unit


def test_the_document_is_json_both_ways() -> None:
    request = QuoteRequest(currency="EUR", amount=1000_00, terms=Terms(**YEAR), jurisdiction="DE", start_on=TODAY)
    again = msgspec.json.decode(msgspec.json.encode(request), type=QuoteRequest)
    assert again == request
    assert quote(again, date(2030, 1, 1)) == quote(request, TODAY)


@given(any_terms())
def test_whatever_the_terms_the_quote_adds_up(terms: Terms) -> None:
    try:
        answer = quoted(terms, 1234_56)
    except Refused:
        return
    schedule = build_schedule(terms, 1234_56, TODAY)
    assert answer.schedule == schedule
    assert answer.total_payable >= answer.amount
    at_once = schedule[0] if schedule[0].is_down_payment else None
    paid_at_checkout = 0 if at_once and at_once.principal else answer.down_payment
    assert answer.total_payable == paid_at_checkout + sum(row.total for row in schedule)
    assert answer.up_front == (at_once.fee if at_once else 0)
    if all(cost.in_apr for cost in terms.costs):
        assert answer.apr == effective_apr(*flows_of(terms, 1234_56, TODAY, schedule), interval_unit(terms))
        assert (answer.total_cost == 0) <= (Decimal(answer.apr.value) == 0)
