"""Where a process orders databases: to connect for each order takes as long as to drop one."""

import asyncio
from threading import Thread
from typing import Any

import uvloop

from service import db


class Desk:
    """Over one connection, which lives in a loop of its own, for each test has another."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._loop = uvloop.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def __call__(self, statement: str) -> str:
        """Executes it; where the server is."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._execute(statement), self._loop))

    def close(self) -> None:
        """Ends the connection and the loop."""
        if self._connection:
            asyncio.run_coroutine_threadsafe(self._connection.close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _execute(self, statement: str) -> str:
        async with self._turn:
            if not self._connection or self._connection.is_closed():
                self._connection = await db.connect(self._server)
            await self._connection.execute(statement)
            return str(self._connection._addr)
