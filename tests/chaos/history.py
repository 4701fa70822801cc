"""What callers asked and heard, and what cannot be so. Pure; it knows nothing of the service but its answers over HTTP.

A *thing* is an order, by its merchant reference. It has counters that only grow: `opened`, `captured`, `paid`,
`refunded`, `voided`, in minor units. A write adds its amount to one of them, once, however often it is sent under its
key. At any instant a counter is at least what was acknowledged before, and at most what was asked for by then and not
refused:

    acknowledged before the read was sent  <=  read  <=  asked for before the read was heard
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

COUNTERS = ("opened", "captured", "paid", "refunded", "voided")


class Kind(Enum):
    """What cannot be."""

    LOST = "lost"  # acknowledged, and not there in the end
    STALE = "stale"  # acknowledged, and not seen by a read that was sent later
    DOUBLED = "doubled"  # more is there than was ever asked for
    PHANTOM = "phantom"  # there, though nobody asked for it, or it was refused
    CHANGED = "changed"  # one key, two answers
    OVER_LIMIT = "over limit"
    LEAKED = "leaked"  # an account holds what none of its things needs, or the other way round
    WRONG = "wrongly refused"  # what can be done was refused
    BROKEN = "status 500"


class Write(Struct, frozen=True):
    """One sending of a write. `status` 0: nothing was heard."""

    key: str
    thing: str
    account: str
    counter: str
    amount: int
    sent: float
    heard: float
    status: int
    answer: bytes
    may_be_refused: bool = False

    @property
    def is_acknowledged(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        return 400 <= self.status < 500 and self.status != 429

    @property
    def is_definite(self) -> bool:
        return self.is_acknowledged or self.is_refused


class Read(Struct, frozen=True):
    """A thing as it was seen; of one that is not there no counters."""

    thing: str
    counters: Mapping[str, int]
    sent: float
    heard: float


class Account(Struct, frozen=True):
    """As it stands in the end."""

    limit: int
    reserved: int
    used: int


class Fault(Struct, frozen=True):
    kind: Kind
    what: str


class Asked(Struct):
    """All sendings under one key, as one."""

    write: Write  # the first
    acknowledged: float | None = None  # when that was heard first
    is_refused: bool = False

    def is_sure(self, at: float) -> bool:
        return self.acknowledged is not None and self.acknowledged <= at

    def is_possible(self, at: float) -> bool:
        return not self.is_refused and self.write.sent <= at


def faults(
    writes: Sequence[Write], reads: Sequence[Read], last: Mapping[str, Read], accounts: Mapping[str, Account]
) -> list[Fault]:
    """All that cannot be. `last` is what was read of each thing, and `accounts` of each account, when all was quiet."""
    asked = _by_key(writes)
    of_thing: dict[str, list[Asked]] = defaultdict(list)
    for one in asked.values():
        of_thing[one.write.thing].append(one)
    return [
        *_changed(writes),
        *_answered_wrongly(writes),
        *(fault for read in reads for fault in _misread(read, of_thing.get(read.thing, []), Kind.STALE)),
        *(fault for read in last.values() for fault in _misread(read, of_thing.get(read.thing, []), Kind.LOST)),
        *(
            Fault(Kind.LOST, f"{thing} was acknowledged, and was not read again")
            for thing, its in of_thing.items()
            if thing not in last and any(one.acknowledged is not None for one in its)
        ),
        *_over_limit(of_thing, accounts),
        *_leaked(of_thing, last, accounts),
    ]


class Gap(NamedTuple):
    """A time in which nobody was answered for good."""

    seconds: float
    began: float


def gaps(heard: Sequence[float]) -> list[Gap]:
    """The times between two definite answers, the longest first."""
    return sorted((Gap(after - before, before) for before, after in pairwise(sorted(heard))), reverse=True)


def _by_key(writes: Sequence[Write]) -> dict[str, Asked]:
    asked: dict[str, Asked] = {}
    for write in sorted(writes, key=lambda one: one.sent):
        one = asked.setdefault(write.key, Asked(write))
        if write.is_acknowledged:
            one.acknowledged = min(write.heard, one.acknowledged or write.heard)
        one.is_refused |= write.is_refused
    return asked


def _changed(writes: Sequence[Write]) -> Iterator[Fault]:
    answers: dict[str, set[tuple[int, bytes]]] = defaultdict(set)
    for write in writes:
        if write.is_definite:
            answers[write.key].add((write.status, write.answer))
    for key, given in answers.items():
        if len(given) > 1:
            yield Fault(Kind.CHANGED, f"{key} was answered {sorted(status for status, _ in given)}, not alike")


def _answered_wrongly(writes: Sequence[Write]) -> Iterator[Fault]:
    for write in writes:
        if write.status >= 500 and write.status != 503:
            yield Fault(Kind.BROKEN, f"{write.key}: {write.status} {write.answer[:200]!r}")
        if write.is_refused and not write.may_be_refused:
            yield Fault(Kind.WRONG, f"{write.counter} {write.amount} of {write.thing}: {write.answer[:200]!r}")


def _misread(read: Read, its: list[Asked], missing: Kind) -> Iterator[Fault]:
    for counter in COUNTERS:
        of_counter = [one for one in its if one.write.counter == counter]
        least = sum(one.write.amount for one in of_counter if one.is_sure(read.sent))
        most = sum(one.write.amount for one in of_counter if one.is_possible(read.heard))
        found = read.counters.get(counter, 0)
        if found < least:
            yield Fault(missing, f"{read.thing}: {counter} is {found}, and {least} was acknowledged before")
        elif found > most:
            kind = Kind.DOUBLED if most else Kind.PHANTOM
            yield Fault(kind, f"{read.thing}: {counter} is {found}, and at most {most} was asked for")


def _over_limit(of_thing: Mapping[str, list[Asked]], accounts: Mapping[str, Account]) -> Iterator[Fault]:
    """At the moment of each acknowledged opening: what is promised for sure, less all that may have come back."""
    opened: dict[str, list[list[Asked]]] = defaultdict(list)
    for its in of_thing.values():
        if any(one.write.counter == "opened" for one in its):
            opened[its[0].write.account].append(its)
    for name, things in opened.items():
        instants = {
            one.acknowledged
            for its in things
            for one in its
            if one.write.counter == "opened" and one.acknowledged is not None
        }
        for at in instants:
            promised = sum(max(_promised(its, at), 0) for its in things)
            if name in accounts and promised > accounts[name].limit:
                yield Fault(Kind.OVER_LIMIT, f"{name}: {promised} is promised, and the limit is {accounts[name].limit}")
                break


def _promised(its: list[Asked], at: float) -> int:
    return sum(
        one.write.amount if one.write.counter == "opened" else -one.write.amount
        for one in its
        if one.write.counter != "captured"
        and (one.is_sure(at) if one.write.counter == "opened" else one.is_possible(at))
    )


def _leaked(
    of_thing: Mapping[str, list[Asked]], last: Mapping[str, Read], accounts: Mapping[str, Account]
) -> Iterator[Fault]:
    reserved: dict[str, int] = defaultdict(int)
    used: dict[str, int] = defaultdict(int)
    for thing, its in of_thing.items():
        found = last[thing].counters if thing in last else {}
        opened, captured, paid, refunded, voided = (found.get(counter, 0) for counter in COUNTERS)
        reserved[its[0].write.account] += opened - captured - voided
        used[its[0].write.account] += captured - paid - refunded
    for name, account in accounts.items():
        if (account.reserved, account.used) != (reserved[name], used[name]):
            held, needed = (account.reserved, account.used), (reserved[name], used[name])
            yield Fault(Kind.LEAKED, f"{name} holds {held} (reserved, used), and its things need {needed}")
        if account.reserved + account.used > account.limit:
            yield Fault(Kind.OVER_LIMIT, f"{name} has {account.reserved + account.used} of {account.limit}")
