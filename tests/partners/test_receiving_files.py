"""The partner's file comes in: the verdict is kept, and its breaks live until somebody ends them."""

import asyncio
import hashlib
from datetime import date

import asyncpg
import pytest

from service import ids
from service.db import Pool
from service.errors import Code, Refused
from service.partners import flow
from service.partners.reconciliation import (
    BREAKS_MAX,
    BreakKind,
    BreakState,
    OpenedBreak,
    Outcome,
    Receipt,
    Reconciliation,
)
from service.partners.theirs import flow as theirs
from service.partners.theirs.doubt import Proof
from tests.partners.ledger import (
    MONDAY,
    PARTNER,
    PROGRAMME,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    FundedPlan,
    evening,
    make_file,
    open_world,
)

UNPROVEN = Proof()


async def our_file(pool: Pool) -> bytes:
    """Monday's file, of three plans."""
    async with pool.acquire() as connection:
        await open_world(connection)
        for name in range(3):
            plan = await FundedPlan(name).authorize(connection)
            await plan.capture(connection, 10_000, MONDAY)
    manifest = await make_file(pool, PROGRAMME, MONDAY, evening(MONDAY))
    _, content = await flow.file_content(pool, PARTNER, manifest.file_id)
    return content


async def receive(pool: Pool, content: bytes, on: date) -> Reconciliation:
    return (await receipt(pool, content, on)).reconciliation


async def receipt(
    pool: Pool,
    content: bytes,
    on: date,
    partner: str = PARTNER,
    business_on: date = MONDAY,
    confirmed: bool = False,
    proof: Proof = UNPROVEN,
) -> Receipt:
    compared = await theirs.compare(pool, partner, PROGRAMME, business_on, content, proof)
    async with pool.acquire() as connection:
        return await theirs.keep(connection, compared, confirmed, evening(on))


async def test_the_same_figures_match(pool: Pool) -> None:
    content = await our_file(pool)
    header, *lines = content.decode().splitlines()
    sent = ("\ufeff" + "\n".join([header + ",ref", *(line + ",7" for line in reversed(lines))])).encode()
    received = await receipt(pool, sent, TUESDAY)
    verdict = received.reconciliation
    assert (verdict.outcome, verdict.our_rows, verdict.their_rows) == (Outcome.MATCHED, 3, 3)
    assert verdict.our_totals == verdict.their_totals
    assert verdict.our_totals["EUR"].outstanding == 21_000
    assert received.unknown_columns == ("ref",)
    assert await theirs.reconciliations(pool, PARTNER) == [verdict]
    assert await theirs.breaks(pool, evening(TUESDAY), PARTNER) == []


async def test_the_same_bytes_get_the_same_answer(pool: Pool) -> None:
    content = (await our_file(pool)).replace(b"70.00", b"70.01", 1)
    answers = await asyncio.gather(*(receive(pool, content, TUESDAY) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert await receive(pool, content, THURSDAY) == answers[0]
    assert len(await theirs.reconciliations(pool, PARTNER)) == 1
    assert len(await theirs.breaks(pool, evening(THURSDAY), PARTNER)) == 1


async def test_breaks_keep_their_age_through_a_corrected_file(pool: Pool) -> None:
    header, first, second, third = (await our_file(pool)).decode().splitlines()
    wrong = second.replace("70.00,0.00", "70.10,0.00")
    verdict = await receive(pool, "\n".join([header, wrong, third]).encode(), TUESDAY)
    assert verdict.counts == {"amount_differs": 1, "missing_at_partner": 1}
    missing, differs = sorted(
        await theirs.breaks(pool, evening(TUESDAY), PARTNER, BreakState.OPEN), key=lambda one: one.plan_id
    )
    assert (missing.kind, missing.owner, missing.age_days) == (BreakKind.MISSING_AT_PARTNER, "partner", 0)
    assert [(d.component, d.ours, d.theirs, d.difference) for d in differs.differences] == [("drawn", 7_000, 7_010, 10)]
    async with pool.acquire() as connection:
        await theirs.assign_break(connection, differs.break_id, "Frau Sommer", "ada", evening(TUESDAY))

    corrected = await receive(pool, "\n".join([header, first, wrong, third]).encode(), THURSDAY)
    assert (corrected.number, corrected.counts) == (2, {"amount_differs": 1})
    (still,) = await theirs.breaks(pool, evening(THURSDAY), None, BreakState.OPEN)
    assert (still.break_id, still.owner, still.age_days) == (differs.break_id, "Frau Sommer", 2)
    (gone,) = await theirs.breaks(pool, evening(THURSDAY), PARTNER, BreakState.RESOLVED)
    assert (gone.break_id, gone.resolved_on, gone.age_days) == (missing.break_id, THURSDAY, 2)

    (again,) = (await receive(pool, "\n".join([header, wrong, third, third]).encode(), THURSDAY),)
    assert again.counts == {"amount_differs": 1, "duplicate": 1, "missing_at_partner": 1}
    (back,) = [one for one in await theirs.breaks(pool, evening(THURSDAY), None, BreakState.OPEN)
               if one.kind is BreakKind.MISSING_AT_PARTNER]  # fmt: skip
    assert (back.break_id, back.opened_on, back.resolved_on) == (missing.break_id, THURSDAY, None)


async def file_of(pool: Pool, on: date) -> bytes:
    """Our file of a further day."""
    manifest = await make_file(pool, PROGRAMME, on, evening(on))
    return (await flow.file_content(pool, PARTNER, manifest.file_id))[1]


async def test_a_plan_that_is_wrong_on_several_days_is_one_break_whose_age_goes_on(pool: Pool) -> None:
    monday = (await our_file(pool)).replace(b"70.00\r\n", b"70.01\r\n", 1)
    await receive(pool, monday, TUESDAY)
    (first,) = await open_breaks(pool, TUESDAY)
    async with pool.acquire() as connection:
        await theirs.assign_break(connection, first.break_id, "Frau Sommer", "ada", evening(TUESDAY))

    tuesday = (await file_of(pool, TUESDAY)).replace(b"70.00\r\n", b"70.02\r\n", 1)
    verdict = (await receipt(pool, tuesday, WEDNESDAY, business_on=TUESDAY)).reconciliation
    (second,) = await open_breaks(pool, WEDNESDAY)
    assert (second.break_id, second.owner, second.age_days) == (first.break_id, "Frau Sommer", 1)
    assert (second.first_business_on, second.business_on, second.reconciliation_id) == (
        MONDAY, TUESDAY, verdict.reconciliation_id
    )  # fmt: skip
    assert [one.theirs for one in second.differences] == [7_002]

    right = await file_of(pool, TUESDAY)
    await receipt(pool, right, THURSDAY, business_on=TUESDAY)  # Monday still has it
    (third,) = await open_breaks(pool, THURSDAY)
    assert (third.break_id, third.business_on, third.age_days) == (first.break_id, MONDAY, 2)
    await receive(pool, await file_of(pool, MONDAY), THURSDAY)
    assert await open_breaks(pool, THURSDAY) == []
    (gone,) = await theirs.breaks(pool, evening(THURSDAY), PARTNER, BreakState.RESOLVED)
    assert (gone.break_id, gone.resolved_on, gone.age_days) == (first.break_id, THURSDAY, 2)


async def test_a_break_that_was_resolved_begins_anew_on_another_day(pool: Pool) -> None:
    await receive(pool, (await our_file(pool)).replace(b"70.00\r\n", b"70.01\r\n", 1), TUESDAY)
    (first,) = await open_breaks(pool, TUESDAY)
    async with pool.acquire() as connection:
        await theirs.resolve_break(connection, first.break_id, "Their rounding; accepted.", "ada", evening(TUESDAY))
    tuesday = (await file_of(pool, TUESDAY)).replace(b"70.00\r\n", b"70.01\r\n", 1)
    await receipt(pool, tuesday, WEDNESDAY, business_on=TUESDAY)
    (second,) = await open_breaks(pool, WEDNESDAY)
    assert second.break_id != first.break_id
    assert (second.first_business_on, second.age_days) == (TUESDAY, 0)
    await receive(pool, (await file_of(pool, MONDAY)).replace(b"70.00\r\n", b"70.03\r\n", 1), WEDNESDAY)
    (joined,) = await open_breaks(pool, WEDNESDAY)  # Monday's correction has it too: the one that is open goes on
    assert (joined.break_id, joined.first_business_on) == (second.break_id, MONDAY)


async def test_an_operators_word_stays_when_a_corrected_file_opens_the_break_again(pool: Pool) -> None:
    content = await our_file(pool)
    await receive(pool, content.replace(b"70.00\r\n", b"70.01\r\n", 1), TUESDAY)
    (one,) = await open_breaks(pool, TUESDAY)
    async with pool.acquire() as connection:
        await theirs.resolve_break(connection, one.break_id, "Fraud suspected.", "ada", evening(TUESDAY))
    await receive(pool, content.replace(b"70.00\r\n", b"70.02\r\n", 1), WEDNESDAY)
    (again,) = await open_breaks(pool, WEDNESDAY)
    assert (again.break_id, again.opened_on, again.note) == (one.break_id, WEDNESDAY, "Fraud suspected.")


async def test_the_history_of_a_break_is_kept(pool: Pool) -> None:
    content = await our_file(pool)
    await receive(pool, content.replace(b"70.00\r\n", b"70.01\r\n", 1), TUESDAY)
    (one,) = await open_breaks(pool, TUESDAY)
    async with pool.acquire() as connection:
        await theirs.assign_break(connection, one.break_id, "Frau Sommer", "ada", evening(TUESDAY))
        await theirs.comment_break(connection, one.break_id, "Fraud suspected.", "grace", evening(TUESDAY))
        await theirs.resolve_break(connection, one.break_id, "Their rounding.", "ada", evening(TUESDAY))
    await receive(pool, content.replace(b"70.00\r\n", b"70.02\r\n", 1), WEDNESDAY)
    await receive(pool, content, WEDNESDAY)
    notes = await theirs.break_notes(pool, one.break_id, 0, 100)
    assert [(note.what, note.noted_by, note.owner or note.note) for note in notes] == [
        ("assigned", "ada", "Frau Sommer"),
        ("commented", "grace", "Fraud suspected."),
        ("resolved", "ada", "Their rounding."),
        ("reopened", None, None),
        ("resolved", None, "A corrected file no longer has it."),
    ]
    assert await theirs.break_notes(pool, one.break_id, notes[1].number, 2) == notes[2:4]
    (ended,) = await theirs.breaks(pool, evening(WEDNESDAY), PARTNER, BreakState.RESOLVED)
    assert ended.note == "Their rounding."  # a file overwrites no word of an operator's
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await pool.execute("update break_notes set note = null")


async def test_a_comment_needs_a_break(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(Refused) as refused:
            await theirs.comment_break(connection, "br_00000000000000000000000000", "x", "ada", evening(TUESDAY))
    assert refused.value.code is Code.NOT_FOUND


async def open_breaks(pool: Pool, on: date) -> list[OpenedBreak]:
    return await theirs.breaks(pool, evening(on), PARTNER, BreakState.OPEN)


async def test_a_break_is_resolved_once_with_a_reason(pool: Pool) -> None:
    content = (await our_file(pool)).replace(b"70.00", b"70.01", 1)
    await receive(pool, content, TUESDAY)
    (one,) = await theirs.breaks(pool, evening(TUESDAY), PARTNER, BreakState.OPEN)
    async with pool.acquire() as connection:
        resolved = await theirs.resolve_break(
            connection, one.break_id, "Their rounding; accepted.", "ada", evening(WEDNESDAY)
        )
    assert (resolved.state, resolved.note, resolved.age_days) == (BreakState.RESOLVED, "Their rounding; accepted.", 1)
    for unchanging, code in [(one.break_id, Code.STATE_FORBIDS), ("br_none", Code.NOT_FOUND)]:
        async with pool.acquire() as connection:
            with pytest.raises(Refused) as refused:
                await theirs.resolve_break(connection, unchanging, "Again.", "ada", evening(THURSDAY))
        assert refused.value.code is code


async def test_what_cannot_be_held_against_anything_is_refused_and_leaves_nothing(pool: Pool) -> None:
    content = await our_file(pool)
    stranger = ids.new_id(ids.PARTNER, 0, 9)
    for partner, on, sent, code in [
        (PARTNER, TUESDAY, content, Code.NOT_FOUND),
        (stranger, MONDAY, content, Code.NOT_FOUND),
        (PARTNER, MONDAY, content.replace(b".00", b",00"), Code.INVALID_FILE),
    ]:
        with pytest.raises(Refused) as refused:
            await receipt(pool, sent, TUESDAY, partner, on)
        assert refused.value.code is code
    assert await theirs.reconciliations(pool, PARTNER) == []


async def test_a_file_of_another_day_is_refused_until_it_is_confirmed(pool: Pool) -> None:
    monday = await our_file(pool)
    tuesday = await file_of(pool, TUESDAY)  # nothing was drawn on it
    assert monday != tuesday
    header, *lines = tuesday.decode().splitlines()
    shuffled = "\n".join([header, *reversed(lines)]).encode()
    for sent, says in [
        (tuesday, f"looks like that of {TUESDAY}: it has the count and the sums of ours of that day"),
        (shuffled, f"looks like that of {TUESDAY}"),
        (header.encode(), "The file has no rows, and ours of this day has 3"),
    ]:
        with pytest.raises(Refused, match=says) as refused:
            await receipt(pool, sent, TUESDAY)
        assert refused.value.code is Code.INVALID_FILE
        assert refused.value.detail.endswith("If it is right, send it with confirmed=true.")
    assert await theirs.reconciliations(pool, PARTNER) == []

    kept = await receipt(pool, tuesday, TUESDAY, confirmed=True)
    assert kept.reconciliation.counts == {"amount_differs": 3}
    assert await receipt(pool, tuesday, TUESDAY) == kept  # what was taken in once, is


async def test_a_file_is_what_its_proof_says(pool: Pool) -> None:
    content = await our_file(pool)
    whole = Proof(3, hashlib.sha256(content).hexdigest())
    assert (await receipt(pool, content, TUESDAY, proof=whole)).reconciliation.outcome is Outcome.MATCHED
    cut = b"".join(content.splitlines(keepends=True)[:-1])
    for proof, says in [(Proof(rows=3), "has 2 rows, and was sent as one of 3"), (whole, "not the bytes")]:
        with pytest.raises(Refused, match=says) as refused:
            await receipt(pool, cut, TUESDAY, proof=proof)
        assert refused.value.code is Code.INVALID_FILE


async def test_as_many_breaks_as_are_kept_and_one_more(pool: Pool) -> None:
    content = await our_file(pool)

    def with_strangers(count: int) -> bytes:
        strangers = (ids.new_id(ids.PLAN, 0, 10_000_000 + number) for number in range(count))
        return content + b"".join(f"{name},EUR,1.00,0.00,0.00,1.00\r\n".encode() for name in strangers)

    kept = await receipt(pool, with_strangers(BREAKS_MAX), TUESDAY, confirmed=True)
    assert (kept.reconciliation.counts, len(kept.breaks)) == ({"missing_here": BREAKS_MAX}, 100)
    assert await pool.fetchval("select count(*) from breaks where state = 'open'") == BREAKS_MAX
    with pytest.raises(Refused, match="more than 10000 breaks"):
        await receipt(pool, with_strangers(BREAKS_MAX + 1), TUESDAY, confirmed=True)
    await receipt(pool, content, TUESDAY)
    assert await pool.fetchval("select count(*) from breaks where state = 'open'") == 0
