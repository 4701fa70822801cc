"""What a change leaves of a plan's schedule, as rows: lines that are new or others, and where it ends. Pure."""

from datetime import date

from msgspec import Struct

from service.plans.plan import Plan
from service.plans.proof import line_of
from service.plans.running.rows import Line
from service.statement import Row, SmallInt


class LineRow(Row, frozen=True):
    """A line of a plan's schedule."""

    bucket: SmallInt
    plan_id: str
    number: SmallInt
    capture: SmallInt
    begin_on: date
    due_on: date
    principal: int
    interest: int
    fee: int
    penalty: int
    principal_paid: int
    interest_paid: int
    fee_paid: int
    penalty_paid: int
    forgiven: int
    paid_on: date | None


class Cut(Struct, frozen=True):
    """A schedule that became shorter, and its last line now."""

    bucket: SmallInt
    plan_id: str
    last: SmallInt


class ChangedLines(Struct, frozen=True):
    """The lines that are others than before."""

    added: list[LineRow]
    changed: list[LineRow]
    cut: Cut | None


def changed_lines(found: Plan | None, plan: Plan) -> ChangedLines:
    """What is to be written of a plan's lines; `found` is the plan before, None where it was opened."""
    before = {line.number: line for line in found.lines} if found else {}
    after = plan.lines
    return ChangedLines(
        added=[_row(plan, line) for line in after if line.number not in before],
        changed=[_row(plan, line) for line in after if line != before.get(line.number, line)],
        cut=Cut(plan.bucket, plan.plan_id, len(after)) if len(after) < len(before) else None,
    )


def _row(plan: Plan, line: Line) -> LineRow:
    return LineRow(plan.bucket, plan.plan_id, *line_of(line))
