"""The partner's file comes in: the verdict is kept, and its breaks live until somebody ends them."""

import asyncio
from datetime import date
from enum import StrEnum

import pytest

from service import ids
from service.db import Pool
from service.errors import Code, Refused
from service.partners import flow
from service.partners.reconciliation import BreakKind, BreakState, Outcome, Receipt, Reconciliation
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


async def receipt(pool: Pool, content: bytes, on: date, partner: str = PARTNER, business_on: date = MONDAY) -> Receipt:
    async with pool.acquire() as connection:
        return await flow.receive_file(connection, partner, PROGRAMME, business_on, content, evening(on))


async def test_the_same_figures_match(pool: Pool) -> None:
    content = await our_file(pool)
    header, *lines = content.decode().splitlines()
    theirs = ("\ufeff" + "\n".join([header + ",ref", *(line + ",7" for line in reversed(lines))])).encode()
    verdict = await receive(pool, theirs, TUESDAY)
    assert (verdict.outcome, verdict.our_rows, verdict.their_rows) == (Outcome.MATCHED, 3, 3)
    assert verdict.our_totals == verdict.their_totals
    assert verdict.our_totals["EUR"].outstanding == 21_000
    assert verdict.unknown_columns == ("ref",)
    assert await flow.reconciliations(pool, PARTNER) == [verdict]
    assert await flow.breaks(pool, evening(TUESDAY), PARTNER) == []


async def test_the_same_bytes_get_the_same_answer(pool: Pool) -> None:
    content = (await our_file(pool)).replace(b"70.00", b"70.01", 1)
    answers = await asyncio.gather(*(receive(pool, content, TUESDAY) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert await receive(pool, content, THURSDAY) == answers[0]
    assert len(await flow.reconciliations(pool, PARTNER)) == 1
    assert len(await flow.breaks(pool, evening(THURSDAY), PARTNER)) == 1


async def test_breaks_keep_their_age_through_a_corrected_file(pool: Pool) -> None:
    header, first, second, third = (await our_file(pool)).decode().splitlines()
    wrong = second.replace("70.00,0.00", "70.10,0.00")
    verdict = await receive(pool, "\n".join([header, wrong, third]).encode(), TUESDAY)
    assert verdict.counts == {"amount_differs": 1, "missing_at_partner": 1}
    missing, differs = sorted(
        await flow.breaks(pool, evening(TUESDAY), PARTNER, BreakState.OPEN), key=lambda one: one.plan_id
    )
    assert (missing.kind, missing.owner, missing.age_days) == (BreakKind.MISSING_AT_PARTNER, "partner", 0)
    assert [(d.component, d.ours, d.theirs, d.difference) for d in differs.differences] == [("drawn", 7_000, 7_010, 10)]
    async with pool.acquire() as connection:
        await flow.assign_break(connection, differs.break_id, "Frau Sommer", evening(TUESDAY))

    corrected = await receive(pool, "\n".join([header, first, wrong, third]).encode(), THURSDAY)
    assert (corrected.number, corrected.counts) == (2, {"amount_differs": 1})
    (still,) = await flow.breaks(pool, evening(THURSDAY), None, BreakState.OPEN)
    assert (still.break_id, still.owner, still.age_days) == (differs.break_id, "Frau Sommer", 2)
    (gone,) = await flow.breaks(pool, evening(THURSDAY), PARTNER, BreakState.RESOLVED)
    assert (gone.break_id, gone.resolved_on, gone.age_days) == (missing.break_id, THURSDAY, 2)

    (again,) = (await receive(pool, "\n".join([header, wrong, third, third]).encode(), THURSDAY),)
    assert again.counts == {"amount_differs": 1, "duplicate": 1, "missing_at_partner": 1}
    (back,) = [one for one in await flow.breaks(pool, evening(THURSDAY), None, BreakState.OPEN)
               if one.kind is BreakKind.MISSING_AT_PARTNER]  # fmt: skip
    assert (back.break_id, back.opened_on, back.resolved_on) == (missing.break_id, THURSDAY, None)


async def test_a_break_is_resolved_once_with_a_reason(pool: Pool) -> None:
    content = (await our_file(pool)).replace(b"70.00", b"70.01", 1)
    await receive(pool, content, TUESDAY)
    (one,) = await flow.breaks(pool, evening(TUESDAY), PARTNER, BreakState.OPEN)
    async with pool.acquire() as connection:
        resolved = await flow.resolve_break(connection, one.break_id, "Their rounding; accepted.", evening(WEDNESDAY))
    assert (resolved.state, resolved.note, resolved.age_days) == (BreakState.RESOLVED, "Their rounding; accepted.", 1)
    for unchanging, code in [(one.break_id, Code.STATE_FORBIDS), ("br_none", Code.NOT_FOUND)]:
        async with pool.acquire() as connection:
            with pytest.raises(Refused) as refused:
                await flow.resolve_break(connection, unchanging, "Again.", evening(THURSDAY))
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
    assert await flow.reconciliations(pool, PARTNER) == []


@pytest.mark.parametrize(
    ("type_name", "members"),
    [("reconciliation_outcome", Outcome), ("break_kind", BreakKind), ("break_state", BreakState)],
)
async def test_the_database_has_the_same_words(pool: Pool, type_name: str, members: type[StrEnum]) -> None:
    labels = await pool.fetch("select unnest(enum_range(null::" + type_name + "))::text as label")
    assert [row["label"] for row in labels] == list(members)
