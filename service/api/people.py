"""The operator's people: who is behind a consumer, who may be one person, and people made one or two."""

from typing import Annotated

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.operation import operation
from service.api.paging import AfterDoubt, Limit
from service.api.reply import encode, reply, reply_answer
from service.api.texts import key_of
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.checkout.request import ConsumerId
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.people import reading_store as people
from service.people.doubt import Doubt, DoubtOutcome
from service.people.flow import make_key_of_person
from service.people.identifier import Identifier, known_by
from service.people.matching_flow import marked
from service.people.moving_flow import settle_doubt
from service.people.view import PersonView
from service.plans.person_flow import ByTwo, Moved, merge, require_divisible, require_mergeable, split
from service.private_text import NO_NUMBERS, SEALED, seal_text

Note = Annotated[str, Meta(min_length=1, max_length=500), SEALED, NO_NUMBERS]
PersonId = Annotated[str, Meta(pattern=r"^pe_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class MergeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is this person, too: all that other person has is this one's."""

    person_id: PersonId = field(name="person")  # who ends
    note: Note  # why


class SplitBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the person's consumers are somebody else."""

    consumers: Annotated[tuple[ConsumerId, ...], Meta(min_length=1, max_length=100)]  # not all there are
    note: Note  # why


class Merging(Struct, frozen=True):
    """What is proposed: one person is another."""

    gone_id: str
    kept_id: str
    note: str


class Splitting(Struct, frozen=True):
    """What is proposed: these consumers are somebody else."""

    person_id: str
    consumers: tuple[str, ...]
    note: str


class PeopleFound(Struct, frozen=True):
    """People of whom a consumer was registered so."""

    people: list[PersonView]  # at most 100


class DoubtPage(Struct, frozen=True):
    """Questions that nobody has answered, the oldest first; `after` is what to ask with next."""

    doubts: list[Doubt]
    after: str


_merge = Body(MergeBody)
_split = Body(SplitBody)
_search = Body(Identifier)
_nothing = Body(Nothing)


@get("/people/{person_id:str}", opt=operation("people", PersonView))
async def get_person(request: Asked, person_id: InPath) -> ASGIResponse:
    """A person with the consumers that merchants have, the accounts, and who they were taken for."""
    return reply(await _person(read(request), person_id))


@get("/consumers/{consumer_id:str}/person", opt=operation("people", PersonView))
async def get_person_behind(request: Asked, consumer_id: InPath) -> ASGIResponse:
    """The person behind a consumer."""
    ask, person_id = read(request), None
    if ids.is_id(consumer_id, ids.CONSUMER):
        person_id = await people.person_behind(ask.services.pool, consumer_id)
    if person_id is None:
        raise Refused(Code.NOT_FOUND, "There is no such consumer.", "/id")
    return reply(await _person(ask, person_id))


@post(
    "/people/search",
    status_code=200,
    opt=operation(
        "people", PeopleFound, takes=Identifier, keeps=False, example={"kind": "operator_id", "value": "K-4711"}
    ),
)
async def search_people(request: Asked, body: RawBody) -> ASGIResponse:
    """Find people by what a consumer was registered with, whether it counts or not; not by what test merchants try."""
    asked = _search.read(body, content_type(request))
    ask = write(request, body)
    marks = [mark for one in marked(ask.services.secrets, "", known_by([asked], ())) for mark in one.marks]
    found = await people.search(ask.services.pool, marks)
    return reply(PeopleFound([await _person(ask, person_id) for person_id in found]))


@post(
    "/people/{person_id:str}/merge",
    status_code=202,
    opt=operation(
        "people",
        {202: Proposed},
        takes=MergeBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"person": "{other_person_id}", "note": "One passport, seen on 3 March."},
    ),
)
async def merge_people(request: Asked, body: RawBody, person_id: InPath) -> ASGIResponse:
    """Propose that another person is this one. It is done when a second operator approves it.

    The limit is the higher of the two, and what is reserved and used is added up: it may be more than the limit.
    """
    asked = _merge.read(body, content_type(request))
    ask = write(request, body)
    require_shape(person_id)

    async def do(conn: Connection) -> Answer:
        await require_mergeable(conn, asked.person_id, person_id)
        wanted = Merging(asked.person_id, person_id, await _sealed(ask, conn, asked.person_id, asked.note))
        return await propose("merge_people", ask, conn, Thing.PERSON, person_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@post(
    "/people/{person_id:str}/split",
    status_code=202,
    opt=operation(
        "people",
        {202: Proposed},
        takes=SplitBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"consumers": ["{persons_consumer_id}"], "note": "The shop mistook one number for another."},
    ),
)
async def split_person(request: Asked, body: RawBody, person_id: InPath) -> ASGIResponse:
    """Propose that some of a person's consumers are somebody else. It is done when a second operator approves it.

    What their plans take from the limit goes with them, and is all the limit they have, until it is set or reviewed.
    """
    asked = _split.read(body, content_type(request))
    ask = write(request, body)
    require_shape(person_id)

    async def do(conn: Connection) -> Answer:
        await require_divisible(conn, person_id, asked.consumers)
        wanted = Splitting(person_id, asked.consumers, await _sealed(ask, conn, person_id, asked.note))
        return await propose("split_person", ask, conn, Thing.PERSON, person_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@get("/people-in-doubt", opt=operation("people", DoubtPage))
async def list_doubts(request: Asked, after: AfterDoubt = "", limit: Limit = 100) -> ASGIResponse:
    """Who may be one person: registrations that were known by identifiers of two."""
    page = await people.list_doubts(read(request).services.pool, after, limit)
    return reply(DoubtPage(page, page[-1].doubt_id if page else after))


@post(
    "/people-in-doubt/{doubt_id:str}/two",
    status_code=200,
    opt=operation("people", Doubt, takes=Nothing, refuses=(Code.STATE_FORBIDS,)),
)
async def say_two(request: Asked, body: RawBody, doubt_id: InPath) -> ASGIResponse:
    """They are two, and nobody asks again. To make them one, propose a merge."""
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)

    missing = Refused(Code.NOT_FOUND, f"There is no doubt {doubt_id[:100]!r}.", "/id")
    if not ids.is_id(doubt_id, ids.DOUBT):
        raise missing

    async def do(conn: Connection) -> Answer:
        doubt = await people.lock_doubt(conn, doubt_id)
        if doubt is None:
            raise missing
        if doubt.outcome is not None:
            raise Refused(Code.STATE_FORBIDS, f"Somebody has said that they are {doubt.outcome}.", "/id")
        by = request.auth.key_id
        await settle_doubt(conn, doubt.person_id, doubt.other_id, DoubtOutcome.TWO, doubt.consumer_id, by, ask.now)
        await ask.record(conn, Verb.RESOLVED, Thing.PERSON, doubt.person_id, {"is_not": doubt.other_id})
        settled = await people.lock_doubt(conn, doubt_id)
        return Answer(200, encode(settled))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, do))


@needs_two("merge_people", "people")
async def _merge_as_proposed(doing: Doing, wanted: Merging) -> PersonView:
    moved = await merge(doing.conn, wanted.gone_id, wanted.kept_id, _by(doing, wanted.note), doing.ask.now)
    return await _moved(doing, moved)


@needs_two("split_person", "people")
async def _split_as_proposed(doing: Doing, wanted: Splitting) -> PersonView:
    moved = await split(doing.conn, wanted.person_id, wanted.consumers, _by(doing, wanted.note), doing.ask.now)
    return await _moved(doing, moved)


async def _sealed(ask: Ask, conn: Connection, person_id: str, note: str) -> str:
    """What is said of a person, sealed with a key of that person's own. Refused: ERASED."""
    await make_key_of_person(conn, ask.services.secrets, person_id)
    return seal_text(await key_of(ask.services, conn, person_id), person_id, note)


def _by(doing: Doing, note: str) -> ByTwo:
    assert doing.ask.by.key_id is not None
    return ByTwo(note, doing.approval.proposed_key, doing.ask.by.key_id)


async def _moved(doing: Doing, moved: Moved) -> PersonView:
    snapshots = doing.ask.services.snapshots

    async def tell() -> None:
        await snapshots.accounts_changed(moved.accounts)
        for consumer_id, _ in moved.consumers:
            await snapshots.consumer_changed(consumer_id)
        await doing.ask.services.following.follow(doing.ask.real_now, moved.person_id)

    doing.afterwards.append(tell)
    found = await people.load_person(doing.conn, moved.person_id)
    assert found is not None
    return found


def require_shape(person_id: str) -> None:
    """Refused: NOT_FOUND, where no person can have this id."""
    if not ids.is_id(person_id, ids.PERSON):
        raise _nobody(person_id)


def _nobody(person_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no person {person_id[:100]!r}.", "/id")


async def _person(ask: Ask, person_id: str) -> PersonView:
    require_shape(person_id)
    found = await people.load_person(ask.services.pool, person_id)
    if found is None:
        raise _nobody(person_id)
    await ask.record_reading(Thing.PERSON, person_id, "consumers and accounts")
    return found


ROUTES = [get_person, get_person_behind, search_people, merge_people, split_person, list_doubts, say_two]
