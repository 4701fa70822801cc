"""Which events there are: of each type what it tells, the schema of its data, and an example."""

from functools import lru_cache
from typing import Annotated, Any, Final

import yaml
from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct, field

from service.api.ask import Asked
from service.api.operation import operation
from service.api.public import CONTRACT
from service.api.reply import reply
from service.event_type import EventType


class EventTypeView(Struct, frozen=True):
    """A type of events."""

    type: EventType
    tells: str  # in a sentence; fields of its data stand in `backquotes`
    data_schema: dict[str, Any] = field(name="schema")  # JSON Schema of its data
    example: dict[str, Any]  # a message as an endpoint gets it


class EventTypePage(Struct, frozen=True):
    """All types of events, or the one that was asked for."""

    event_types: list[EventTypeView]


@get("/event-types", opt=operation("events", EventTypePage, example={"of_type": "plan.captured"}))
async def list_event_types(
    request: Asked, of_type: Annotated[EventType | None, QueryParameter()] = None
) -> ASGIResponse:
    """What you can be told of: each type with its meaning, the JSON Schema of its data and an example.

    The same stands in this document under `webhooks`.
    """
    return reply(EventTypePage([one for one in _event_types() if of_type in (None, one.type)]))


@lru_cache(1)
def _event_types() -> list[EventTypeView]:
    """As the contract says it: its section is read, and not the whole of it."""
    text = CONTRACT.read_text()
    begin = text.find("\nwebhooks:\n")
    if begin < 0:  # it is being made
        return []
    section = yaml.load(text[begin : text.index("\ncomponents:\n", begin)], Loader=yaml.CSafeLoader)
    return [view_of(type_, one["post"]) for type_, one in section["webhooks"].items()]


def view_of(type_: str, said: Any) -> EventTypeView:
    """A type as the contract has it among its webhooks."""
    content = said["requestBody"]["content"]["application/json"]
    schema = content["schema"]["properties"]["data"]
    return EventTypeView(EventType(type_), said["summary"], schema, content.get("example", {}))


ROUTES: Final = [list_event_types]
