"""What is looked at after every step: a plan, what was recorded of it, and what was booked for it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec import Struct, field

from service.ledger.booking import Books
from service.ledger.chart import LedgerAccount, Transfer
from service.plans.book import Recorded
from service.plans.bookkeeping import books_of
from service.plans.plan import Plan
from service.plans.running.fact import Fact
from service.plans.running.facts import AnyFact, undone_by
from service.plans.running.rows import Line

F = TypeVar("F", bound=Fact)
Balances = Counter[tuple[LedgerAccount, str | None]]  # debit less credit, by account and owner


class Seen(Struct):
    """A plan after a step, and its lines; `booked` is the sum of all its transfers."""

    plan: Plan
    before: Plan | None = None  # the last step; None: it was opened with it
    lines: tuple[Line, ...] = ()
    recorded: list[Recorded] = field(default_factory=list)
    booked: Balances = field(default_factory=Counter)
    stood: list[AnyFact] = field(default_factory=list)  # the facts that were not undone, as they were recorded
    sums: Counter[type[AnyFact]] = field(default_factory=Counter)  # of their amounts, by what they are
    by_kind: dict[type[Fact], list[Any]] = field(default_factory=dict)
    balances: dict[LedgerAccount, int] = field(default_factory=dict)  # of all owners
    books: Books = field(default_factory=dict)  # what they say of the plan as it stands

    def book(self, transfers: Iterable[Transfer]) -> None:
        """So much more was booked."""
        for one in transfers:
            self.booked[one.debit, one.debit_owner] += one.amount
            self.booked[one.credit, one.credit_owner] -= one.amount

    def sum_up(self) -> None:
        """What follows from the plan, and from the facts recorded so far."""
        self.books = books_of(self.plan)
        undone = {undone_by(one.fact) for one in self.recorded}
        self.stood = [one.fact for one in self.recorded if one.fact.id not in undone and not undone_by(one.fact)]
        sums: dict[type[AnyFact], int] = {}
        self.by_kind, self.balances = {}, {}
        for fact in self.stood:
            kind = type(fact)
            sums[kind] = sums.get(kind, 0) + getattr(fact, "amount", 0)
            self.by_kind.setdefault(kind, []).append(fact)
        for (account, _), amount in self.booked.items():
            self.balances[account] = self.balances.get(account, 0) + amount
        self.sums = Counter(sums)

    def those_of(self, kind: type[F]) -> list[F]:
        """The facts of one kind that stand."""
        return self.by_kind.get(kind, [])

    def balance(self, account: LedgerAccount) -> int:
        """Of all owners."""
        return self.balances.get(account, 0)

    @property
    def last(self) -> AnyFact:
        """The fact that was recorded last."""
        return self.recorded[-1].fact
