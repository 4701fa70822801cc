"""A policy of credit insurance: what it has besides the arrangement that it stands on. Pure.

The arrangement (service/support/arrangement.py) says who insures, in which currency, at which cover rate and limits,
and which losses count. The policy says whose sales are insured, at which premium, and what the insured must do.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from service.countries import require_country
from service.errors import Code, Refused
from service.money import BPS
from service.support.arrangement import Arrangement, ArrangementKind, Cause, Name, Sum

Days = Annotated[int, Meta(ge=1, le=720)]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]
InsuredId = Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
PayeeId = Annotated[str, Meta(pattern=r"^(me|pa)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
PolicyArrangementId = Annotated[str, Meta(pattern=r"^sa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
Sentence = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


class Line(StrEnum):
    """Which business is insured."""

    DOMESTIC = "domestic"  # debtors of the insured's own country
    EXPORT = "export"  # debtors abroad, each by the cover of its country
    CONSUMER = "consumer"  # plans of consumers


KIND_OF: Final = {
    Line.DOMESTIC: ArrangementKind.DOMESTIC_TRADE_INSURANCE,
    Line.EXPORT: ArrangementKind.EXPORT_TRADE_INSURANCE,
    Line.CONSUMER: ArrangementKind.CONSUMER_INSURANCE,
}


class CountryStatus(StrEnum):
    """Whether sales to a country are insured."""

    OPEN = "open"
    RESTRICTED = "restricted"  # only within limits that the insurer decided itself
    CLOSED = "closed"


class CountryCover(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for sales to a country from a day on, until a later one of the same country."""

    country: Country
    status: CountryStatus
    from_on: date  # its first day
    commercial: bool = True  # losses of every cause but the political
    political: bool = True  # war, a ban on transfers, and the like
    cap: Sum = 0  # of all limits of debtors there, in the policy's currency; 0: none


class AutomaticLimit(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is granted a limit at once, up to the discretionary limit."""

    rule_id: Name  # as it stands with each limit that it granted
    paid_orders_min: Annotated[int, Meta(ge=1, le=1_000)] = 3  # paid in full
    index_min: Annotated[int, Meta(ge=20, le=100)] = 70  # of payment: 80 is prompt, 50 is 30 days late


class InsurancePolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """What was agreed with an insurer, besides the arrangement."""

    name: Name
    line: Line
    arrangement_id: PolicyArrangementId  # it stands on this
    country: Country  # of the insured
    legal_basis: Sentence  # by which the insurer is told of debtors: it stands in every row
    premium_bps: Annotated[int, Meta(ge=0, le=BPS)]  # of the turnover that is insured
    overdue_report_days: Days  # past due, from when on the insurer is told of a debtor
    extension_days_max: Days  # past due; a debtor who is later than that is supplied no more
    minimum_premium: Sum = 0  # of a year of the policy
    limit_fee: Sum = 0  # for each limit that the insurer is asked for
    discretionary_max: Sum = 0  # of a debtor: up to this nobody asks the insurer
    automatic: AutomaticLimit | None = None  # null: no limit is granted by rule
    merchant_ids: Annotated[tuple[InsuredId, ...], Meta(max_length=100)] = ()  # whose sales; none named: everybody's
    countries: Annotated[tuple[CountryCover, ...], Meta(max_length=500)] = ()  # of export; others are closed
    loss_payee_id: PayeeId | None = None  # who is paid for losses of trade debtors; null: we
    conditions: Annotated[tuple[Sentence, ...], Meta(max_length=50)] = ()  # in words, as agreed

    def cover_in(self, country: str, on: date) -> CountryCover | None:
        """What holds for a sale to a country on a day; of the line of export alone. None: it is closed."""
        found = [one for one in self.countries if one.country == country and one.from_on <= on]
        return max(found, key=lambda one: one.from_on) if found else None


class Insurance(Struct, frozen=True):
    """A policy in force, and the arrangement that it stands on."""

    policy_id: str
    policy: InsurancePolicy
    terms: Arrangement


def require_policy(one: InsurancePolicy, terms: Arrangement) -> None:
    """Refused: LINE_MISMATCH, on an arrangement of another line; INVALID_FIELD, where terms contradict each other."""
    if terms.kind is not KIND_OF[one.line]:
        sentence = f"A policy of the line {one.line} stands on a {KIND_OF[one.line]}, and this is a {terms.kind}."
        raise Refused(Code.LINE_MISMATCH, sentence, "/document/line")
    require_country(one.country, "/document/country")
    if one.line is Line.CONSUMER and one.loss_payee_id is not None:
        raise _no("/loss_payee_id", "Who is paid for losses of plans the arrangement says, as its beneficiary.")
    if one.line is not Line.CONSUMER and terms.beneficiary_id is not None:
        raise _no("/arrangement_id", "It bears losses of a partner's money in plans, and none of trade debtors.")
    if terms.debtor_max and one.discretionary_max > terms.debtor_max:
        raise _no("/discretionary_max", f"At most {terms.debtor_max} of a debtor is insured, by the arrangement.")
    if one.automatic is not None and not one.discretionary_max:
        raise _no("/automatic", "Limits are granted by rule up to the discretionary limit, and that is 0.")
    if len(set(one.merchant_ids)) < len(one.merchant_ids):
        raise _no("/merchant_ids", "A merchant is named twice.")
    if (one.line is Line.EXPORT) != bool(one.countries):
        raise _no("/countries", "A policy of the line export names countries, and no other does.")
    for number, cover in enumerate(one.countries):
        _require_country(one, terms, cover, number)


def _require_country(one: InsurancePolicy, terms: Arrangement, cover: CountryCover, number: int) -> None:
    pointer = f"/countries/{number}"
    require_country(cover.country, f"/document{pointer}/country")
    if cover.country == one.country:
        raise _no(f"{pointer}/country", "It is the insured's own country.")
    if (cover.country, cover.from_on) in [(other.country, other.from_on) for other in one.countries[:number]]:
        raise _no(pointer, "The country is named twice from the same day on.")
    if cover.status is CountryStatus.CLOSED:
        return
    if not (cover.commercial or cover.political):
        raise _no(pointer, f"It is {cover.status} to losses of no cause: then it is closed.")
    if cover.political and Cause.POLITICAL not in terms.causes:
        raise _no(f"{pointer}/political", "The arrangement bears no losses of political causes.")


def _no(pointer: str, sentence: str) -> Refused:
    return Refused(Code.INVALID_FIELD, sentence, f"/document{pointer}")
