"""Idempotency keys: claimed inside the transaction that does the work, so both happen or neither."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from service.clusters import is_cluster
from service.data_key import DataSecrets, Place
from service.db import Connection, columns
from service.engine.queries import Q
from service.engine.work import Answer, Answers, Key, Work
from service.errors import Code, Refused, problem_json
from service.ids import bucket_of
from service.packed import pack, unpacked
from service.statement import Row, SmallInt, Statement

PACKED_LEAST = 150  # bytes: a shorter answer is kept as it is

# Of answers that are kept with what they are about and not under their key: the bodies, by what `answer_id` names.
Elsewhere = Callable[[Connection, list[str]], Awaitable[Mapping[str, bytes]]]


class Given(Row, frozen=True, gc=False):
    """An answer, and the key it is kept under."""

    bucket: SmallInt
    owner_id: str
    key: str
    status: SmallInt
    answer: bytes
    sealed_for: str  # a consumer; empty: it is not sealed


class Answered(Given, frozen=True, gc=False, kw_only=True):
    """A key that is claimed with its answer."""

    request_hash: bytes
    created_at: datetime


class KeptElsewhere(Row, frozen=True, gc=False):
    """A key whose answer is kept with what it is about."""

    bucket: SmallInt
    owner_id: str
    key: str
    request_hash: bytes
    status: SmallInt
    answer_id: str
    created_at: datetime


CLAIM_ELSEWHERE = Statement(Q.claim_elsewhere, keys=KeptElsewhere)
CLAIM_ANSWERED = Statement(Q.claim_answered, answered=Answered)
CLAIM_NEW_ELSEWHERE = Statement(Q.claim_new_elsewhere, keys=KeptElsewhere)
CLAIM_NEW = Statement(Q.claim_new, answered=Answered)
SAVE_ANSWERS = Statement(Q.save_answers, given=Given)


class Claims(Struct):
    """What became of a batch's keys."""

    fresh: list[Work[Any]]  # to be done
    twins: list[tuple[Work[Any], Work[Any]]]  # (second, first): one key twice in this batch, answered alike
    known: Answers  # used before: the same bytes again, or refused


class Keys:
    """The keys in the database."""

    def __init__(self, elsewhere: Elsewhere, secrets: DataSecrets) -> None:
        self._elsewhere = elsewhere
        self._secrets = secrets

    async def claim(self, conn: Connection, works: list[Work[Any]]) -> Claims:
        """Claims each key once. Waits while another transaction holds one of them.

        Whose key it is, the database knows: two requests that meet in one batch may both be late.
        """
        claims = Claims([], [], [])
        groups = alike(works)
        claimed = await _insert(conn, [(one.key, one.now) for one, *_ in groups if one.key])
        seen = [one.key for one, *_ in groups if one.key and (one.key.owner_id, one.key.key) not in claimed]
        stored = await self.answers(conn, seen) if seen else {}
        for one, *others in groups:
            kept = stored.get((one.key.owner_id, one.key.key)) if one.key else None
            if kept:
                claims.known += [(work, same_or_reused(kept, work.key)) for work in (one, *others) if work.key]
                continue
            claims.fresh.append(one)
            for work in others:
                if is_same(work, one):
                    claims.twins.append((work, one))
                else:
                    claims.known.append((work, reused()))
        return claims

    async def claim_one(self, conn: Connection, key: Key, now: datetime) -> bool:
        """Claims a single key; False if it was used before."""
        return bool(await _insert(conn, [(key, now)]))

    async def release(self, conn: Connection, keys: list[Key]) -> None:
        """Frees keys that this transaction has claimed: what came under them can be tried again."""
        await conn.execute(Q.release_keys, [key.owner_id for key in keys], [key.key for key in keys])

    async def answers(self, conn: Connection, keys: list[Key]) -> Mapping[tuple[str, str], tuple[bytes, Answer]]:
        """What was answered under these keys before: (request hash, answer) by (owner, key).

        To be given only once this transaction is committed, which then waits for a synchronous standby.
        """
        rows = await _load_answers(conn, keys)
        answer_ids = [row["answer_id"] for row in rows if row["answer_id"]]
        bodies = await self._elsewhere(conn, answer_ids) if answer_ids else {}
        return {
            (row["owner_id"], row["key"]): (
                row["request_hash"],
                Answer(row["status"], bodies[row["answer_id"]]) if row["answer_id"] else self._kept(row),
            )
            for row in rows
        }

    def _kept(self, row: Mapping[str, Any]) -> Answer:
        if not row["sealed_for"]:
            return Answer(row["status"], unpacked(row["answer"]))
        if row["wrapped"] is None:
            sentence = "What was answered told of a consumer who was erased since."
            return refusal(Refused(Code.ERASED, sentence))
        key = self._secrets.unwrapped(row["sealed_for"], row["wrapped"])
        body = key.unseal(row["answer"], _place(row["owner_id"], row["key"]))
        return Answer(row["status"], unpacked(body), key)


def alike(works: list[Work[Any]]) -> list[tuple[Work[Any], ...]]:
    """The works by their keys, each group in the order they came; work without a key stands alone."""
    groups: dict[object, list[Work[Any]]] = {}
    for work in works:
        groups.setdefault((work.key.owner_id, work.key.key) if work.key else id(work), []).append(work)
    return [tuple(group) for group in groups.values()]


def is_same(work: Work[Any], one: Work[Any]) -> bool:
    """Whether two works of one key are one request, sent twice."""
    return bool(work.key and one.key and work.key.request_hash == one.key.request_hash)


async def _insert(conn: Connection, keys: list[tuple[Key, datetime]]) -> set[tuple[str, str]]:
    if not keys:
        return set()
    rows = await conn.fetch(
        Q.claim_keys, *columns([(key.bucket, key.owner_id, key.key, key.request_hash, now) for key, now in keys])
    )
    return {(row[0], row[1]) for row in rows}


async def _load_answers(conn: Connection, keys: list[Key]) -> Sequence[Any]:
    owners, names = [key.owner_id for key in keys], [key.key for key in keys]
    if not is_cluster(conn):
        return await conn.fetch(Q.load_answers, owners, names)
    rows = await conn.fetch(Q.load_answers_there, [key.bucket for key in keys], owners, names)
    sealed = sorted({row["sealed_for"] for row in rows if row["sealed_for"]})
    found = await conn.fetch(Q.load_wrapped, [bucket_of(one) for one in sealed], sealed) if sealed else []
    wrapped = {row["key_id"]: row["wrapped"] for row in found}
    return [{**row, "wrapped": wrapped.get(row["sealed_for"])} for row in rows]


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
        await SAVE_ANSWERS.execute(conn, given=[given(key, answer) for key, answer in answers])


def given(key: Key, answer: Answer) -> Given:
    """As it is kept: packed, if it is long; sealed, if it tells what is personal of a consumer."""
    own = answer.key
    body = pack(answer.body) if len(answer.body) >= PACKED_LEAST else answer.body
    if own:
        body = own.seal(body, _place(key.owner_id, key.key))
    return Given(key.bucket, key.owner_id, key.key, answer.status, body, own.key_id if own else "")


def answered(key: Key, answer: Answer, now: datetime) -> Answered:
    """The same with the request it answers, for a key that is claimed only then."""
    kept = structs.asdict(given(key, answer))
    return Answered(**kept, request_hash=key.request_hash, created_at=now)


def _place(owner_id: str, key: str) -> Place:
    return Place("idempotency", "answer", f"{owner_id} {key}")
