"""Accounts in the database. Whoever changes one holds its lock."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from service.db import load_queries
from service.limits.account import Account
from service.statement import Row, SmallInt, Statement

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


class Exposed(Row, frozen=True):
    """What commands change of an account: what is promised and used of its limit."""

    bucket: SmallInt
    person_id: str
    currency: str
    reserved: int
    used: int
    version: int
    is_owed_again: bool


class Opening(Row, frozen=True):
    """An account that a decision opens, with its limit."""

    bucket: SmallInt
    person_id: str
    currency: str
    limit: int
    opened_by: str  # the decision


OPEN_ACCOUNTS: Final = Statement(Q.open_accounts, opening=Opening)
OPEN_NEW_ACCOUNTS: Final = Statement(Q.open_new_accounts, opening=Opening)
MOVE_ACCOUNTS: Final = Statement(Q.move_accounts, exposed=Exposed)


def last_of_each(accounts: Iterable[Account]) -> list[Account]:
    """Of each account its last state, in the order locks are taken in."""
    last = {(one.bucket, one.person_id, one.currency): one for one in accounts}
    return [last[key] for key in sorted(last)]
