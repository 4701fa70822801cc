"""What a run is to reach, and whether it did. The exit code says nothing of it: another machine has other figures."""

from typing import Final

from msgspec import Struct

MORE: Final = 1.1  # "no more than" allows for a tenth that two measurements of the same differ by
A_DAY: Final = 1_000_000  # items of a partner's day: of fewer, seconds and memory say nothing


class Goal(Struct, frozen=True):
    """A figure, and the most or the least that it is to be."""

    what: str
    measured: float  # 0: it was not
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        """None: it was not measured."""
        if not self.measured:
            return None
        most, least = self.at_most, self.at_least
        return (most is None or self.measured <= most) and (least is None or self.measured >= least)


def goals_of(pure_us: dict[str, float], in_schedules: dict[str, float], pay_vs_pgbench: float) -> list[Goal]:
    """Those of the rules themselves, and of a payment over HTTP. Of the facts of several lives the dearest counts."""
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
        Goal("payments, for each of pgbench", pay_vs_pgbench, at_least=0.6),
    ]


def goals_of_day(vs_join: float, compared_s: float, compared_mib: int, filed_s: float, filed_mib: int) -> list[Goal]:
    """Those of a partner's day: compared three ways, and its four files made."""
    return [
        Goal("a partner's day compared, in copies and joins", vs_join, at_most=6),
        Goal("... of 1,000,000 items, seconds", compared_s, at_most=120),
        Goal("... MiB of the process", compared_mib, at_most=500),
        Goal("its four files made, seconds", filed_s, at_most=90),
        Goal("... MiB of the process", filed_mib, at_most=500),
    ]


def show(goals: list[Goal]) -> None:
    """The table."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    print(f"\n{'':<44}{'wanted':>18}{'measured':>12}")
    for goal in goals:
        wanted = f"at most {goal.at_most:g}" if goal.at_most is not None else f"at least {goal.at_least:,g}"
        print(f"{goal.what:<44}{wanted:>18}{goal.measured:>12,.6g}  {words[goal.is_met]}")


def _grown(nexts: dict[str, float], name: str) -> float:
    """What a fact costs after many payments, for each after three."""
    few, many = nexts.get(f"{name}_36_after_3", 0), nexts.get(f"{name}_36_after_30", 0)
    return round(many / few, 2) if few else 0
