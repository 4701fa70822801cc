"""Which days are business days, by the calendars that the library `holidays` keeps.

A calendar is named by its code:

    ""            no holidays; the weekend is Saturday and Sunday
    DE            public holidays of a country (ISO 3166), with its own weekend and the working days made up for others
    DE-BY, CA-ON  the same, with those of one of its subdivisions (ISO 3166-2)
    JP+bank       besides, another kind of day that is kept for the country: bank, optional, half_day, ...
    XECB, XNYS    a market (ISO 10383, or the short name of the market): XECB is TARGET, the euro's payment system
"""

from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache

from service.errors import Code, Refused
from service.terms.terms import NonBusinessDay

DAY = timedelta(days=1)
SATURDAY = 5


def is_business_day(day: date, calendar: str) -> bool:
    """Whether banks or shops of the calendar work on `day`. Refused when nobody keeps such a calendar."""
    return day not in closed_days(calendar, day.year) if calendar else day.weekday() < SATURDAY


@lru_cache(maxsize=512)
def closed_days(calendar: str, year: int) -> frozenset[date]:
    """Weekends and holidays of one year, less the weekend days that are worked for a longer holiday.

    A holiday of the next January may make a December Saturday a working day, so both years are read.
    """
    from holidays import HolidayBase, country_holidays, financial_holidays  # large tables: only for plans that ask
    from holidays.registry import EntityLoader

    code, *categories = calendar.split("+")
    country, _, subdivision = code.partition("-")
    kept: HolidayBase | None = None
    with suppress(NotImplementedError, ValueError):  # no such subdivision; no such category
        if country in EntityLoader.get_country_codes():
            kept = country_holidays(country, subdiv=subdivision or None, categories=("public", *categories))
        elif code in EntityLoader.get_financial_codes():
            kept = financial_holidays(code, categories=("public", *categories))
    if kept is None:
        raise Refused(Code.IMPOSSIBLE_TERMS, f"Nobody keeps a calendar called {calendar}.", "/calendar")
    first = date(year, 1, 1)
    for known in {year, min(year + 1, date.max.year)}:
        kept.get(date(known, 1, 1))  # reads the year
    days = (date.fromordinal(first.toordinal() + number) for number in range((date(year, 12, 31) - first).days + 1))
    return frozenset(day for day in days if not kept.is_working_day(day))


def moved(day: date, rule: NonBusinessDay, calendar: str) -> date:
    """`day`, or the business day that the rule puts in its place."""
    if rule is NonBusinessDay.KEEP:
        return day
    ahead, back = day, day
    while not is_business_day(ahead, calendar):
        ahead += DAY
    while not is_business_day(back, calendar):
        back -= DAY
    if rule is NonBusinessDay.PRECEDING:
        return back
    if rule is NonBusinessDay.MODIFIED_FOLLOWING and ahead.month != day.month:
        return back
    return ahead


def payable_on(day: date, begin: date, rule: NonBusinessDay, calendar: str) -> date:
    """`day` moved by the rule, but never back to the begin of its period.

    Each instalment is moved by itself, so two of them may be payable on one day: where a longer holiday hides both,
    or with daily instalments after each weekend. To push the later one further would push all that follow, and the
    day of an instalment would depend on the others.
    """
    if rule is NonBusinessDay.KEEP:
        return day
    on = moved(day, rule, calendar)
    return moved(day, NonBusinessDay.FOLLOWING, calendar) if on <= begin < day else on
