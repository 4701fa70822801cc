"""Where buckets are kept: all in one PostgreSQL; or, on a cluster (Citus), some in each of many shards.

A person's rows are all of one bucket, so all in one shard, on one machine. Whoever does work of one shard goes straight
to its machine: through another it costs half as much again.
"""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from service import ids
from service.clusters import is_cluster
from service.db import Connection

_SHARD_OF_EACH: Final = """
select b.bucket, n.nodename, n.nodeport, s.shard
  from generate_series(0, $1::int - 1) as b (bucket)
 cross join lateral (select get_shard_id_for_distribution_column('people', b.bucket::smallint) as shard) s
  join pg_dist_placement p on p.shardid = s.shard
  join pg_dist_node n on n.groupid = p.groupid and n.noderole = 'primary'
 order by b.bucket
"""


class Shards(Struct, frozen=True):
    """The shards, each by the URL of the machine that has it."""

    urls: tuple[str, ...]
    places: tuple[int, ...] = ()  # by bucket: which of `urls`; empty: all are in the first
    all_at: str | None = None  # the coordinator, which alone has what is spread over no machines

    def place(self, bucket: int) -> int:
        """Which shard has the bucket."""
        return self.places[bucket] if self.places else 0

    @property
    def with_all(self) -> tuple[str, ...]:
        """The URLs, and last the one by which all is seen."""
        return self.urls if self.all_at is None else (*self.urls, self.all_at)


ONE_SHARD: Final = Shards(("",))


async def shards_of(conn: Connection, url: str) -> Shards:
    """Those of the database that `conn` is connected to, by `url`. Machines have the user, the password and the options
    of that URL. Where shards are moved later, what is done still finds them, by a detour until the next start."""
    if not is_cluster(conn):
        return Shards((url,))
    rows = await conn.fetch(_SHARD_OF_EACH, ids.BUCKETS)
    assert [row["bucket"] for row in rows] == list(range(ids.BUCKETS)), "a bucket is kept nowhere, or twice"
    known: dict[int, int] = {}
    places = tuple([known.setdefault(row["shard"], len(known)) for row in rows])
    machines = {row["shard"]: _at(url, row["nodename"], row["nodeport"]) for row in rows}
    return Shards(tuple([machines[shard] for shard in known]), places, url)


def _at(url: str, host: str, port: int) -> str:
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}:{port}"))
