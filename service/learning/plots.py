"""What a backtest tells, drawn: four pictures as SVG, by name."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from service.drawing import BAD, FAINT, GOOD, INK, OTHER, Chart
from service.learning.backtest import Backtest, Band, Part
from service.learning.replaying import Replayed
from service.money import BPS, EXPONENTS

COLOURS: Final = (GOOD, OTHER)
NAME_MAX: Final = 32
COUNTS_MAX: Final = 12  # more would run into each other
PURPOSES_MAX: Final = 16


def draw_all(policies: Sequence[Backtest], replays: Sequence[Sequence[Replayed]], currency: str) -> dict[str, str]:
    """The pictures of one policy; of two, the second in the same picture or in one of its own."""
    drawn = {"separation": _separation(policies, replays), "profit": _profit(policies, currency)}
    for suffix, policy in zip(("", "-against"), policies, strict=False):
        drawn |= {f"bands{suffix}": _bands(policy), f"purposes{suffix}": _purposes(policy)}
    return drawn


def _separation(policies: Sequence[Backtest], replays: Sequence[Sequence[Replayed]]) -> str:
    """The receiver operating characteristic: from the best score down, how many of the bad come with the good."""
    chart = Chart(
        "Good told from bad",
        f"{policies[0].all.rows} purchases, from the best score down; dots: as decided",
        (0, 1),
        (0, 1),
    )
    chart.ticks_y(_percent)
    chart.ticks_x(_percent, "of the bad, let in")
    chart.line([(0, 0), (1, 1)], FAINT, dashed=True)
    chart.words(0, 0.97, "of the good, let in")
    for colour, policy, replayed in zip(COLOURS, policies, replays, strict=False):
        separation = policy.separation
        chart.line(_curve(replayed), colour)
        chart.legend(f"{_name(policy, policies)}: AUC {separation.auc:.3f}", colour)
        bad = policy.all.approved_bad / policy.all.bad
        let_in = (policy.all.approved - policy.all.approved_bad) / (policy.all.rows - policy.all.bad)
        chart.dot(bad, let_in, colour)
    return chart.svg()


def _curve(replayed: Sequence[Replayed]) -> list[tuple[float, float]]:
    goods = sum(one.is_good for one in replayed)
    by_score: dict[int, list[bool]] = {}
    for one in replayed:
        by_score.setdefault(one.score, []).append(one.is_good)
    steps = [(len(by_score[score]) - sum(by_score[score]), sum(by_score[score])) for score in sorted(by_score)[::-1]]
    bad = accumulate((step[0] for step in steps), initial=0)
    good = accumulate((step[1] for step in steps), initial=0)
    return [(x / (len(replayed) - goods), y / goods) for x, y in zip(bad, good, strict=True)]


def _profit(policies: Sequence[Backtest], currency: str) -> str:
    points = [point for policy in policies for point in policy.cut_offs]
    unit = 10 ** EXPONENTS[currency]
    scores, profits = [point.score_min for point in points] or [0], [point.profit / unit for point in points] or [0.0]
    chart = Chart(
        "Profit by cut-off",
        f"{currency}, if every score from here on were approved at the policy's prices",
        (min(scores), max(scores)),
        (min(0, *profits), max(0, *profits) * 1.08),
    )
    chart.ticks_y(lambda value: f"{value:,.0f}")
    chart.ticks_x(lambda value: f"{value:.0f}", "lowest score approved")
    chart.line([(min(scores), 0), (max(scores), 0)], FAINT)
    for colour, policy in zip(COLOURS, policies, strict=False):
        chart.line([(point.score_min, point.profit / unit) for point in policy.cut_offs], colour)
        best = policy.best_cut_off
        told = f": at best {best.profit // unit:,} from {best.score_min} on" if best else ""
        chart.legend(_name(policy, policies) + told, colour)
        if best:
            chart.dot(best.score_min, best.profit / unit, colour)
    return chart.svg()


def _bands(policy: Backtest) -> str:
    """How the bands ended, and what the scale promised of them."""
    bands = policy.bands
    chart = Chart(
        "Bad endings by score",
        f"{policy.policy}, version {policy.version}; each band doubles the odds of a good ending",
        (bands[0].score_min, bands[-1].score_below),
        (0, max(max(band.bad_bps, band.promised_bad_bps) for band in bands) / BPS * 1.1),
    )
    chart.ticks_y(_percent)
    chart.ticks_x(lambda value: f"{value:.0f}", "score", [band.score_min for band in bands])
    for band in bands:
        pad = (band.score_below - band.score_min) * 0.08
        sides = (band.score_min + pad, band.score_below - pad)
        chart.bar(sides, (0, band.bad_bps / BPS), BAD, f"{band.bad} of {band.rows} ended badly")
        if len(bands) <= COUNTS_MAX:
            chart.under(_middle(band), f"{band.bad} of {band.rows}")
    chart.line([(_middle(band), band.promised_bad_bps / BPS) for band in bands], INK)
    for band in bands:
        chart.dot(_middle(band), band.promised_bad_bps / BPS, INK)
    chart.legend("ended badly", BAD)
    chart.legend("what the scale promises", INK)
    return chart.svg()


def _middle(band: Band) -> float:
    return (band.score_min + band.score_below) / 2


def _purposes(policy: Backtest) -> str:
    parts = policy.purposes[:PURPOSES_MAX]
    chart = Chart(
        "Approved, and gone bad, by purpose", f"{policy.policy}, version {policy.version}", (-0.28, 1), (len(parts), 0)
    )
    chart.ticks_x(_percent, "of those who asked", [0, 0.2, 0.4, 0.6, 0.8, 1])
    for place, part in enumerate(parts):
        _purpose(chart, place, part)
    chart.legend("approved", GOOD, faint=True)
    chart.legend("approved and ended badly", BAD)
    return chart.svg()


def _purpose(chart: Chart, place: int, part: Part) -> None:
    approved, bad = part.approval_bps / BPS, part.approved_bad / part.rows
    said = f"{part.name}: {part.approved} of {part.rows} approved, {part.approved_bad} of them ended badly"
    chart.bar((0, approved), (place + 0.15, place + 0.85), GOOD, said, faint=True)
    chart.bar((0, bad), (place + 0.15, place + 0.85), BAD, said)
    chart.words(0, place + 0.5, f"{part.name} ({part.rows})", INK, anchor="end")
    chart.words(approved, place + 0.5, f"{approved:.0%}")


def _name(policy: Backtest, policies: Sequence[Backtest]) -> str:
    """Short; of two versions of one policy, the version alone tells them apart."""
    if len(policies) > 1 and len({one.policy for one in policies}) == 1:
        return f"version {policy.version}"
    return policy.policy if len(policy.policy) <= NAME_MAX else policy.policy[: NAME_MAX - 1] + "…"


def _percent(value: float) -> str:
    return f"{value:.0%}"
