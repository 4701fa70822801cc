"""Days compared in the database: the worked day, the life of its breaks, and the same again from a manifest."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from service import ids
from service.db import Connection, Pool, run_checks
from service.errors import Code, Refused
from service.merchants.settlement_terms import BankAccount
from service.partners.months_flow import Rows
from service.reconciling import bank_flow, breaks_flow, gathering_flow
from service.reconciling.camt import read_message
from service.reconciling.due_flow import compare_due
from service.reconciling.found import BreakClass, Leg
from service.reconciling.gathering_flow import ROWS_MAX
from service.reconciling.gathering_flow import Q as GATHERING
from service.reconciling.items import Item
from service.reconciling.manifest import RunManifest
from service.reconciling.positions import Position
from service.reconciling.runs_flow import replay
from service.reconciling.verdict import Gap, Result, Verdict
from tests.partners.ledger import MONDAY, PROGRAMME, THURSDAY, TUESDAY, WEDNESDAY, open_world
from tests.reconciling.days import OTHER, SIGNER, compare, noon, owe_another, tell_ours, tell_theirs
from tests.reconciling.messages import IBAN, entry, message
from tests.reconciling.test_worked_day import EARLY, FUNDING, OURS, REFUND, REPAYMENT, SECOND, THEIRS, item, worked_day

LEDGER = (FUNDING, REPAYMENT, REFUND, SECOND)
PARTNERS = (FUNDING, item("E2", "P2", "repayment", 335_81, 31_50), EARLY, SECOND, SECOND)


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        await open_world(connection)
        yield connection


async def result_of(conn: Connection, run: RunManifest) -> Result:
    row = await conn.fetchrow(GATHERING.run, run.reconciliation_id, None)
    assert row is not None
    return msgspec.json.decode(row["result"], type=Result)


async def states(conn: Connection) -> dict[str, tuple[str, str]]:
    rows = await conn.fetch("select key, kind, state from breaks order by key")
    return {row["key"]: (row["kind"], row["state"]) for row in rows}


def at_rest(one: Position) -> Position:
    """The plan on the next day, on which nothing happens."""
    return replace(one, opening=one.closing, funded=0, repaid=0, refunded=0)


async def the_worked_day(conn: Connection) -> RunManifest:
    account = BankAccount("Alster Credit AG", IBAN)
    await bank_flow.open_account(conn, PROGRAMME, "EUR", account, noon(MONDAY))
    statement = read_message(message([entry("2917.70", "N-2026-03-02")], "0.00", "2917.70"))
    await bank_flow.load(conn, bank_flow.Read(statement, b"0" * 32), "ada", noon(MONDAY))
    await tell_ours(conn, LEDGER, OURS, net=-2_922_70)
    await tell_theirs(conn, PARTNERS, THEIRS)
    return await compare(conn)


@pytest.mark.parametrize(("net", "shown"), [(-30_00, ("2917.70", "30.00")), (30_00, ("2917.70", "-30.00"))])
async def test_partners_of_one_programme_are_settled_on_its_account_together(
    conn: Connection, net: int, shown: tuple[str, str]
) -> None:
    """A payment has one end-to-end id for all of them: the first one's comparison holds what is due with all of them
    against the bank, and made again from its manifest it comes to the same."""
    await conn.execute("insert into partners values ($1, 'Another', $2)", OTHER, noon(MONDAY))
    await owe_another(conn, net)
    run = await the_worked_day(conn)
    (short,) = [one for one in (await result_of(conn, run)).found if one.leg is Leg.CASH]
    assert short.amount == 5_00 - net
    more = [entry(amount, "N-2026-03-02", f"T{number}") for number, amount in enumerate(shown) if number]
    statement = read_message(message(more, "0.00", shown[1], message_id="M2"))
    await bank_flow.load(conn, bank_flow.Read(statement, b"1" * 32), "ada", noon(MONDAY))
    second = await compare(conn)
    cash = [(one.kind, one.amount) for one in (await result_of(conn, second)).found if one.leg is Leg.CASH]
    assert cash == [(BreakClass.BANK_FEE, 5_00)]
    assert len(second.cuts.settled_with) == 1
    assert (await replay(conn, second.reconciliation_id)).is_the_same


async def test_the_worked_day_comes_out_to_the_cent(conn: Connection) -> None:
    run = await the_worked_day(conn)
    result, pure = await result_of(conn, run), worked_day()
    assert (result.verdict, result.bridges, result.counts) == (Verdict.BREAKS, pure.bridges, pure.counts)
    told = [(one.leg, one.kind, one.amount, one.differences) for one in result.found]
    assert told == [(one.leg, one.kind, one.amount, one.differences) for one in pure.found]
    assert await states(conn) == {
        "E3": ("missing_in_partner", "new"),
        "E4": ("missing_in_ledger", "new"),
        "E5": ("duplicate", "new"),
        "P6": ("status_divergence", "new"),
    }
    booked = await conn.fetch("select debit, credit, amount from transfers where occasion = 'rounding'")
    assert [tuple(row) for row in booked] == [("rounding_differences", "partner_payable", 1)]


async def test_it_is_made_again_to_the_byte(conn: Connection) -> None:
    run = await the_worked_day(conn)
    await compare(conn)  # what is done since changes nothing
    await tell_theirs(conn, LEDGER, OURS)
    again = await replay(conn, run.reconciliation_id)
    assert again.is_the_same
    assert replace(run, signature="").signed(SIGNER) == run == again.manifest
    assert run.is_signed
    assert not replace(run, verdict=Verdict.RECONCILED).is_signed
    second = await compare(conn)
    assert second.previous_sha256 not in (None, run.previous_sha256)


@pytest.mark.parametrize("rows", [Rows.POSITIONS, Rows.RECEIVED])
async def test_it_is_not_made_again_of_what_has_left(conn: Connection, rows: Rows) -> None:
    run = await the_worked_day(conn)
    after = ids.new_id(ids.FILE, 0, ids.made_at_ms(run.reconciliation_id) + 1)
    await conn.execute("insert into months_gone values ($1, $2, now())", rows, after)
    with pytest.raises(Refused) as refused:
        await replay(conn, run.reconciliation_id)
    assert refused.value.code is Code.NOT_KEPT
    left = await compare(conn)  # a day that nobody compared while its rows were there
    assert (left.verdict, (await result_of(conn, left)).gaps) == (Verdict.INCOMPLETE, (Gap.FILE_MISSING,))
    assert (await replay(conn, left.reconciliation_id)).is_the_same
    await conn.execute("delete from months_gone")
    assert (await replay(conn, run.reconciliation_id)).is_the_same


async def test_a_break_lives_on_from_day_to_day(conn: Connection) -> None:
    await the_worked_day(conn)
    ids_of = {row["key"]: row["break_id"] for row in await conn.fetch("select key, break_id from breaks")}
    ours = [at_rest(one) for one in OURS]
    theirs = [replace(at_rest(one), status="current") for one in THEIRS]
    await tell_ours(conn, [], ours, TUESDAY)
    await tell_theirs(conn, [], theirs, TUESDAY)
    second = await compare(conn, TUESDAY)
    (bridge,) = (await result_of(conn, second)).bridges
    assert (bridge.carried, bridge.net, bridge.residual) == (560_00, 0, 0)
    assert await states(conn) == {
        "E3": ("missing_in_partner", "persisting"),
        "E4": ("missing_in_ledger", "persisting"),
        "E5": ("duplicate", "persisting"),
        "P6": ("status_divergence", "persisting"),
    }
    assert (await result_of(conn, second)).pending == 0  # what was missing at the partner may wait no longer

    # We book E4; the partner books E3, and takes its second E5 back.
    undone = Item("E6", "P5", "repayment", "EUR", WEDNESDAY, principal=-210_00, reverses_event_id="E5")
    closed = [replace(one, status="current") for one in ours]
    closed[3] = replace(closed[3], repaid=1_050_00, closing=0)
    await tell_ours(conn, [EARLY], closed, WEDNESDAY)
    both = [at_rest(one) if one.plan_id == "P4" else one for one in closed]
    both[1] = theirs[1]  # 0.01 less, which was rounded
    await tell_theirs(conn, [REFUND, undone], both, WEDNESDAY)
    third = await compare(conn, WEDNESDAY)
    assert {state for _, state in (await states(conn)).values()} == {"resolved"}
    assert third.verdict is Verdict.RECONCILED
    rows = await conn.fetch("select key, break_id, resolved_by from breaks order by key")
    assert {row["key"]: row["break_id"] for row in rows} == ids_of
    assert {row["key"]: row["resolved_by"] for row in rows if row["key"] != "P6"} == {
        "E3": "E3",
        "E4": "E4",
        "E5": "E6",
    }
    history = await conn.fetch("select what from break_steps where break_id = $1 order by number", ids_of["E4"])
    assert [row["what"] for row in history] == ["opened", "resolved"]
    broken = {check.name for check in await run_checks(conn) if check.rows}
    assert not broken & {"reconciliations_have_their_breaks", "nothing_open_is_green", "roundings_are_booked"}
    assert "transfers_have_their_cause" not in broken


async def test_what_comes_back_is_the_same_break(conn: Connection) -> None:
    for on in (MONDAY, TUESDAY, WEDNESDAY):
        await tell_ours(conn, [], OURS[5:], on)
        await tell_theirs(conn, [], THEIRS[5:] if on != TUESDAY else OURS[5:], on)
        await compare(conn, on)
    assert await states(conn) == {"P6": ("status_divergence", "reopened")}
    (one,) = await conn.fetch("select opened_on, priority, owner from breaks")
    assert tuple(one) == (WEDNESDAY, 1, "operator")


async def test_people_look_after_breaks(conn: Connection, pool: Pool) -> None:
    await the_worked_day(conn)
    now = noon(MONDAY)
    (first, *_) = await breaks_flow.breaks(pool, noon(WEDNESDAY), None, breaks_flow.Which("open"), "", 10)
    assert first.age_days == 3
    assert (await breaks_flow.assign(conn, first.break_id, None, "Ada", "bert", now)).owner == "Ada"
    await breaks_flow.comment(conn, first.break_id, first.partner_id, "we look", "partner", now)
    with pytest.raises(Refused):
        await breaks_flow.comment(conn, first.break_id, "pa_other", "we look", "partner", now)
    ended = await breaks_flow.resolve(conn, first.break_id, None, "by telephone", "bert", now)
    assert (ended.state, ended.resolved_by) == ("resolved", "by telephone")
    with pytest.raises(Refused):
        await breaks_flow.resolve(conn, first.break_id, None, "once more", "bert", now)
    history = await breaks_flow.steps(pool, first.break_id, None, 0, 10)
    assert [one.what for one in history] == ["opened", "assigned", "commented", "resolved"]
    (month,) = await breaks_flow.quality(pool, None, date(2026, 3, 1), now)
    assert (month.days, month.items, month.exceptions, month.automatic_matches) == (1, 4, 3, 3)
    assert (month.automatic_share_bps, month.open_breaks) == (5_000, 3)


async def test_a_day_without_its_files_is_not_complete(conn: Connection) -> None:
    await tell_ours(conn, LEDGER, OURS)
    run = await compare(conn)
    assert (run.verdict, (await result_of(conn, run)).gaps) == (Verdict.INCOMPLETE, (Gap.FILE_MISSING,))
    assert await states(conn) == {}
    await tell_theirs(conn, LEDGER, OURS)
    assert (await compare(conn)).verdict is Verdict.RECONCILED


async def test_what_an_incomplete_day_had_is_compared_with_the_next(conn: Connection) -> None:
    await tell_ours(conn, [], [], MONDAY)
    await tell_theirs(conn, [], [], MONDAY)
    await compare(conn)
    await tell_ours(conn, LEDGER, OURS, TUESDAY)
    assert (await compare(conn, TUESDAY)).verdict is Verdict.INCOMPLETE
    closed = [at_rest(one) for one in OURS]
    await tell_theirs(conn, LEDGER[:3], OURS, TUESDAY)
    await tell_ours(conn, [], closed, WEDNESDAY)
    await tell_theirs(conn, [], closed, WEDNESDAY)
    await compare(conn, WEDNESDAY)
    assert await states(conn) == {"E5": ("missing_in_partner", "new")}


async def test_an_event_that_both_lost_is_no_green_day(conn: Connection) -> None:
    await tell_ours(conn, LEDGER[1:], OURS)
    await tell_theirs(conn, LEDGER[1:], OURS)
    run = await compare(conn)
    assert (run.verdict, (await result_of(conn, run)).gaps) == (Verdict.INCOMPLETE, (Gap.CONTINUITY,))


async def test_a_file_of_another_day_opens_nothing_unless_it_is_confirmed(conn: Connection) -> None:
    ours = [replace(FUNDING, event_id=f"A{n}", plan_id=f"A{n}", principal=-n) for n in range(1, 30)]
    theirs = [replace(one, event_id=f"B{n}", plan_id=f"B{n}") for n, one in enumerate(ours)]
    await tell_ours(conn, ours, [])
    await tell_theirs(conn, theirs, [])
    run = await compare(conn)
    gaps = (await result_of(conn, run)).gaps
    assert (run.verdict, gaps) == (Verdict.INCOMPLETE, (Gap.ANOTHER_DAY, Gap.CONTINUITY))
    assert await states(conn) == {}


async def test_very_many_that_differ_have_a_verdict(conn: Connection) -> None:
    await tell_ours(conn, [], [])
    await tell_theirs(conn, [], [])
    await conn.execute(
        """insert into partner_their_events (file_id, line, event_id, plan_id, type, business_on, value_on, principal,
                                             interest, fee, penalty, subsidy, currency)
           select file_id, n, 'E' || n, 'P' || n, 'repayment', $1, $1, 1, 0, 0, 0, 0, 'EUR'
             from received_files, generate_series(2, $2) as n where type = 'TXN'""",
        MONDAY, 300_000,
    )  # fmt: skip
    assert ROWS_MAX < 300_000
    run = await compare(conn)
    assert (run.verdict, (await result_of(conn, run)).gaps) == (Verdict.INCOMPLETE, (Gap.TOO_MANY,))
    assert run.their_items == 299_999


@pytest.mark.parametrize(("more", "verdict"), [(0, Verdict.BREAKS), (1, Verdict.INCOMPLETE)])
async def test_very_many_positions_that_differ_have_a_verdict(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, more: int, verdict: Verdict
) -> None:
    monkeypatch.setattr(gathering_flow, "ROWS_MAX", 3)
    await tell_ours(conn, [], [])
    plans = [Position(f"P{n}", "EUR", "pa", "active", opening=100, closing=100) for n in range(3 + more)]
    await tell_theirs(conn, [], plans)
    run = await compare(conn, confirmed=True)
    gaps = (await result_of(conn, run)).gaps
    assert (run.verdict, gaps) == (verdict, (Gap.TOO_MANY,) * more)


async def test_yesterday_is_compared_by_itself_and_again_when_more_has_come(conn: Connection, pool: Pool) -> None:
    await tell_ours(conn, LEDGER, OURS)
    assert await compare_due(pool, SIGNER, noon(MONDAY)) == 0  # nobody sends files yet
    await tell_theirs(conn, PARTNERS, THEIRS)
    later = noon(MONDAY) + timedelta(minutes=1)
    assert [await compare_due(pool, SIGNER, later) for _ in range(2)] == [1, 0]
    assert len(await states(conn)) == 4
    await tell_theirs(conn, LEDGER, OURS)
    await conn.execute("update received_files set received_at = $1 where state = 'loaded'", later)
    assert await compare_due(pool, SIGNER, later + timedelta(minutes=1)) == 0  # it is not newer than what was compared
    await conn.execute("update received_files set received_at = $1", later + timedelta(minutes=1))
    assert await compare_due(pool, SIGNER, later + timedelta(minutes=2)) == 1
    assert {state for _, state in (await states(conn)).values()} == {"resolved"}
    assert await compare_due(pool, SIGNER, noon(TUESDAY)) == 1  # and the day after, though nothing came


async def test_days_are_compared_in_their_order(conn: Connection) -> None:
    await compare(conn, TUESDAY)
    with pytest.raises(Refused) as refused:
        await compare(conn, MONDAY)
    assert refused.value.code is Code.STATE_FORBIDS
    with pytest.raises(Refused) as refused:
        await compare(conn, THURSDAY, partner_id="pa_nobody")
    assert refused.value.code is Code.NOT_FOUND
