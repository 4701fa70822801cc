"""Nothing is collected from a person, at any merchant: a hardship, a death."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Ask, Asked, InPath, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.people import require_shape
from service.api.reply import encode, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.people import pausing_flow as people
from service.people.moving_flow import lock_people
from service.people.pause import PersonPause
from service.people.reading_store import load_person
from service.people.view import PersonView


class PersonPauseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing is collected, and from when on."""

    why: PersonPause
    on: date | None = None  # past or present; null: today


class PersonResumeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing was collected: that is over."""

    why: PersonPause


_pause = Body(PersonPauseBody)
_resume = Body(PersonResumeBody)


@post(
    "/people/{person_id:str}/pause",
    status_code=200,
    opt=operation(
        "people", PersonView, takes=PersonPauseBody, refuses=(Code.STATE_FORBIDS,), example={"why": "hardship"}
    ),
)
async def pause_person(request: Asked, body: RawBody, person_id: InPath) -> ASGIResponse:
    """Nothing is collected on any plan of a person, at any merchant, and paying late costs nothing.

    It holds for what is bought later, too, and for whoever is found to be the same person. A purchase is referred to a
    person meanwhile. Each merchant is told of its own plans only.
    """
    asked = _pause.read(body, content_type(request))
    ask = write(request, body)
    require_shape(person_id)
    on = asked.on or ask.now.date()
    if on > ask.now.date():
        raise Refused(Code.INVALID_FIELD, f"{on} is after today, {ask.now.date()}.", "/on")

    async def say(conn: Connection) -> None:
        await people.pause(conn, person_id, asked.why, on, ask.owner_id, ask.now)

    return await _said(ask, person_id, say, "paused")


@post(
    "/people/{person_id:str}/resume",
    status_code=200,
    opt=operation(
        "people", PersonView, takes=PersonResumeBody, refuses=(Code.STATE_FORBIDS,), example={"why": "hardship"}
    ),
)
async def resume_person(request: Asked, body: RawBody, person_id: InPath) -> ASGIResponse:
    """It is collected again from today on, on the plans that were paused with the person. Days in between are no days
    past due."""
    asked = _resume.read(body, content_type(request))
    ask = write(request, body)
    require_shape(person_id)

    async def say(conn: Connection) -> None:
        await people.resume(conn, person_id, asked.why, ask.owner_id, ask.now)

    return await _said(ask, person_id, say, "resumed")


async def _said(ask: Ask, person_id: str, say: Callable[[Connection], Awaitable[None]], what: str) -> ASGIResponse:
    """Says it, once; the plans follow before it is answered, and the worker does what is left of them."""
    touched: list[tuple[str, int]] = []

    async def do(conn: Connection) -> Answer:
        await _require(conn, person_id)
        await say(conn)
        touched[:] = await people.touch(conn, person_id)
        await ask.record(conn, Verb.CHANGED, Thing.PERSON, person_id, {"collection": what})
        return Answer(200, encode(await load_person(conn, person_id)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, do)
    for consumer_id, _ in touched:
        await ask.services.snapshots.consumer_changed(consumer_id)
    if answer.status == 200:
        await ask.services.following.follow(ask.real_now, person_id)
    return reply_answer(answer)


async def _require(conn: Connection, person_id: str) -> None:
    """Refused: NOT_FOUND, STATE_FORBIDS, of who was found to be somebody else."""
    found = await lock_people(conn, [person_id])
    if person_id not in found:
        raise Refused(Code.NOT_FOUND, f"There is no person {person_id!r}.", "/id")
    if other := found[person_id]:
        raise Refused(Code.STATE_FORBIDS, f"This person was found to be {other}.", "/id")


ROUTES: Final = [pause_person, resume_person]
