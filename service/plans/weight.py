"""How much an act on a plan moves: what one person may do alone is measured by it. Pure.

a credit of 700.00 on 600.00        700.00, and what was credited before: many small ones are one large
a fee, or one that is waived        by how much what is owed changes
an overpayment that goes back       so much
a charge-off                        all that is owed
a dispute that is lost              what is refunded
"""

from service.plans.book import Change
from service.plans.credits import GIFTS
from service.plans.plan import Plan
from service.plans.running.refunds import OF_COSTS, OF_INTEREST
from service.plans.running.standing import Standing


def weight_of(change: Change) -> int:
    """Minor units. What time alone has brought about before it weighs nothing."""
    before, after = change.own[0].before, change.plan
    assert before is not None, "nothing is weighed that opens a plan"
    then, now = before.amounts, after.amounts
    changes = [
        abs(now.outstanding - then.outstanding),
        abs(now.overpaid - then.overpaid),
        abs((now.outstanding - now.overpaid) - (then.outstanding - then.overpaid)),
        abs(now.refunded - then.refunded),
        _given_up(before, after),
    ]
    given = given_so_far(after.standing)
    return max(*changes, given if given > given_so_far(before.standing) else 0)


def given_so_far(standing: Standing) -> int:
    """What the lender has credited without having to, but for the interest and costs that came back with a refund."""
    given = [one for one in standing.allocations.values() if one.kind in GIFTS]
    return sum([one.total for one in given if not one.id.endswith((OF_INTEREST, OF_COSTS))])


def _given_up(before: Plan, after: Plan) -> int:
    """All that is owed, where collection is given up, or is not any more."""
    has_changed = (before.standing.charged_off_on is None) != (after.standing.charged_off_on is None)
    return after.amounts.outstanding if has_changed else 0
