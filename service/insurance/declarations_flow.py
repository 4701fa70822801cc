"""Declarations of turnover in the database: each charges its premium, and books it."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.insurance.insured import Sale, insured_sales
from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.policy import Insurance
from service.insurance.premium import Period, Premium, Turnover, periods, premium_of
from service.ledger.chart import Occasion
from service.ledger.insuring import premium
from service.ledger.store import BOOK, booked_by

Q: Final = load_queries(Path(__file__).with_name("declarations.sql"))


class Declaration(Struct, frozen=True):
    """What was sold in a period, and its premium."""

    declaration_id: str = field(name="id")
    begin_on: date  # the first day of the period
    end_on: date  # the last
    year: int  # of the policy: 1, 2 ...
    is_stated: bool  # false: the turnover is what the books say
    turnover: Turnover  # that is declared
    premium: Premium  # that is owed to the insurer for it
    total: int  # of the premium, in minor units; less than nothing comes back
    declared_at: datetime  # when


async def declare(
    conn: Connection, under: Insurance, begin_on: date, stated: Turnover | None, by: str, now: datetime
) -> Declaration:
    """Declares a period, charges its premium and books it.

    Refused: STATE_FORBIDS, for one that has not ended, is declared already, or does not follow the last; INVALID_FIELD,
    for a day on which none begins.
    """
    await conn.execute(Q.hold_declarations, f"premium of {under.policy_id}")
    before = await declarations(conn, under.policy_id)
    period = _next(under, before, begin_on, now.date())
    turnover = stated or await turnover_of(conn, under, period)
    fees: int = await conn.fetchval(Q.limit_fees, under.policy_id, period.begin_on, period.end_on)
    of_year = [(one.turnover, one.premium) for one in before if one.year == period.year]
    owed = premium_of(under.policy, period, turnover, of_year, fees)
    declaration_id = ids.new_id(ids.DECLARATION, ids.bucket_of(under.policy_id), int(now.timestamp() * 1000))
    insurer_id, currency = under.terms.provider_id, under.terms.currency
    assert insurer_id
    await conn.execute(
        Q.insert_declaration, declaration_id, under.policy_id, period.begin_on, period.end_on, period.year,
        stated is not None, turnover.insured, turnover.uninsured, turnover.credit_notes, owed.on_turnover,
        owed.true_up, owed.limit_fees, insurer_id, currency, now, by,
    )  # fmt: skip
    books = {Occasion.PREMIUM: premium(insurer_id, owed.total)}
    await BOOK.execute(conn, booked=booked_by(declaration_id, books, currency, None, now.date(), now))
    return Declaration(
        declaration_id, period.begin_on, period.end_on, period.year, stated is not None, turnover, owed, owed.total, now
    )  # fmt: skip


def _next(under: Insurance, before: list[Declaration], begin_on: date, today: date) -> Period:
    every = periods(under.terms)
    found = next((one for one in every if one.begin_on == begin_on), None)
    if found is None:
        sentence = f"No period begins on {begin_on}: they are calendar months from {every[0].begin_on} on."
        raise Refused(Code.INVALID_FIELD, sentence, "/begin_on")
    if len(before) == len(every):
        raise Refused(Code.STATE_FORBIDS, "All periods of the policy are declared.", "/begin_on")
    follows = every[len(before)]
    if found != follows:
        raise Refused(Code.STATE_FORBIDS, f"The next to be declared begins on {follows.begin_on}.", "/begin_on")
    if today <= found.end_on:
        raise Refused(Code.STATE_FORBIDS, f"The period ends on {found.end_on}.", "/begin_on")
    return found


async def turnover_of(conn: Connection | Pool, under: Insurance, period: Period) -> Turnover:
    """What the books say was sold in a period: insured is what was sold to debtors who had a limit on that day."""
    limits: dict[str, tuple[str, list[LimitStep]]] = {}
    for row in await conn.fetch(Q.load_limits, under.policy_id):
        one = dict(row)
        person_id, country = one.pop("person_id"), one.pop("country")
        step = LimitStep(**one | {"state": LimitState(one["state"]), "source": LimitSource(one["source"])})
        limits.setdefault(person_id, (country, []))[1].append(step)
    scope = (under.terms.currency, list(under.policy.merchant_ids))
    insured = uninsured = credit_notes = 0
    for person_id, sold_on, sold, returned in await conn.fetch(
        Q.load_turnover, *scope, period.begin_on, period.end_on
    ):  # fmt: skip
        country, steps = limits.get(person_id, (under.policy.country, []))
        (first,) = insured_sales(under.policy, under.terms, country, steps, [Sale(sold_on, 1)])
        if first.insured:
            insured += sold
            credit_notes += returned
        else:
            uninsured += sold
    return Turnover(insured, uninsured, credit_notes)


async def declarations(conn: Connection | Pool, policy_id: str) -> list[Declaration]:
    """All of a policy, the first first."""
    found: list[Declaration] = []
    for row in await conn.fetch(Q.load_declarations, policy_id):
        owed = Premium(row["on_turnover"], row["true_up"], row["limit_fees"])
        turnover = Turnover(row["insured"], row["uninsured"], row["credit_notes"])
        found.append(
            Declaration(
                row["declaration_id"], row["begin_on"], row["end_on"], row["year"], row["is_stated"], turnover, owed,
                owed.total, row["declared_at"],
            )
        )  # fmt: skip
    return found
