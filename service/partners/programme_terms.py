"""The programme's document: who funds which plans, in which shares, up to what, and how its days are told.

A version never changes once it is agreed; a plan keeps the version it was booked under. Amounts are minor units of the
programme's currency, shares basis points.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from service.merchants.settlement_terms import BankAccount
from service.partners.funding import Participation, ScheduleType
from service.terms.business_days import moved
from service.terms.terms import Amount, BasisPoints, CalendarCode, Label, NonBusinessDay, Percent

APPROVAL_MS: Final = 800  # so long a partner is waited for at most

PlanKind = Literal["instalments", "pay_after_use", "deposit"]
PartnerId = Annotated[str, Meta(pattern=r"^pa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
MerchantId = Annotated[str, Meta(pattern=r"^me_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
CategoryName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}\Z", description="lower case, digits, _ and -")]
GradeName = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9]{0,3}\Z", description="A, B, B2")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]
Jurisdiction = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166, or EU")]
Zone = Annotated[str, Meta(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+\-]+)*\Z", max_length=60)]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z", description="HH:MM, or 24:00")]
Url = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[!-~]*\Z")]


CoverSetId = Annotated[str, Meta(pattern=r"^cv_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
WaterfallId = Annotated[str, Meta(pattern=r"^wf_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class ProgrammeKind(StrEnum):
    """Who lends."""

    ASSISTED = "assisted"  # the partners alone: their shares of principal sum to all of it, and we service
    JOINT = "joint"  # the partners and we, each a share of every plan
    PURCHASE = "purchase"  # we; the partner buys plans later, so that none is given to it when it is authorized
    FORWARD_FLOW = "forward_flow"  # one partner, who takes each plan that fits, whole, as it is authorized


class Netting(StrEnum):
    """How a day's money is settled with the partners."""

    GROSS = "gross"  # what we owe and what they owe are paid each by itself
    NET = "net"  # only the difference is paid


# By what the payments of a programme's day are told apart, partner by partner: the one of the net, to it and from it.
# An S is a settlement with who bears losses.
_MARKS: Final = ("NCD", "ABE", "FGH", "IJK", "LMO", "PQR", "TUV", "WXY", "Z01", "234", "567")


def payment_marks(netting: Netting, nth: int = 0) -> tuple[str, str]:
    """What stands in the end-to-end ids of a settlement's payments: of the one to the partner, and of the one from it.

    `nth` counts the partners of a programme as they came. Should there ever be more than eleven, those that came last
    share the first one's ids, and are told apart by how much is paid.
    """
    net, credit, debit = _MARKS[nth if nth < len(_MARKS) else 0]
    return (net, net) if netting is Netting.NET else (credit, debit)


PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Participant(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A partner, its share of each component, and how its part of what a consumer pays is reckoned."""

    partner_id: PartnerId
    principal_bps: BasisPoints  # its share of what is lent, and of what is repaid of it
    interest_bps: BasisPoints = 0  # its share of the interest that is paid
    fee_bps: BasisPoints = 0  # ... of fees
    penalty_bps: BasisPoints = 0  # ... of penalties
    schedule_type: ScheduleType = ScheduleType.SAME_INSTALMENT
    rate_percent: Percent | None = None  # a year, of its own; null but with `own_rate`
    servicing_bps: BasisPoints = 0  # of the principal and interest it is paid: our fee for collecting it
    tier1_capital: Amount | None = None  # minor units; null: not known, or not asked for
    tier1_on: date | None = None  # the day of that figure
    account: BankAccount | None = None  # where it is paid, in the programme's currency; null: nothing is ordered for it
    file_key: PublicKey | None = None  # Ed25519 in hexadecimal: it signs the files it sends; null: none is known
    must_sign: bool = False  # a file of its own without a signature is refused

    @property
    def participation(self) -> Participation:
        """What a plan keeps of it."""
        return Participation(
            self.partner_id, self.principal_bps, self.interest_bps, self.fee_bps, self.penalty_bps, self.schedule_type,
            self.rate_percent, self.servicing_bps,
        )  # fmt: skip


class Eligibility(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which plans it takes; an empty list takes all."""

    kinds: Annotated[tuple[PlanKind, ...], Meta(max_length=3)] = ()  # the kinds of plan it takes
    categories: Annotated[tuple[CategoryName, ...], Meta(max_length=120)] = ()  # of the policy
    grades: Annotated[tuple[GradeName, ...], Meta(max_length=20)] = ()  # of the policy
    amount_min: Amount = 0  # of a plan
    amount_max: Amount | None = None  # null: no most
    instalments_min: Annotated[int, Meta(ge=0, le=1200)] = 0  # how many a plan has at least
    instalments_max: Annotated[int, Meta(ge=1, le=1200)] | None = None  # null: no most
    merchants: Annotated[tuple[MerchantId, ...], Meta(max_length=500)] = ()  # their ids
    countries: Annotated[tuple[Jurisdiction, ...], Meta(max_length=250)] = ()  # of the merchant
    jurisdictions: Annotated[tuple[Jurisdiction, ...], Meta(max_length=250)] = ()  # whose law binds the plan


class Concentration(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The most of a month's capacity that one of them may take."""

    merchant_bps: Annotated[int, Meta(ge=1, le=10_000)] = 10_000  # basis points of it: one merchant's plans
    grade_bps: Annotated[int, Meta(ge=1, le=10_000)] = 10_000  # ... those of one grade


class Tolerance(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to what a difference to the partner's books is a rounding."""

    item: Amount = 1  # minor units: of one item
    day: Amount = 50  # minor units: of all items of a day together


class JointLimits(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How far we lend together; where the law of a plan's jurisdiction is stricter, it binds besides."""

    own_share_min_bps: BasisPoints = 0  # of the principal of each plan
    partner_capital_max_bps: BasisPoints | None = None  # of its tier-1 capital, the most of one partner's money out


class PartnersApproval(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the partner is asked for each plan before it is authorized; no answer in time is a no."""

    url: Url
    budget_ms: Annotated[int, Meta(ge=1, le=APPROVAL_MS)] = APPROVAL_MS  # milliseconds


class ProgrammeTerms(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One version of a programme."""

    name: Label
    kind: ProgrammeKind
    currency: Currency
    participants: Annotated[tuple[Participant, ...], Meta(min_length=1, max_length=10)]  # the first is who is told
    time_zone: Zone  # IANA: whose clock its cut-off and its months go by
    cut_off: TimeOfDay = "24:00"  # what is booked up to it is of this business day, what comes later of the next
    calendar: CalendarCode = ""  # whose business days money is settled on
    settle_lag_days: Annotated[int, Meta(ge=0, le=60)] = 1  # business days from a business day to its settlement
    netting: Netting = Netting.NET
    tolerance: Tolerance = Tolerance()
    eligibility: Eligibility = Eligibility()
    priority: Annotated[int, Meta(ge=0, le=10_000)] = 100  # the lowest is asked first; of equals, the oldest programme
    capacity_per_month: Annotated[int, Meta(ge=1, le=1_000_000_000_000)] | None = None  # of plans; null: no most
    concentration: Concentration = Concentration()
    limits: JointLimits = JointLimits()  # of a joint programme
    approval: PartnersApproval | None = None  # null: nobody is asked
    cover_sets: Annotated[tuple[CoverSetId, ...], Meta(max_length=10)] = ()  # in which its plans are enrolled
    waterfall_id: WaterfallId | None = None  # who bears its plans' losses before the partners; null: nobody

    def settles_on(self, business_on: date) -> date:
        """The day on which a business day's money is due: so many business days later, and one itself."""
        day = business_on
        for _ in range(self.settle_lag_days):
            day = moved(day + timedelta(days=1), NonBusinessDay.FOLLOWING, self.calendar)
        return moved(day, NonBusinessDay.FOLLOWING, self.calendar)

    @property
    def partner_share_bps(self) -> int:
        """The partners' shares of principal together."""
        return sum(one.principal_bps for one in self.participants)

    @property
    def own_share_bps(self) -> int:
        """Our own share of principal."""
        return 10_000 - self.partner_share_bps
