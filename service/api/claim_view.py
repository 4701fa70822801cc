"""A claim as it is shown, and what is asked of it, whoever asks."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, structs

from service.api.ask import Ask
from service.checkout.request import Reference
from service.claims import steps_flow, store
from service.claims.claim import LossClaim, LossClaimState, Rejection, actions_of
from service.claims.evidence import EvidencePack, digest_of
from service.claims.store import ClaimStep, Side
from service.db import Connection
from service.money import AMOUNT_MAX
from service.support.arrangement import Sum
from service.support.claim_terms import Evidence


class ClaimNote(Struct, frozen=True, forbid_unknown_fields=True):
    """Something about a claim, in words."""

    note: Reference  # in words


class DecideBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is paid of a claim."""

    approved: Sum
    rejection: Rejection | None = None  # why not all of it; null: all of it is
    note: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")] = ""  # in words


class PayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What was paid of a claim."""

    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units")]
    reference: Reference  # of the transfer


class ClaimView(LossClaim, frozen=True, kw_only=True):
    """A claim as it stands, what it lacks, and what happened to it."""

    actions: tuple[str, ...]  # what may be done with it
    missing: list[Evidence]  # of what it is to show
    untried: list[str]  # what was not tried before; empty: all was
    steps: list[ClaimStep]  # what happened to it, the oldest first


class ClaimPage(Struct, frozen=True):
    """Claims, the oldest first; `after` is what to ask with next."""

    claims: list[LossClaim]
    after: str


class PackView(Struct, frozen=True):
    """What a claim shows."""

    evidence: EvidencePack
    sha256: str  # of its JSON, with sorted keys and without spaces
    assembled_at: datetime | None  # null: it was not lodged yet, and this is how it would be


async def load_view(ask: Ask, claim_id: str, side: Side) -> ClaimView:
    """A claim that they see. Refused: NOT_FOUND."""
    pool = ask.services.pool
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        await _require(conn, claim_id, side)
        return await view_of(ask, conn, claim_id)


async def view_of(ask: Ask, conn: Connection, claim_id: str) -> ClaimView:
    """A claim that is there."""
    claim = await store.load(conn, claim_id)
    assert claim is not None
    shown = await steps_flow.shown(conn, claim, ask.now, ask.services.registry.time_at)
    is_before = claim.state in (LossClaimState.DRAFT, LossClaimState.WAITING)
    return ClaimView(
        **structs.asdict(claim),
        actions=actions_of(claim),
        missing=shown.missing if is_before else [],
        untried=shown.faults if is_before else [],
        steps=await store.steps_of(conn, claim_id),
    )


async def load_pack(ask: Ask, claim_id: str, side: Side) -> PackView:
    """What a claim that they see shows. Refused: NOT_FOUND."""
    pool = ask.services.pool
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        claim = await _require(conn, claim_id, side)
        kept = await store.pack_of(conn, claim_id)
        if kept is not None:
            return PackView(*kept)
        pack = (await steps_flow.shown(conn, claim, ask.now, ask.services.registry.time_at)).pack
    return PackView(pack, digest_of(pack)[1], None)


async def _require(conn: Connection, claim_id: str, side: Side) -> LossClaim:
    claim = await store.load(conn, claim_id)
    if claim is None or not await store.is_seen(conn, claim, side):
        raise steps_flow.not_there(claim_id)
    return claim
