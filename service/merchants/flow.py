"""Merchants in the database: taken on, and the clocks of test merchants moved."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from service.db import Connection, Pool, load_queries
from service.engine.events import open_feed
from service.merchants.merchant import Merchant

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


async def take_on(conn: Connection, merchant: Merchant, now: datetime) -> None:
    """A new merchant, with the feed of its events."""
    fees = msgspec.json.encode(merchant.fees).decode()
    platform = None if merchant.platform is None else msgspec.json.encode(merchant.platform).decode()
    await conn.execute(
        Q.insert_merchant, merchant.merchant_id, merchant.name, merchant.country, merchant.time_zone, fees, now,
        merchant.is_test, platform, merchant.platform_id, merchant.fee_share_bps, merchant.is_believed,
    )  # fmt: skip
    await open_feed(conn, merchant.merchant_id)


async def move_clock(pool: Pool, merchant_id: str, ahead: timedelta) -> None:
    """A test merchant's clock is so far ahead of real time from now on; further than that, it stays where it is."""
    await pool.execute(Q.move_clock, merchant_id, ahead)


class Before(msgspec.Struct, frozen=True):
    """What a merchant was before it was changed."""

    name: str
    fees: msgspec.Raw
    active: bool
    is_believed: bool


async def lock(conn: Connection, merchant_id: str) -> Before | None:
    """What it is now, until the transaction ends; None: there is none."""
    row = await conn.fetchrow(Q.lock_merchant, merchant_id)
    if row is None:
        return None
    return Before(row["name"], msgspec.Raw(row["fees"].encode()), row["active"], row["is_believed"])


async def change(
    conn: Connection, merchant_id: str, name: str | None, fees: str | None, active: bool | None,
    is_believed: bool | None,
) -> None:  # fmt: skip
    """A locked merchant is another from now on, in what is not None."""
    await conn.execute(Q.change_merchant, merchant_id, name, fees, active, is_believed)
