"""What a merchant is told of its money: events about no plan."""

from datetime import datetime
from typing import Any

import msgspec

from service import ids
from service.actor import ActorKind
from service.engine.events import Told
from service.event_type import EventType


def told_of_money(
    type_: EventType, cause_id: str, merchant_id: str, actor: ActorKind, data: dict[str, Any], at: datetime
) -> Told:
    """An event of a cause that tells one; its id follows from the cause."""
    event_id = ids.derive(ids.EVENT, cause_id)
    return Told(ids.bucket_of(event_id), event_id, merchant_id, type_, at, actor, msgspec.json.encode(data).decode())
