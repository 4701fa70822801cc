"""Merchants in the database: taken on."""

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from service.db import Connection, load_queries
from service.engine.events import open_feed
from service.merchants.merchant import Merchant

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))


async def take_on(conn: Connection, merchant: Merchant, now: datetime) -> None:
    """A new merchant, with the feed of its events."""
    fees = msgspec.json.encode(merchant.fees).decode()
    await conn.execute(
        Q.insert_merchant, merchant.merchant_id, merchant.name, merchant.country, merchant.time_zone, fees, now
    )
    await open_feed(conn, merchant.merchant_id)
