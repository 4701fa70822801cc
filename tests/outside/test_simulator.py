"""`tenor simulator`, as a person starts it."""

import asyncio
import socket
import sys

from service.http_client import open_client
from service.outside.gateway import HttpGateway
from service.reach import ANYWHERE
from tests.outside.test_gateway import query


async def test_it_answers_who_brings_the_secret() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ("-m", "service", "simulator", "--port", port, "--secret", "sk_told")
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout
        assert f"http://127.0.0.1:{port}/" in (await process.stdout.readline()).decode()
        async with open_client(ANYWHERE) as client:
            stranger, friend = (HttpGateway(client, f"http://127.0.0.1:{port}/", said) for said in ("x", "sk_told"))
            while not (await friend.ask(query("ada"))).facts:  # it may still be starting
                assert process.returncode is None
                await asyncio.sleep(0.05)
            assert not (await stranger.ask(query("ada"))).facts
    finally:
        process.terminate()
        await process.wait()
