"""A notice: what a client is called for, and the letter that it is sent. Pure."""

from datetime import datetime

from msgspec import Struct


class Notice(Struct, frozen=True):
    """Something has happened to an order."""

    merchant_id: str
    facade: str  # of the order: `wechat`, `alma`, `wechat_refund`, `wechat_permission`
    bucket: int
    reference: str
    source_id: str  # of the event or fact that it tells of
    what: str  # the event's type, or what the facade calls it
    made_at: datetime
    attempts: int


class Letter(Struct, frozen=True):
    """A request to a shop."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes | None = None
