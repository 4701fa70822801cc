"""Published repayment schedules, to the cent: one test per case, by its id.

`tests/vectors/schedules.json`, or the same file in the folder that TENOR_VECTORS names. `test_published` runs them.
"""

import json
import os
import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from service.money import Rounding, quotient
from service.terms.calendar import MONTHS, add_months
from service.terms.schedule import Instalment, build_schedule, exact_schedule
from service.terms.terms import DayCount, FirstPeriod, Interest, Method, RateKind, Remainder, Terms, Unit
from tests.plans.fineract import Case, Story, cents, differences, expected_table, known, table_of, totals_of

FOLDER = Path(os.environ.get("TENOR_VECTORS") or Path(__file__).parents[1] / "vectors")

# Where we differ on purpose. A scenario that comes to agree fails here, so that the table stays true.
DIFFERS = {
    "FIN-Loan-06": "Extending reckons the new instalment from the original amount over the new count, so the last one "
    "is three times the others (128.00 and 388.79). Ours are equal.",
}


SOURCES = ("FIN-", "EC15-", "FS-", "NPF-")  # how the ids of a source begin; each has its reader below


def cases() -> list[Case]:
    """All schedules of the folder; none where it has no such file."""
    path = FOLDER / "schedules.json"
    return json.loads(path.read_text())["cases"] if path.exists() else []


def named(source: str) -> list[Any]:
    """The cases of one source, each under its id."""
    return [
        pytest.param(case, id=case["id"], marks=[pytest.mark.xfail(strict=True, reason=reason)] if reason else [])
        for case in cases()
        if case["id"].startswith(source)
        for reason in [DIFFERS.get(case["id"])]
    ]


def source_of(case: Case) -> str:
    """The source that a case's id begins with; a case of another one fails, because no reader would run it."""
    for source in SOURCES:
        if case["id"].startswith(source):
            return source
    pytest.fail(f"id: {case['id']!r} begins with none of {', '.join(SOURCES)}", pytrace=False)


def test_every_case_has_a_reader() -> None:
    for case in cases():
        assert source_of(case) in SOURCES


@pytest.mark.parametrize("case", named("FIN-"))
def test_fineract(case: Case) -> None:
    """Every schedule table and its totals, after every event."""
    story = Story(case)
    for number, event in enumerate(case["events"]):
        story.play(event)
        for expectation in case["expectations"]:
            if expectation["after_event"] != number:
                continue
            if expectation["kind"] == "schedule":
                assert not differences(table_of(story.version), expected_table(expectation["rows"])), f"event {number}"
            elif expectation["kind"] == "schedule_totals":
                totals = totals_of(story.version)
                published = {column: cents(expectation["row"][column]) for column in totals}
                assert not differences([totals], [published]), f"event {number}"
            elif expectation["kind"] == "outstanding_amount":
                assert story.version.outstanding == cents(expectation["value"])


START_ON = date(2015, 1, 1)  # of tables without dates
DIGITS = 30  # unrounded tables are built in minor units this small, and rounded as they were printed


def printed(amount: int, decimals: int) -> str:
    """An amount in units of 10 ** -DIGITS, rounded half up."""
    whole = quotient(amount, 10 ** (DIGITS - decimals), Rounding.HALF_UP)
    return f"{Decimal(whole).scaleb(-decimals):.{decimals}f}"


def scaled(text: str) -> int:
    return int(Decimal(text).scaleb(DIGITS).to_integral_exact())


@pytest.mark.parametrize("case", named("EC15-"))
def test_european_commission(case: Case) -> None:
    """Amortization tables of the 2015 APRC report: nothing rounded but the print."""
    loan, terms = case["loan"], commission_terms(case)
    schedule = exact_schedule(terms, scaled(loan["principal"]), START_ON)
    closing = scaled(loan["principal"])
    for row, expected in zip(schedule, case["rows"], strict=False):
        opening, closing = closing, closing - row.principal
        assert {
            "period": row.number,
            "opening": printed(opening, 2),
            "rate_percent": expected["rate_percent"],
            "interest": printed(row.interest, 2),
            "capital": printed(row.principal, 2),
            "instalment": printed(row.total, 2),
            "closing": printed(closing, 2),
        } == expected
    if loan["instalment"]:
        assert printed(schedule[0].total, 2) == loan["instalment"]


def commission_terms(case: Case) -> Terms:
    """The terms of a table of the report, from START_ON on."""
    conventions, loan = case["conventions"], case["loan"]
    every, unit = known(PERIODS, str(conventions["periods_per_year"]), "conventions/periods_per_year")
    kind = conventions["kind"]
    return Terms(
        instalments=int(loan["periods"]),
        every=every,
        unit=unit,
        first_due_on=first_due_of(conventions, START_ON, every * known(MONTHS, unit, "conventions/odd_first_period"))
        if conventions["odd_first_period"]
        else None,
        rate_percent=Decimal(case["rows"][0]["rate_percent"]),
        rate_kind=known(RATE_KINDS, conventions["borrowing_rate"], "conventions/borrowing_rate"),
        method=known(KINDS, kind, "conventions/kind"),
        grace_principal=int(loan["periods"]) - 1 if kind == "interest" else 0,
    )


PERIODS = {
    "1": (1, Unit.YEAR), "2": (6, Unit.MONTH), "4": (3, Unit.MONTH), "6": (2, Unit.MONTH), "12": (1, Unit.MONTH),
    "24": (1, Unit.HALF_MONTH), "26": (2, Unit.WEEK), "52": (1, Unit.WEEK),
}  # fmt: skip
KINDS = {
    "annuity": Method.EQUAL_INSTALMENTS, "interest": Method.EQUAL_INSTALMENTS, "eqcap": Method.EQUAL_PRINCIPAL,
}  # fmt: skip
RATE_KINDS = {"nominal, proportional": RateKind.NOMINAL, "effective": RateKind.EFFECTIVE}


def first_due_of(conventions: dict[str, Any], start_on: date, months: int) -> date:
    """The report gives the first period as a fraction of a year: whole periods and days over 365."""
    years = Fraction(conventions["odd_first_period"])
    whole = int(years * 12 / months) * months
    days = round((years - Fraction(whole, 12)) * 365)
    return add_months(start_on + timedelta(days=days), whole, (start_on + timedelta(days=days)).day)


ROUNDINGS = {
    "down to cent": Rounding.DOWN,
    "up to cent": Rounding.UP,
    "half even": Rounding.HALF_EVEN,
    "half up": Rounding.HALF_UP,
    "rounding: rounded up": Rounding.UP,
    "rounding: rounded down": Rounding.DOWN,
    "rounding: round using ToEven": Rounding.HALF_EVEN,
    "rounding: round using AwayFromZero": Rounding.HALF_UP,
}
REMAINDERS = {
    "level-payment option: lower final payment": Remainder.LAST_LOWER,
    "level-payment option: similar final payment": Remainder.LAST,
    "level-payment option: higher final payment": Remainder.LAST_HIGHER,
}


def fsharp_terms(case: Case) -> Terms:
    """Level payments with interest by the day, each row rounded."""
    conventions = case["conventions"]
    return Terms(
        instalments=len(case["rows"]),
        rate_percent=Decimal(conventions["daily_rate_percent"]) * 365,
        interest=Interest.DAILY,
        day_count=DayCount.ACTUAL_365,
        rounding=known(ROUNDINGS, conventions["interest_rounding"], "conventions/interest_rounding"),
        instalment_rounding=known(ROUNDINGS, conventions["payment_rounding"], "conventions/payment_rounding"),
        remainder=known(REMAINDERS, conventions["final_payment"], "conventions/final_payment"),
        **rhythm_of(conventions["schedule"][0]),
    )


@pytest.mark.parametrize("case", named("FS-"))
def test_fsharp(case: Case) -> None:
    """Every row to the cent."""
    loan, rows = case["loan"], case["rows"]
    start_on = date.fromisoformat(loan["start"])
    schedule = build_schedule(fsharp_terms(case), cents(loan["principal"]), start_on)
    balance = cents(loan["principal"])
    for row, expected in zip(schedule, rows, strict=True):
        balance -= row.principal
        assert {
            "day": (row.due_on - start_on).days,
            "date": row.due_on.isoformat(),
            "payment": row.total,
            "interest": row.interest,
            "principal": row.principal,
            "balance": balance,
        } == {
            key: cents(value) if key in ("payment", "interest", "principal", "balance") else value
            for key, value in expected.items()
            if key != "interest_unrounded"
        }


def rhythm_of(text: str) -> dict[str, Any]:
    """`monthly from 2024-05 on 18`, `semi-monthly from 2024-05 on 15 and 31`, `daily from 2023-01-03`, their like."""
    if twice := re.search(r"semi-monthly from (\d{4})-(\d\d) on (\d+) and (\d+|month-end)", text):
        year, month, day, second = twice.groups()
        assert int(second.replace("month-end", "31")) in (int(day) + 15, 31 if day == "15" else 0), text
        return {"unit": Unit.HALF_MONTH, "every": 1, "first_due_on": date(int(year), int(month), int(day))}
    found = re.search(
        r"(?:(\d+)[- ])?(daily|weekly|monthly) from (\d{4})-(\d\d)(?:-(\d\d))?(?: on (\d+|month-end))?", text
    )
    assert found, text
    every, unit, year, month, day, on = found.groups()
    anchor = 31 if on == "month-end" else int(on or day)
    if unit != "monthly":
        first = date(int(year), int(month), anchor)
        return {"unit": Unit.DAY if unit == "daily" else Unit.WEEK, "every": int(every or 1), "first_due_on": first}
    first = add_months(date(int(year), int(month), 1), 0, anchor)
    return {"unit": Unit.MONTH, "every": int(every or 1), "first_due_on": first, "anchor_day": anchor}


def monthly(instalments: int, percent: str, *, begin: bool = False) -> Terms:
    """A plain annuity of so many months; `begin`: each instalment at the begin of its month."""
    return Terms(
        instalments=instalments, every=1, unit=Unit.MONTH, rate_percent=Decimal(percent),
        first_due_days=0 if begin else None, first_period=FirstPeriod.LONG,
    )  # fmt: skip


@pytest.mark.parametrize("case", named("NPF-"))
def test_numpy_financial(case: Case) -> None:
    """Unrounded annuities, to every digit that was published."""
    loan = case.get("loan")
    for row in case["rows"]:
        if loan:
            terms = monthly(int(loan["periods"]), loan["annual_rate_percent"])
            seen = exact_schedule(terms, scaled(loan["principal"]), START_ON)[int(row["period"]) - 1]
            assert agrees(seen.interest, row["interest"])
            assert agrees(seen.principal, row["principal"])
        else:
            assert agrees(scalar_of(row["what"]), row["expected"]), row["what"]


def scalar_of(what: str) -> int:
    """What a function of the library answers."""
    name, terms, number, principal = scalar_terms(what)
    row: Instalment = exact_schedule(terms, scaled(principal), START_ON)[number - 1]
    return {"pmt": row.total, "ppmt": row.principal, "ipmt": row.interest}[name]


def scalar_terms(what: str) -> tuple[str, Terms, int, str]:
    """Function, terms, number of the instalment and principal of `pmt 8%/12 x60 P=15000`,
    `ppmt begin 10%/12 k=1 n=60 P=55000` and their like.
    """
    found = re.match(r"(i?p?pmt|ipmt)(?: (begin|end))? ([\d.]+)%\S*(?: k=(\d+))? (?:x|n=)(\d+) P=([\d.]+)", what)
    assert found, what
    name, when, percent, number, count, principal = found.groups()
    return name, monthly(int(count), percent, begin=when == "begin"), int(number or 1), principal


def agrees(amount: int, published: str) -> bool:
    """Within half a unit of the last digit published; the longest are products of decimal arithmetic to 28 digits."""
    decimals = len(published.partition(".")[2])
    return abs(Decimal(amount).scaleb(-DIGITS) - Decimal(published)) <= Decimal(1).scaleb(-min(decimals, 22))
