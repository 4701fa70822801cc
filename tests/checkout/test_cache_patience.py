"""How long the cache is waited for: not at all for one that says nothing, and longer when it is we who are busy."""

import asyncio
import time

import redis.asyncio as redis
from prometheus_client import REGISTRY

from service.checkout.cache import Cache, Entry


async def test_one_that_says_nothing_is_left_alone() -> None:
    said_nothing = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await said_nothing.wait()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        cache = Cache(
            redis.Redis(host="127.0.0.1", port=port, protocol=2, driver_info=None), "k" * 32
        )  # which waits for ever
        async with asyncio.timeout(10):
            assert await cache.get([("{1}one", "{1}other")]) == [[None, None]]
            assert not cache.is_up
            assert await cache.get([("{1}one",)]) == [[None]]  # nobody is asked
        said_nothing.set()
        await cache.close()


async def test_what_came_while_we_were_busy_is_heard(redis_url: str) -> None:
    cache = Cache(redis.Redis.from_url(redis_url, protocol=2, driver_info=None), "k" * 32)
    cache.keep([("{1}one", 1, b"text")])
    await cache.sent()
    asyncio.get_running_loop().call_later(0, time.sleep, 0.3)  # more than anybody waits for Redis
    assert await cache.get([("{1}one",)]) == [[Entry(1, b"text")]]
    assert cache.is_up
    await cache.close()


async def test_what_was_just_told_is_known_before_redis_hears_it(redis_url: str) -> None:
    cache = Cache(redis.Redis.from_url(redis_url, protocol=2, driver_info=None), "k" * 32)
    cache.keep([("{1}one", 1, b"text"), ("{1}other", 1, b"text")])
    await cache.sent()
    cache.forget(["{1}one"])
    cache.keep([("{1}other", 2, b"newer")])
    assert await cache.get([("{1}one", "{1}other")]) == [[None, Entry(2, b"newer")]]
    await cache.sent()
    assert await cache.get([("{1}one", "{1}other")]) == [[None, Entry(2, b"newer")]]
    await cache.close()


async def test_what_was_just_told_is_known_though_redis_is_away() -> None:
    """And no answer is counted twice, as found and as away: that was refused, and the checkout with it."""
    cache = Cache(redis.Redis(host="127.0.0.1", port=1, protocol=2, driver_info=None), "k" * 32)  # nobody listens there
    cache.keep([("{1}one", 1, b"text")])
    before = _counted()
    assert await cache.get([("{1}one", "{1}other")]) == [[Entry(1, b"text"), None]]
    assert not cache.is_up
    assert [now - then for now, then in zip(_counted(), before, strict=True)] == [1, 0, 1]
    cache.keep([("{1}other", 1, b"text")])
    assert await cache.get([("{1}other",)]) == [[Entry(1, b"text")]]
    await cache.close()


def _counted() -> list[float]:
    """How many names were found, missing and away so far."""
    return [
        REGISTRY.get_sample_value("tenor_cache_answers_total", {"answer": one}) or 0
        for one in ("found", "missing", "away")
    ]
