"""What a partner is told of its files, comparisons and breaks: events about no plan, in a feed of its own."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from service import ids
from service.engine.events import Told
from service.event_type import EventType


class Teller(StrEnum):
    """In what role somebody brought about what a partner is told, or who bears losses."""

    PARTNER = "partner"  # the partner itself
    SUPPORT = "support"  # who bears losses: an insurer, a guarantor
    OPERATOR = "operator"
    DAY = "day"  # nobody: a day was closed, or compared; or time has passed


def told_to_partner(type_: EventType, partner_id: str, by: Teller, data: dict[str, Any], at: datetime) -> Told:
    """An event of a partner's feed."""
    event_id = ids.new_id(ids.EVENT, ids.bucket_for(partner_id), int(at.timestamp() * 1000))
    return Told(ids.bucket_of(event_id), event_id, partner_id, type_, at, by, msgspec.json.encode(data).decode())
