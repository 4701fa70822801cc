"""When a merchant is paid what it is owed, where to, and what is kept back for what may be refunded. Pure."""

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX, BPS, EXPONENTS
from service.terms.business_days import is_business_day

DAY: Final = timedelta(days=1)
SUNDAY: Final = 7


class Every(StrEnum):
    """What a settlement is of."""

    DAY = "day"
    WEEK = "week"  # Monday to Sunday
    MONTH = "month"


class Billing(StrEnum):
    """How we are paid our fees."""

    NET = "net"  # they are taken off each payout
    MONTHLY = "monthly"  # captures are paid whole; a month's fees are taken at once, on the first day of the next


class BankAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """Where money is paid to."""

    holder: Annotated[str, Meta(min_length=1, max_length=70, pattern=r"^[^\x00-\x1f\x7f]*\Z")]  # its name at the bank
    iban: Annotated[str, Meta(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")]  # without spaces (ISO 13616)
    bic: Annotated[str, Meta(pattern=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?\Z")] | None = None  # of its bank (ISO 9362)


Accounts = dict[Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")], BankAccount]


class SettlementTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """How a merchant is settled. A change is a new version; a settlement keeps the version it was made under."""

    accounts: Annotated[Accounts, Meta(max_length=20)] = {}  # by currency; in one without an account nothing is paid
    every: Every = Every.DAY  # how often a settlement is made
    billing: Billing = Billing.NET  # how the fees are taken
    lag_days: Annotated[int, Meta(ge=0, le=60)] = 1  # business days from a settlement's last day to its payout
    calendar: Annotated[str, Meta(max_length=20, pattern=r"^[A-Za-z0-9+_-]*\Z")] = ""  # empty: only weekends are closed
    minimum: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] = 0  # minor units; less than this is carried on, not paid
    reserve_bps: Annotated[int, Meta(ge=0, le=BPS)] = 0  # of what was captured, kept back
    reserve_days: Annotated[int, Meta(ge=0, le=730)] = 0  # after so many days it is paid with the rest

    def pays(self, currency: str, balance: int) -> bool:
        """Whether so much is paid out."""
        return currency in self.accounts and balance >= max(self.minimum, 1)


NO_TERMS: Final = SettlementTerms()


def require_possible(terms: SettlementTerms, today: date) -> None:
    """Refused: INVALID_FIELD, with what cannot be; IMPOSSIBLE_TERMS for a calendar that nobody keeps."""
    for currency, account in terms.accounts.items():
        if currency not in EXPONENTS:
            raise Refused(Code.INVALID_FIELD, f"There is no currency {currency} here.", f"/accounts/{currency}")
        require_account(account, f"/accounts/{currency}/iban")
    if bool(terms.reserve_bps) != bool(terms.reserve_days):
        sentence = "A reserve has a share and a number of days; one of the two is missing."
        raise Refused(Code.INVALID_FIELD, sentence, "/reserve_days" if terms.reserve_bps else "/reserve_bps")
    is_business_day(today, terms.calendar)


def require_account(account: BankAccount, pointer: str) -> None:
    """Refused: INVALID_FIELD, a number whose check digits are wrong (ISO 7064, mod 97)."""
    if int("".join(str(int(letter, 36)) for letter in account.iban[4:] + account.iban[:4])) % 97 != 1:
        raise Refused(Code.INVALID_FIELD, "The check digits of this account number (IBAN) are wrong.", pointer)


def period_end(every: Every, day: date) -> date:
    """The last day of the period that a day is in."""
    match every:
        case Every.DAY:
            return day
        case Every.WEEK:
            return day + timedelta(days=SUNDAY - day.isoweekday())
        case Every.MONTH:
            return day.replace(day=monthrange(day.year, day.month)[1])


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return day.replace(day=monthrange(day.year, day.month)[1]) + DAY


def pays_on(terms: SettlementTerms, business_on: date) -> date:
    """The day of the payout of a settlement: so many business days after its last day, and a business day itself."""
    day = business_on
    for _ in range(terms.lag_days):
        day += DAY
        while not is_business_day(day, terms.calendar):
            day += DAY
    while not is_business_day(day, terms.calendar):
        day += DAY
    return day
