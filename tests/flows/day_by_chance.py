"""What a partner has of a day, by chance: each class of break, and what must be said of it. No test is here."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from tests.flows.test_worked_day_over_http import Rows

COMPONENTS = ("principal", "interest", "fee", "penalty", "subsidy")
TOLERATED = {"rounding", "bank_fee"}
WAITS = {"missing_in_partner": 1, "timing_value_date": 2, "cash_short": 1, "cash_unexplained": 1}  # days
NOWHERE = "pl_01JD8Q4Z7K7M8W3N5V2C9XTB4H"  # a plan that nobody has


class Said(NamedTuple):
    """A break, as it must be told."""

    leg: str
    of: str  # the plan; of cash: nothing
    kind: str
    amount: int
    currency: str = "EUR"


Row = dict[str, str]


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


def euros(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02}"


def amount_of(row: Row) -> int:
    return sum(cents(row[name]) for name in COMPONENTS)


def with_amounts(row: Row, **changes: int) -> Row:
    """The row with other amounts, and the side that they are on."""
    changed = row | {name: euros(amount) for name, amount in changes.items()}
    return changed | {"side": "debit" if amount_of(changed) < 0 else "credit"}


class Partner:
    """What the partner has of the day, and what must be said of it."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.rows: Rows = []
        self.said: list[Said] = []
        self.counts: Counter[str] = Counter()
        self._ids = 0

    def own_id(self) -> str:
        """An event as the partner numbers it."""
        self._ids += 1
        return f"THEIRS-{self._ids}"

    def own(self, row: Row, amount: int, **more: str) -> Row:
        """A row of the partner's own."""
        none = dict.fromkeys(COMPONENTS, 0)
        return with_amounts(row, **none | {"principal": amount}) | {"event_id": self.own_id()} | more

    def tell(self, row: Row, kind: str, amount: int, currency: str = "EUR") -> None:
        self.said.append(Said("item", row["plan_id"], kind, amount, currency))

    def same(self, *rows: Row) -> None:
        self.rows += rows
        self.counts["exact"] += len(rows)


def same(book: Partner, rows: Rows) -> None:
    book.same(*rows)


def rounding(book: Partner, rows: Rows) -> None:
    book.same(*rows[1:])
    cent = book.chance.choice((-1, 1))
    book.rows.append(with_amounts(rows[0], principal=cents(rows[0]["principal"]) + cent))
    book.counts["rounding"] += 1
    book.tell(rows[0], "rounding", cent)


def amount_diff(book: Partner, rows: Rows) -> None:
    book.same(*rows[1:])
    apart = book.chance.choice((-1, 1)) * book.chance.randrange(2, 40_00)
    book.rows.append(with_amounts(rows[0], principal=cents(rows[0]["principal"]) + apart))
    book.tell(rows[0], "amount_diff", apart)


def missing_in_partner(book: Partner, rows: Rows) -> None:
    for row in rows:
        book.tell(row, "missing_in_partner", -amount_of(row))


def missing_in_ledger(book: Partner, rows: Rows) -> None:
    book.same(*rows)
    amount = book.chance.randrange(1, 90_00)
    book.rows.append(book.own(rows[0], amount, type="early_settlement"))
    book.tell(rows[0], "missing_in_ledger", amount)


def duplicate(book: Partner, rows: Rows) -> None:
    book.same(*rows)
    more = book.chance.randrange(1, 3)
    book.rows += [rows[0]] * more
    book.tell(rows[0], "duplicate", more * amount_of(rows[0]))


def fx_diff(book: Partner, rows: Rows) -> None:
    book.same(*rows[1:])
    book.rows.append(rows[0] | {"currency": "USD"})
    book.tell(rows[0], "fx_diff", -amount_of(rows[0]))
    book.tell(rows[0], "fx_diff", amount_of(rows[0]), "USD")


def timing(book: Partner, rows: Rows) -> None:
    book.same(*rows[1:])
    later = date.fromisoformat(rows[0]["value_on"]) + timedelta(days=book.chance.randrange(1, 9))
    book.same(rows[0] | {"value_on": later.isoformat()})
    book.tell(rows[0], "timing_value_date", 0)


def alike(book: Partner, rows: Rows) -> None:
    book.same(*rows[1:])
    near = date.fromisoformat(rows[0]["value_on"]) + timedelta(days=book.chance.randrange(-2, 3))
    book.rows.append(rows[0] | {"event_id": book.own_id(), "value_on": near.isoformat()})
    book.counts["alike"] += 1


def too_far(book: Partner, rows: Rows) -> None:
    """Alike but for three days: no rule says that they belong together."""
    book.same(*rows[1:])
    far = date.fromisoformat(rows[0]["value_on"]) - timedelta(days=3)
    book.rows.append(rows[0] | {"event_id": book.own_id(), "value_on": far.isoformat()})
    book.tell(rows[0], "missing_in_partner", -amount_of(rows[0]))
    book.tell(rows[0], "missing_in_ledger", amount_of(rows[0]))


def batch(book: Partner, rows: Rows) -> None:
    """All that was paid of the plan that day is one row of the partner's; or the other way round."""
    if len(rows) > 1:
        sums = {name: sum(cents(row[name]) for row in rows) for name in COMPONENTS}
        book.rows.append(with_amounts(rows[0], **sums) | {"event_id": book.own_id()})
    else:
        part = cents(rows[0]["principal"]) // 3
        rest = {name: cents(rows[0][name]) for name in COMPONENTS}
        rest["principal"] -= part
        for amounts in (dict.fromkeys(COMPONENTS, 0) | {"principal": part}, rest):
            book.rows.append(with_amounts(rows[0], **amounts) | {"event_id": book.own_id()})
    book.counts["batch"] += 1


def reversal(book: Partner, rows: Rows) -> None:
    book.same(*rows)
    wrong = book.own(rows[0], book.chance.randrange(1, 90_00), type="repayment")
    book.rows.append(wrong)
    back = book.own(rows[0], -cents(wrong["principal"]), type="adjustment", reverses_event_id=wrong["event_id"])
    book.rows.append(back)
    book.counts["reversal"] += 1


def suggested(book: Partner, rows: Rows) -> None:
    """Two of the partner's rows could be ours: no rule says which."""
    book.same(*rows[1:])
    amount = amount_of(rows[0])
    book.tell(rows[0], "missing_in_partner", -amount)
    for _ in range(2):
        book.rows.append(rows[0] | {"event_id": book.own_id()})
        book.tell(rows[0], "missing_in_ledger", amount)
    book.counts["suggested"] += 1


Class = Callable[[Partner, Rows], None]

EVERY: tuple[Class, ...] = (
    same, rounding, amount_diff, missing_in_partner, missing_in_ledger, duplicate, fx_diff, timing, alike, too_far,
    batch, reversal, suggested,
)  # fmt: skip
MATCHED: tuple[Class, ...] = (same, alike, batch, reversal)
MENUS: dict[str, tuple[Class, ...]] = {
    "every": EVERY,
    "mild": (*MATCHED, rounding, timing, missing_in_partner),
    "waits": (*MATCHED, timing, missing_in_partner),
    "matched": MATCHED,
}
PLANS = len(EVERY) + 2
