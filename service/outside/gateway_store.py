"""Gateways in the database: registered, and retired."""

from collections.abc import Sequence
from datetime import datetime

from service.db import Connection
from service.outside.flow import Q


async def register(
    conn: Connection, gateway_id: str, name: str, url: str, data_types: Sequence[str], by: str, now: datetime
) -> bool:
    """A new gateway; False: its name is in use."""
    return await conn.fetchval(Q.insert_gateway, gateway_id, name, url, list(data_types), by, now) is not None


async def retire(conn: Connection, gateway_id: str, by: str, now: datetime) -> bool:
    """Nothing is sent there any more; False: there is no such gateway in use."""
    return await conn.fetchval(Q.retire_gateway, gateway_id, by, now) is not None


async def is_in_use(conn: Connection, gateway: str) -> bool:
    """Whether questions are sent to the gateway of this id, or of this name."""
    return await conn.fetchval(Q.is_gateway_in_use, gateway) is not None
