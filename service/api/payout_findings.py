"""Payouts to merchants against the bank: how the accounts that they leave from stand, and what was not ordered."""

from typing import Annotated, Final

from litestar import get, post
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Asked, content_type, read, write
from service.api.body import Body
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterBankEntry, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.reconciling import payouts_flow as flow
from service.reconciling.payouts_flow import PayoutAccountCash, PayoutFinding

IsOpen = Annotated[bool | None, QueryParameter(description="only those that are open, or closed; absent: all")]


class PayoutFindingPage(Struct, frozen=True):
    """Findings, the oldest first; `after` is what to ask with next."""

    findings: list[PayoutFinding]
    after: str


class PayoutCashOfAll(Struct, frozen=True):
    """The accounts that merchants are paid from, by currency."""

    accounts: list[PayoutAccountCash]


class FindingNote(Struct, frozen=True, forbid_unknown_fields=True):
    """What it was."""

    note: Annotated[str, Meta(min_length=1, max_length=1_000, pattern=r"^[^\x00]*\Z")]  # as a person found out


_note = Body(FindingNote)


@get("/payout-cash", opt=operation("breaks", PayoutCashOfAll))
async def tell_payout_cash(request: Asked) -> ASGIResponse:
    """How payouts to merchants stand against the bank: the verdict of each account that they leave from.

    `breaks`: something was moved that was not ordered, or the bank has told of later days and a payout was not shown.
    `warnings`: an operator's word stands where the bank has shown nothing. `pending`: what was ordered may still come.
    """
    return reply(PayoutCashOfAll(await flow.cash(read(request).services.pool)))


@get("/payout-findings", opt=operation("breaks", PayoutFindingPage, csv=True))
async def list_payout_findings(
    request: Asked, is_open: IsOpen = None, after: AfterBankEntry = "", limit: Limit = 100
) -> ASGIResponse:
    """What the bank shows on the account that merchants are paid from, and that was not ordered."""
    page = await flow.findings(read(request).services.pool, after, limit, is_open)
    return Listed(PayoutFindingPage(page, page[-1].entry_id if page else after))


@post(
    "/payout-findings/{entry_id:str}/resolve",
    status_code=200,
    opt=operation(
        "breaks",
        PayoutFinding,
        takes=FindingNote,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"note": "The bank's fee for an urgent payment; booked by hand."},
    ),
)
async def resolve_payout_finding(request: Asked, body: RawBody, entry_id: FromPath[str]) -> ASGIResponse:
    """Close a finding, with what it was. Nothing is booked by it."""
    asked = _note.read(body, content_type(request))
    ask = write(request, body)
    if not ids.is_id(entry_id, ids.BANK_ENTRY):
        raise Refused(Code.NOT_FOUND, f"Nothing was found about an entry {entry_id[:100]!r}.", "/id")

    async def end(conn: Connection) -> Answer:
        ended = await flow.resolve(conn, entry_id, asked.note, ask.by.owner_id, ask.now)
        await ask.record(conn, Verb.RESOLVED, Thing.PAYOUT, entry_id, {"kind": ended.kind})
        return Answer(200, encode(ended))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, end))


OPERATOR_ROUTES: Final = [tell_payout_cash, list_payout_findings, resolve_payout_finding]
