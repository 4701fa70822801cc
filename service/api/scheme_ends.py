"""A scheme that grants nothing more: two operators say from which day on."""

from datetime import date, timedelta
from typing import Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.api.ask import Asked, InPath, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import JSON, reply_answer
from service.api.schemes import WantedScheme
from service.api.two_people import Proposed, propose
from service.audit.entry import Thing
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.subsidies import scheme_flow as flow


class SchemeEnd(Struct, frozen=True, forbid_unknown_fields=True):
    """The last day on which something is granted."""

    ends_on: date | None = None  # null: yesterday, so that nothing more is


_end = Body(SchemeEnd)


@post(
    "/schemes/{scheme_id:str}/end",
    status_code=202,
    opt=operation("schemes", Proposed, takes=SchemeEnd, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS)),
)
async def end_scheme(request: Asked, body: RawBody, scheme_id: InPath) -> ASGIResponse:
    """Propose that a scheme grants nothing more; another operator approves it, as they did of the scheme.

    It is its next version, which ends on the day named. What was granted before is paid and claimed as it was agreed.
    """
    asked = _end.read(body or b"{}", content_type(request) if body else JSON)
    ask = write(request, body)
    if not ids.is_id(scheme_id, ids.SCHEME):
        raise flow.no_scheme(scheme_id)

    async def end(conn: Connection) -> Answer:
        document = await flow.document_now(conn, scheme_id)
        ends_on = asked.ends_on or ask.now.date() - timedelta(days=1)
        if ends_on >= document.ends_on:
            raise Refused(Code.STATE_FORBIDS, f"It grants nothing after {document.ends_on} anyway.", "/ends_on")
        begins_on = min(document.begins_on, ends_on)
        wanted = WantedScheme(scheme_id, replace(document, begins_on=begins_on, ends_on=ends_on))
        return await propose("agree_scheme", ask, conn, Thing.SCHEME, scheme_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, end))


ROUTES: Final = [end_scheme]
