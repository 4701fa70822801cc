"""What a run found: `bench.json` for programs, a table for people."""

import os
import platform
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct

from tests.bench import curve, goals
from tests.bench.curve import Point
from tests.bench.goals import Goal
from tests.bench.load import Outcome

FILE = Path("bench.json")

PGBENCH = {
    "pgbench_open_as_we_write": "pgbench opens, one function call: our rows",
    "pgbench_open_as_anyone_would": "pgbench opens: the classical rows",
    "pgbench_pay_as_we_write": "pgbench pays, one function call: our rows",
    "pgbench_pay_as_anyone_would": "pgbench pays: the classical rows",
}
SIDES = PGBENCH | {
    "open": "Tenor opens plans: POST /v1/plans",
    "pay": "Tenor records payments: POST /v1/plans/{id}/payments",
    "bare": "bare Litestar echoes a checkout",
    "decide": "Tenor decides: POST /v1/checkouts, four offers",
}


class Cpu(Struct):
    """Microseconds of processor for one operation. The client is the load generator, or pgbench."""

    service: float
    postgres: float
    client: float


class Side(Struct):
    """One of the things compared, in its rounds; figures are medians of the rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]
    rounds: list[float]  # per second
    cpu_us: Cpu


class Machine(Struct):
    """Where it ran."""

    processors: int
    model: str
    system: str
    python: str
    postgres: str
    load_before: float  # the machine's load average when it began: above 0 others were using it


class Checkouts(Struct):
    """What shoppers noticed."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: dict[str, int]


class DayClose(Struct):
    """The day's close. Seconds are those of the slower worker, from when it is ready to work until it has ended."""

    plans: int
    workers: int
    seconds: float
    steps: dict[str, float]
    workers_cpu_s: float  # seconds of processor: of all workers ...
    postgres_cpu_s: float  # ... and of PostgreSQL, for the checkouts as well
    memory_mib: float  # of all processes of the service together, at most
    before: Checkouts
    during: Checkouts
    load: float  # the machine's load average when it began: above 0 others were using it
    passed: int = 0  # of which the day found something to be done: due, late, late for a month
    charged: int = 0  # of those due: paid by themselves, through the sandbox processor
    broken_checks: list[str] = []
    differences: int = 0  # of plans proved against their facts, the last and some by chance

    @property
    def plans_per_s(self) -> float:
        """Active plans a second."""
        return round(self.plans / self.seconds, 1)

    @property
    def p99_ratio(self) -> float:
        """By how much the slowest checkouts became slower."""
        return round(self.during.p99_ms / self.before.p99_ms, 2)


class Reconciled(Struct, frozen=True):
    """A partner's day compared three ways, beside copying the same rows into the database and joining them there."""

    items: int
    positions: int
    settlements: int
    entries: int  # of the bank
    breaks: dict[str, int]  # by leg: item, position, cash
    seconds: float
    join_seconds: float  # to copy what the others told and join it with ours, once a leg
    recon_vs_join: float
    memory_mib: int  # of the process that compares


class Filed(Struct, frozen=True):
    """The four files of a partner's day, made."""

    events: int
    numbered_s: float  # seconds of numbering the events, which the worker does as they come
    seconds: float  # of closing the day and making its files
    cpu_s: float  # of processor in the process that makes them
    memory_mib: int  # of that process


class Bench(Struct):
    """`bench.json`."""

    open_vs_pgbench: float  # open / the faster of the two pgbench sides that open
    pay_vs_pgbench: float  # pay / the faster of the two that pay
    decide_vs_bare: float
    decide_alone_vs_crowd: float  # processor time of a request at 1 connection / at 128
    open_alone_vs_crowd: float
    curves: dict[str, list[Point]]  # each side at 1, 8 and 128 connections
    day_close_plans_per_s: float  # active plans / the seconds in which their day was closed; 0: not measured
    day_close_p99_ratio: float  # p99 of checkouts while it is closed / before
    day_close: DayClose | None
    recon_vs_join: float  # seconds of comparing a day / of copying its rows and joining them; 0: not measured
    reconciled: Reconciled | None
    daily_files_s: float  # seconds of making the files of a partner's day; 0: not measured
    filed: Filed | None
    errors: int
    broken_checks: list[str]
    checks: int
    processes: int  # HTTP processes of each side
    connections: int
    people: int
    seconds: float  # of one round
    sides: dict[str, Side]
    pure_us: dict[str, float]
    facts_in_schedules: dict[str, float]  # what a fact costs, as a multiple of building the plan's schedule
    machine: Machine
    goals: list[Goal] = []  # the figures that are wanted, once it is written


def side_of(rounds: list[tuple[Outcome, Cpu]]) -> Side:
    """The medians of a side's rounds."""
    outcomes = [outcome for outcome, _ in rounds]
    errors: dict[str, int] = {}
    for outcome in outcomes:
        for error, count in outcome.errors.items():
            errors[error] = errors.get(error, 0) + count
    return Side(
        per_second=round(median(one.per_second for one in outcomes), 1),
        p50_ms=round(median(one.p50_ms for one in outcomes), 2),
        p99_ms=round(median(one.p99_ms for one in outcomes), 2),
        errors=errors,
        rounds=[round(one.per_second, 1) for one in outcomes],
        cpu_us=Cpu(*(round(median(getattr(cpu, name) for _, cpu in rounds)) for name in Cpu.__struct_fields__)),
    )


def machine(postgres: str, load_before: float) -> Machine:
    """This one."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return Machine(
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        model=models[0] if models else platform.processor(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        postgres=postgres,
        load_before=round(load_before, 2),
    )


def write(bench: Bench) -> None:
    """Into `bench.json`, indented, with which of the figures that are wanted were reached."""
    bench.goals = goals.goals_of(bench.pure_us, bench.facts_in_schedules, bench.pay_vs_pgbench)
    compared, made = bench.reconciled, bench.filed
    bench.goals += goals.goals_of_day(
        compared.recon_vs_join if compared else 0,
        compared.seconds if compared and compared.items >= goals.A_DAY else 0,
        compared.memory_mib if compared and compared.items >= goals.A_DAY else 0,
        made.seconds if made and made.events >= goals.A_DAY else 0,
        made.memory_mib if made and made.events >= goals.A_DAY else 0,
    )
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(bench), indent=2) + b"\n")


def show(bench: Bench) -> None:
    """The table."""
    print(f"\n{'':<52}{'a second':>9}{'p50 ms':>8}{'p99 ms':>8}{'errors':>8}   {'CPU us: service, PostgreSQL, client'}")
    for name, side in bench.sides.items():
        cpu = side.cpu_us
        print(
            f"{SIDES[name]:<52}{side.per_second:>9,.0f}{side.p50_ms:>8.1f}{side.p99_ms:>8.1f}"
            f"{sum(side.errors.values()):>8}   {cpu.service:>8.0f}{cpu.postgres:>12.0f}{cpu.client:>8.0f}"
        )
    for name, side in bench.sides.items():
        for error, count in side.errors.items():
            print(f"  {name}: {count} x {error}")
    print(f"\nOpening plans against the faster pgbench: {bench.open_vs_pgbench:.2f}")
    print(f"Recording payments against the faster:    {bench.pay_vs_pgbench:.2f}")
    print(f"Deciding against a bare echo:             {bench.decide_vs_bare:.2f}")
    print(
        f"CPU of a request alone against in a crowd: deciding {bench.decide_alone_vs_crowd:.2f}, opening "
        f"{bench.open_alone_vs_crowd:.2f}"
    )
    curve.show(bench.curves)
    if bench.day_close is not None:
        _show_day(bench.day_close)
    if bench.reconciled is not None:
        one = bench.reconciled
        print(
            f"\nA partner's day of {one.items:,} items, {one.positions:,} positions and {one.settlements:,} "
            f"settlements in {one.entries:,} entries of the bank compared three ways in {one.seconds:g} s, "
            f"{sum(one.breaks.values()):,} breaks ({', '.join(f'{leg} {n:,}' for leg, n in one.breaks.items())}), "
            f"{one.memory_mib} MiB; copied and joined by the database in {one.join_seconds:g} s: x{one.recon_vs_join}."
        )
    if bench.filed is not None:
        day = bench.filed
        print(
            f"\nThe four files of a partner's day of {day.events:,} events made in {day.seconds:g} s, {day.cpu_s:g} s"
            f" of processor, {day.memory_mib} MiB; to number them as they came took {day.numbered_s:g} s."
        )
    pure = ", ".join(f"{name.replace('_', ' ')} {cost}" for name, cost in bench.pure_us.items())
    print(f"\nThe rules alone, microseconds: {pure}")
    facts = ", ".join(f"{name.replace('_', ' ')} {cost}" for name, cost in bench.facts_in_schedules.items())
    print(f"One more payment, in schedules built in the same time: {facts}")
    goals.show(bench.goals)
    print(f"\nChecks after it: {bench.checks}, broken: {', '.join(bench.broken_checks) or 'none'}.")
    place, rounds = bench.machine, max((len(side.rounds) for side in bench.sides.values()), default=0)
    print(
        f"{place.processors} processors ({place.model}), load {place.load_before} before; {place.system}; Python "
        f"{place.python}; PostgreSQL {place.postgres}; {bench.processes} HTTP processes a side, {bench.connections} "
        f"connections, {bench.people:,} people, rounds of {bench.seconds:g} s: {rounds}."
    )
    print(f"Written to {FILE}.")


def _show_day(day: DayClose) -> None:
    steps = ", ".join(f"{name} {seconds:g}" for name, seconds in day.steps.items())
    before, during = day.before, day.during
    print(
        f"\nThe day of {day.plans:,} plans, {day.passed:,} of them due or late, {day.charged:,} charged: closed by "
        f"{day.workers} workers in {day.seconds:g} s ({steps}), {day.plans_per_s:,.0f} plans a second; load {day.load} "
        f"before; {day.workers_cpu_s:g} s of processor for the workers and {day.postgres_cpu_s:g} s for PostgreSQL; "
        f"the service held {day.memory_mib:,.0f} MiB.\nCheckouts: p50 {before.p50_ms} and p99 {before.p99_ms} "
        f"ms before it, {during.p50_ms} and {during.p99_ms} ms meanwhile, p99 x{day.p99_ratio}. Broken checks: "
        f"{', '.join(day.broken_checks) or 'none'}; plans that differ from their facts: {day.differences}."
    )
