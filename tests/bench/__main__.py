"""`make bench`: the service beside what the machine could do without it, in one run, on the same servers, alternating.

make bench ARGS=--quick     one short round of each, and nothing that takes longer
make bench ARGS="--quick --sides decide --plans 0 --requests 300000"
                            what a process holds after so many requests, and hardly anything else
make bench-partner          a partner's day of a million items
"""

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from service import config, db, embedded
from service.config import CannotStart, Settings
from service.server import supervisor
from tests.bench import (
    behind,
    books,
    curve,
    day,
    facts,
    filing,
    first_trade,
    growth,
    kept,
    latency,
    pure,
    report,
    scaling,
    trips,
)  # fmt: skip
from tests.bench.figures import Bench, Cpu, Filed, Reconciled, Side
from tests.bench.filled import filled
from tests.bench.filling import loosely
from tests.bench.load import Outcome
from tests.bench.stage import PROCESSES, Stage, migrated, set_up

FEW = 10_000  # plans: what very many are held against
FOLDER = Path(".local") / "bench"  # on the disk where the service's own data would be


class Parts:
    """What each part of the run took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def end(self, name: str) -> None:
        """So long it took since the last one ended."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._began, 1)
        self._began = now
        print(f"  {name}: {self.seconds[name]:g} s", flush=True)


def main() -> int:
    """The exit code: 0 when nothing failed and no check is broken."""
    given = _asked()
    environ = config.read(os.environ)
    load_before, parts = os.getloadavg()[0], Parts()
    print("Servers, a database, people with decisions that wait ...", flush=True)
    with supervisor.stopping_on_signals(), ExitStack() as stack:
        stack.callback(shutil.rmtree, FOLDER, ignore_errors=True)
        wanted = Settings(
            data=FOLDER,
            database_url=environ.database_url,
            migrate_url=environ.migrate_url,
            redis_url=environ.redis_url,
            key_secret=secrets.token_hex(32),
            data_secret=secrets.token_hex(32),
            audit_secret=secrets.token_hex(32),
        )
        servers = stack.enter_context(embedded.running(wanted, fresh=wanted.database_url is None)).settings
        stack.enter_context(migrated(servers))
        parts.end("servers")
        bench = _on_a_stage(servers, given, parts)
        bench.machine.load_before = round(load_before, 2)
        if given.all and not given.quick:
            bench.first_day_s = first_trade.measure(servers)
            parts.end("first day of trade")
        _on_a_partners_day(servers, given, bench, parts)
        _beside_many_plans(servers, given, bench, parts)
    bench.pure_us, bench.facts_in_schedules = pure.costs(given.passes), facts.in_schedules()
    parts.end("rules alone")
    bench.took_s = parts.seconds
    report.write(bench)
    report.show(bench)
    day, grown = bench.day_close, bench.grown
    is_broken = day is not None and (day.broken_checks or day.differences or day.before.errors or day.during.errors)
    has_failed = is_broken or (grown is not None and grown.errors)
    return 1 if bench.errors or bench.broken_checks or has_failed else 0


def _on_a_stage(servers: Settings, given: argparse.Namespace, parts: Parts) -> Bench:
    """What is measured with a service and a cast of people, and hardly a plan; of all sides, or of some alone."""
    with set_up(servers, given.people, given.connections, given.rounds + 1, given.short) as stage:
        parts.end("stage")
        weighed = _weigh(stage, given, parts) if given.all else {}
        played = play(stage, given.sides, given.rounds, given.seconds)
        sides = {name: report.side_of(rounds) for name, rounds in played.items()}
        parts.end("rounds")
        curves = curve.measure(stage, sides, given.short)
        parts.end("few connections")
        compared = _compare(stage, sides, given, parts) if given.all else {}
        if given.all or given.requests:
            compared["memory"] = stage.held(given.requests)
            parts.end("memory")
        checks = asyncio.run(check(stage))
        parts.end("checks")
    errors = sum(sum(side.errors.values()) for side in sides.values())
    errors += sum(point.errors for points in curves.values() for point in points[:-1])  # the crowd was counted
    return Bench(
        open_vs_pgbench=ratio(sides, "open", "pgbench_open_as_we_write", "pgbench_open_as_anyone_would"),
        pay_vs_pgbench=ratio(sides, "pay", "pgbench_pay_as_we_write", "pgbench_pay_as_anyone_would"),
        decide_vs_bare=ratio(sides, "decide", "bare"),
        decide_alone_vs_crowd=curve.alone(curves, "decide"),
        open_alone_vs_crowd=curve.alone(curves, "open"),
        curves=curves,
        errors=errors,
        broken_checks=[one.name for one in checks if one.rows],
        checks=len(checks),
        processes=PROCESSES,
        connections=given.connections,
        people=given.people,
        seconds=given.seconds,
        sides=sides,
        machine=report.machine(stage.postgres_version),
        **weighed,
        **compared,
    )


def _weigh(stage: Stage, given: argparse.Namespace, parts: Parts) -> dict[str, Any]:
    """What a plan takes, before anything else grows."""
    found = {"kept": kept.measure(stage, given.lives), "trips": trips.count(stage)}
    parts.end("room and round trips")
    return found


def _compare(stage: Stage, sides: dict[str, Side], given: argparse.Namespace, parts: Parts) -> dict[str, Any]:
    """The stage's service with what is nearly the same: with less to do, one process, others' pasts, itself before."""
    found: dict[str, Any] = {}
    capacities = {name: side.per_second for name, side in sides.items()}
    found["waits"] = latency.measure(stage, capacities, given.seconds)
    parts.end("latency")
    found["scaled"] = scaling.measure(stage, given.short)
    parts.end("one process")
    if not given.quick:
        found["behind"] = behind.measure(stage, given.past, given.short)
        parts.end("a long past")
    found["cold_start_s"] = round(median(stage.cold_starts_s), 2)
    return found


def _on_a_partners_day(servers: Settings, given: argparse.Namespace, bench: Bench, parts: Parts) -> None:
    """Both days are made at once, and then measured one after the other."""
    if not given.items:
        return
    with ExitStack() as stack:
        with loosely(servers):
            days = [stack.enter_context(made(servers, given.items)) for made in (books.made, filing.made)]
            for one in days:
                one.require_ready()
        parts.end("a partner's days")
        compared, filed = days
        compared.begin()
        bench.reconciled = compared.end(Reconciled)
        bench.recon_vs_join = bench.reconciled.recon_vs_join
        parts.end("compared")
        filed.begin()
        bench.filed = filed.end(Filed)
        bench.daily_files_s = bench.filed.seconds
        parts.end("its files")


def _beside_many_plans(servers: Settings, given: argparse.Namespace, bench: Bench, parts: Parts) -> None:
    """The day's close, and then whether so many plans slow what is done beside them."""
    if not given.plans:
        return
    print(f"{given.plans:,} plans, and their day ...", flush=True)
    with filled(servers, given.plans, day.SHOPPERS, growth.buyers(given.short)) as many:
        parts.end(f"{given.plans:,} plans")
        closed = bench.day_close = day.measure(many, given.before)
        bench.day_close_plans_per_s, bench.day_close_p99_ratio = closed.plans_per_s, closed.p99_ratio
        parts.end("their day")
        if given.quick:
            return
        with filled(servers, FEW, day.SHOPPERS, growth.buyers(given.short)) as few:
            bench.grown = growth.measure(many, few, given.short)
        parts.end("many plans and few")


class Length(NamedTuple):
    """How long a run is."""

    rounds: int  # of each side
    seconds: float  # of each of them
    short: float  # seconds of what is measured besides
    before: float  # seconds of checkouts before the day is closed
    people: int
    plans: int
    items: int  # of a partner's day
    lives: int  # plans whose room is measured
    passes: int  # of the rules alone


USUAL = Length(3, 1.6, 1.0, 6.0, 32_000, 1_000_000, 100_000, 600, 100)
QUICK = Length(1, 1.0, 0.4, 1.0, 6_000, 10_000, 0, 200, 30)


def _asked() -> argparse.Namespace:
    """The command line, with what is left out."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="The benchmark; writes bench.json.")
    parser.add_argument("--quick", action="store_true", help="one short round, and none of what takes long")
    for name, kind, what in (
        ("rounds", int, "of each side"), ("seconds", float, "of each round"),
        ("short", float, "seconds of what is measured besides"),
        ("before", float, "seconds of checkouts before the day is closed"), ("people", int, "how many there are"),
        ("plans", int, "whose day is closed; 0: none"),
        ("items", int, f"of a partner's day, a multiple of {books.OF}; 0: none"),
        ("lives", int, "plans whose room is measured"), ("passes", int, "of the rules alone"),
    ):  # fmt: skip
        parser.add_argument(
            f"--{name}", type=kind, help=f"{what} ({getattr(USUAL, name)}; quick: {getattr(QUICK, name)})"
        )
    parser.add_argument("--connections", type=int, default=128, help="of the load generator (128)")
    parser.add_argument("--past", type=int, default=1_000, help="plans behind one consumer (1000)")
    parser.add_argument(
        "--requests", type=int, default=0,
        help="answered at least before it is looked at what a process holds, decisions and payments in turn (0)",
    )  # fmt: skip
    parser.add_argument(
        "--sides", nargs="*", default=list(report.SIDES), choices=list(report.SIDES),
        help="all; or some, and nothing else on their stage",
    )  # fmt: skip
    given = parser.parse_args()
    length = QUICK if given.quick else USUAL
    for name, value in length._asdict().items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    given.all = set(given.sides) == set(report.SIDES)
    if given.items % books.OF:
        parser.error(f"argument --items: not a multiple of {books.OF:,}")
    return given


def play(stage: Stage, sides: list[str], rounds: int, seconds: float) -> dict[str, list[tuple[Outcome, Cpu]]]:
    """Every side in every round; the order turns round, so that none always follows the same other."""
    played: dict[str, list[tuple[Outcome, Cpu]]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(sides):
            played[name].append(stage.play(name, seconds))
            print(f"  round {number + 1}: {report.SIDES[name]:<52}{played[name][-1][0].per_second:>9,.0f}", flush=True)
    return played


def ratio(sides: dict[str, Side], ours: str, *theirs: str) -> float:
    """Ours against the fastest of theirs; 0 when one of them was not played."""
    against = max((sides[name].per_second for name in theirs if name in sides), default=0)
    return round(sides[ours].per_second / against, 3) if ours in sides and against else 0


async def check(stage: Stage) -> list[db.Check]:
    """The service's own invariants on what the benchmark left."""
    connection = await db.connect(stage.settings.owner_url)
    checks = await db.run_checks(connection)
    await connection.close()
    return checks


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotStart as sentence:
        sys.exit(f"bench: {sentence}")
