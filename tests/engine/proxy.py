"""Between the service and PostgreSQL: passes everything on, until told to cut the connection at the next COMMIT."""

import asyncio
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

COMMIT = b"COMMIT;\x00"  # the end of asyncpg's simple query


class Cut(StrEnum):
    """What the client is not told, in either case: the connection is gone."""

    BEFORE = "before"  # COMMIT never arrives, and the server rolls back
    AFTER = "after"  # COMMIT is done; its answer is lost


class Proxy:
    """A socket in `folder` that stands for the server of `url`."""

    def __init__(self, url: str, folder: Path) -> None:
        self._upstream = url
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.cut: Cut | None = None  # at the next COMMIT
        self.cut_of = b""  # only of a transaction that mentions this: a service has other work as well
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
        is_meant = False
        try:
            while message := await reader.read(1 << 16):
                if b"BEGIN" in message:
                    is_meant = False
                is_meant = is_meant or self.cut_of in message
                if self.cut is not None and message.endswith(COMMIT) and is_meant:
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
