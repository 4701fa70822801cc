"""The commercial terms of a plan: what a product says about time, interest and cost, and nothing about persons.

One document from a policy's price card to the snapshot on a signed plan; as JSON it is short, because every field has
the default of the plainest product. Pay-in-4 is `{"first_due_days": 0}`; a year's annuity at 9.9 % is
`{"instalments": 12, "every": 1, "unit": "month", "rate_percent": "9.9"}`.

Amounts are minor units of the plan's currency.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from service.money import AMOUNT_MAX, Rounding
from service.terms.allocation_rule import Allocation, Component


class Method(StrEnum):
    """What stays equal from one instalment to the next."""

    EQUAL_INSTALMENTS = "equal_instalments"  # the annuity: principal and interest together
    EQUAL_PRINCIPAL = "equal_principal"  # the same principal each time, interest on what is left


class Unit(StrEnum):
    """What `every` counts. A half month is the anchor day and fifteen days after it (the 15th: and the last day)."""

    DAY = "day"
    WEEK = "week"
    HALF_MONTH = "half_month"
    MONTH = "month"
    YEAR = "year"

    # An enum's own is ten times as slow, and dates are remembered by unit.
    __hash__ = str.__hash__


class DayCount(StrEnum):
    """Days over the length of the year: how much of a year's rate a stretch of time earns."""

    THIRTY_360 = "30/360"  # the 31st is the 30th (30E/360); a whole month is a twelfth of a year, February too
    THIRTY_360_BOND = "30/360-bond"  # ISDA's 30/360, Bond Basis: an end on the 31st is the 30th after a 30th or a 31st
    THIRTY_365 = "30/365"
    ACTUAL_360 = "actual/360"
    ACTUAL_365 = "actual/365"
    ACTUAL_ACTUAL = "actual/actual"  # each day over the length of the calendar year it begins in (ISDA)
    ACTUAL_ACTUAL_AFB = "actual/actual-afb"  # a period's days over 366 where it has a 29 February, else over 365
    ACTUAL_ACTUAL_END = "actual/actual-end"  # ... of the year it ends in: 31 December to 31 January is all new year


class Interest(StrEnum):
    """How time is measured between two due dates."""

    PERIOD = "period"  # a regular period is its share of a year (1/12, 1/24, 1/52); odd days go by the day count
    DAILY = "daily"  # every stretch counts by the day count


class RateKind(StrEnum):
    """How a yearly rate becomes the rate of a part of a year."""

    NOMINAL = "nominal"  # in proportion: 12 % a year is 1 % a month
    EFFECTIVE = "effective"  # compounding: 12 % a year is 0.949 % a month


class InterestOn(StrEnum):
    """What the rate is taken of."""

    OUTSTANDING = "outstanding"  # the declining balance
    FINANCED = "financed"  # the first amount, to the end: a flat rate
    ADDED_ON = "added_on"  # the same, rounded once for the whole term: 10 % of 1,000.00 for 12 months are 100.00 in all


class FirstPeriod(StrEnum):
    """With an anchor day, the first instalment falls on the first anchor after the start, or a whole interval on."""

    SHORT = "short"
    LONG = "long"


class NonBusinessDay(StrEnum):
    """Where a due date goes that falls on a weekend or a holiday of `calendar`. Interest keeps the unmoved dates."""

    KEEP = "keep"
    FOLLOWING = "following"
    PRECEDING = "preceding"
    MODIFIED_FOLLOWING = "modified_following"  # following, but never into the next month


class Remainder(StrEnum):
    """Which instalment takes what the equal ones leave.

    Where that would make it more than twice the others, or nothing at all, the later ones ask for one `multiple_of`
    more or less than the first ones instead.
    """

    LAST = "last"
    FIRST = "first"
    EVEN = "even"  # the equal part gives way, until the last differs by few cents; the last takes those
    LAST_LOWER = "last_lower"  # the last; the equal part is the least that leaves it no larger than the others
    LAST_HIGHER = "last_higher"  # the last; the equal part is the most that leaves it no smaller than the others


class Uncovered(StrEnum):
    """What is done where the first instalment does not cover its interest, as after a long first period."""

    REFUSED = "refused"  # there is no such plan
    CARRIED = "carried"  # it asks for interest alone, the next one for the rest, which bears no interest


class DownPaymentAt(StrEnum):
    """Whether the down payment is taken in the checkout, before the plan, or is the first row of its schedule."""

    CHECKOUT = "checkout"
    SCHEDULE = "schedule"


class FeeDue(StrEnum):
    """When a cost falls due."""

    UP_FRONT = "up_front"  # at the start: each capture asks for its share of it, on its own day
    FIRST = "first"  # with the first instalment
    SPREAD = "spread"  # divided over the instalments, odd cents by the largest remainder
    EACH = "each"  # the whole of it, with every instalment


class PaidEarly(StrEnum):
    """From when on money paid before its day lowers the interest, where interest follows what is paid."""

    AT_ONCE = "at_once"
    AT_ONCE_UNLESS_SETTLED = "at_once_unless_settled"  # paying all of it off takes the running period's interest whole
    AT_DUE_DATE = "at_due_date"  # from the end of the running period


class ChargeOff(StrEnum):
    """What charging off does to the schedule."""

    KEEP = "keep"
    NO_MORE_INTEREST = "no_more_interest"  # interest not yet earned is dropped
    ALL_DUE = "all_due"  # the same, and everything falls due on the day


class RebateMethod(StrEnum):
    """How the cost is found that falls away where all is settled early."""

    ACTUARIAL = "actuarial"  # United Kingdom, SI 2004/1483
    RULE_OF_78 = "rule_of_78"  # the months to come, the first weighing most; in the United States up to 61 months
    PROPORTIONAL = "proportional"  # European Union: all costs, by the time that remains
    UNEARNED = "unearned"  # United States: the interest of days to come, whatever the term
    NONE = "none"  # nothing was charged, or every charge is earned


class Captures(StrEnum):
    """What a second capture does to the schedule."""

    OWN_TERM = "own_term"  # it starts a full term of its own
    MERGED = "merged"  # it joins the instalments not yet due
    FORESEEN = "foreseen"  # it joins all of them, as if agreed at the start; what was paid before counts for it as well


class CapturedInside(StrEnum):
    """For how long money bears interest that is captured inside a running period."""

    DAYS_LEFT = "days_left"
    WHOLE_PERIOD = "whole_period"  # as if it had been lent when the period began


class Payer(StrEnum):
    """Who pays a cost."""

    CONSUMER = "consumer"
    MERCHANT = "merchant"


Percent = Annotated[
    Decimal,
    Meta(
        description="per cent as a decimal string, exact: 9.4822",
        extra_json_schema={"pattern": r"^-?[0-9]{1,20}(\.[0-9]{1,20})?\Z"},
    ),
]
Label = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Count = Annotated[int, Meta(ge=0, le=1200)]
Amount = Annotated[int, Meta(ge=0, le=1_000_000_000_000, description="minor units")]
Components = Annotated[tuple[Component, ...], Meta(max_length=len(Component))]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]


CalendarCode = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=r"^[A-Za-z0-9_+-]*\Z",
        description=(
            "whose business days: a country (ISO 3166) or one of its subdivisions, DE, DE-BY, CA-ON, with its weekend,"
            " its public holidays and the weekend days worked instead of others; with +bank, +optional and the like"
            " other days besides, where they are kept for it, JP+bank; or a market, XECB (the euro's payment system),"
            " XNYS. Public holidays are not bank holidays: banks may close on other days. Empty: Saturday and Sunday"
            " are the weekend, and there are no holidays. The calendars are those of the Python package holidays."
        ),
    ),
]


class Cost(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A cost beside the interest: a fixed amount, or a share of the financed amount, or both."""

    name: Label
    amount: Amount = 0
    bps: BasisPoints = 0  # basis points of the financed amount
    due: FeeDue = FeeDue.UP_FRONT
    payer: Payer = Payer.CONSUMER  # the merchant: out of what it is owed for each capture, its share
    in_apr: bool = True  # whether the law counts it in the total cost of the credit


class Terms(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, cache_hash=True):
    """How an amount is paid back."""

    # rhythm
    instalments: Annotated[int, Meta(ge=1, le=1200)] = 4
    every: Annotated[int, Meta(ge=1, le=1200)] = 14
    unit: Unit = Unit.DAY
    first_due_days: Annotated[int, Meta(ge=0, le=3660)] | None = None  # after the start; absent: one interval
    first_due_on: date | None = None  # an agreed date; wins over the days
    anchor_day: Annotated[int, Meta(ge=1, le=31)] | None = None  # of the month; 31 is its last day
    first_period: FirstPeriod = FirstPeriod.LONG
    non_business_day: NonBusinessDay = NonBusinessDay.KEEP
    calendar: CalendarCode = ""

    # interest
    method: Method = Method.EQUAL_INSTALMENTS
    rate_percent: Percent = Decimal(0)  # per year
    rate_kind: RateKind = RateKind.NOMINAL
    interest: Interest = Interest.PERIOD
    interest_on: InterestOn = InterestOn.OUTSTANDING
    day_count: DayCount = DayCount.ACTUAL_365
    interest_free: Count = 0  # so many first periods earn no interest
    grace_interest: Count = 0  # so many first instalments ask for none; the next one asks for it all
    grace_principal: Count = 0  # so many first instalments ask for no principal
    uncovered_interest: Uncovered = Uncovered.REFUSED

    # amount
    down_payment_bps: BasisPoints = 0  # of the amount
    down_payment: Amount = 0  # besides; both may stand
    down_payment_at: DownPaymentAt = DownPaymentAt.CHECKOUT
    balloon: Amount = 0  # principal kept back to the last instalment
    balloon_bps: BasisPoints = 0  # of the financed amount; besides
    amortized_over: Count = 0  # the instalment is that of so many periods; what is left falls due with the last
    costs: Annotated[tuple[Cost, ...], Meta(max_length=20)] = ()

    # rounding
    rounding: Rounding = Rounding.HALF_UP  # of interest
    instalment_rounding: Rounding = Rounding.HALF_UP  # of the equal part
    multiple_of: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] = 1  # minor units: the equal part comes in multiples of it
    remainder: Remainder = Remainder.LAST

    # life
    captures: Captures = Captures.OWN_TERM
    captured_inside: CapturedInside = CapturedInside.DAYS_LEFT  # where they are merged
    recalculate: bool = False  # interest follows what is really paid, day by day; else it stays as agreed
    paid_early: PaidEarly = PaidEarly.AT_ONCE
    overdue_interest: bool = True  # principal past due goes on bearing interest
    refund_interest: bool = True  # a refund returns the interest on what came back
    refund_costs: bool = True  # a refund returns its share of the costs
    rebate: RebateMethod | None = None  # of all that is settled early, where the law leaves it open; null: as it says
    compensation_bps: BasisPoints = 0  # of what is settled early: kept of the interest given up, as far as laws let it
    charge_off: ChargeOff = ChargeOff.KEEP
    allocation: Allocation = Allocation()
    chargeback_order: Components = ()  # which parts of the payment come back first; empty: all principal

    @property
    def is_flat(self) -> bool:
        """Whether interest does not follow what is left of the amount."""
        return self.interest_on is not InterestOn.OUTSTANDING

    @property
    def asks_at_once(self) -> bool:
        """Whether something is due at the start beside the instalments: a down payment in the schedule, or costs."""
        if self.down_payment_at is DownPaymentAt.SCHEDULE and (self.down_payment or self.down_payment_bps):
            return True
        return any(one.due is FeeDue.UP_FRONT and one.payer is Payer.CONSUMER for one in self.costs)

    def __post_init__(self) -> None:
        if self.rate_percent.is_snan():  # every other rate can at least be compared, and refused where it is wrong
            raise ValueError("`rate_percent` is no number")
