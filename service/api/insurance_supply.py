"""For the lender: debtors under policies of credit insurance who are overdue, and orders that were declined for it."""

from datetime import date
from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.insurance import require_insurance_id, under_policy
from service.api.operation import operation
from service.api.paging import AfterNotice, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection, Pool
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import supply_flow as flow
from service.insurance.supply_flow import OverdueNotice, Stop
from service.partners.telling_flow import Teller

_FIRST: Final = "0001-01-01"


class Noticed(Struct, frozen=True):
    """Of how many debtors the insurer was told."""

    told: int  # that are overdue as long as the policy says


class NoticePage(Struct, frozen=True):
    """Notices in the order in which they were told; `after` is what to ask with next."""

    notices: list[OverdueNotice]
    after: str


class StopList(Struct, frozen=True):
    """Orders that were declined, the oldest first."""

    stops: list[Stop]


_nothing = Body(Nothing)


@post(
    "/insurance-policies/{insurance_id:str}/overdue-notices",
    status_code=200,
    opt=operation("insurance", Noticed, takes=Nothing, refuses=(Code.NOT_FOUND,)),
)
async def notice_overdue(request: Asked, body: RawBody, insurance_id: InPath) -> ASGIResponse:
    """Tell the insurer now of the debtors who are overdue as long as the policy says, each once for a due date.

    The close of a day does the same for all policies.
    """
    if body:
        _nothing.read(body, content_type(request))
    require_insurance_id(insurance_id)
    ask = write(request, body)

    async def notice(conn: Connection) -> Answer:
        under = await under_policy(conn, insurance_id)
        told = await flow.notice_overdue(conn, under, ask.now, Teller.OPERATOR)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, insurance_id, {"overdue": told})
        return Answer(200, encode(Noticed(told)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, notice))


@get("/insurance-policies/{insurance_id:str}/overdue-notices", opt=operation("insurance", NoticePage))
async def list_notices(
    request: Asked, insurance_id: InPath, after: AfterNotice = "", limit: Limit = 100
) -> ASGIResponse:
    """The debtors of whom the insurer was told that they are overdue."""
    pool = read(request).services.pool
    await under_policy(pool, insurance_id)
    return reply(await notices_page(pool, insurance_id, after, limit))


async def notices_page(pool: Pool, insurance_id: str, after: str, limit: int) -> NoticePage:
    """A page of a policy's notices. Refused: INVALID_FIELD, for a cursor that is none."""
    noticed_on, debtor_id, due_on = after.split(".") if after else (_FIRST, "", _FIRST)
    try:
        place = (date.fromisoformat(noticed_on), debtor_id, date.fromisoformat(due_on))
    except ValueError:
        raise Refused(Code.INVALID_FIELD, "It is what the page before said.", "/after") from None
    page = await flow.notices(pool, insurance_id, place, limit)
    last = page[-1] if page else None
    return NoticePage(page, f"{last.noticed_on}.{last.debtor_id}.{last.due_on}" if last else after)


@get("/insurance-policies/{insurance_id:str}/debtors/{debtor_id:str}/stops", opt=operation("insurance", StopList))
async def list_stops(request: Asked, insurance_id: InPath, debtor_id: InPath) -> ASGIResponse:
    """The orders of a debtor that were declined because it was later than the insurer allows.

    Each decision is kept, and proves that supply was stopped.
    """
    ask = read(request)
    under = await under_policy(ask.services.pool, insurance_id)
    if not ids.is_id(debtor_id, ids.DEBTOR):
        raise Refused(Code.NOT_FOUND, f"There is no debtor {debtor_id[:100]!r}.", "/debtor_id")
    return reply(StopList(await flow.stops_of(ask.services.pool, under, debtor_id, ask.now)))


ROUTES: Final = [notice_overdue, list_notices, list_stops]
