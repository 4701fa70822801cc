"""What a run is to reach, and whether it did. The exit code says nothing of it: another machine has other figures."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from tests.bench.figures import Bench, Wait

MORE: Final = 1.1  # "no more than" allows for a tenth that two measurements of the same differ by
A_DAY: Final = 1_000_000  # plans, and items of a partner's day: of fewer, seconds and memory say nothing


class Goal(Struct, frozen=True):
    """A figure, and the most or the least that it is to be; neither: it is told beside others."""

    what: str
    measured: float  # 0: it was not
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        """None: it was not measured, or nothing is wanted of it."""
        if not self.measured or (self.at_most is None and self.at_least is None):
            return None
        most, least = self.at_most, self.at_least
        return (most is None or self.measured <= most) and (least is None or self.measured >= least)


def goals_of(bench: "Bench") -> list[Goal]:
    """All of a run."""
    return [
        *_speed(bench), *_room(bench), *_size(bench), *_starts(bench), *_day(bench), *_partners_day(bench),
        *_rules(bench.pure_us, bench.facts_in_schedules),
    ]  # fmt: skip


def _speed(bench: "Bench") -> list[Goal]:
    trips, waits = bench.trips, bench.waits
    return [
        Goal("plans opened, for each of pgbench", bench.open_vs_pgbench, at_least=1.0),
        Goal("payments recorded, for each of pgbench", bench.pay_vs_pgbench, at_least=1.0),
        Goal("checkouts decided, for each of a bare echo", bench.decide_vs_bare, at_least=0.55),
        Goal("CPU of a decision alone / among 128", bench.decide_alone_vs_crowd, at_most=2.5),
        Goal("CPU of a plan opened alone / among 128", bench.open_alone_vs_crowd, at_most=2.5),
        Goal("decision at 1/20 load, p50 / the echo's p50", _wait(waits, "decide", "p50_ms"), at_most=3),
        Goal("... p99 / the echo's p50", _wait(waits, "decide", "p99_ms"), at_most=3),
        Goal("plan opened there, p50 / the echo's p50", _wait(waits, "open", "p50_ms"), at_most=5),
        Goal("... p99 / the echo's p50", _wait(waits, "open", "p99_ms"), at_most=5),
        Goal("round trips to PostgreSQL: decide", trips.get("decide", 0), at_most=1),
        *(Goal(f"... {what}", trips.get(what, 0), at_most=2) for what in ("open", "capture", "pay")),
    ]


def _room(bench: "Bench") -> list[Goal]:
    kept, memory = bench.kept, bench.memory
    return [
        Goal("WAL of a plan opened, KiB", kept.opened_wal if kept else 0, at_most=2.5),
        Goal("kept of it captured, less decision, keys, KiB", kept.captured if kept else 0, at_most=2.5),
        Goal("kept of it paid off, all included, KB", _kb(kept.paid_off) if kept else 0, at_most=10),
        Goal("... after retention", _kb(kept.retained) if kept else 0),
        Goal(
            f"MiB a process, {memory.requests if memory else 0:,} requests", memory.at_end if memory else 0, at_most=150
        ),
        Goal("... / after half of them", memory.growth if memory else 0, at_most=MORE),
    ]


def _size(bench: "Bench") -> list[Goal]:
    grown, behind, scaled = bench.grown, bench.behind, bench.scaled
    sizes = f"{grown.many:,} plans / {grown.few:,}" if grown else "many plans / few"
    past = f"{behind.plans:,}" if behind else "many"
    return [
        Goal(f"decided beside {sizes}", grown.decide if grown else 0, at_least=0.85),
        Goal(f"opened beside {sizes}", grown.opened if grown else 0, at_least=0.85),
        Goal(f"decision, {past} plans behind / none", behind.known if behind else 0, at_least=0.9),
        Goal("... both read from the database", behind.read if behind else 0, at_least=0.9),
        Goal("decided by 2 processes / 1, load beside them", scaled.ratio if scaled else 0, at_least=1.7),
    ]


def _starts(bench: "Bench") -> list[Goal]:
    return [
        Goal("cold start of a process, seconds", bench.cold_start_s, at_most=1.2),
        Goal("first day of trade, seconds", bench.first_day_s, at_most=6),
    ]


def _day(bench: "Bench") -> list[Goal]:
    day = bench.day_close
    is_whole = day is not None and day.plans >= A_DAY
    return [
        Goal("day of 1,000,000 plans closed, seconds", day.seconds if day and is_whole else 0, at_most=120),
        Goal("... checkouts' p99 meanwhile / before", day.p99_ratio if day else 0, at_most=2),
        Goal("... MiB of all processes", day.memory_mib if day and is_whole else 0, at_most=500),
    ]


def _partners_day(bench: "Bench") -> list[Goal]:
    compared, filed = bench.reconciled, bench.filed
    items, events = (compared.items if compared else 0), (filed.events if filed else 0)
    return [
        Goal("a partner's day compared, in copies and joins", compared.recon_vs_join if compared else 0, at_most=6),
        Goal("... of 1,000,000 items, seconds", compared.seconds if compared and items >= A_DAY else 0, at_most=120),
        Goal("... MiB of the process", compared.memory_mib if compared and items >= A_DAY else 0, at_most=500),
        Goal("its four files made, seconds", filed.seconds if filed and events >= A_DAY else 0, at_most=90),
        Goal("... MiB of the process", filed.memory_mib if filed and events >= A_DAY else 0, at_most=500),
    ]


def _rules(pure_us: dict[str, float], in_schedules: dict[str, float]) -> list[Goal]:
    """Those of the rules themselves. Of the facts of several lives the dearest counts."""
    nexts = {name: cost for name, cost in in_schedules.items() if "_after_" in name}
    agreed = max((cost for name, cost in nexts.items() if name.startswith("as_agreed")), default=0)
    recalculated = max((cost for name, cost in nexts.items() if name.startswith("recalculated")), default=0)
    life = pure_us.get("life_of_4", 0)
    return [
        Goal("one more fact, in schedules", agreed, at_most=20),
        Goal("... where interest follows what is paid", recalculated, at_most=60),
        Goal("... of 36, after 30 payments / after 3", _grown(nexts, "as_agreed"), at_most=MORE),
        Goal("... and where interest follows", _grown(nexts, "recalculated"), at_most=MORE),
        Goal("36 with 30 payments from the start", in_schedules.get("as_agreed_36_from_the_start", 0), at_most=150),
        Goal("... where interest follows", in_schedules.get("recalculated_36_from_the_start", 0), at_most=150),
        Goal("lives of a plan of 4, a second", round(1e6 / life) if life else 0, at_least=1_000),
    ]


def show(goals: list[Goal]) -> None:
    """The table."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    print(f"\n{'':<50}{'wanted':>16}{'measured':>12}")
    for goal in goals:
        wanted, said = "", words[goal.is_met]
        if goal.at_most is not None:
            wanted = f"at most {goal.at_most:g}"
        elif goal.at_least is not None:
            wanted = f"at least {goal.at_least:,g}"
        elif goal.measured:
            said = ""
        print(f"{goal.what:<50}{wanted:>16}{goal.measured:>12,.6g}  {said}")


def _wait(waits: "dict[str, Wait]", side: str, which: str) -> float:
    """What a caller waits, for each millisecond that the echo's caller mostly does; 0: not measured."""
    one, bare = waits.get(side), waits.get("bare")
    return round(float(getattr(one, which)) / bare.p50_ms, 2) if one and bare and bare.p50_ms else 0


def _kb(kib: float) -> float:
    return round(kib * 1.024, 2)


def _grown(nexts: dict[str, float], name: str) -> float:
    """What a fact costs after many payments, for each after three."""
    few, many = nexts.get(f"{name}_36_after_3", 0), nexts.get(f"{name}_36_after_30", 0)
    return round(many / few, 2) if few else 0
