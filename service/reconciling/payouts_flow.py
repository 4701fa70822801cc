"""Payouts to merchants are paid and come back by what the bank's statement shows; what does not match is a break."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.db import Connection, Pool, load_queries
from service.merchants import paying_flow
from service.merchants.paying_flow import Told
from service.merchants.payout import WordOf
from service.partners.telling_flow import Teller
from service.reconciling.breaks_flow import tell_breaks
from service.reconciling.found import Found
from service.reconciling.keeping_flow import Running, keep
from service.reconciling.life import BreakStepKind
from service.reconciling.payouts import PayoutCash, Said, Shown, broken, cash_verdict, late, named_in, said_by

Q: Final = load_queries(Path(__file__).with_name("payouts.sql"))


class PayoutAccountCash(Struct, frozen=True):
    """How the payouts of a currency stand against the account that they are paid from."""

    currency: str
    iban: str  # the account's number
    verdict: PayoutCash
    until: date | None  # the last day of which the bank has told something; null: it has told nothing
    closing: int | None  # minor units: of its last statement
    ordered: int  # payouts that are on their way
    ordered_amount: int  # minor units of them
    late: int  # of them: the bank has told of later days, and not of them
    unshown: int  # payouts that were paid or came back by an operator's word, and that the bank has not shown
    breaks: int  # payments on it that are not what was ordered, and that nobody has closed
    breaks_amount: int  # minor units of them, without signs


class PayingAccount(Struct, frozen=True):
    """An account of ours that payouts leave from."""

    iban: str
    currency: str


async def settle(
    conn: Connection, account: PayingAccount, shown: Iterable[Shown], bank_message_id: str, by: str, now: datetime
) -> None:
    """What these payments say of payouts, in the caller's transaction; what left comes first. Breaks are opened for
    what was not ordered and for payouts that are late, carried on, and ended where a payout is late no more."""
    found = []
    for one in sorted(shown, key=lambda entry: (entry.amount > 0, entry.entry_id)):
        said = await _said(conn, one)
        if (broke := broken(one, said, account.currency)) is not None:
            found.append(broke)
        elif said.confirmed:
            await paying_flow.confirm(conn, said.payouts)
        elif said.step is not None:
            told = Told(now, by, None, (one.reason or one.reference)[:140], WordOf.BANK)
            await paying_flow.shown_by_bank(conn, list(said.payouts), said.step, told)
    until = await conn.fetchval(Q.told_until, account.iban)
    if until is not None:
        await _compare(conn, account, found, Running(until, now, bank_message_id=bank_message_id))


async def _compare(conn: Connection, account: PayingAccount, found: list[Found], run: Running) -> None:
    """Hold what is on its way against the last day that the bank has told of, and keep what was found."""
    overdue = [
        late(row["payout_id"], row["amount"], account.currency)
        for row in await conn.fetch(Q.late, account.currency, run.business_on)
    ]
    await conn.execute(Q.carry_on, account.iban, run.business_on)
    steps = await keep(conn, run, [*found, *overdue])
    known = [one.key for one in overdue]
    ended = await conn.fetch(
        Q.end_late, account.currency, known, run.bank_message_id, run.business_on, run.made_at
    )  # fmt: skip
    steps += [(row["break_id"], BreakStepKind(row["what"])) for row in ended]
    await tell_breaks(conn, steps, Teller.DAY, run.made_at)


async def _said(conn: Connection, one: Shown) -> Said:
    named = named_in(one)
    orders = () if named.tries else named.orders[:1]
    known = await paying_flow.named_by_bank(conn, named.tries, orders)
    ordered_at = await paying_flow.ordered_at(conn, orders[0]) if orders else None
    return said_by(one, named, known, ordered_at)


async def cash(pool: Pool) -> list[PayoutAccountCash]:
    """Of each account that merchants are paid from."""
    return [
        PayoutAccountCash(
            verdict=cash_verdict(row["breaks"] + row["late"], row["unshown"], row["ordered"]),
            **{name: row[name] for name in PayoutAccountCash.__struct_fields__ if name != "verdict"},
        )
        for row in await pool.fetch(Q.cash)
    ]
