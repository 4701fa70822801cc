"""The same for a person at a terminal."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from service.learning.backtest import Backtest, Beside, Point
from service.learning.fairness import Fairness
from service.learning.profit import Economics
from service.learning.record import CrossValidation, Record
from service.money import BPS, decimal_text
from service.policies.document import Policy

CUT_OFFS_SHOWN = 14
NARROWEST = 14  # a column of figures may get


def show_record(draft: Policy, record: Record, out: Path) -> None:
    """What was learned, and how good it is."""
    console = _console()
    table = _table("Characteristic", ">Information", ">Coefficient", ">Points", "")
    for one in record.learned:
        points = [row.bin.points for row in one.bins if not (row.bin.absent or row.bin.otherwise)]
        kept = one.coefficient is not None
        table.add_row(
            one.feature,
            f"{one.information:.3f}",
            f"{one.coefficient:.2f}" if kept else "",
            f"{min(points):+} to {max(points):+}" if kept and points else "",
            f"left out: {one.left_out}" if one.left_out else f"{len(points)} bins",
            style="" if kept else "dim",
        )
    console.print(table)
    _say(console, f" {record.rows} purchases of {record.file}: {record.good} ended well, {record.bad} badly.")
    _say(console, f" {validation_sentence(record.cross_validation)}")
    _say(console, f" On the very purchases it was fitted to, which is too good: AUC {record.auc:.3f}.")
    show_proposal(console, record)
    if record.without:
        _say(console, f" Never read: {', '.join(record.without)}.")
    _say(console, f" Version {draft.version} of {draft.name!r} is in {out}, the record of its training beside it.")


def show_proposal(console: Console, record: Record) -> None:
    """The grades from the cut-off of highest profit, and what they would change."""
    proposal, currency = record.proposal, record.columns.currency
    if proposal is None:
        _say(console, " No grades follow from these purchases; the policy's are kept.")
        return
    table = _table("Grade", ">From", ">Before", ">Purchases", ">Bad", ">Promised at its edge", title="Grades proposed")
    for one in proposal.grades:
        figures = map(str, (one.score_min, one.score_min_before, one.rows))
        table.add_row(one.name, *figures, _percent(one.bad_bps), _percent(one.promised_bad_bps))
    console.print(table)
    taken = "The draft has these grades." if proposal.is_taken else "The draft keeps the grades of its policy."
    _say(
        console,
        f" The cut-off of highest profit is {proposal.cut_off}: {proposal.approved} approved instead of "
        f"{proposal.approved_before}, profit {_money(proposal.profit, currency)} {currency} instead of "
        f"{_money(proposal.profit_before, currency)}. {taken}",
    )


def validation_sentence(validated: CrossValidation) -> str:
    """`AUC 0.770 on purchases held out ...`."""
    return (
        f"AUC {validated.auc_mean:.3f} on purchases held out: {validated.repeats} x {validated.folds}-fold "
        f"cross-validation, sd {validated.auc_sd:.3f}, {validated.auc_min:.3f} to {validated.auc_max:.3f}."
    )


def show_backtest(
    policies: Sequence[Backtest], beside: Beside | None, file: str, currency: str, economics: Economics
) -> None:
    """Two policies side by side, or one; then bands, purposes and cut-offs of each."""
    console = _console()
    console.print(_summary(policies, file, currency))
    for policy in policies:
        if policy.cross_validation:
            _say(console, f" Version {policy.version}: {validation_sentence(policy.cross_validation)}")
    if not any(policy.cross_validation for policy in policies):
        _say(console, " Not validated on purchases held out; --cross-validate does it.", "dim")
    if beside:
        _say(console, _beside(beside, currency))
    for policy in policies:
        if len(policies) > 1:
            _say(console, f"\n {policy.policy}, version {policy.version}", "bold")
        console.print(_bands(policy), _purposes(policy), _cut_offs(policy, currency))
    _say(
        console,
        f" Profit assumes: merchants pay {_percent(economics.merchant_fee_bps)}, money costs "
        f"{_percent(economics.funding_rate_bps)} a year,\n a bad plan pays {_percent(economics.paid_bps)} of its "
        f"instalments, {_percent(economics.recovered_bps)} of the rest is recovered.",
    )


def show_fairness(answer: Fairness, file: str) -> None:
    """One table a column; what is flagged is marked."""
    console = _console()
    for column in answer.columns:
        names = ("Group", ">Rows", ">Approved", ">Ratio (95 %)", ">Mistaken", ">Ratio (95 %)")
        table = _table(*names, title=column.column)
        for group in column.groups:
            table.add_row(
                f"{'!' if group.is_flagged else '?' if group.is_open else ' '} {group.name}",
                str(group.rows),
                _percent(group.approval_bps),
                _ratio(group.approval_ratio, group.approval_low, group.approval_high),
                _percent(group.false_bad_bps),
                _ratio(group.false_bad_ratio, group.false_bad_low, group.false_bad_high),
                style="bold red" if group.is_flagged else "",
            )
        console.print(table)
        if column.too_few:
            few = ", ".join(f"{name} ({rows})" for name, rows in column.too_few.items())
            _say(console, f" Too few to judge: {few}.", "dim")
        if column.features:
            _say(console, f" The policy reads this column: {', '.join(column.features)}.", "bold red")
    _say(
        console,
        f" {answer.policy}, version {answer.version}, on {answer.rows} purchases of {file}.\n"
        f" A ratio is to the group best off. Above {answer.flagged_above:.2f}, with an interval above 1, it is flagged "
        f"with !: {answer.flagged} groups.\n"
        " Where the interval holds 1, luck may be all there is: ? says that more purchases must tell.\n"
        " Mistaken: of those who paid everything, the share not approved.",
    )


def _summary(policies: Sequence[Backtest], file: str, currency: str) -> Table:
    table = _table("", *(f">{policy.policy} v{policy.version}" for policy in policies))
    table.title = f"{policies[0].all.rows} purchases of {file}, {policies[0].all.bad} ended badly"
    rows: list[tuple[str, list[str]]] = [
        ("Approved", [f"{one.all.approved} ({_percent(one.all.approval_bps)})" for one in policies]),
        ("Referred", [str(one.outcomes["referred"]) for one in policies]),
        ("Declined", [str(one.outcomes["declined"]) for one in policies]),
        ("  offered something less", [str(one.with_alternatives) for one in policies]),
        ("Bad among the approved", [_percent(one.all.approved_bad_bps) for one in policies]),
        ("AUC (95 %)", [_auc(one) for one in policies]),
        ("Gini", [f"{one.separation.gini:.3f}" for one in policies]),
        ("KS", [f"{one.separation.ks:.3f}" for one in policies]),
        (f"Profit, {currency}", [_money(one.profit, currency) for one in policies]),
        ("  at the best cut-off", [_best(one.best_cut_off, currency) for one in policies]),
    ]
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _auc(policy: Backtest) -> str:
    separation = policy.separation
    return f"{separation.auc:.3f} ({separation.auc_low:.3f} to {separation.auc_high:.3f})"


def _best(best: Point | None, currency: str) -> str:
    return f"{_money(best.profit, currency)} at {best.score_min}" if best else "none could be priced"


def _beside(beside: Beside, currency: str) -> str:
    swapped = (beside.swapped_in, beside.swapped_out)
    into, out = (f"{swap.rows} ({swap.bad} bad)" for swap in swapped)
    return (
        f" The second against the first: AUC {beside.auc:+.3f} ({beside.auc_low:+.3f} to {beside.auc_high:+.3f}), "
        f"profit {_money(beside.profit, currency)} {currency};\n it approves {into} that the first does not, and not "
        f"{out} that the first does."
    )


def _bands(policy: Backtest) -> Table:
    table = _table("Score", ">Rows", ">Approved", ">Bad", ">Bad rate", ">Promised", title="By score")
    for band in reversed(policy.bands):
        rates = (_percent(band.bad_bps), _percent(band.promised_bad_bps))
        table.add_row(band.name, str(band.rows), _percent(band.approval_bps), str(band.bad), *rates)
    return table


def _purposes(policy: Backtest) -> Table:
    names = ("Purpose", ">Rows", ">Approved", ">Bad rate", ">Bad among the approved")
    table = _table(*names, title="By purpose")
    for part in policy.purposes:
        rates = (part.approval_bps, part.bad_bps, part.approved_bad_bps)
        table.add_row(part.name, str(part.rows), *map(_percent, rates))
    return table


def _cut_offs(policy: Backtest, currency: str) -> Table:
    table = _table("Cut-off", ">Approved", ">Bad rate", f">Profit, {currency}", title="By cut-off")
    for point in _some(policy):
        cells = (_percent(point.approval_bps), _percent(point.bad_bps), _money(point.profit, currency))
        table.add_row(str(point.score_min), *cells, style="bold green" if point == policy.best_cut_off else "")
    return table


def _some(policy: Backtest) -> Iterable[Point]:
    """The best cut-off, and others evenly spread, from the strictest."""
    points = policy.cut_offs[::-1]
    every = max(1, len(points) // CUT_OFFS_SHOWN)
    return [point for place, point in enumerate(points) if place % every == 0 or point == policy.best_cut_off]


def _console() -> Console:
    return Console(highlight=False, markup=False)  # a name from a file is no markup


def _say(console: Console, sentence: str, style: str = "") -> None:
    """A sentence wraps at the edge of the terminal, not in a pipe."""
    console.print(sentence, style=style, soft_wrap=True)


def _table(*names: str, title: str | None = None) -> Table:
    """A table; a name that begins with > stands on the right."""
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")
    for name in names:
        if name.startswith(">"):
            table.add_column(name[1:], justify="right", min_width=min(len(name) - 1, NARROWEST))
        else:
            table.add_column(name, overflow="fold")
    return table


def _percent(bps: int) -> str:
    return f"{100 * bps / BPS:.1f} %"


def _ratio(ratio: float | None, low: float, high: float) -> str:
    return f"{'none' if ratio is None else f'{ratio:.2f}'} ({low:.2f} to {high:.2f})"


def _money(amount: int, currency: str) -> str:
    """To the main unit: what is assumed is not known to the cent."""
    whole, _, _ = decimal_text(amount, currency).partition(".")
    return f"{int(whole):,}"
