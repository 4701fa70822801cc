"""Any decision again, from its log: under its own policy the same bytes, under another what it would have been."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, read
from service.api.operation import operation
from service.api.reply import reply
from service.audit.entry import Thing
from service.checkout.answer import Answer
from service.checkout.flow import Q
from service.checkout.replay import Differing, replay
from service.checkout.review import Review, ReviewOutcome
from service.checkout.sealing import Erased, digest, erased, unseal_part
from service.data_key import DataSecrets
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
    digest: str  # SHA-256 of the log as it is kept; an erasure does not change it
    erased: Erased | None  # null: it was decided again; else its consumer was erased, and nothing can be
    is_identical: bool | None  # to the byte; null: it was erased
    differences: tuple[Differing, ...]  # place by place
    answer: Answer  # as it is decided now; of what was erased: as it was sent


async def replay_decision(
    pool: Pool,
    ready: Ready,
    secrets: DataSecrets,
    decision_id: str,
    policy_id: str | None = None,
    version: int | None = None,
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
    sent = unpack(row["answer"])
    request, evidence = [unseal_part(secrets, row, part) for part in ("request", "snapshot")]
    of_it = (decision_id, policy_id, version, digest(row, sent), erased(row))
    if request is None or evidence is None:
        return Replay(*of_it, None, (), _answer(sent))
    again = replay(
        decision_id, request, evidence, sent, policy, row["decided_at"], review, is_difference=row["amends"] is not None
    )
    return Replay(*of_it, again.is_identical, again.differences, again.decision.answer)


def in_words(again: Replay) -> Iterator[str]:
    """Lines for a terminal."""
    if again.erased:
        yield f"{again.decision_id}: erased on {again.erased.at:%F} by {again.erased.by}; digest {again.digest}."
        return
    said = "the same answer, to the byte" if again.is_identical else f"{len(again.differences)} differences"
    yield f"{again.decision_id} under {again.policy_id} version {again.policy_version}: {said}."
    for one in again.differences:
        yield f"  {one.pointer}: {_shown(one.sent)} -> {_shown(one.replayed)}"


def _shown(value: object) -> str:
    """JSON on one line, cut short."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 100 else f"{text[:97]}..."


@get("/decisions/{decision_id:str}/replay", opt=operation("decisions", Replay, refuses=(Code.INVALID_POLICY,)))
async def get_replay(
    request: Asked,
    decision_id: InPath,
    policy_id: Annotated[str, QueryParameter(pattern=r"^(po_[0-9A-Z]{26})?\Z")] = "",
    policy_version: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0,
) -> ASGIResponse:
    """Decide it again from its log, under its own policy version or another, and compare."""
    ask = read(request)
    services = ask.services
    found = await replay_decision(
        services.pool, services.registry.ready, services.secrets, decision_id, policy_id or None, policy_version or None
    )
    await ask.record_reading(Thing.DECISION, decision_id, "replay")
    return reply(found)


_answer = msgspec.json.Decoder(Answer).decode
