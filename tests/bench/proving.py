"""Whether a day has left all of very many plans right: every invariant of the service.

To ask all of them of a million plans takes longer than the day itself. Most of the time goes into those that look at
nothing but rows in buckets, of a plan or of its person. Here all of a person stands in one bucket, so that what such a
check says of a bucket it says whatever stands in the others: these see some buckets, by chance, with all that is in
them. The others, which sum over all plans of a merchant or a partner, see everything.
"""

import random
import re
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from service import db, ids
from service.config import Settings
from tests.bench.filling import share
from tests.bench.stage import connected

Q: Final = db.load_queries(Path(__file__).with_name("proving.sql"))

PART: Final = 8  # of the buckets, an eighth
WORD: Final = re.compile(r"\w+")
COMMENT: Final = re.compile(r"--.*")

Named = tuple[str, str]  # a check: its name and its query


class Proof(NamedTuple):
    """What the checks have found."""

    broken: list[str]
    asked: int
    sampled: int  # of those asked: of some buckets alone
    seed: int  # that chose the buckets


async def check(settings: Settings) -> Proof:
    """Asks all checks, over two connections."""
    seed = secrets.randbits(32)
    async with connected(settings) as one, connected(settings) as other:
        buckets = random.Random(seed).sample(range(ids.BUCKETS), ids.BUCKETS // PART)
        await one.execute(views([row["name"] for row in await one.fetch(Q.in_buckets)], buckets))
        asked, sampled = await checks(one)
        found: list[str] = []

        async def ask(conn: db.Connection, check: Named) -> None:
            await conn.execute(f"set search_path = {'sampled, public' if check in sampled else 'public'}")
            found.extend(result.name for result in await db.run_checks(conn, [check]) if result.rows)

        for conn in (one, other):
            await conn.execute("set work_mem = '512MB'")  # very many plans are summed up
        await share([one, other], asked, ask)
    return Proof(found, len(asked), len(sampled), seed)


async def checks(conn: db.Connection) -> tuple[list[Named], list[Named]]:
    """All of them; and those that look at nothing but rows in buckets."""
    in_buckets = {row["name"] for row in await conn.fetch(Q.in_buckets)}
    others = {row["name"] for row in await conn.fetch(Q.tables)} - in_buckets
    asked = list(db.load_queries(db.SCHEMA / "checks.sql"))
    return asked, [check for check in asked if names_none(check, others)]


def names_none(check: Named, tables: set[str]) -> bool:
    """Whether it looks at none of these. A column that is called like one of them counts as well, to be safe."""
    return tables.isdisjoint(WORD.findall(COMMENT.sub("", check[1])))


def views(tables: list[str], buckets: list[int]) -> str:
    """A schema in which these tables have the rows of these buckets alone."""
    chosen = "{" + ",".join(map(str, buckets)) + "}"
    return "drop schema if exists sampled cascade; create schema sampled;" + "".join(
        f"create view sampled.{table} as select * from public.{table} where bucket = any ('{chosen}'::smallint[]);"
        for table in tables
    )
