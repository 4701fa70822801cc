"""Whatever is done to a sealed log by somebody without the secret is found, at the first place that is wrong."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.audit.chain import BEGINNING, Bad, Head, Sealed, check, mark_of, next_head, read_head
from service.audit.entry import Entry, Thing, Verb

SECRET = "outside the database"
AT = datetime(2026, 3, 2, 12, 0, 0, 123_456, tzinfo=UTC)


def entry(n: int) -> Entry:
    return Entry(
        f"au_{n:026}", AT + timedelta(seconds=n), "operator", "ada", "ke_1", Verb.CHANGED, Thing.ACCOUNT, f"co_{n % 3}",
        '{"limit":1}', '{"limit":2}', None,
    )  # fmt: skip


def sealed(size: int) -> list[Sealed]:
    rows, head = [], BEGINNING
    for one in map(entry, range(size)):
        head = next_head(SECRET, head, one)
        rows.append(Sealed(head.number, one, mark_of(SECRET, one), head.seal))
    return rows


def proved(rows: list[Sealed]) -> Head | Bad:
    """As the database is read: by number."""
    head = BEGINNING
    for row in sorted(rows, key=lambda row: (row.number, row.entry.entry_id)):
        found = check(SECRET, head, row)
        if isinstance(found, Bad):
            return found
        head = found
    return head


def test_an_untouched_log_is_proved() -> None:
    rows = sealed(20)
    assert proved(rows) == Head(20, rows[-1].seal)
    assert proved([]) == BEGINNING


CHANGES = {
    "at": AT + timedelta(microseconds=1),
    "audience": "merchant",
    "owner_id": "grace",
    "key_id": None,
    "verb": Verb.READ,
    "thing": Thing.KEY,
    "thing_id": "co_other",
    "before": None,
    "after": '{"limit": 2}',  # the same JSON, other bytes
    "request_id": "r",
    "entry_id": "au_other",
}


def test_every_field_is_sealed() -> None:
    assert CHANGES.keys() == set(Entry.__struct_fields__)


@given(st.integers(1, 30), st.data())
def test_an_edit_is_found(size: int, data: st.DataObject) -> None:
    rows = sealed(size)
    at = data.draw(st.integers(0, size - 1))
    field = data.draw(st.sampled_from(sorted(CHANGES)))
    rows[at] = replace(rows[at], entry=replace(rows[at].entry, **{field: CHANGES[field]}))
    assert isinstance(bad := proved(rows), Bad)
    assert bad.number == at + 1


@given(st.integers(2, 30), st.data())
def test_a_deletion_is_found(size: int, data: st.DataObject) -> None:
    rows = sealed(size)
    at = data.draw(st.integers(0, size - 2))  # without the last: that is a truncation
    closes_the_gap = data.draw(st.booleans())
    left = rows[:at] + rows[at + 1 :]
    if closes_the_gap:
        left = [replace(row, number=number) for number, row in enumerate(left, 1)]
    assert isinstance(bad := proved(left), Bad)
    assert bad.number == at + 1


@given(st.integers(2, 30), st.data())
def test_a_swap_is_found(size: int, data: st.DataObject) -> None:
    rows = sealed(size)
    first, second = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=2, max_size=2)))
    takes_the_seals = data.draw(st.booleans())
    one, other = rows[first], rows[second]
    if takes_the_seals:
        rows[first], rows[second] = replace(other, number=one.number), replace(one, number=other.number)
    else:
        rows[first], rows[second] = replace(one, entry=other.entry), replace(other, entry=one.entry)
    assert isinstance(bad := proved(rows), Bad)
    assert bad.number == first + 1


@given(st.integers(1, 30), st.data())
def test_an_insertion_is_found(size: int, data: st.DataObject) -> None:
    rows = sealed(size)
    at = data.draw(st.integers(0, size))
    like = rows[data.draw(st.integers(0, size - 1))]
    added = data.draw(st.sampled_from([replace(like.entry, entry_id="au_added"), like.entry]))
    seal = data.draw(st.sampled_from([like.seal, bytes(32)]))
    rows = [*rows[:at], replace(like, entry=added, seal=seal), *rows[at:]]
    assert isinstance(bad := proved([replace(row, number=number) for number, row in enumerate(rows, 1)]), Bad)
    # A copy beside its original is the original, followed by its copy.
    assert bad.number in (at + 1, at + 2)
    assert bad.number == at + 1 or rows[at] == like


def test_another_secret_proves_nothing() -> None:
    (row,) = sealed(1)
    assert check("another", BEGINNING, row) == Bad(1, "it was edited, or was not written by Tenor")


def test_heads_are_read_as_they_are_written() -> None:
    head = next_head(SECRET, BEGINNING, entry(1))
    assert read_head(str(head)) == head
    for wrong in ("", "1", "1:", f"1:{'g' * 64}", f"-1:{'a' * 64}", f"1:{'a' * 63}", f"1:{'a' * 64}\n", f"x{head}"):
        assert read_head(wrong) is None
