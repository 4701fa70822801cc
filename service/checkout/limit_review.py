"""What an account's limit should be today: raised by clean history, lowered by the policy's decreases."""

from msgspec import Struct

from service.checkout.case import Case
from service.limits.change import LimitRule
from service.money import take_bps


class Reviewed(Struct, frozen=True):
    """The limit, minor units, and by which rule it is another one than before; None: it stays."""

    limit: int
    rule: LimitRule | None = None
    decrease: str | None = None  # the one that holds and leaves the least


def reviewed_limit(case: Case, by_hand: int | None = None) -> Reviewed:
    """The limit of the account in `case`, which is laid out on its last purchase. Reviewed again, nothing changes.

    The table says what the grade and the plans paid off deserve; whoever reaches no grade deserves nothing new. A
    limit once given is not taken back by the table alone, only by a decrease; nothing is raised while anything is
    overdue, nor beyond `by_hand`, the limit that an operator set last.
    """
    deserved = 0
    if case.grade is not None:
        deserved = case.policy.limit_for(
            case.grade.name, case.request.currency, case.facts, case.snapshot.paid_off_plans
        )
    current = case.snapshot.limit or 0
    named = zip(case.policy.policy.decreases, case.policy.decreases, strict=True)
    holding = [decrease for decrease, (holds, _) in named if holds(case.facts)]
    if holding:
        strictest = min(holding, key=lambda decrease: decrease.kept_bps)
        kept = take_bps(deserved, strictest.kept_bps)
        return Reviewed(kept, LimitRule.DECREASE, strictest.name) if kept < current else Reviewed(current)
    due_on = case.snapshot.next_due_on
    if by_hand is not None:
        deserved = min(deserved, by_hand)
    is_overdue = due_on is not None and due_on < case.today
    return Reviewed(current) if is_overdue or deserved <= current else Reviewed(deserved, LimitRule.STEP)
