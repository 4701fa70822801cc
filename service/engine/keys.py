"""Idempotency keys: claimed inside the transaction that does the work, so both happen or neither."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from service import ids
from service.db import Connection
from service.engine.queries import Q
from service.engine.work import Answer, DecisionRow, Key, Work
from service.errors import Code, Refused, problem_json


class Claims(Struct):
    """What became of a batch's keys."""

    fresh: list[Work]  # to be done
    twins: list[tuple[Work, Work]]  # (second, first): one key twice in this batch, answered alike
    known: list[tuple[Work, Answer]]  # used before: the same bytes again, or refused


async def claim(conn: Connection, works: list[Work]) -> Claims:
    """Claims each key once. Waits while another transaction holds one of them.

    Whose key it is, the database knows: two requests that meet in one batch may both be late.
    """
    claims = Claims([work for work in works if work.key is None], [], [])
    alike: dict[tuple[str, str], list[Work]] = {}  # by owner and key
    for work in works:
        if work.key is not None:
            alike.setdefault((work.key.owner_id, work.key.key), []).append(work)
    claimed = await _insert(conn, [one for one, *_ in alike.values()])
    seen = [one.key for name, (one, *_) in alike.items() if name not in claimed and one.key]
    stored = await load_answers(conn, seen) if seen else {}
    for name, group in alike.items():
        if name in stored:
            claims.known += [(work, same_or_reused(stored[name], work.key)) for work in group if work.key]
            continue
        one, *others = group
        claims.fresh.append(one)
        for work in others:
            if _is_same(work, one):
                claims.twins.append((work, one))
            else:
                claims.known.append((work, reused()))
    return claims


def _is_same(work: Work, one: Work) -> bool:
    return bool(work.key and one.key and work.key.request_hash == one.key.request_hash)


async def claim_one(conn: Connection, key: Key, now: datetime) -> bool:
    """Claims a single key; False if it was used before."""
    rows = await conn.fetch(
        Q.claim_keys, [key.bucket], [key.owner_id], [key.key], [key.request_hash], [None], [None], [now]
    )
    return bool(rows)


async def _insert(conn: Connection, works: list[Work]) -> set[tuple[str, str]]:
    if not works:
        return set()
    keys = [work.key for work in works if work.key]
    # A decision is made before it is logged, so its answer is known when its key is claimed.
    decisions = [work.item if isinstance(work.item, DecisionRow) else None for work in works]
    rows = await conn.fetch(
        Q.claim_keys,
        [key.bucket for key in keys],
        [key.owner_id for key in keys],
        [key.key for key in keys],
        [key.request_hash for key in keys],
        [work.status if row else None for work, row in zip(works, decisions, strict=True)],
        [row.decision_id if row else None for row in decisions],
        [work.now for work in works],
    )
    return {(row[0], row[1]) for row in rows}


async def load_answers(conn: Connection, keys: list[Key]) -> Mapping[tuple[str, str], tuple[bytes, Answer]]:
    """What was answered under these keys before: (request hash, answer) by (owner, key)."""
    rows = await conn.fetch(
        Q.load_answers, [key.bucket for key in keys], [key.owner_id for key in keys], [key.key for key in keys]
    )
    decision_ids = [row["decision_id"] for row in rows if row["decision_id"]]
    bodies: dict[str, str] = {}
    if decision_ids:
        found = await conn.fetch(Q.load_decision_answers, [ids.bucket_of(one) for one in decision_ids], decision_ids)
        bodies = {row["decision_id"]: row["answer"] for row in found}
    return {
        (row["owner_id"], row["key"]): (
            row["request_hash"],
            Answer(row["status"], bodies[row["decision_id"]].encode() if row["decision_id"] else row["answer"]),
        )
        for row in rows
    }


def same_or_reused(stored: tuple[bytes, Answer], key: Key) -> Answer:
    """The stored answer for the same request; a refusal for another."""
    request_hash, answer = stored
    return answer if request_hash == key.request_hash else reused()


def reused() -> Answer:
    """The key was used for another request."""
    return refusal(
        Refused(Code.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was used for another request; take a new one.")
    )


def refusal(refused: Refused) -> Answer:
    """A refusal as an answer."""
    return Answer(refused.status, problem_json(refused))


async def save(conn: Connection, answers: Sequence[tuple[Key, Answer]]) -> None:
    """Keeps the answers under their keys."""
    if answers:
        await conn.execute(
            Q.save_answers,
            [key.bucket for key, _ in answers],
            [key.owner_id for key, _ in answers],
            [key.key for key, _ in answers],
            [answer.status for _, answer in answers],
            [answer.body for _, answer in answers],
        )
