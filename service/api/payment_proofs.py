"""An operator has seen a payment come that a merchant had told of: from then on it counts for the consumer's limit."""

from functools import partial
from typing import Annotated

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.plan_life import PaymentId
from service.api.reply import encode, reply_answer
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.api.verb import no_plan
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code
from service.limits.account import Account
from service.plans.held_words_flow import release
from service.plans.payment_proof_store import PaymentProof, provable, prove

Evidence = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:/-]{1,100}\Z")]


class ProofBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which payment, and what it is at the bank or the processor that received it."""

    payment_id: PaymentId
    evidence: Evidence  # a reference by which it is found there: an entry of a statement, a transaction


class WantedProof(Struct, frozen=True):
    """A proof that was proposed, and of which plan."""

    plan_id: str
    wanted: ProofBody


_body = Body(ProofBody)


@post(
    "/plans/{plan_id:str}/payments/prove",
    status_code=201,
    opt=operation(
        "plans", {201: PaymentProof, 202: Proposed}, takes=ProofBody, refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"payment_id": "{payment_id}", "evidence": "statement-9/entry-3"},
        after=("capture_plan", "record_payment"),
    ),
)  # fmt: skip
async def prove_payment(request: Asked, body: RawBody, plan_id: InPath) -> ASGIResponse:
    """Say that a payment, which the merchant has told of, has come.

    A plan that was paid off by a merchant's word alone lifts no limit and is no plan paid off to a policy; and of a
    merchant that is not believed it frees none. This is said
    of its payments first; or the merchant bears in its settlements what it says that it was paid itself.

    More than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    asked = _body.read(body, content_type(request))
    ask = write(request, body, ids.bucket_in(plan_id))
    if not ids.is_id(plan_id, ids.PLAN):
        raise no_plan(plan_id)

    freed: list[Account] = []

    async def keep(conn: Connection) -> Answer:
        one, wanted = await provable(conn, plan_id, asked.payment_id), WantedProof(plan_id, asked)
        if not one.is_proved and one.amount > ask.services.settings.alone_max.of(one.currency):
            return await propose("prove_payment", ask, conn, Thing.PLAN, plan_id, wanted)
        return Answer(201, encode(await _prove(ask, conn, wanted, freed)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, keep)
    await ask.services.snapshots.accounts_changed(freed)
    return reply_answer(answer)


@needs_two("prove_payment", "plans")
async def _prove_as_proposed(doing: Doing, wanted: WantedProof) -> PaymentProof:
    freed: list[Account] = []
    proof = await _prove(doing.ask, doing.conn, wanted, freed)
    doing.afterwards.append(partial(doing.ask.services.snapshots.accounts_changed, freed))
    return proof


async def _prove(ask: Ask, conn: Connection, asked: WantedProof, freed: list[Account]) -> PaymentProof:
    """Adds to `freed` the account that it changed."""
    assert ask.by.key_id is not None
    plan_id, wanted = asked.plan_id, asked.wanted
    proof = await prove(conn, plan_id, wanted.payment_id, wanted.evidence, ask.by.key_id, ask.now)
    freed.extend(filter(None, [await release(conn, plan_id, ask.now)]))
    await ask.record(conn, Verb.CHANGED, Thing.PLAN, plan_id, {"proved": proof.payment_id, "evidence": proof.evidence})
    return proof


ROUTES = [prove_payment]
