"""`make bench`: the service beside what the machine could do without it, in one run, on the same servers, alternating.

make bench ARGS=--quick     one short round of each, in less than a minute
"""

import argparse
import asyncio
import os
import secrets
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from service import config, db, embedded
from service.config import CannotStart, Settings
from service.server import supervisor
from tests.bench import books, curve, facts, filing, pure, report
from tests.bench.day import measure as measure_day
from tests.bench.load import Outcome
from tests.bench.report import Bench, Cpu
from tests.bench.stage import PROCESSES, Stage, set_up

FOLDER = Path(".local") / "bench"  # on the disk where the service's own data would be


def main() -> int:
    """The exit code: 0 when nothing failed and no check is broken."""
    given = _asked()
    environ = config.read(os.environ)
    load_before = os.getloadavg()[0]
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
        if given.plans:
            print(f"{given.plans:,} plans, and their day ...", flush=True)
        day = measure_day(servers, given.plans) if given.plans else None
        reconciled = books.measure(servers, given.items) if given.items else None
        filed = filing.measure(servers, given.items) if given.items else None
        stage = stack.enter_context(set_up(servers, given.people, given.connections, given.rounds + 1))
        played = play(stage, given.sides, given.rounds, given.seconds)
        print("The same at 1, 8 and 128 connections ...", flush=True)
        curves = curve.measure(stage, given.sides, given.seconds / 2)
        checks = asyncio.run(check(stage))
    sides = {name: report.side_of(rounds) for name, rounds in played.items()}
    bench = Bench(
        open_vs_pgbench=ratio(sides, "open", "pgbench_open_as_we_write", "pgbench_open_as_anyone_would"),
        pay_vs_pgbench=ratio(sides, "pay", "pgbench_pay_as_we_write", "pgbench_pay_as_anyone_would"),
        decide_vs_bare=ratio(sides, "decide", "bare"),
        decide_alone_vs_crowd=curve.alone(curves, "decide"),
        open_alone_vs_crowd=curve.alone(curves, "open"),
        curves=curves,
        day_close_plans_per_s=day.plans_per_s if day else 0,
        day_close_p99_ratio=day.p99_ratio if day else 0,
        day_close=day,
        recon_vs_join=reconciled.recon_vs_join if reconciled else 0,
        reconciled=reconciled,
        daily_files_s=filed.seconds if filed else 0,
        filed=filed,
        errors=sum(sum(side.errors.values()) for side in sides.values())
        + sum(point.errors for points in curves.values() for point in points),
        broken_checks=[one.name for one in checks if one.rows],
        checks=len(checks),
        processes=PROCESSES,
        connections=given.connections,
        people=given.people,
        seconds=given.seconds,
        sides=sides,
        pure_us=pure.costs(),
        facts_in_schedules=facts.in_schedules(),
        machine=report.machine(stage.postgres_version, load_before),
    )
    report.write(bench)
    report.show(bench)
    is_broken = day is not None and (day.broken_checks or day.differences or day.before.errors or day.during.errors)
    return 1 if bench.errors or bench.broken_checks or is_broken else 0


def _asked() -> argparse.Namespace:
    """The command line, with what is left out."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="The benchmark; writes bench.json.")
    parser.add_argument("--quick", action="store_true", help="one short round of each")
    parser.add_argument("--rounds", type=int, help="of each side (3; quick: 1)")
    parser.add_argument("--seconds", type=float, help="of each round (6; quick: 3)")
    parser.add_argument("--people", type=int, help="how many there are (100000; quick: 20000)")
    parser.add_argument("--connections", type=int, default=128, help="of the load generator (128)")
    parser.add_argument("--plans", type=int, help="whose day is closed (1000000; quick: 20000; 0: none)")
    parser.add_argument("--items", type=int, help="of a partner's day (1000000; quick: 20000; 0: none)")
    parser.add_argument("--sides", nargs="*", default=list(report.SIDES), choices=list(report.SIDES))
    given = parser.parse_args()
    rounds, seconds, people, plans = (1, 3, 20_000, 20_000) if given.quick else (3, 6, 100_000, 1_000_000)
    given.rounds, given.seconds = given.rounds or rounds, given.seconds or seconds
    given.people = given.people or people
    given.plans = plans if given.plans is None else given.plans
    given.items = plans if given.items is None else given.items
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


def ratio(sides: dict[str, report.Side], ours: str, *theirs: str) -> float:
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
