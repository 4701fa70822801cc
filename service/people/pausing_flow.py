"""Collection from a person rests, and goes on: said once for all plans of the person, at every merchant.

What is kept here is from whom nothing is collected; the plans follow (`plans/person_pause_flow.py`). It holds for who
is found to be the same person, and not for who is found to be another.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from service import ids
from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.people.pause import PersonPause

Q: Final = load_queries(Path(__file__).with_name("pausing.sql"))


async def pause(conn: Connection, person_id: str, why: PersonPause, on: date, by: str, now: datetime) -> None:
    """Nothing is collected from a day on. Refused: STATE_FORBIDS, where that was said already."""
    if not await conn.fetchval(Q.pause_person, ids.bucket_of(person_id), person_id, why, on, now, by):
        raise Refused(Code.STATE_FORBIDS, f"Collection from this person rests for {why} already.", "/why")


async def resume(conn: Connection, person_id: str, why: PersonPause, by: str, now: datetime) -> None:
    """It goes on, unless it rests for the other reason, too. Refused: STATE_FORBIDS, where it does not rest so."""
    if not await conn.fetchval(Q.resume_person, ids.bucket_of(person_id), person_id, why, now, by):
        raise Refused(Code.STATE_FORBIDS, f"Collection from this person does not rest for {why}.", "/why")


async def hand_over(conn: Connection, from_id: str, to_id: str, now: datetime) -> bool:
    """One person is another from now on, who rests where this one did; whether that is news of the other."""
    news = False
    for why, begins_on, said_by in await conn.fetch(Q.end_pauses, ids.bucket_of(from_id), from_id, now):
        begun = await conn.fetchval(Q.pause_person, ids.bucket_of(to_id), to_id, why, begins_on, now, said_by)
        news = news or begun is not None
    return news


async def buckets_of(conn: Connection | Pool, person_id: str) -> list[int]:
    """The buckets in which the person's consumers and plans are; none, if there is no such person."""
    found: list[int] | None = await conn.fetchval(Q.buckets_of_person, ids.bucket_of(person_id), person_id)
    return found or []


async def touch(conn: Connection, person_id: str) -> list[tuple[str, int]]:
    """The person's consumers with their new versions, for the cache: what is known of them has changed."""
    rows = await conn.fetch(Q.touch_consumers, await buckets_of(conn, person_id), person_id)
    return [(row["consumer_id"], row["version"]) for row in rows]
