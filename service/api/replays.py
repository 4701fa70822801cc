"""Any decision again, from its log: under its own policy the same bytes, under another what it would have been."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, read
from service.api.operation import operation
from service.api.reply import reply
from service.audit.entry import Thing
from service.checkout.answer import Answer
from service.checkout.flow import Q
from service.checkout.replay import Differing, replay
from service.checkout.review import Review, ReviewOutcome
from service.db import Pool
from service.errors import Code, Refused
from service.packed import unpack
from service.policies.flow import Ready
from service.policies.reasons import ReasonCode


class Replay(Struct, frozen=True):
    """The decision as this version of the policy makes it; its own makes it as it was sent, byte for byte."""

    decision_id: str = msgspec.field(name="id")
    policy_id: str
    policy_version: int
    is_identical: bool  # to the byte
    differences: tuple[Differing, ...]  # place by place
    answer: Answer  # as it is decided now


async def replay_decision(
    pool: Pool, ready: Ready, decision_id: str, policy_id: str | None = None, version: int | None = None
) -> Replay:
    """Replays under its own policy version, or another. Refused: NOT_FOUND (the decision, or the version)."""
    row = None
    if ids.is_id(decision_id, ids.DECISION):
        row = await pool.fetchrow(Q.load_evidence, ids.bucket_of(decision_id), decision_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no decision {decision_id[:100]!r}.", "/id")
    policy_id, version = policy_id or row["policy_id"], version or row["policy_version"]
    policy = await ready.get(policy_id, version)
    review = None
    if row["referral_id"]:
        reasons = tuple(ReasonCode(code) for code in row["reasons"])
        review = Review(row["referral_id"], ReviewOutcome(row["outcome"]), reasons)
    request, evidence = row["request"].encode(), row["snapshot"].encode()
    again = replay(decision_id, request, evidence, unpack(row["answer"]), policy, row["decided_at"], review)
    return Replay(decision_id, policy_id, version, again.is_identical, again.differences, again.decision.answer)


@get("/decisions/{decision_id:str}/replay", opt=operation("decisions", Replay, refuses=(Code.INVALID_POLICY,)))
async def get_replay(
    request: Asked,
    decision_id: FromPath[str],
    policy_id: Annotated[str, QueryParameter(pattern=r"^(po_[0-9A-Z]{26})?\Z")] = "",
    policy_version: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
) -> ASGIResponse:
    """Decide it again from its log, under its own policy version or another, and compare."""
    ask = read(request)
    pool, ready = ask.services.pool, ask.services.registry.ready
    found = await replay_decision(pool, ready, decision_id, policy_id or None, policy_version or None)
    await ask.record_reading(Thing.DECISION, decision_id, "replay")
    return reply(found)
