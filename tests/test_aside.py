"""Long work beside the event loop: one at a time, few that wait, none for a caller who has left."""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Event, current_thread, main_thread
from typing import Any

import pytest

from service.aside import Aside, Turnstile, Wanted
from service.errors import Code, Refused


async def stays() -> None:
    """A caller who waits for the answer."""
    await asyncio.Event().wait()


class Work:
    """What goes on until it is told to end, or nobody wants it."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.ended = Event(), Event(), Event()
        self.was_wanted = True

    def __call__(self, wanted: Wanted) -> str:
        assert current_thread() is not main_thread()
        self.begun.set()
        while not self.may_end.wait(0.002) and wanted():
            pass
        self.was_wanted = wanted()
        self.ended.set()
        return "done"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.002)


async def test_one_piece_is_done_at_a_time_and_a_full_line_refuses() -> None:
    aside, works = Aside(waiting_max=3), [Work(), Work(), Work()]
    answers = [asyncio.create_task(aside.run(work, stays())) for work in works]
    await until(works[0].begun.is_set)
    with pytest.raises(Refused) as refused:
        await aside.run(Work(), stays())
    assert refused.value.code is Code.BUSY
    assert [work.begun.is_set() for work in works] == [True, False, False]
    for work in works:
        work.may_end.set()
    assert await asyncio.gather(*answers) == ["done"] * 3
    assert await aside.run(lambda _: 7, stays()) == 7


async def test_what_is_refused_is_refused_to_who_asked() -> None:
    def impossible(_: Wanted) -> None:
        raise Refused(Code.IMPOSSIBLE_TERMS, "This is impossible.")

    with pytest.raises(Refused, match="impossible"):
        await Aside().run(impossible, stays())


def who_leaves() -> tuple[Callable[[], None], Coroutine[Any, Any, Any]]:
    gone = asyncio.Event()
    return gone.set, gone.wait()


async def test_who_leaves_ends_what_was_begun_for_him_and_what_was_not() -> None:
    aside, begun, waiting = Aside(waiting_max=3), Work(), Work()
    leave, left = who_leaves()
    first = asyncio.create_task(aside.run(begun, left))
    await until(begun.begun.is_set)
    leave_too, left_too = who_leaves()
    second = asyncio.create_task(aside.run(waiting, left_too))
    await asyncio.sleep(0)
    leave_too()
    leave()
    for asked in (first, second):
        with pytest.raises(Refused):
            await asked
    await until(begun.ended.is_set)
    assert not begun.was_wanted
    assert await aside.run(lambda _: 7, stays()) == 7
    assert not waiting.begun.is_set()


async def test_who_is_cancelled_has_left() -> None:
    aside, work = Aside(), Work()
    asked = asyncio.create_task(aside.run(work, stays()))
    await until(work.begun.is_set)
    asked.cancel()
    await until(work.ended.is_set)
    assert not work.was_wanted


async def test_a_turnstile_lets_one_through_a_turn() -> None:
    turnstile, turn, through = Turnstile(), 0, []

    async def go() -> None:
        await turnstile.go_through()
        through.append(turn)

    tasks = [asyncio.create_task(go()) for _ in range(20)]
    while not all(task.done() for task in tasks):
        turn += 1
        await asyncio.sleep(0)
    assert len(set(through)) == len(through) == 20
