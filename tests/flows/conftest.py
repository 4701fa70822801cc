"""The service on real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from litestar import Litestar

from service import db
from service.app import create_app, services
from service.config import Settings
from service.plans.proof_store import prove
from tests.checked import broken_checks
from tests.conftest import demo_of, of_its_own
from tests.flows.in_process import InProcess
from tests.flows.refusals import Refusals
from tests.flows.world import SHARED, World

_idle: list[Litestar] = []  # to build all routes takes 0.3 s: an app serves one world after the other


@asynccontextmanager
async def _alive(settings: Settings) -> AsyncIterator[Litestar]:
    """The app between start and end, with resources of its own. Both happen in one task, which a fixture alone would
    not do."""
    app = _idle.pop() if _idle else create_app(settings)
    started, ended = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with services(settings) as app.state["services"]:
            started.set()
            await ended.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([life, waiting], return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    try:
        yield app
    finally:
        ended.set()
        await life
    _idle.append(app)


@asynccontextmanager
async def world_on(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """The service in this process; `pool` sees its database beside it. Afterwards every invariant must hold, and no
    route has refused with a code that the contract does not name for it."""
    async with alive(settings, pool) as world:
        yield world
    async with pool.acquire() as conn:
        broken = await broken_checks(conn)
        proof = await prove(conn, every=True)
    assert broken == []
    assert proof.differences == []


@asynccontextmanager
async def alive(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """The same without a look at its database afterwards."""
    demo = await demo_of(settings, pool)
    async with _alive(settings) as app:
        refusals = Refusals(app)
        async with InProcess(refusals, base_url="http://tenor") as http:
            world = World(http, demo, pool, app)
            async with world.beside:
                yield world
    assert not refusals.unsaid, "a route refuses with what its `refuses` does not name"


@pytest.fixture
async def world_alone(settings: Settings, pool: db.Pool) -> AsyncIterator[World]:
    """The service on a database of its own."""
    async with world_on(settings, pool) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first_of_many(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The service on a database that tests of one file share; invariants are looked at after the last of them."""
    async with of_its_own(tmp_path_factory.mktemp("shared"), 3) as (settings, pool), world_on(settings, pool) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def world_among_many(first_of_many: World) -> AsyncIterator[World]:
    """The shared service, with clients of this test's own."""
    world = World(first_of_many.http, first_of_many.demo, first_of_many.pool, first_of_many.app)
    async with world.beside:
        yield world


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """The service: shared with the others of the file that are `SHARED`, or of the test's own."""
    is_shared = request.node.get_closest_marker("asyncio").kwargs == SHARED.kwargs
    assert not (is_shared and {"pool", "settings"} & {*request.fixturenames}), "those are of another database"
    found: World = request.getfixturevalue("world_among_many" if is_shared else "world_alone")
    return found
