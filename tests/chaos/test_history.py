"""The checker of histories finds what it is there for, and nothing in a history that can be."""

import pytest
from msgspec.structs import replace

from tests.chaos.history import Account, Kind, Read, Write, faults, gaps

THING, ACCOUNT = "order-1", "co-1"


def write(key: str, counter: str, amount: int, sent: float, **other: object) -> Write:
    """A write that is acknowledged one second later."""
    plain = Write(key, THING, ACCOUNT, counter, amount, sent, sent + 1, 200, key.encode())
    return replace(plain, **other)


# Opened; captured in two parts, the second in three sendings; paid in part.
WRITES = [
    write("open", "opened", 100, 0),
    write("capture 1", "captured", 60, 2),
    write("capture 2", "captured", 40, 4, heard=5, status=0, answer=b""),
    write("capture 2", "captured", 40, 6, heard=7, status=503, answer=b""),
    write("capture 2", "captured", 40, 8),
    write("capture 2", "captured", 40, 12),
    write("pay", "paid", 30, 10),
    write("too much", "paid", 900, 13, status=409, may_be_refused=True),
]
READS = [
    Read(THING, {}, 0, 0.5),
    Read(THING, {"opened": 100, "captured": 60}, 4, 5),  # the second part may have been done, or not
    Read(THING, {"opened": 100, "captured": 100}, 5, 6),
    Read(THING, {"opened": 100, "captured": 100, "paid": 30}, 11, 12),
]
LAST = Read(THING, {"opened": 100, "captured": 100, "paid": 30}, 90, 91)
END = Account(limit=100, reserved=0, used=70)


def kinds(
    writes: list[Write] = WRITES, reads: list[Read] = READS, last: Read | None = LAST, account: Account = END
) -> set[Kind]:
    return {one.kind for one in faults(writes, reads, {last.thing: last} if last else {}, {ACCOUNT: account})}


def seen(**counters: int) -> Read:
    return replace(LAST, counters={**LAST.counters, **counters})


def test_what_can_be() -> None:
    assert kinds() == set()


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({"last": seen(paid=0), "account": replace(END, used=100)}, Kind.LOST, id="a write is lost"),
        pytest.param({"last": None, "account": replace(END, used=0)}, Kind.LOST, id="a thing is lost"),
        pytest.param({"last": seen(paid=60), "account": replace(END, used=40)}, Kind.DOUBLED, id="done twice"),
        pytest.param({"last": seen(refunded=5), "account": replace(END, used=65)}, Kind.PHANTOM, id="nobody asked"),
        pytest.param({"writes": [*WRITES, write("again", "refunded", 5, 20, status=404)]}, Kind.WRONG, id="not found"),
        pytest.param({"reads": [Read(THING, {"opened": 100, "captured": 60}, 9.5, 10)]}, Kind.STALE, id="stale read"),
        pytest.param({"reads": [Read(THING, {"opened": 100}, 3, 3.1)]}, Kind.STALE, id="answered before COMMIT"),
        pytest.param({"reads": [Read(THING, {"opened": 100, "captured": 60}, 1, 1.5)]}, Kind.PHANTOM, id="too early"),
        pytest.param({"writes": [*WRITES, write("pay", "paid", 30, 14, answer=b"*")]}, Kind.CHANGED, id="other bytes"),
        pytest.param({"writes": [*WRITES, write("pay", "paid", 30, 14, status=409)]}, Kind.CHANGED, id="other status"),
        pytest.param({"account": replace(END, reserved=1)}, Kind.LEAKED, id="leaked"),
        pytest.param({"writes": [*WRITES, write("x", "voided", 0, 20, status=500)]}, Kind.BROKEN, id="status 500"),
        pytest.param({"account": replace(END, limit=60)}, Kind.OVER_LIMIT, id="over the limit in the end"),
    ],
)
def test_what_cannot_be(changed: dict[str, object], found: Kind) -> None:
    assert found in kinds(**changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(("limit", "is_over"), [(220, False), (219, True)])
def test_the_limit_holds_at_every_moment(limit: int, is_over: bool) -> None:
    """150 and 100 are open together, and at most 30 had come back by then; both are given back in the end."""
    both = [
        write("a", "opened", 150, 0),
        write("pay a", "paid", 30, 1.5, status=0),
        write("b", "opened", 100, 2, thing="order-2"),
        write("void a", "voided", 150, 5),
        write("void b", "voided", 100, 6, thing="order-2"),
    ]
    last = {
        "order-1": Read("order-1", {"opened": 150, "voided": 150}, 9, 9),
        "order-2": Read("order-2", {"opened": 100, "voided": 100}, 9, 9),
    }
    found = {one.kind for one in faults(both, [], last, {ACCOUNT: Account(limit, 0, 0)})}
    assert found == ({Kind.OVER_LIMIT} if is_over else set())


def test_the_longest_gaps_stand_first() -> None:
    assert gaps([9.0, 1.0, 4.5, 3.0]) == [(4.5, 4.5), (2.0, 1.0), (1.5, 3.0)]
    assert gaps([]) == []
