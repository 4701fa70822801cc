"""Losses of trade debtors in the database: each is converted, borne by its policy and booked; so is what comes later.

Losses of consumers' plans are borne by a waterfall, in which the policy's arrangement is a tier.
"""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.insurance import limits_flow
from service.insurance.abroad import Rate, price_text, unchanged
from service.insurance.insured import Sale
from service.insurance.losing import indemnity_of
from service.insurance.policy import Insurance, Line
from service.insurance.salvage import Lost, share_salvage
from service.insurance.supply_flow import stops_of
from service.ledger.booking import Balances
from service.ledger.chart import Occasion
from service.ledger.insuring import indemnity, salvage
from service.ledger.store import BOOK, booked_by
from service.money import AMOUNT_MAX
from service.support.arrangement import Cause
from service.support.cover import Limit, Used

Q: Final = load_queries(Path(__file__).with_name("losses.sql"))


class InsuredLoss(Struct, frozen=True):
    """What was lost with a debtor, and what the insurer pays."""

    loss_id: str = field(name="id")
    debtor_id: str
    cause: Cause
    on: date  # the day of the loss
    currency: str  # of what was owed
    owed: int  # minor units of it
    price: str  # of one whole unit of it in the policy's currency, on that day
    debt: int  # minor units of the policy's currency
    insured: int  # minor units of the policy's currency: within the limit
    cover_bps: int  # of the cause
    indemnity: int  # minor units of the policy's currency that the insurer pays
    limit: Limit | None  # why it is less than the rate of what is insured; null: it is not
    is_booked: bool  # false: somebody else than we is paid
    stops: tuple[str, ...]  # the decisions by which its supply had been stopped before: proof for the claim


class InsuredRecovery(Struct, frozen=True):
    """What came of a loss afterwards, shared by the limit over the debt."""

    recovery_id: str = field(name="id")
    net: int  # minor units of the currency of what was owed
    to_insurer: int  # minor units of it
    to_insured: int  # minor units of it
    price: str  # of one whole unit of it in the policy's currency, on the day it came
    at_receipt: int  # the insurer's part, in minor units of the policy's currency at that price
    at_loss: int  # the same at the price of the day of the loss
    difference: int  # between the two: booked by itself


class LossTold(Struct, frozen=True):
    """A loss as it is told."""

    debtor_id: str
    cause: Cause
    on: date
    currency: str
    sales: Sequence[Sale]


class RecoveryTold(Struct, frozen=True):
    """What came, as it is told."""

    gross: int
    cost: int
    on: date


# Rates ----------------------------------------------------------------------------------------------------------------


class StoredRate(Struct, frozen=True):
    """The rate of a day."""

    on: date  # of which the price is
    price: str  # of one whole unit, as a decimal
    source: str  # who published it


async def store_rate(conn: Connection, rate: Rate, on: date, source: str, now: datetime) -> None:
    """Keeps the rate of a day, which never changes. Refused: STATE_FORBIDS, for another one of the same day."""
    if await conn.fetchval(Q.insert_rate, rate.currency, rate.into, on, rate.price, source, now) is None:
        kept = await conn.fetchval(Q.load_rate, rate.currency, rate.into, on)
        if kept != rate.price:
            raise Refused(Code.STATE_FORBIDS, f"The rate of {on} is {price_text(kept)}, and stays so.", "/price")


async def rate_on(conn: Connection | Pool, currency: str, into: str, on: date, pointer: str) -> Rate:
    """The stored rate of a day. Refused: NO_RATE, with the days next to it that have one."""
    if currency == into:
        return unchanged(currency)
    price = await conn.fetchval(Q.load_rate, currency, into, on)
    if price is None:
        near = await conn.fetchrow(Q.nearest_rates, currency, into, on)
        days = " and ".join(f"{day}" for day in near or () if day is not None) or "no day"
        sentence = f"No rate of {currency} in {into} is stored for {on}; there is one for {days}."
        raise Refused(Code.NO_RATE, sentence, pointer)
    return Rate(currency, into, price)


async def rates(pool: Pool, currency: str, into: str, after: date, limit: int) -> list[StoredRate]:
    """The rates of days after one, in their order."""
    rows = await pool.fetch(Q.list_rates, currency, into, after, limit)
    return [StoredRate(row["rate_on"], price_text(row["price"]), row["source"]) for row in rows]


# Losses ---------------------------------------------------------------------------------------------------------------


async def lose(conn: Connection, under: Insurance, told: LossTold, by: str, now: datetime) -> InsuredLoss:
    """Writes down a loss, and books what the insurer owes for it.

    Refused: LINE_MISMATCH, for plans of consumers; NOT_FOUND, WRONG_DEBTOR, NO_RATE; INVALID_FIELD, for a day to come,
    for a sale after the loss, and for what converts to nothing, or to more than can be booked.
    """
    if under.policy.line is Line.CONSUMER:
        raise Refused(Code.LINE_MISMATCH, "Losses of consumers' plans are borne by their waterfall.", "/id")
    if told.on > now.date():
        raise Refused(Code.INVALID_FIELD, f"{told.on} is after today, {now.date()}.", "/on")
    for number, sale in enumerate(told.sales):
        if sale.on > told.on:
            raise Refused(Code.INVALID_FIELD, f"It was lost on {told.on}, before it was sold.", f"/sales/{number}/on")
    debtor = await limits_flow.debtor_row(conn, under, told.debtor_id)
    await conn.execute(Q.hold_losses, f"losses of {under.policy_id}")
    rate = await rate_on(conn, told.currency, under.terms.currency, told.on, "/on")
    used = await _used(conn, under.policy_id, told)
    steps = await limits_flow.steps_of(conn, told.debtor_id)
    found = indemnity_of(under, debtor["country"], steps, used, rate, told.debtor_id, told.cause, told.on, told.sales)
    _require_amount(found.debt, under.terms.currency, "/sales")
    loss_id = ids.new_id(ids.INSURED_LOSS, ids.bucket_of(under.policy_id), int(now.timestamp() * 1000))
    insurer_id, is_booked = under.terms.provider_id, under.policy.loss_payee_id is None
    assert insurer_id
    owed = sum(one.amount for one in told.sales)
    stops = [one.decision_id for one in await stops_of(conn, under, told.debtor_id, now)]
    await conn.execute(
        Q.insert_loss, loss_id, under.policy_id, told.debtor_id, told.cause, told.on, told.currency, owed, rate.price,
        found.debt, found.insured, found.cover_bps, found.amount, found.first_loss, found.limit, insurer_id,
        under.terms.currency, is_booked, now, by, stops,
    )  # fmt: skip
    if is_booked and found.amount:
        await _book(conn, loss_id, Occasion.INDEMNITY, indemnity(insurer_id, found.amount), under, now)
    return InsuredLoss(
        loss_id, told.debtor_id, told.cause, told.on, told.currency, owed, price_text(rate.price), found.debt,
        found.insured, found.cover_bps, found.amount, found.limit, is_booked, tuple(stops),
    )  # fmt: skip


async def recover(
    conn: Connection, under: Insurance, loss_id: str, told: RecoveryTold, by: str, now: datetime
) -> InsuredRecovery:
    """Shares out what came of a loss, and books the insurer's part. Refused: NOT_FOUND, NO_RATE, INVALID_FIELD."""
    await conn.execute(Q.hold_losses, f"losses of {under.policy_id}")
    row = await conn.fetchrow(Q.load_loss, loss_id)
    if row is None or row["policy_id"] != under.policy_id:
        raise Refused(Code.NOT_FOUND, f"There is no loss {loss_id[:100]!r} under the policy.", "/loss_id")
    if told.cost > told.gross:
        raise Refused(Code.INVALID_FIELD, "It cost more than came.", "/cost")
    if not row["lost_on"] <= told.on <= now.date():
        sentence = f"It came between the loss, {row['lost_on']}, and today, {now.date()}."
        raise Refused(Code.INVALID_FIELD, sentence, "/on")
    at_loss = Rate(row["currency"], row["policy_currency"], row["price"])
    at_receipt = await rate_on(conn, row["currency"], row["policy_currency"], told.on, "/on")
    lost = Lost(row["debt"], row["insured"], row["cover_bps"], at_loss.back(row["indemnity"]))
    before: int = await conn.fetchval(Q.recovered_before, loss_id)
    net = told.gross - told.cost
    shared = share_salvage(lost, before, net)
    recovery_id = ids.new_id(ids.INSURED_RECOVERY, ids.bucket_of(loss_id), int(now.timestamp() * 1000))
    then, came = at_loss.of(shared.to_insurer), at_receipt.of(shared.to_insurer)
    if came:
        _require_amount(came, row["policy_currency"], "/gross")
    await conn.execute(
        Q.insert_recovery, recovery_id, loss_id, told.gross, told.cost, told.on, at_receipt.price, shared.to_insurer,
        came, then, now, by,
    )  # fmt: skip
    assert under.terms.provider_id
    if row["is_booked"] and shared.to_insurer:
        await _book(conn, recovery_id, Occasion.SALVAGE, salvage(under.terms.provider_id, then, came), under, now)
    return InsuredRecovery(
        recovery_id, net, shared.to_insurer, shared.to_insured, price_text(at_receipt.price), came, then, came - then
    )  # fmt: skip


async def losses(pool: Pool, policy_id: str, after: str, limit: int) -> list[InsuredLoss]:
    """All under a policy, the oldest first."""
    return [_loss(row) for row in await pool.fetch(Q.list_losses, policy_id, after, limit)]


def _require_amount(amount: int, currency: str, pointer: str) -> None:
    if not 1 <= amount <= AMOUNT_MAX:
        sentence = f"At the rate of the day it comes to {amount} minor units of {currency}: 1 to {AMOUNT_MAX} will do."
        raise Refused(Code.INVALID_FIELD, sentence, pointer)


def _loss(row: asyncpg.Record) -> InsuredLoss:
    limit: Any = row["limited_by"]
    return InsuredLoss(
        row["loss_id"], row["debtor_id"], Cause(row["cause"]), row["lost_on"], row["currency"], row["owed"],
        price_text(row["price"]), row["debt"], row["insured"], row["cover_bps"], row["indemnity"],
        Limit(limit) if limit else None, row["is_booked"], tuple(row["stops"]),
    )  # fmt: skip


async def _used(conn: Connection, policy_id: str, told: LossTold) -> Used:
    row = await conn.fetchrow(Q.load_used, policy_id, told.on.year, told.debtor_id)
    assert row is not None
    return Used(
        first_loss=row["first_loss"], paid=row["paid"], paid_by_year={told.on.year: row["of_year"]},
        paid_by_debtor={told.debtor_id: row["of_debtor"]}, insured_by_debtor={told.debtor_id: row["insured_of_debtor"]},
    )  # fmt: skip


async def _book(
    conn: Connection, cause_id: str, occasion: Occasion, balances: Balances, under: Insurance, now: datetime
) -> None:
    books = {occasion: balances}
    await BOOK.execute(conn, booked=booked_by(cause_id, books, under.terms.currency, None, now.date(), now))
