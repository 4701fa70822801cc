"""Published figures, one test a case, named by the case's id.

The cases stand in tests/vectors, or in the folder that TENOR_VECTORS names: any collection of the same shapes runs.
"""

import json
import os
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from service.money import Rounding, quotient
from service.terms.apr import timed_rate
from service.terms.apr_us import timed_rate as us_timed_rate
from service.terms.day_count import thirty_days, year_fraction
from service.terms.early_settlement import rule_of_78_earned, rule_of_78_rebate
from service.terms.intervals import interval_years
from service.terms.terms import DayCount, Unit
from service.terms.uk_settlement import actuarial_balance, periodic_rate
from tests.plans.fineract import Story, known
from tests.plans.published_schedules import (  # noqa: F401 - the schedules, run from here as well
    source_of,
    test_european_commission,
    test_every_case_has_a_reader,
    test_fineract,
    test_fsharp,
    test_numpy_financial,
)

FOLDER = Path(os.environ.get("TENOR_VECTORS") or Path(__file__).parent.parent / "vectors")
Case = dict[str, Any]


def cases(file: str, key: str) -> list[Any]:
    """The cases of one file, by id; a collection may leave a file out."""
    path = FOLDER / file
    found = json.loads(path.read_text()).get(key, []) if path.exists() else []
    return [pytest.param(case, id=case.get("id") or interval_id(case)) for case in found]


def interval_id(case: Case) -> str:
    return f"{case['drawdown']}-{case['payment']}-{case['frequency']}"


def decimals_of(case: Case) -> int:
    """Decimals that hold every amount of a case exactly."""
    exponents = (Decimal(str(flow["amount"])).as_tuple().exponent for flow in case["advances"] + case["payments"])
    return max(2, *(-exponent for exponent in exponents if isinstance(exponent, int)))


def whole(amount: object, decimals: int) -> int:
    scaled = Decimal(str(amount)).scaleb(decimals)
    assert scaled == int(scaled)
    return int(scaled)


# Annual percentage rates


def eu_rate(case: Case) -> Decimal:
    decimals = decimals_of(case)
    advances, payments = (
        [(Fraction(flow["t_years"]), whole(flow["amount"], decimals)) for flow in case[side]]
        for side in ("advances", "payments")
    )
    return timed_rate(advances, payments)


def us_rate(case: Case) -> Decimal:
    decimals = decimals_of(case)
    flows = [(-1, flow) for flow in case["advances"]] + [(1, flow) for flow in case["payments"]]
    times = [flow["full_unit_periods"] + Fraction(flow["fraction"]) for _, flow in flows]
    amounts = [sign * whole(flow["amount"], decimals) for sign, flow in flows]
    return Decimal(us_timed_rate(times, amounts, Fraction(str(case["unit_periods_per_year"])))).scaleb(-10)


def actual(year: str) -> Callable[[date, date], Fraction]:
    return lambda begin, end: (end - begin).days / Fraction(year)


def by(day_count: DayCount) -> Callable[[date, date], Fraction]:
    return lambda begin, end: year_fraction(day_count, begin, end)


DAY_COUNTS: dict[str, Callable[[date, date], Fraction]] = {
    "act365": actual("365"),
    "act365f": actual("365"),
    "act36525": actual("365.25"),
    "act364": actual("364"),
    "act360": actual("360"),
    "actact": by(DayCount.ACTUAL_ACTUAL),
    "actactisda": by(DayCount.ACTUAL_ACTUAL),
    "30e360": lambda begin, end: Fraction(thirty_days(begin, end), 360),
    "30360": by(DayCount.THIRTY_360_BOND),
    "30360isda": by(DayCount.THIRTY_360_BOND),
    "30u360": by(DayCount.THIRTY_360_BOND),
}


def xirr(case: Case) -> Decimal:
    name = case["method"].partition("(")[2].rstrip(")") or "act365"
    years = known(DAY_COUNTS, "".join(letter for letter in name.lower() if letter.isalnum()), "method")
    decimals = decimals_of(case)
    dated = {
        side: [(date.fromisoformat(flow["date"]), whole(flow["amount"], decimals)) for flow in case[side]]
        for side in ("advances", "payments")
    }
    begin = min(on for on, amount in dated["advances"] + dated["payments"] if amount)
    advances, payments = ([(years(begin, on), amount) for on, amount in dated[side] if amount] for side in dated)
    return timed_rate(advances, payments)


UNITS = {str(unit): unit for unit in Unit} | {"half-month": Unit.HALF_MONTH, "semi-month": Unit.HALF_MONTH}
METHODS: dict[str, Callable[[Case], Decimal]] = {"US_REGZ": us_rate, "EU_EFFECTIVE": eu_rate, "XIRR": xirr}


@pytest.mark.parametrize("case", cases("apr.json", "vectors"))
def test_apr(case: Case) -> None:
    prefix = next((prefix for prefix in METHODS if case["method"].startswith(prefix)), case["method"])
    method = known(METHODS, prefix, "method")
    error = abs(method(case) - Decimal(case["expected_apr_percent"]))
    assert error <= Decimal(case["tolerance_percent_points"])


@pytest.mark.parametrize("case", cases("apr.json", "interval_vectors"))
def test_interval(case: Case) -> None:
    expected = sum(Fraction(part) for part in case["expected_years"].split("+"))
    drawn_on, paid_on = date.fromisoformat(case["drawdown"]), date.fromisoformat(case["payment"])
    assert interval_years(drawn_on, paid_on, known(UNITS, case["frequency"], "frequency")) == expected


# Rebates


def uk_rebate(case: Case) -> None:
    paid, instalment = case["payments_made_before_settlement"], whole(case["instalment"], 2)
    elapsed = paid + Fraction(case["part_period"])
    rate = periodic_rate(Decimal(str(case["apr_percent"])), 12)
    if "monthly_rate_used" in case:
        assert rate == Fraction(case["monthly_rate_used"])
    repaid = [(elapsed - k, instalment) for k in range(1, paid + 1)]
    balance = actuarial_balance([(elapsed, whole(case["advance"], 2))], repaid, rate)
    assert (case["instalments"] - paid) * instalment - balance == whole(case["expected_rebate"], 2)
    if "settlement_figure_expected" in case:
        assert balance == whole(case["settlement_figure_expected"], 2)


def rule_of_78(case: Case) -> None:
    charge = whole(case["finance_charge"], 2)
    assert rule_of_78_rebate(charge, case["term"], case["unearned_periods"]) == whole(case["expected_rebate"], 2)


def rule_of_78_month(case: Case) -> None:
    month, term = case["month"], case["term"]
    earned = whole(case["finance_charge"], 2) * (rule_of_78_earned(term, month) - rule_of_78_earned(term, month - 1))
    assert quotient(earned.numerator, earned.denominator, Rounding.HALF_UP) == whole(case["expected_interest"], 2)


def rule_of_78_fraction(case: Case) -> None:
    for months, expected in case["expected"].items():
        first, _, last = months.removeprefix("months").removeprefix("month").partition("-")
        before, after = int(first) - 1, int(last or first)
        share = rule_of_78_earned(case["term"], after) - rule_of_78_earned(case["term"], before)
        assert share == Fraction(expected.split()[0])


REBATES: dict[str, Callable[[Case], None]] = {
    "UK_CCA_EARLY_SETTLEMENT_2004_REG4": uk_rebate,
    "RULE_OF_78": rule_of_78,
    "RULE_OF_78_EARNED_IN_MONTH": rule_of_78_month,
    "RULE_OF_78_FRACTION": rule_of_78_fraction,
}


@pytest.mark.parametrize("case", cases("rebates.json", "vectors"))
def test_rebate(case: Case) -> None:
    known(REBATES, case["method"], "method")(case)


@pytest.mark.parametrize("name", ["FINCH-1", "fin-1", "EC16-Table-1", "X-FS-1", ""])
def test_a_case_of_an_unknown_source_fails(name: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="begins with none of FIN-, EC15-"):
        source_of({"id": name})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loan": {"Payment strategy": "SMALLEST_FIRST"}}, "loan/Payment strategy: 'SMALLEST_FIRST' is not one of"),
        ({"loan": {"amortization type": "BULLET"}}, "loan/amortization type: 'BULLET' is not one of"),
        ({"product_config": {"days_in_year": "364"}}, "product_config/days_in_year: '364' is not one of 360, 365"),
        ({"events": [{"type": "FORECLOSE"}]}, "events/type: nobody has read 'FORECLOSE' yet"),
    ],
)
def test_a_word_nobody_has_read_is_named(change: dict[str, Any], message: str) -> None:
    """A collection with other words fails by their name, and no field is passed over in silence."""
    ours = json.loads((Path(__file__).parents[1] / "vectors" / "schedules.json").read_text())["cases"]
    case: Case = next(case for case in ours if case["id"] == "FIN-EMICalculation-04")
    case |= {key: case[key] | value if isinstance(value, dict) else value for key, value in change.items()}
    with pytest.raises(pytest.fail.Exception, match=re.escape(message)):
        Story(case).play(case["events"][-1])
