"""Cover sets in the database, and the plans that are enrolled in them: by an operator's list, or when captured."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct, json

from service import ids
from service.db import Connection, Pool, columns, load_queries
from service.errors import Code, Refused
from service.statement import Int, Row, ShardByShard, SmallInt, Statement
from service.support import documents_flow
from service.support.capacity import ArrangementState
from service.support.cover_set import Covering, CoverMode, CoverSet, EnrolmentState

Q: Final = load_queries(Path(__file__).with_name("enrolling.sql"))
_LOCK_REOPENED: Final = ShardByShard(Q.lock_reopened)


class CapturedPlan(Row, frozen=True):
    """A plan that was captured, whose programme names cover sets."""

    bucket: SmallInt
    plan_id: str
    programme_id: str
    programme_version: Int
    principal: int
    currency: str
    enrolled_at: datetime  # by the capture, or by the list


class Enrolled(Struct, frozen=True):
    """A plan in a cover set."""

    plan_id: str
    arrangement_id: str
    version: int  # of the arrangement's document, by which it is covered
    principal: int  # minor units that were lent when it was enrolled
    currency: str
    state: EnrolmentState
    reason: str  # why it is void: `set_frozen`, `suspended`, `exclusive_cover`, `no_room`; else empty
    enrolled_at: datetime  # by the capture, or by the list


class Disclosed(Struct, frozen=True):
    """How much of a programme is covered: what may be told to everybody."""

    programme_id: str
    portfolios: int  # how many are covered
    plans: int  # that are enrolled in them, or were
    principal: int  # minor units that were lent to those plans
    sanctioned: int  # minor units of principal that may be covered at most
    currency: str


class Taking(Struct, frozen=True):
    """A cover set that takes plans, locked until the transaction ends."""

    cover_set_id: str
    arrangement_id: str
    version: int  # of the arrangement's document
    currency: str
    sanctioned: int
    revolving: bool
    classes: list[str]


class Listed(Struct, frozen=True):
    """A plan that is to be enrolled."""

    bucket: int
    plan_id: str
    principal: int  # minor units that were lent
    takes: int  # of the set: with what may still be captured; of one that revolves, what is out


class MovedPlan(Struct, frozen=True):
    """A plan that has ended, or owes again."""

    bucket: SmallInt
    plan_id: str
    at: datetime


class Reopened(Struct, frozen=True):
    """A cover set of which plans owe again that had ended."""

    cover_set_id: str
    arrangement_id: str
    sanctioned: int
    revolving: bool


_TAKE_CLASSES: Final = Statement(Q.take_classes_of_captured, captured=CapturedPlan)
_ENROL: Final = Statement(Q.enrol_captured, captured=CapturedPlan)
_RELEASE: Final = Statement(Q.release_ended, moved=MovedPlan)
_REOPEN: Final = Statement(Q.reopen, moved=MovedPlan)


async def enrol_captured(conn: Connection, plans: Sequence[CapturedPlan]) -> None:
    """Enrols plans in the sets that their programmes name. What cannot be is kept as void: a capture is not refused."""
    await _TAKE_CLASSES.execute(conn, captured=plans)
    await _ENROL.execute(conn, captured=plans)


async def follow(conn: Connection, ended: Sequence[MovedPlan], reopened: Sequence[MovedPlan]) -> None:
    """Releases plans that have ended. Those that owe again are covered until it is known that there is no room."""
    if ended:
        await _RELEASE.execute(conn, moved=ended)
    if reopened:
        await _REOPEN.execute(conn, moved=reopened)


async def release_all_ended(conn: Connection) -> list[str]:
    """Releases every plan that has ended: those that an operator's list enrolled are seen by nobody else. Their ids."""
    return [row["plan_id"] for row in await conn.fetch(Q.release_all_ended)]


async def reopened(pool: Pool) -> list[Reopened]:
    """Sets of which plans owe again, and nobody has looked whether there is room."""
    return [Reopened(**dict(row)) for row in await pool.fetch(Q.sets_reopened)]


async def lock_reopened(conn: Connection, cover_set_id: str) -> list[tuple[str, int]]:
    """The plans of a set that owe again, the last first, with what each owes."""
    rows = await _LOCK_REOPENED.fetch(conn, cover_set_id)
    last_first = sorted(rows, key=lambda row: (row["reopened_at"], row["plan_id"]), reverse=True)
    return [(row["plan_id"], row["owed"]) for row in last_first]


async def settle_reopened(conn: Connection, cover_set_id: str, plan_ids: Sequence[str], reason: str = "") -> None:
    """Plans that owe again are covered again; with a reason, they are not."""
    await conn.execute(Q.settle_reopened, cover_set_id, list(plan_ids), reason)


async def make_set(conn: Connection, cover_set_id: str, asked: Covering, now: datetime) -> CoverSet:
    """A new cover set of an arrangement. Refused: NOT_FOUND."""
    terms = await documents_flow.terms_of(conn, asked.arrangement_id)
    await conn.execute(
        Q.insert_set, cover_set_id, asked.arrangement_id, asked.name, asked.mode, terms.currency, asked.sanctioned,
        asked.revolving, now,
    )  # fmt: skip
    return await find_set(conn, cover_set_id)


async def find_set(conn: Connection | Pool, cover_set_id: str) -> CoverSet:
    """A cover set as it is now. Refused: NOT_FOUND."""
    rows = await conn.fetch(Q.list_sets, "", 1, cover_set_id)
    if not rows:
        raise _no_set(cover_set_id)
    return _set(rows[0])


async def list_sets(pool: Pool, after: str, limit: int) -> list[CoverSet]:
    """All, the oldest first."""
    return [_set(row) for row in await pool.fetch(Q.list_sets, after, limit, None)]


async def list_enrolled(pool: Pool, cover_set_id: str, after: str, limit: int) -> list[Enrolled]:
    """The plans of a set, those that could not be enrolled among them."""
    rows = await pool.fetch(Q.list_enrolments, cover_set_id, after, limit)
    return [Enrolled(**dict(row) | {"state": EnrolmentState(row["state"])}) for row in rows]


async def freeze(conn: Connection, cover_set_id: str, now: datetime) -> CoverSet:
    """From now on no plan is enrolled any more. Refused: NOT_FOUND; SET_FROZEN, if it is so already."""
    row = await conn.fetchrow(Q.lock_set, cover_set_id)
    if row is None:
        raise _no_set(cover_set_id)
    if row["frozen_at"] is not None:
        raise Refused(Code.SET_FROZEN, f"It was frozen at {row['frozen_at'].isoformat()}.", "/id")
    await conn.execute(Q.freeze, cover_set_id, now)
    return await find_set(conn, cover_set_id)


async def require_taking(conn: Connection, cover_set_id: str) -> Taking:
    """A set that takes plans. Refused: NOT_FOUND; SET_FROZEN; STATE_FORBIDS, where its arrangement is suspended."""
    row = await conn.fetchrow(Q.lock_set, cover_set_id)
    if row is None:
        raise _no_set(cover_set_id)
    if row["frozen_at"] is not None:
        raise Refused(Code.SET_FROZEN, f"It was frozen at {row['frozen_at'].isoformat()}, and takes no more.", "/id")
    if row["state"] != ArrangementState.OPEN:
        raise Refused(Code.STATE_FORBIDS, f"Its arrangement is {row['state']}.", "/id")
    classes = json.decode(row["classes"], type=list[str])
    return Taking(
        cover_set_id, row["arrangement_id"], row["version"], row["currency"], row["sanctioned"], row["revolving"],
        classes,
    )  # fmt: skip


async def enrolled_of(conn: Connection, cover_set_id: str, plan_ids: Sequence[str]) -> set[str]:
    """Of plans those that are in a set already."""
    buckets = sorted({ids.bucket_of(one) for one in plan_ids})
    return {row["plan_id"] for row in await conn.fetch(Q.enrolled, cover_set_id, list(plan_ids), buckets)}


async def enrol(conn: Connection, into: Taking, plans: Sequence[Listed], now: datetime) -> None:
    """Enrols plans, all or none. Refused: EXCLUSIVE_COVER, where another arrangement of a class covers one of them."""
    buckets, plan_ids, principals = columns([(one.bucket, one.plan_id, one.principal) for one in plans])
    if into.classes:
        asked = buckets, plan_ids, into.arrangement_id, into.classes
        await conn.execute(Q.take_classes, *asked)
        if row := await conn.fetchrow(Q.excluded, *asked):
            sentence = f"Arrangement {row['arrangement_id']} covers {row['plan_id']}, of class {row['class']!r}, too."
            raise Refused(Code.EXCLUSIVE_COVER, sentence, f"/plans/{plan_ids.index(row['plan_id'])}")
    await conn.execute(
        Q.enrol, buckets, plan_ids, principals, into.cover_set_id, into.arrangement_id, into.version, into.currency, now
    )


async def require_sets(conn: Connection | Pool, cover_sets: Sequence[str], currency: str) -> None:
    """Refused: NOT_FOUND, for a set that there is not; CURRENCY_MISMATCH."""
    row = await conn.fetchrow(Q.unknown_set, list(cover_sets), currency)
    if row is None:
        return
    pointer = f"/cover_sets/{row['number'] - 1}"
    if row["currency"] is None:
        raise Refused(Code.NOT_FOUND, f"There is no cover set {row['cover_set_id']!r}.", pointer)
    raise Refused(Code.CURRENCY_MISMATCH, f"The cover set is in {row['currency']}.", pointer)


async def disclosed(pool: Pool, programme_id: str) -> Disclosed:
    """How much of a programme is covered. Refused: NOT_FOUND."""
    row = await pool.fetchrow(Q.disclosed, programme_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no programme {programme_id[:100]!r}.", "/programme_id")
    return Disclosed(**dict(row))


def _set(row: object) -> CoverSet:
    named = dict(row)  # type: ignore[call-overload]
    return CoverSet(**named | {"mode": CoverMode(named["mode"])})


def _no_set(cover_set_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no cover set {cover_set_id[:100]!r}.", "/id")
