"""A database with very many plans, and people who go to the checkout beside them."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from service import clock
from service.config import Settings
from service.demo.seed import load as load_demo
from tests.bench import portfolio
from tests.bench.cast import Cast, decide_for_all, invite
from tests.bench.filling import hands, loosely
from tests.bench.portfolio import LIVES, Teller
from tests.bench.processes import serving
from tests.bench.stage import PROCESSES, Stage, connected, database, free_port, postgres


class Filled(Struct):
    """So many plans, and who goes to the checkout beside them."""

    plans: int
    stage: Stage


@contextmanager
def filled(servers: Settings, plans: int, shoppers: int, buyers: int) -> Iterator[Filled]:
    """The plans in a database of their own, with a service on it. Nobody has a decision yet."""
    with database(replace(servers, sandbox=True, allow_private=True)) as settings:
        cast = asyncio.run(_prepare(settings, shoppers + buyers))
        postmaster, version = asyncio.run(postgres(settings))
        demo = load_demo(settings)
        with serving(["service", "http-process"], PROCESSES, settings) as web:
            operator, merchant = (Teller(web.port, key) for key in (demo.operator_key, demo.merchant_key))
            with _till(operator, Teller(web.port, demo.second_operator_key)) as name:
                today = clock.now()
                models = [portfolio.live(merchant, life, today, name) for life in LIVES]
                operator.post("/v1/operator/day-close", {}, today - portfolio.A_DAY)
                with loosely(servers):
                    asyncio.run(_multiply(settings, models, plans))
                yield Filled(
                    plans,
                    Stage(
                        settings, cast, web, web, postmaster, version, connections=1, shoppers=cast.people[:shoppers],
                        buyers=cast.people[shoppers:], buyers_max=buyers, payers=[],
                    ),
                )  # fmt: skip


def let_buy(one: Filled) -> None:
    """A decision for everybody, which binds us for an hour; the statistics are of what is there then."""
    asyncio.run(_let_buy(one.stage))


async def _let_buy(stage: Stage) -> None:
    async with connected(stage.settings) as connection:
        await decide_for_all(connection, stage.cast, stage.service.port)
        await connection.execute("analyze")


async def _prepare(settings: Settings, people: int) -> Cast:
    async with connected(settings) as connection:
        cast = await invite(connection, settings, people)
        await portfolio.price(connection, settings, load_demo(settings))
        return cast


async def _multiply(settings: Settings, models: list[str], plans: int) -> None:
    async with hands(settings) as those:
        await portfolio.multiply(those, models, plans)


@contextmanager
def _till(operator: Teller, second: Teller) -> Iterator[str]:
    """The sandbox processor, registered; its name."""
    port = free_port()
    waits = operator.post("/v1/operator/processors", {"name": "till", "url": f"http://127.0.0.1:{port}"}, clock.now())
    made = second.post(f"/v1/operator/approvals/{waits['id']}/approve", {}, clock.now())["result"]
    command = [sys.executable, "-m", "service", "sandbox-processor", f"--port={port}", f"--secret={made['secret']}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield "till"
    finally:
        process.terminate()
        process.wait(20)
