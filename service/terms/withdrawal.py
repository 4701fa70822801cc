"""Until when a consumer may withdraw from a credit without a reason, by the law of the day of the agreement."""

from datetime import date, timedelta
from functools import lru_cache

from service.countries import EU_MEMBERS
from service.law.book import LegalRule, number_on
from service.terms.business_days import moved
from service.terms.terms import NonBusinessDay


@lru_cache(maxsize=4096)
def withdrawable_until(jurisdiction: str, product_class: str, agreed_on: date) -> date | None:
    """The last day; None where no law that we know gives the right.

    So many days follow the day of the agreement. In the European Union a period that would end on a day off ends with
    the next working day (Regulation (EEC, Euratom) No 1182/71, Art. 3(4)).
    """
    days = number_on(LegalRule.WITHDRAWAL_DAYS, jurisdiction, product_class, agreed_on)
    if days is None:
        return None
    last = agreed_on + timedelta(days)
    return moved(last, NonBusinessDay.FOLLOWING, jurisdiction) if jurisdiction in EU_MEMBERS else last
