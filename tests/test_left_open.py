"""What a test leaves open is ended with its loop and told, so that a test that fails ends."""

import asyncio
import gc

import pytest

from service import db
from tests.loop import Loop


def test_a_pool(server_url: str) -> None:
    loop = Loop()
    pool = loop.run_until_complete(db.open_pool(server_url, size=2))
    with pytest.raises(ResourceWarning, match=r"left open: .*Pool"):
        loop.close()
    assert loop.is_closed()
    assert pool.get_size() == 0


def test_a_connection_in_the_middle_of_a_transaction(server_url: str) -> None:
    loop = Loop()
    connection = loop.run_until_complete(db.connect(server_url))
    loop.run_until_complete(connection.execute("begin"))
    with pytest.raises(ResourceWarning, match=r"left open: .*KnowsTypes"):
        loop.close()
    assert connection.is_closed()


def test_a_server() -> None:
    loop = Loop()
    loop.run_until_complete(asyncio.start_server(lambda *_: None, "127.0.0.1", 0))
    with pytest.raises(ResourceWarning, match=r"left open: .*TCPServer"):
        loop.close()
    assert loop.is_closed()


def test_in_a_loop_of_a_tests_own_it_is_told_as_ever(server_url: str) -> None:
    """As of a command that a test runs in its process: nothing here keeps it alive, so Python tells."""

    async def leave_open() -> None:
        await db.connect(server_url)

    def run() -> None:
        asyncio.run(leave_open())
        gc.collect()

    with pytest.warns(ResourceWarning, match="unclosed"):
        run()


def test_what_was_closed_is_not_told(server_url: str) -> None:
    loop = Loop()
    pool = loop.run_until_complete(db.open_pool(server_url, size=2))
    loop.run_until_complete(pool.close())
    loop.close()
