"""Before anybody can answer, nobody is let in: who knocks hears so at once, and asks another instance."""

import asyncio
import os
import sys

import pytest

from service import config
from service.server import supervisor
from tests.engine.processes import Own

pytestmark = pytest.mark.long


async def test_a_service_that_waits_for_its_database_lets_nobody_in(own: Own) -> None:
    with supervisor.bind("127.0.0.1", 0, listens=False) as found:
        port = found.getsockname()[1]
    environ = os.environ | config.environment(own.settings) | {"PORT": str(port)}
    argv = (sys.executable, "-m", "service", "serve")
    with own.postgres_stands_still():
        starting = await asyncio.create_subprocess_exec(*argv, env=environ, stdout=asyncio.subprocess.PIPE)
        try:
            for _ in range(30):
                assert starting.returncode is None
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection("127.0.0.1", port)
                await asyncio.sleep(0.1)
        except BaseException:
            starting.kill()
            raise
    try:
        await let_in(port)
    finally:
        starting.terminate()
        await asyncio.wait_for(starting.communicate(), 20)
    assert starting.returncode == 0


async def let_in(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
