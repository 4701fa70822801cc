"""Debtors under policies in the database: their limits, what they owe, and what of it is insured."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

import asyncpg
from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.event_type import EventType
from service.insurance.granting import DebtorRecord, asked_for
from service.insurance.insured import Age, InsuredSale, Sale, ageing, insured_sales
from service.insurance.limit import LimitSource, LimitState, LimitStep, answered, limit_on, lowered
from service.insurance.policy import CountryStatus, Insurance, Line
from service.insurance.record import Paid, index_of
from service.partners.telling_flow import Teller
from service.support.telling_flow import tell_party

Q: Final = load_queries(Path(__file__).with_name("limits.sql"))


class Wanted(Struct, frozen=True):
    """A limit that is asked for."""

    consumer_id: str
    country: str
    amount: int  # minor units of the policy's currency
    discretionary: bool  # the insured takes it on itself, where it may
    from_on: date


class Debtor(Struct, frozen=True):
    """A debtor under a policy: the limit, what is owed, and what of it is insured. Amounts are minor units."""

    debtor_id: str = field(name="id")
    policy_id: str
    consumer: str | None  # as who the limit was asked for; null: an insurer knows the debtor by its id alone
    country: str  # of the debtor
    state: LimitState  # of the limit
    source: LimitSource  # who said so
    rule_id: str | None  # of the policy's, that granted it
    limit: int  # of the day
    steps: tuple[LimitStep, ...]  # what became of it, the first first
    exposure: int  # owed
    insured: int  # of it
    uninsured: int  # of it
    usage_bps: int  # of the limit, by what is insured; 0 without a limit
    sales: tuple[InsuredSale, ...]  # in the order of their days
    ageing: tuple[Age, ...]  # of the same


async def ask_for(conn: Connection, under: Insurance, wanted: Wanted, by: str, now: datetime) -> str:
    """Asks for a limit; the id of the debtor.

    Refused: NOT_FOUND; WRONG_DEBTOR, of a merchant whose sales are not insured; COUNTRY_CLOSED; LINE_MISMATCH, for a
    debtor of another country than the line's; STATE_FORBIDS, while the insurer has not answered; INVALID_FIELD.
    """
    person_id = await _require_insurable(conn, under, wanted)
    await conn.execute(Q.hold_debtor, f"{under.policy_id} {person_id}")
    row = await conn.fetchrow(Q.find_debtor, under.policy_id, person_id)
    if row is None:
        at_ms = int(now.timestamp() * 1000)
        debtor_id = ids.new_id(ids.DEBTOR, ids.bucket_for(wanted.consumer_id), at_ms)
        await conn.execute(Q.insert_debtor, debtor_id, under.policy_id, wanted.consumer_id, wanted.country, now)
    else:
        debtor_id = row["debtor_id"]
        if row["country"] != wanted.country:
            raise Refused(Code.INVALID_FIELD, f"The debtor is of {row['country']}.", "/country")
    steps = await steps_of(conn, debtor_id)
    if steps and steps[-1].state is LimitState.REQUESTED:
        raise Refused(Code.STATE_FORBIDS, "The insurer has not answered yet to what was asked before.", "/amount")
    if steps and wanted.from_on < steps[-1].from_on:
        raise Refused(Code.INVALID_FIELD, f"The limit of now begins on {steps[-1].from_on}.", "/from_on")
    cover = under.policy.cover_in(wanted.country, wanted.from_on)
    step = asked_for(
        under.policy, await record_of(conn, under, person_id, wanted.from_on), wanted.amount,
        limit_on(steps, wanted.from_on).amount, wanted.from_on, discretionary=wanted.discretionary,
        restricted=cover is not None and cover.status is CountryStatus.RESTRICTED,
    )  # fmt: skip
    if step.state is not LimitState.REQUESTED:
        await _require_room(conn, under, debtor_id, wanted.country, wanted.amount, wanted.from_on)
    await _keep(conn, debtor_id, step, by, now)
    data = {
        "debtor_id": debtor_id, "policy_id": under.policy_id, "amount": wanted.amount,
        "currency": under.terms.currency, "effective_on": wanted.from_on, "state": step.state,
    }  # fmt: skip
    provider = under.terms.provider_id or ""
    await tell_party(conn, provider, EventType.DEBTOR_LIMIT_ASKED, Teller.OPERATOR, data, now)
    return debtor_id


async def _require_insurable(conn: Connection, under: Insurance, wanted: Wanted) -> str:
    """The person behind a consumer whose debts may be insured under the policy."""
    row = await conn.fetchrow(Q.load_consumer, wanted.consumer_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no consumer {wanted.consumer_id!r}.", "/consumer")
    policy, terms = under.policy, under.terms
    if policy.merchant_ids and row["merchant_id"] not in policy.merchant_ids:
        raise Refused(Code.WRONG_DEBTOR, f"Sales of {row['merchant_id']} are not insured under it.", "/consumer")
    is_abroad = wanted.country != policy.country
    if policy.line is not Line.CONSUMER and is_abroad is not (policy.line is Line.EXPORT):
        sentence = f"The policy is of the line {policy.line}, and the insured's country {policy.country}."
        raise Refused(Code.LINE_MISMATCH, sentence, "/country")
    if policy.line is Line.EXPORT:
        cover = policy.cover_in(wanted.country, wanted.from_on)
        if cover is None or cover.status is CountryStatus.CLOSED:
            sentence = f"{wanted.country} is closed on {wanted.from_on}: nothing sold there is insured."
            raise Refused(Code.COUNTRY_CLOSED, sentence, "/country")
    if not terms.begins_on <= wanted.from_on <= terms.ends_on:
        sentence = f"The policy insures sales from {terms.begins_on} to {terms.ends_on}."
        raise Refused(Code.INVALID_FIELD, sentence, "/from_on")
    if terms.debtor_max and wanted.amount > terms.debtor_max:
        sentence = f"At most {terms.debtor_max} minor units of a debtor are insured."
        raise Refused(Code.INVALID_FIELD, sentence, "/amount")
    return str(row["person_id"])


async def _require_room(
    conn: Connection, under: Insurance, debtor_id: str, country: str, amount: int, on: date
) -> None:
    """Refused: INVALID_FIELD, where all limits of debtors in a country would be more than the policy's cap for it."""
    cover = under.policy.cover_in(country, on)
    if cover is None or not cover.cap:
        return
    await conn.execute(Q.hold_debtor, f"{under.policy_id} {country}")
    others: int = await conn.fetchval(Q.limits_there, under.policy_id, country, debtor_id)
    if others + amount > cover.cap:
        sentence = f"The cap of {country} leaves {max(cover.cap - others, 0)} minor units."
        raise Refused(Code.INVALID_FIELD, sentence, "/amount")


async def answer(
    conn: Connection, under: Insurance, debtor_id: str, amount: int, on: date, conditions: str | None, by: str,
    now: datetime,
) -> None:  # fmt: skip
    """The insurer grants what was asked, a part of it, or 0. Refused: WRONG_DEBTOR, STATE_FORBIDS, INVALID_FIELD."""
    steps = await _hold(conn, under, debtor_id)
    if on < steps[-1].from_on:
        raise Refused(Code.INVALID_FIELD, f"It was asked for from {steps[-1].from_on} on.", "/from_on")
    row = await debtor_row(conn, under, debtor_id)
    await _require_room(conn, under, debtor_id, row["country"], amount, on)
    await _keep(conn, debtor_id, answered(steps, amount, on, conditions), by, now)


async def lower(
    conn: Connection, under: Insurance, debtor_id: str, amount: int, on: date, conditions: str | None, by: str,
    now: datetime,
) -> None:  # fmt: skip
    """The insurer reduces a limit, or withdraws it: 0. Refused: WRONG_DEBTOR, STATE_FORBIDS, INVALID_FIELD."""
    steps = await _hold(conn, under, debtor_id)
    await _keep(conn, debtor_id, lowered(steps, amount, on, now.date(), conditions), by, now)


async def _hold(conn: Connection, under: Insurance, debtor_id: str) -> list[LimitStep]:
    row = await debtor_row(conn, under, debtor_id)
    await conn.execute(Q.hold_debtor, f"{under.policy_id} {row['person_id']}")
    return await steps_of(conn, debtor_id)


async def debtor_row(conn: Connection | Pool, under: Insurance, debtor_id: str) -> asyncpg.Record:
    """Who a debtor is: `consumer_id`, `person_id`, `country`. Refused: NOT_FOUND, WRONG_DEBTOR."""
    row = await conn.fetchrow(Q.load_debtor, debtor_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no debtor {debtor_id[:100]!r}.", "/debtor_id")
    if row["policy_id"] != under.policy_id:
        raise Refused(Code.WRONG_DEBTOR, "The debtor is one of another policy.", "/debtor_id")
    return row


async def _keep(conn: Connection, debtor_id: str, step: LimitStep, by: str, now: datetime) -> None:
    await conn.execute(
        Q.insert_step, debtor_id, step.state, step.source, step.requested, step.limit, step.from_on, step.rule_id,
        step.conditions, step.fee, now, by,
    )  # fmt: skip


async def steps_of(conn: Connection | Pool, debtor_id: str) -> list[LimitStep]:
    """What became of a debtor's limit, the first first."""
    return [_step(row) for row in await conn.fetch(Q.load_steps, debtor_id)]


async def record_of(conn: Connection | Pool, under: Insurance, person_id: str, on: date) -> DebtorRecord:
    """How a person has paid until a day, of what the policy insures."""
    row = await conn.fetchrow(Q.load_record, person_id, under.terms.currency, list(under.policy.merchant_ids), on)
    assert row is not None
    paid = [Paid(*one) for one in zip(row["amounts"], row["days_late"], strict=True)]
    return DebtorRecord(row["paid_orders"], row["overdue"], index_of(paid))


async def debtor(conn: Connection | Pool, under: Insurance, debtor_id: str, on: date) -> Debtor:
    """A debtor as of a day. Refused: NOT_FOUND, WRONG_DEBTOR."""
    (one,) = await _debtors(conn, under, [await debtor_row(conn, under, debtor_id)], on)
    return one


async def debtors(pool: Pool, under: Insurance, after: str, limit: int, on: date) -> list[Debtor]:
    """All under a policy, the oldest first."""
    return await _debtors(pool, under, await pool.fetch(Q.list_debtors, under.policy_id, after, limit), on)


async def _debtors(conn: Connection | Pool, under: Insurance, rows: list[asyncpg.Record], on: date) -> list[Debtor]:
    """Debtors as `debtor_row` has them: as many statements for a thousand as for one."""
    steps: dict[str, list[LimitStep]] = {}
    for row in await conn.fetch(Q.load_steps_of_all, [row["debtor_id"] for row in rows]):
        debtor_id, *_ = row
        steps.setdefault(debtor_id, []).append(_step(row))
    sales: dict[str, list[Sale]] = {}
    scope = under.terms.currency, list(under.policy.merchant_ids), on
    for person_id, *sale in await conn.fetch(Q.load_sales, sorted({row["person_id"] for row in rows}), *scope):
        sales.setdefault(person_id, []).append(Sale(*sale))
    return [_debtor(under, row, steps[row["debtor_id"]], sales.get(row["person_id"], []), on) for row in rows]


def _debtor(under: Insurance, row: asyncpg.Record, steps: list[LimitStep], sales: list[Sale], on: date) -> Debtor:
    insured = insured_sales(under.policy, under.terms, row["country"], steps, sales)
    exposure, covered = sum(one.amount for one in sales), sum(one.insured for one in insured)
    limit = limit_on(steps, on)
    last = steps[-1]
    return Debtor(
        row["debtor_id"], under.policy_id, row["consumer_id"], row["country"], last.state, last.source, last.rule_id,
        limit.amount, tuple(steps), exposure, covered, exposure - covered,
        covered * 10_000 // limit.amount if limit.amount else 0, tuple(insured), ageing(sales, insured),
    )  # fmt: skip


def _step(row: asyncpg.Record) -> LimitStep:
    known = {name: row[name] for name in LimitStep.__struct_fields__}
    return LimitStep(**known | {"state": LimitState(row["state"]), "source": LimitSource(row["source"])})
