"""The versions of a running plan's schedule: terms and facts in, instalments out.

`replay` is the whole rule: the facts of a plan, in order of the day they take effect, always make the same lines.
A fact that arrives late takes its place in the past, and everything after it is worked out anew.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256

import msgspec
from msgspec import Struct

from service.payments.replaying import Allocated, Replaying
from service.payments.rows import Line, frozen
from service.plans.changes.facts import Event
from service.plans.terms import Terms


class Version(Struct, frozen=True):
    """A schedule as it stands on a day."""

    terms: Terms
    facts: tuple[Event, ...]  # in the order they were recorded
    as_of: date
    lines: tuple[Line, ...]
    allocations: tuple[Allocated, ...]
    overpaid: int

    @property
    def outstanding(self) -> int:
        return sum(line.outstanding for line in self.lines)

    @property
    def digest(self) -> str:
        """The same for the same lines, for ever: SHA-256 of their canonical JSON."""
        return sha256(msgspec.json.encode((self.lines, self.overpaid))).hexdigest()


def replay(terms: Terms, facts: Sequence[Event], as_of: date) -> Version:
    """The version that the facts make, with interest on what is overdue up to `as_of`. Refused if they cannot be."""
    replaying = Replaying(terms)
    replaying.run(in_order(facts))
    replaying.bear_overdue(as_of)
    lines = tuple(frozen(number, row) for number, row in enumerate(replaying.rows, 1))
    return Version(terms, tuple(facts), as_of, lines, tuple(replaying.allocations.values()), replaying.overpaid)


def next_version(version: Version, fact: Event, as_of: date) -> Version:
    """The version after one more fact."""
    return replay(version.terms, (*version.facts, fact), as_of)


def without(version: Version, fact_id: str, as_of: date) -> Version:
    """The version in which a fact never happened, such as a payment that the bank returned as unpaid."""
    return replay(version.terms, tuple(fact for fact in version.facts if fact.id != fact_id), as_of)


def in_order(facts: Iterable[Event]) -> list[Event]:
    """By the day they take effect; on one day what was known first goes first."""
    return sorted(facts, key=lambda fact: (fact.on, fact.recorded_on))
