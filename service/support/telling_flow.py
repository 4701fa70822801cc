"""What a party that bears losses is told: events about no plan, in a feed of its own."""

from datetime import datetime
from typing import Any, Final

import msgspec

from service import ids
from service.db import Connection
from service.engine.events import TELL, Told, open_feed
from service.event_type import EventType
from service.partners.telling_flow import Teller

PARTY: Final = f"{ids.SUPPORT_PARTY}_"


async def tell_party(
    conn: Connection, bearer_id: str, type_: EventType, by: Teller, data: dict[str, Any], now: datetime
) -> None:
    """Tells who bears losses, where it is a party: merchants and partners have other news."""
    if not bearer_id.startswith(PARTY):
        return
    event_id = ids.new_id(ids.EVENT, ids.bucket_for(bearer_id), int(now.timestamp() * 1000))
    said = msgspec.json.encode(data).decode()
    await open_feed(conn, bearer_id)
    await TELL.execute(conn, told=[Told(ids.bucket_of(event_id), event_id, bearer_id, type_, now, by, said)])
