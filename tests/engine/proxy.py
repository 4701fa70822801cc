"""Between the service and PostgreSQL: counts round trips, and passes everything on until told to cut the connection at
the next commit: that is COMMIT itself, or a statement that is a transaction of its own.
"""

import asyncio
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

COMMIT = b"COMMIT;\x00"  # the end of asyncpg's simple query
WRITES_ALL = b"require_unmoved"  # a statement that is a transaction, see service/plans/unlocked.sql
SIMPLE_QUERY, PARSE, BIND, SYNC = b"Q", b"P", b"B", b"S\x00\x00\x00\x04"


class Cut(StrEnum):
    """What the client is not told, in either case: the connection is gone."""

    BEFORE = "before"  # the commit never arrives, and the server rolls back
    AFTER = "after"  # the commit is done; its answer is lost


class Commits:
    """Finds the commits in what one client sends."""

    def __init__(self, statement: bytes = WRITES_ALL) -> None:
        self._statement = statement
        self._writing: set[bytes] = set()  # the names of prepared statements that are transactions
        self._is_writing = False

    def ends(self, message: bytes) -> bool:
        """Whether with this message something is committed."""
        if message.startswith(PARSE):
            name, _, text = message[5:].partition(b"\x00")
            if self._statement in text:
                self._writing.add(name)
        elif message.startswith(BIND):
            self._is_writing = message[5:].split(b"\x00", 2)[1] in self._writing
        ended = message.endswith(COMMIT) or (self._is_writing and message.endswith(SYNC))
        self._is_writing = self._is_writing and not ended
        return ended


class Proxy:
    """A socket in `folder` that stands for the server of `url`."""

    def __init__(self, url: str, folder: Path) -> None:
        self._upstream = url
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.trips = 0  # messages that wait for an answer
        self.cut: Cut | None = None  # at the next commit
        self.cut_of = b""  # only of a transaction that mentions this: a service has other work as well
        self.cut_at = WRITES_ALL  # what a statement says at which it may be cut as at a commit
        self.then_closed = False  # after a cut, nobody is let in
        self.cuts = 0

    @property
    def url(self) -> str:
        """The database's URL through this proxy."""
        parts = urlsplit(self._upstream)
        user = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{user}@", query=f"host={quote(str(self._folder), safe='')}"))

    async def open(self) -> None:
        """Lets clients in."""
        path = self._folder / ".s.PGSQL.5432"
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self) -> None:
        """Lets nobody in any more, and drops who is there."""
        if self._server is not None:
            self._server.close()
            self._server = None
        (self._folder / ".s.PGSQL.5432").unlink(missing_ok=True)
        for writer in list(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await self._connect()
        except OSError:  # nobody is there
            writer.close()
            return
        self._open |= {writer, upstream}
        answers = asyncio.create_task(_pass_on(upstream_reader, writer))
        is_meant, commits = False, Commits(self.cut_at)
        try:
            while message := await reader.read(1 << 16):
                self.trips += message.startswith(SIMPLE_QUERY) or message.endswith(SYNC)
                if b"BEGIN" in message:
                    is_meant = False
                is_meant = is_meant or self.cut_of in message
                if commits.ends(message) and self.cut is not None and is_meant:
                    await self._cut(message, upstream, upstream_reader, answers)
                    break
                upstream.write(message)
                await upstream.drain()
        except OSError:
            pass
        finally:
            answers.cancel()
            for one in (writer, upstream):
                one.close()
                self._open.discard(one)

    async def _cut(
        self,
        message: bytes,
        upstream: asyncio.StreamWriter,
        upstream_reader: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        cut, self.cut = self.cut, None
        self.cuts += 1
        answers.cancel()
        await asyncio.wait([answers])
        if cut is Cut.AFTER:
            upstream.write(message)
            await upstream.drain()
            await upstream_reader.read(1 << 16)
        if self.then_closed:
            await self.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._upstream)
        folder = parse_qs(parts.query).get("host", [""])[0]
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{parts.port or 5432}")
        return await asyncio.open_connection(parts.hostname or "localhost", parts.port or 5432)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while message := await reader.read(1 << 16):
            writer.write(message)
            await writer.drain()
    except OSError:
        pass
    writer.close()
