"""Batches: the lender buys several receivables of a merchant at once; what fails drops out, and both are counted."""

from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.assignments import TERMS
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterAssignmentBatch, Limit
from service.api.receivables import told_of
from service.api.reply import encode, reply, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.factoring import batches_flow as flow
from service.factoring.batch import Batch, BatchBody, BatchItem


class BatchPage(Struct, frozen=True):
    """Batches, the oldest first; `after` is what to ask with next."""

    batches: list[Batch]
    after: str


class BatchView(Struct, frozen=True):
    """A batch, and what became of each receivable of it."""

    batch: Batch
    items: list[BatchItem]


class WantedBatch(Struct, frozen=True):
    """A batch that is to be settled."""

    batch_id: str


_batch = Body(BatchBody)
_nothing = Body(Nothing)

_REFUSES: Final = (Code.NOT_FOUND, Code.STATE_FORBIDS)


@post(
    "/assignment-batches",
    status_code=201,
    opt=operation(
        "receivables",
        Batch,
        takes=BatchBody,
        refuses=(Code.NOT_FOUND, Code.REFERENCE_USED),
        example={
            "external_id": "week 10", "merchant_id": "{merchant_id}", "currency": "EUR",
            "receivable_ids": ["{receivable_id}"], "terms": TERMS,
        },
    ),
)  # fmt: skip
async def make_batch(request: Asked, body: RawBody) -> ASGIResponse:
    """Put receivables of a merchant together, to buy them at once. Nothing is bought until the batch is settled."""
    asked = _batch.read(body, content_type(request))
    if len({*asked.receivable_ids}) < len(asked.receivable_ids):
        raise Refused(Code.INVALID_FIELD, "A receivable is named twice.", "/receivable_ids")
    ask = write(request, body)
    if asked.merchant_id not in ask.services.registry.now.merchants:
        raise Refused(Code.NOT_FOUND, f"There is no merchant {asked.merchant_id!r}.", "/merchant_id")

    async def make(conn: Connection) -> Answer:
        made = await flow.make(conn, asked, ask.time_at(asked.merchant_id), ask.now_ms)
        await ask.record(conn, Verb.MADE, Thing.ASSIGNMENT, made.batch_id, {"items": made.items_total})
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, make))


@post(
    "/assignment-batches/{assignment_batch_id:str}/settle",
    status_code=200,
    opt=operation("receivables", {200: Batch, 202: Proposed}, takes=Nothing, refuses=_REFUSES),
)
async def settle_batch(request: Asked, body: RawBody, assignment_batch_id: InPath) -> ASGIResponse:
    """Buy what of it may be bought, each with an event; of the rest the batch says why it dropped out.

    A price of more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    known(assignment_batch_id)

    async def settle(conn: Connection) -> Answer:
        one, wanted = await flow.locked(conn, assignment_batch_id)
        if await flow.most(conn, wanted) > ask.services.settings.alone_max.of(wanted.currency):
            await flow.wait(conn, one.batch_id)
            return await propose("settle_batch", ask, conn, Thing.ASSIGNMENT, one.batch_id, WantedBatch(one.batch_id))
        return Answer(200, encode(await _settle(ask, conn, one.batch_id)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, settle))


@needs_two("settle_batch", "receivables")
async def _settle_as_proposed(doing: Doing, wanted: WantedBatch) -> Batch:
    return await _settle(doing.ask, doing.conn, wanted.batch_id)


@post(
    "/assignment-batches/{assignment_batch_id:str}/cancel",
    status_code=200,
    opt=operation("receivables", Batch, takes=Nothing, refuses=_REFUSES),
)
async def cancel_batch(request: Asked, body: RawBody, assignment_batch_id: InPath) -> ASGIResponse:
    """Buy nothing of it."""
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    known(assignment_batch_id)

    async def cancel(conn: Connection) -> Answer:
        one = await flow.cancel(conn, assignment_batch_id, ask.now)
        await ask.record(conn, Verb.ENDED, Thing.ASSIGNMENT, one.batch_id)
        return Answer(200, encode(one))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, cancel))


@get("/assignment-batches", opt=operation("receivables", BatchPage))
async def list_batches(request: Asked, after: AfterAssignmentBatch = "", limit: Limit = 100) -> ASGIResponse:
    """All batches, without their items."""
    page = await flow.batches(read(request).services.pool, after, limit)
    return reply(BatchPage(page, page[-1].batch_id if page else after))


@get("/assignment-batches/{assignment_batch_id:str}", opt=operation("receivables", BatchView))
async def get_batch(request: Asked, assignment_batch_id: InPath) -> ASGIResponse:
    """A batch, and what became of each receivable of it."""
    one, items = await flow.batch(read(request).services.pool, known(assignment_batch_id))
    return reply(BatchView(one, items))


def known(batch_id: str) -> str:
    """Refused: NOT_FOUND, what is no batch's id."""
    if not ids.is_id(batch_id, ids.ASSIGNMENT_BATCH):
        raise flow.no_batch(batch_id)
    return batch_id


async def _settle(ask: Ask, conn: Connection, batch_id: str) -> Batch:
    one, _ = await flow.locked(conn, batch_id)
    settled = await flow.settle(conn, batch_id, await told_of(ask, conn, one.merchant_id), ask.now_ms)
    told = {"kept": settled.items_kept, "total": settled.items_total, "price": settled.price}
    await ask.record(conn, Verb.CHANGED, Thing.ASSIGNMENT, batch_id, told)
    return settled


ROUTES: Final = [make_batch, settle_batch, cancel_batch, list_batches, get_batch]
