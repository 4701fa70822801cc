"""What a run found: `bench.json` for programs, a table for people."""

import os
import platform
from pathlib import Path
from statistics import median

import msgspec

from tests.bench import curve, goals, latency, picture
from tests.bench.figures import Bench, Cpu, DayClose, Machine, Side
from tests.bench.load import Outcome

FILE = Path("bench.json")
PICTURE = Path("bench.svg")

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


def machine(postgres: str) -> Machine:
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
    )


def write(bench: Bench) -> None:
    """Into `bench.json`, with which of the figures that are wanted were reached; and the picture beside it."""
    bench.goals = goals.goals_of(bench)
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(bench), indent=2) + b"\n")
    PICTURE.write_text(picture.draw(bench.curves))


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
    curve.show(bench.curves)
    print()
    latency.show(bench.waits)
    if (kept := bench.kept) is not None:
        tables = ", ".join(f"{name} {of:g}" for name, of in kept.tables.items())
        print(f"Of a plan that is paid off tables keep {kept.paid_off:g} KiB, {kept.plans:,} of them: {tables}.")
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
            f" of processor, {day.memory_mib} MiB; to number the last {day.numbered:,} of them took"
            f" {day.numbered_s:g} s."
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
    parts = ", ".join(f"{name} {seconds:.0f}" for name, seconds in bench.took_s.items())
    print(f"It took {sum(bench.took_s.values()):,.0f} s: {parts}.")
    print(f"Written to {FILE} and {PICTURE}.")


def _show_day(day: DayClose) -> None:
    steps = ", ".join(f"{name} {seconds:g}" for name, seconds in day.steps.items())
    before, during = day.before, day.during
    print(
        f"\nThe day of {day.plans:,} plans, {day.passed:,} of them due or late, {day.charged:,} charged: closed by "
        f"{day.workers} workers in {day.seconds:g} s ({steps}), {day.plans_per_s:,.0f} plans a second; load {day.load} "
        f"before; {day.workers_cpu_s:g} s of processor for the workers and {day.postgres_cpu_s:g} s for PostgreSQL; "
        f"the service held {day.memory_mib:,.0f} MiB.\nCheckouts: p50 {before.p50_ms} and p99 {before.p99_ms} "
        f"ms before it, {during.p50_ms} and {during.p99_ms} ms meanwhile, p99 x{day.p99_ratio}. Broken checks: "
        f"{', '.join(day.broken_checks) or 'none'}, of {day.checks - day.sampled} asked of all plans and "
        f"{day.sampled} of an eighth of the buckets (seed {day.seed}). Plans that differ from their facts, the last "
        f"and some by chance: {day.differences}."
    )
