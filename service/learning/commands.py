"""`tenor train`, `tenor backtest`, `tenor fairness`: a table at a terminal, JSON into a pipe or a file.

What is wrong with the input is one sentence, and the exit code 2.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from service import clock
from service.errors import Code, Refused
from service.learning.backtest import Backtest, Beside, backtest, beside
from service.learning.draft import addition_of, features_read, keep_out, with_additions
from service.learning.fairness import grouping_of, hold_fair
from service.learning.past import Columns, Past, past_of, wanted_columns
from service.learning.profit import Economics
from service.learning.record import CrossValidation, find_record, record_path
from service.learning.replaying import Replayed, replay_all
from service.learning.table import Table, read_table
from service.money import BPS
from service.policies.compile import compile_policy
from service.policies.document import Policy
from service.policies.validate import read_policy

S = TypeVar("S", bound=Struct)

DEMO: Final = Path(__file__).parent.parent / "demo" / "policy.json"
LIBRARY: Final = "sklearn"
PAINTER: Final = "resvg_py"
NOT_INSTALLED: Final = (
    "This needs scikit-learn, which is not installed; install it with "
    f"{sys.executable} -m pip install --require-hashes -r requirements/training.txt."
)

MEANINGS: Final = {
    "outcome": "the column that says how it ended",
    "good": "the word of a good ending",
    "bad": "the word of a bad one (default: the only other word); rows with a third are left out",
    "amount": "the column of the amount, in the main unit: 1283.50",
    "instalments": "the column of the number of instalments; '' if there is none",
    "category": "the column of what was bought; '' if there is none",
    "currency": "ISO 4217",
    "merchant_fee_bps": "what the merchant pays, of the amount financed",
    "funding_rate_bps": "what the money costs a year",
    "paid_bps": "of its instalments, how many a bad plan pays before it stops",
    "recovered_bps": "of the principal then left, how much is recovered",
}


class Tested(Struct, frozen=True, kw_only=True):
    """The answer of `tenor backtest`. Amounts in minor units of `currency`."""

    file: str
    file_sha256: str
    on: date  # the day that schedules begin
    currency: str
    economics: Economics
    policies: tuple[Backtest, ...]
    beside: Beside | None = None  # the second policy less the first


def train(argv: list[str]) -> int:
    """Fit a scorecard to how past purchases ended, and write the policy it makes as a draft."""
    return _run("train", train, _train_options, _train, argv)


def backtest_(argv: list[str]) -> int:
    """How a policy would have done on past purchases; how two would have done, side by side."""
    return _run("backtest", backtest_, _backtest_options, _backtest, argv)


def fairness(argv: list[str]) -> int:
    """Whom a policy would have treated otherwise: approval and mistakes by groups it may not look at."""
    return _run("fairness", fairness, _fairness_options, _fairness, argv)


def _run(
    name: str,
    command: Callable[[list[str]], int],
    options: Callable[[argparse.ArgumentParser], None],
    body: Callable[[argparse.Namespace], int],
    argv: list[str],
) -> int:
    parser = argparse.ArgumentParser(prog=f"tenor {name}", description=command.__doc__)
    options(parser)
    _options_of(parser, Columns)
    parser.add_argument("--on", help="decide as on this day, 2026-01-15 (default: today)")
    look = parser.add_mutually_exclusive_group()
    look.add_argument("--json", action="store_true", help="JSON, also at a terminal")
    look.add_argument("--table", action="store_true", help="a table, also into a pipe or a file")
    try:
        return body(parser.parse_args(argv))
    except Refused as refused:
        print(f"tenor {name}: {refused.detail}", file=sys.stderr)
        return 2


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA.csv", help="past purchases, one a row")
    parser.add_argument("--base", type=Path, default=DEMO, help="the policy to learn for (default: the demo's)")
    parser.add_argument("--without", type=_names, default=[], help="columns never to be read: sex,nationality")
    parser.add_argument("--add", action="append", default=[], metavar="COLUMN=REASON", help="learn from it, too")
    parser.add_argument("--out", type=Path, default=Path("draft.json"), help="where to (default: draft.json)")
    parser.add_argument("--seed", type=int, default=0, help="of the folds of the cross-validation (default: 0)")
    parser.add_argument("--keep-grades", action="store_true", help="the policy's, whatever cut-off brings the most")
    _options_of(parser, Economics)


def _backtest_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policy", type=Path, metavar="POLICY.json", help="a policy")
    parser.add_argument("data", type=Path, metavar="DATA.csv", help="past purchases, one a row")
    parser.add_argument("--against", type=Path, metavar="POLICY.json", help="another, side by side")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw what is told, as SVG and PNG")
    parser.add_argument("--cross-validate", action="store_true", help="fit each again on parts of the data")
    parser.add_argument("--seed", type=int, default=0, help="of the folds of the cross-validation (default: 0)")
    _options_of(parser, Economics)


def _fairness_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policy", type=Path, metavar="POLICY.json", help="a policy")
    parser.add_argument("data", type=Path, metavar="DATA.csv", help="past purchases, one a row")
    parser.add_argument("--groups", type=_names, required=True, help="columns: sex,age:25:40:60")
    parser.add_argument("--rows-min", type=int, default=20, help="smaller groups are not judged (default: 20)")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a group is flagged")


def _train(given: argparse.Namespace) -> int:
    if find_spec(LIBRARY) is None:
        raise Refused(Code.UNAVAILABLE, NOT_INSTALLED)
    from service.learning.training import train

    additions = [addition_of(text) for text in given.add if text.partition("=")[0] not in given.without]
    policy, columns = keep_out(_policy(given.base), given.without), _from(given, Columns)
    wanted = wanted_columns(columns, features_read(policy)) | {one.column: "--add" for one in additions}
    unread = [name for name in given.without if name not in wanted]
    if kept := [name for name in given.without if name in wanted]:
        raise Refused(Code.INVALID_FIELD, f"--without keeps {kept[0]!r} out, and {wanted[kept[0]]} wants it.")
    table = read_table(given.data, wanted, unread)
    policy = with_additions(policy, additions, table)
    past = past_of(table, columns, features_read(policy))
    draft, record = train(
        policy, table, columns, past, given.without, given.seed, _now(given), _from(given, Economics),
        keeps_grades=given.keep_grades,
    )  # fmt: skip
    _write(given.out, draft)
    _write(record_path(given.out), record)
    if _as_table(given):
        from service.learning.printing import show_record

        show_record(draft, record, given.out)
    else:
        _print(record)
    return 0


def _backtest(given: argparse.Namespace) -> int:
    paths = [given.policy, *([given.against] if given.against else [])]
    policies = [_policy(path) for path in paths]
    columns, economics, now = _from(given, Columns), _from(given, Economics), _now(given)
    table = _table(given.data, columns, policies)
    if given.cross_validate and find_spec(LIBRARY) is None:
        raise Refused(Code.UNAVAILABLE, NOT_INSTALLED)
    tested: list[Backtest] = []
    replays: list[list[Replayed]] = []
    for path, policy in zip(paths, policies, strict=True):
        past = past_of(table, columns, policy.features)
        replays.append(replay_all(past, compile_policy(policy), economics, now))
        tested.append(backtest(policy, replays[-1], _validated(given, path, policy, past, table, now)))
    answer = Tested(
        file=table.name,
        file_sha256=table.sha256,
        on=now.date(),
        currency=columns.currency,
        economics=economics,
        policies=tuple(tested),
        beside=beside(tested[0], tested[1], replays[0], replays[1]) if given.against else None,
    )
    if given.plots:
        from service.learning.plots import draw_all

        _draw(given.plots, draw_all(answer.policies, replays, columns.currency))
    if _as_table(given):
        from service.learning.printing import show_backtest

        show_backtest(answer.policies, answer.beside, table.name, columns.currency, economics)
    else:
        _print(answer)
    return 0


def _fairness(given: argparse.Namespace) -> int:
    policy, columns, now = _policy(given.policy), _from(given, Columns), _now(given)
    groupings = [grouping_of(text) for text in given.groups]
    table = _table(given.data, columns, [policy], [one.column for one in groupings])
    past = past_of(table, columns, policy.features)
    replayed = replay_all(past, compile_policy(policy), Economics(), now)
    answer = hold_fair(policy, past, replayed, groupings, given.rows_min)
    if _as_table(given):
        from service.learning.printing import show_fairness

        show_fairness(answer, table.name)
    else:
        _print(answer)
    return 1 if given.strict and answer.flagged else 0


def _validated(
    given: argparse.Namespace, path: Path, policy: Policy, past: Sequence[Past], table: Table, now: datetime
) -> CrossValidation | None:
    """Anew if that was asked for; else as its training recorded it, if that was on these very data."""
    if given.cross_validate:
        from service.learning.training import validate_again

        return validate_again(policy, past, given.seed, now)
    record = find_record(path, policy.scorecard)
    return record.cross_validation if record and record.file_sha256 == table.sha256 else None


def _policy(path: Path) -> Policy:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(Code.INVALID_POLICY, f"The policy {path} cannot be read: {error.strerror}.") from None
    policy, found = read_policy(raw)
    if policy is None or found:
        at = f" (at {found[0].pointer})" if found[0].pointer else ""
        more = f" And {len(found) - 1} more." if len(found) > 1 else ""
        raise Refused(Code.INVALID_POLICY, f"{path} is no valid policy: {found[0].sentence}{at}{more}")
    return policy


def _table(path: Path, columns: Columns, policies: Sequence[Policy], groups: Sequence[str] = ()) -> Table:
    wanted: dict[str, str] = {}
    for policy in policies:
        wanted |= wanted_columns(columns, policy.features, groups)
    return read_table(path, wanted)


def _options_of(parser: argparse.ArgumentParser, struct: type[Struct]) -> None:
    """An option for every field of `struct`, with its default."""
    for field in fields(struct):
        shown = f" (default: {field.default})" if field.default != "" else ""
        type_ = _bps if isinstance(field.default, int) else str
        option = f"--{field.name.replace('_', '-')}"
        parser.add_argument(option, type=type_, default=field.default, help=MEANINGS[field.name] + shown)


def _from(given: argparse.Namespace, struct: type[S]) -> S:
    return struct(**{field.name: getattr(given, field.name) for field in fields(struct)})


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _bps(text: str) -> int:
    if not text.isdecimal() or int(text) > BPS:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of basis points from 0 to {BPS}")
    return int(text)


def _now(given: argparse.Namespace) -> datetime:
    try:
        day = date.fromisoformat(given.on) if given.on else clock.now().date()
    except ValueError:
        raise Refused(Code.INVALID_FIELD, f"{given.on!r} is no date like 2026-01-15.") from None
    return datetime.combine(day, time(12), UTC)


def _as_table(given: argparse.Namespace) -> bool:
    return bool(given.table or (sys.stdout.isatty() and not given.json))


def _draw(folder: Path, drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        _put(folder / f"{name}.svg", svg.encode())
        if find_spec(PAINTER):
            from service.learning.painting import png_of

            _put(folder / f"{name}.png", png_of(svg))
    if not find_spec(PAINTER):
        print("tenor backtest: the pictures are SVG alone; for PNG, install resvg-py.", file=sys.stderr)


def _write(path: Path, answer: Struct) -> None:
    _put(path, msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n")


def _put(path: Path, raw: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    except OSError as error:
        raise Refused(Code.INVALID_FILE, f"{path} cannot be written: {error.strerror}.") from None


def _print(answer: Struct) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")
