"""Until when a consumer may withdraw from a credit without a reason, by the law of the day of the agreement."""

from datetime import date, timedelta
from functools import lru_cache

from service.countries import EU_MEMBERS
from service.law.book import LegalRule, number_on
from service.terms.business_days import moved
from service.terms.terms import NonBusinessDay


@lru_cache(maxsize=4096)
def withdrawable_until(jurisdiction: str, product_class: str, agreed_on: date) -> date | None:
    """The last day; None where no law that we know gives the right. So many days follow the day of the agreement."""
    days = number_on(LegalRule.WITHDRAWAL_DAYS, jurisdiction, product_class, agreed_on)
    return None if days is None else _end(jurisdiction, agreed_on, days)


def repayable_until(jurisdiction: str, product_class: str, agreed_on: date, withdrawn_on: date) -> date:
    """The last day for what was lent, by the law of the day of the agreement; at once where it gives no time."""
    days = number_on(LegalRule.WITHDRAWAL_REPAYMENT_DAYS, jurisdiction, product_class, agreed_on)
    return _end(jurisdiction, withdrawn_on, days) if days else withdrawn_on


def _end(jurisdiction: str, begun_on: date, days: int) -> date:
    """In the European Union a period that would end on a day off ends with the next working day (Regulation (EEC,
    Euratom) No 1182/71, Art. 3(4)).
    """
    last = begun_on + timedelta(days)
    return moved(last, NonBusinessDay.FOLLOWING, jurisdiction) if jurisdiction in EU_MEMBERS else last
