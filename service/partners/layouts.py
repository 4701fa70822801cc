"""The four daily files, as a partner gets them and sends its own: the rows, their columns, and both ways to write them.

    TXN  what happened, one event of one plan a row      POS  where each plan stands at the end of the day
    STL  what is to be paid, one leg a row               CHG  which status or date became another one

Amounts are seen from the partner: above nothing is due to it, below nothing is due from it. CSV is written as RFC 4180
has it, columns are read by name; the twin is NDJSON, one object a line with the same names and the same texts. Pure.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Struct

LAYOUT: Final = 1  # the version of all four layouts; another set of columns is another number


class FileType(StrEnum):
    """Which of the daily files. Two checks of the database say the same."""

    TXN = "TXN"
    POS = "POS"
    STL = "STL"
    CHG = "CHG"


class TxnType(StrEnum):
    """What an event is to the partner. The check `partner_events_type_is_known` says the same."""

    FUNDING = "funding"  # its share of what was lent
    REPAYMENT = "repayment"  # its share of what the consumer paid
    REFUND = "refund"  # the same, of what the merchant or we gave back
    EARLY_SETTLEMENT = "early_settlement"  # the payment that settled the plan before its time
    FEE = "fee"  # its share of fees and penalties alone
    ADJUSTMENT = "adjustment"  # an earlier event was put right, or did not happen
    CHARGE_OFF = "charge_off"  # its share of what was given up: no money moves
    RECOVERY = "recovery"  # its share of what came in after that
    LOSS = "loss"  # others bear a part of what was given up, by which it bears less than its share; or more, after all
    SALE = "sale"  # its share went to another owner
    BUY_BACK = "buy_back"  # ... and came back


class Side(StrEnum):
    """Which way the sum of a row goes, seen from the partner. A row of nothing may be called either."""

    CREDIT = "credit"  # due to the partner
    DEBIT = "debit"  # due from the partner


COMPONENTS: Final = ("principal", "interest", "fee", "penalty", "subsidy")

# What a column holds besides plain text: an amount of the row's currency, an id of ours or one that may be the
# partner's own, and how long a text may be.
Money = Annotated[int, "money"]
PlanId = Annotated[str, "plan"]
Id = Annotated[str, "id"]
Word = Annotated[str, 40]
Words = Annotated[str, 200]


class Txn(Struct, frozen=True, gc=False):
    """An event of a plan, as far as it is the partner's. `event_id` stays the same for ever."""

    event_id: Id
    plan_id: PlanId
    partner_reference: Words | None  # the partner's own name of the plan
    type: TxnType
    business_on: date
    value_on: date  # the day from which it counts
    side: Side
    principal: Money
    interest: Money
    fee: Money
    penalty: Money
    subsidy: Money
    currency: str
    reverses_event_id: Id | None = None
    settlement_id: Id | None = None  # with which it is paid

    @property
    def amount(self) -> int:
        """All components together."""
        return self.principal + self.interest + self.fee + self.penalty + self.subsidy


class Pos(Struct, frozen=True, gc=False):
    """A plan at the end of the day: closing = opening + funded - repaid - refunded + adjusted - charged_off."""

    plan_id: PlanId
    owner: Word  # whose share it is
    share_bps: int
    opening: Money  # principal
    funded: Money
    repaid: Money
    refunded: Money
    adjusted: Money
    charged_off: Money
    closing: Money
    accrued_interest: Money  # earned by time, not paid yet
    next_due_on: date | None
    days_past_due: int
    bucket: Word  # of ageing: current, 1-30, 31-60, 61-90, over 90
    status: Word
    currency: str

    @property
    def is_continuous(self) -> bool:
        """Whether the closing balance follows from the others: a partner's need not."""
        moved = self.funded - self.repaid - self.refunded + self.adjusted - self.charged_off
        return self.closing == self.opening + moved


class Stl(Struct, frozen=True, gc=False):
    """A leg of what is to be paid for the day: the events of one type. The legs of a settlement sum to its payment."""

    settlement_id: Id
    end_to_end_id: Id  # on the payment, and on the bank's statement
    leg: Word
    amount: Money
    side: Side
    count: int  # of events
    first_event_id: Id | None
    last_event_id: Id | None
    currency: str


class Chg(Struct, frozen=True, gc=False):
    """A field of a plan's position became another one."""

    plan_id: PlanId
    field: Word
    old: Words | None
    new: Words | None
    reason: Words
    effective_on: date


class Ack(Struct, frozen=True, gc=False):
    """What the partner says to a line of a file of ours, or to all of it."""

    file_id: Annotated[str, 80]  # ours, or its name
    line: int | None  # the line of names is 1; null: the whole file
    code: Word  # `ok`, or why not, in the partner's words
    partner_value: Words | None = None  # what the partner has instead


Row = Txn | Pos | Stl | Chg | Ack
ROWS: Final[dict[str, type[Row]]] = {
    FileType.TXN: Txn, FileType.POS: Pos, FileType.STL: Stl, FileType.CHG: Chg, "ACK": Ack,
}  # fmt: skip


def columns_of(kind: str) -> tuple[str, ...]:
    """The names of a file's columns, as its first line has them."""
    return ROWS[kind].__struct_fields__


def side_of(amount: int) -> Side:
    """The side of a sum."""
    return Side.DEBIT if amount < 0 else Side.CREDIT


def settlement_of(programme_id: str, business_on: date, mark: str = "-") -> str:
    """The settlement of a programme's day, in 35 characters; with a mark, the reference of a payment of it."""
    return f"{programme_id[3:]}{mark}{business_on:%Y%m%d}"


def file_name(partner_id: str, kind: FileType, business_on: date, number: int) -> str:
    """`pa_01JD_TXN_20260302_007_v1.csv`."""
    return f"{partner_id}_{kind}_{business_on:%Y%m%d}_{number:03}_v{LAYOUT}.csv"
