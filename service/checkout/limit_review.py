"""What an account's limit should be today: raised by clean history, lowered by the policy's decreases."""

from service.checkout.case import Case
from service.money import take_bps


def reviewed_limit(case: Case) -> int:
    """Minor units. Reviewed again on the same facts, nothing changes.

    The table says what the grade and the plans paid off deserve; whoever reaches no grade deserves nothing new. A
    limit once given is not taken back by the table alone, only by a decrease; nothing is raised while anything is
    overdue.
    """
    deserved = 0
    if case.grade is not None:
        deserved = case.policy.limit_for(
            case.grade.name, case.request.currency, case.facts, case.snapshot.paid_off_plans
        )
    current = case.snapshot.limit or 0
    kept = [share for holds, share in case.policy.decreases if holds(case.facts)]
    if kept:
        return min(current, take_bps(deserved, min(kept)))
    due_on = case.snapshot.next_due_on
    is_overdue = due_on is not None and due_on < case.today
    return current if is_overdue else max(current, deserved)
