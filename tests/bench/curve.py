"""What one caller feels, and many: each side at 1, 8 and 128 connections, throughput against latency.

A batch of one pays all round trips by itself, which a crowd hides; so the processor time of a request that comes alone
is told as a multiple of what it takes in a crowd.
"""

from typing import TYPE_CHECKING, Final

from tests.bench.figures import Point, Side

if TYPE_CHECKING:
    from tests.bench.stage import Stage

FEW: Final = (1, 8)  # connections
SIDES: Final = ("decide", "open", "pay", "bare")
BAR: Final = 40  # characters of the longest


def measure(stage: "Stage", crowd: dict[str, Side], seconds: float) -> dict[str, list[Point]]:
    """Each side with few connections, and as it was in the crowd of the rounds before."""
    connections, stage.buyers_max = stage.connections, len(stage.buyers) // (len(FEW) + 1)  # some are left
    curves: dict[str, list[Point]] = {side: [] for side in SIDES if side in crowd}
    for stage.connections in FEW:
        for side, points in curves.items():
            outcome, cpu = stage.play(side, seconds)
            points.append(
                Point(
                    connections=stage.connections,
                    per_second=round(outcome.per_second, 1),
                    p50_ms=round(outcome.p50_ms, 2),
                    p99_ms=round(outcome.p99_ms, 2),
                    cpu_us=round(cpu.service + cpu.postgres),
                    errors=sum(outcome.errors.values()),
                )
            )
    stage.connections = connections
    for side, points in curves.items():
        one, cpu = crowd[side], crowd[side].cpu_us
        errors = sum(one.errors.values())
        points.append(
            Point(connections, one.per_second, one.p50_ms, one.p99_ms, round(cpu.service + cpu.postgres), errors)
        )
    return curves


def alone(curves: dict[str, list[Point]], side: str) -> float:
    """The processor time of a request that comes alone, as a multiple of one in a crowd; 0: not measured."""
    points = curves.get(side)
    return round(points[0].cpu_us / points[-1].cpu_us, 2) if points and points[-1].cpu_us else 0


def show(curves: dict[str, list[Point]]) -> None:
    """The chart: a bar is as long as its side is fast at so many connections."""
    for side, points in curves.items():
        most = max(point.per_second for point in points) or 1
        print(f"\n{side}, connections: a second; p50 and p99 in ms; CPU us of service and PostgreSQL")
        for one in points:
            bar = "#" * max(1, round(BAR * one.per_second / most))
            print(
                f"{one.connections:>5} |{bar:<{BAR}}{one.per_second:>8,.0f}{one.p50_ms:>8.1f}{one.p99_ms:>8.1f}"
                f"{one.cpu_us:>8,}" + (f"   {one.errors} errors" if one.errors else "")
            )
