"""When a merchant is paid what it is owed, where to, and what is kept back for what may be refunded. Pure."""

import re
from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.errors import Code, Refused
from service.merchants.iban import is_bic, wrong_with_iban
from service.money import AMOUNT_MAX, BPS, EXPONENTS
from service.terms.business_days import is_business_day

DAY: Final = timedelta(days=1)
SEPA: Final = "EUR"  # the currency of its credit transfers
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


Iban = Annotated[str, Meta(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")]


class ClearingSystem(StrEnum):
    """How a country's clearing names its banks (ISO 20022, ExternalClearingSystemIdentification)."""

    USABA = "USABA"  # United States: routing number, 9 digits of which the last is a check digit
    GBDSC = "GBDSC"  # United Kingdom: sort code, 6 digits
    JPZGN = "JPZGN"  # Japan: Zengin, 4 digits of the bank and 3 of the branch
    AUBSB = "AUBSB"  # Australia: bank, state, branch, 6 digits
    CACPA = "CACPA"  # Canada: 0, 3 digits of the institution and 5 of the branch
    CNAPS = "CNAPS"  # China: 12 digits
    HKNCC = "HKNCC"  # Hong Kong: 3 digits
    INFSC = "INFSC"  # India: 4 letters, 0, 6 letters or digits
    NZNCC = "NZNCC"  # New Zealand: 6 digits
    ZANCC = "ZANCC"  # South Africa: 6 digits


MEMBERS: Final = {
    ClearingSystem.USABA: r"[0-9]{9}", ClearingSystem.GBDSC: r"[0-9]{6}", ClearingSystem.JPZGN: r"[0-9]{7}",
    ClearingSystem.AUBSB: r"[0-9]{6}", ClearingSystem.CACPA: r"0[0-9]{8}", ClearingSystem.CNAPS: r"[0-9]{12}",
    ClearingSystem.HKNCC: r"[0-9]{3}", ClearingSystem.INFSC: r"[A-Z]{4}0[A-Z0-9]{6}", ClearingSystem.NZNCC: r"[0-9]{6}",
    ClearingSystem.ZANCC: r"[0-9]{6}",
}  # fmt: skip


class ClearingMember(Struct, frozen=True, forbid_unknown_fields=True):
    """A bank, as its country's clearing names it."""

    system: ClearingSystem
    member: Annotated[str, Meta(pattern=r"^[A-Z0-9]{3,12}\Z")]  # digits and letters alone, without hyphens


class BankAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """Where money is paid to: an IBAN; or where a country has none, the number of the account and its bank."""

    holder: Annotated[str, Meta(min_length=1, max_length=70, pattern=r"^[^\x00-\x1f\x7f]*\Z")]  # its name at the bank
    iban: Iban | None = None  # without spaces (ISO 13616); null: it has a number
    bic: Annotated[str, Meta(pattern=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?\Z")] | None = None  # of its bank (ISO 9362)
    number: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,34}\Z")] | None = None  # its bank's; null: it has an IBAN
    clearing: ClearingMember | None = None  # its bank in the clearing of its country; null: the IBAN or BIC tells it


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
        require_account(account, f"/accounts/{currency}", currency)
    if bool(terms.reserve_bps) != bool(terms.reserve_days):
        sentence = "A reserve has a share and a number of days; one of the two is missing."
        raise Refused(Code.INVALID_FIELD, sentence, "/reserve_days" if terms.reserve_bps else "/reserve_bps")
    is_business_day(today, terms.calendar)


def require_account(account: BankAccount, pointer: str, currency: str = SEPA) -> None:
    """Refused: INVALID_FIELD, an IBAN that no bank can have, by the registry of ISO 13616; an account in euros without
    one; a BIC of no country; a number beside an IBAN, or without its bank; a bank that no clearing has."""
    if account.iban is None and (currency == SEPA or account.number is None):
        raise Refused(Code.INVALID_FIELD, f"An account in {currency} needs its IBAN here.", f"{pointer}/iban")
    if account.iban is not None and account.number is not None:
        raise Refused(Code.INVALID_FIELD, "An account with an IBAN has no other number.", f"{pointer}/number")
    if account.number is not None and account.bic is None and account.clearing is None:
        sentence = "The number of an account needs its bank: a BIC, or its member of the clearing."
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/clearing")
    if account.iban is not None and (wrong := wrong_with_iban(account.iban)):
        raise Refused(Code.INVALID_FIELD, wrong, f"{pointer}/iban")
    if account.bic is not None and not is_bic(account.bic):
        sentence = (
            f"A bank's BIC names its country in the fifth and sixth letter; there is none called {account.bic[4:6]}."
        )
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/bic")
    if account.clearing is not None and not _is_member(account.clearing):
        sentence = f"{account.clearing.system} has no such bank."
        raise Refused(Code.INVALID_FIELD, sentence, f"{pointer}/clearing/member")


def _is_member(one: ClearingMember) -> bool:
    """By its shape; an American one by its check digit, too: 3, 7, 1, 3, 7, 1 ... of each digit come to a ten."""
    if not re.fullmatch(MEMBERS[one.system], one.member):
        return False
    weights = (3, 7, 1) * 3
    is_american = one.system is ClearingSystem.USABA
    return not is_american or sum(w * int(digit) for w, digit in zip(weights, one.member, strict=True)) % 10 == 0


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
