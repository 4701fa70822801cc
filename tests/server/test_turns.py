"""What came behind another request waits for its turn, and others are served in between."""

import asyncio

from service.server.turns import Turns


async def test_others_are_served_between_two_of_them() -> None:
    turns, log, loop = Turns(), list[str](), asyncio.get_running_loop()
    done = asyncio.Event()

    def first() -> None:
        log.append("first")
        loop.call_soon(log.append, "another")

    turns.take(first)
    turns.take(lambda: log.append("second"))
    turns.take(done.set)
    log.append("before")
    await done.wait()
    assert log == ["before", "first", "another", "second"]


async def test_one_that_fails_stops_nobody() -> None:
    turns, done = Turns(), asyncio.Event()
    heard = list[str]()

    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    asyncio.get_running_loop().set_exception_handler(lambda _, about: heard.append(str(about["exception"])))
    turns.take(fail)
    turns.take(done.set)
    await done.wait()
    assert heard == ["division by zero"]
