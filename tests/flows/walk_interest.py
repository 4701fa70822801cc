"""Interest and costs in the walk: what the rows say, held against bounds of the model's own, and what may change it.

The model does not know how interest is spread over the rows. It knows that

    none is negative, and what is asked for in all is no more than the rate on all that was ever owed, for all the time
    captured whole on the day of the offer, it is what the offer said
    what is agreed by the period does not change by a payment, a fee, a pause of collection, or by time, unless the
    schedule was changed
    each cent of it is owed once: outstanding - overpaid = what the facts say + interest - what was let go
    what is settled asks for nothing more when its schedule changes
    only a refund brings some of it back besides, never more than all of it; of costs alone, their share to the cent
    a scheme pays no more than was agreed, and what it gets back is asked for once more
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from typing import Any, Final

from tests.flows.walk_facts import Shown, in_order
from tests.flows.walk_model import Plan

# What leaves interest that was agreed by the period as it is.
LEAVES: Final = {
    "paid", "levied", "paused", "resumed", "dispute_opened", "dispute_answered", "dispute_asked", "confirmed",
    "extended", "given_back", "sent_back",
}  # fmt: skip
COMPONENTS: Final = ("principal", "interest", "fee", "penalty")


def see(plan: Plan, shown: dict[str, Any], now: datetime, least_and_most: tuple[int, int] = (0, 0)) -> str:
    """Takes over what the rows say; what is wrong with them, as words. So much interest is asked for again, because a
    scheme got it back: what was overpaid bears it first, which is other money once a payment before it was undone.
    """
    again, most_again = least_and_most
    before, new = plan.shown_interest, plan.facts[plan.seen :]
    was_settled = bool(plan.rows) and all(row["paid_on"] for row in plan.rows)
    plan.rows, plan.seen = shown["schedule"], len(plan.facts)
    if not (plan.stand.lent or plan.stand.owed):
        owed: list[dict[str, Any]] = []  # it is shown as it was agreed: nothing is owed yet
    else:
        owed = plan.rows
        if wrong := _sums(shown):
            return wrong
    if was_settled and {fact.kind for fact in new} == {"rescheduled"} and shown["outstanding"]:
        return f"another schedule asks for {shown['outstanding']} of what was settled"
    if before is None:
        return "" if not any(row["interest"] for row in owed) else "there is interest, and none was agreed"
    interest = sum(row["interest"] for row in owed)
    costs = sum(row["fee"] + row["penalty"] for row in owed) - plan.stand.fees
    if not 0 <= costs <= plan.agreed.costs:
        return f"{costs} of costs are asked for, {plan.agreed.costs} were agreed"
    plan.subsidised = (shown["subsidy"] or {}).get("paid", 0)
    if not 0 <= plan.subsidised <= plan.agreed.subsidy:
        return f"a scheme pays {plan.subsidised}, at most {plan.agreed.subsidy} were agreed"
    let_go = sum(row["forgiven"] for row in owed)
    following = Shown(interest + costs, let_go, before.returned, plan.subsidised, again)
    plan.stand.shown = plan.shown_interest = following
    short = plan.stand.balance - (shown["outstanding"] - shown["overpaid"])
    if 0 < short <= most_again - again:
        again += short
        plan.stand.shown = plan.shown_interest = following = replace(following, again=again)
    if new and any(fact.kind == "refunded" for fact in plan.facts):
        returned = plan.stand.balance + before.returned - (shown["outstanding"] - shown["overpaid"])
        if not 0 <= returned <= following.interest - again:
            return f"{returned} of interest and costs came back with refunds, of {following.interest}"
        following = replace(following, returned=returned)
        plan.stand.shown = plan.shown_interest = following
        if not interest and in_order(plan.facts)[-1] is new[-1] and new[-1].kind == "refunded":
            whole = plan.stand.all_captured
            share = (2 * costs * plan.stand.refunded + whole) // (2 * whole)
            if returned != share and not plan.stand.is_forgiven:
                return f"{returned} of {costs} in costs came back, not {share}"
    return _bounds(plan, owed, before, following, now)


def _sums(shown: dict[str, Any]) -> str:
    """Rows and sums say the same, and nothing is negative."""
    left, settled = 0, 0
    for row in shown["schedule"]:
        parts = [row[one] - row[f"{one}_paid"] for one in COMPONENTS]
        if min(*(row[one] for one in COMPONENTS), *(row[f"{one}_paid"] for one in COMPONENTS), row["forgiven"]) < 0:
            return f"a part of row {row['number']} is negative"
        left += sum(parts) - row["forgiven"]
        settled += sum(row[f"{one}_paid"] for one in COMPONENTS)
    if left != shown["outstanding"]:
        return f"the rows leave {left}, the plan {shown['outstanding']}"
    if shown["outstanding"] and shown["overpaid"]:
        return "it is owed and overpaid at once"
    return "" if settled == shown["paid"] else f"of the rows {settled} is settled, of the plan {shown['paid']}"


def _bounds(plan: Plan, owed: list[dict[str, Any]], before: Shown, after: Shown, now: datetime) -> str:
    kinds = [fact.kind for fact in plan.facts]
    lent = [fact for fact in plan.facts if fact.kind == "captured"]
    whole = len(lent) == 1 and lent[0].amount == plan.agreed.amount and lent[0].on == plan.opened_on
    agreed = plan.agreed.interest + plan.agreed.costs
    if whole and kinds == ["captured"] and after.interest != agreed:
        return f"{after.interest} is asked for, the offer said {agreed}"
    new = plan.facts[plan.before_seen :]
    plan.before_seen = len(plan.facts)
    is_settled = "quoted" in kinds and "paid" in [fact.kind for fact in new]
    is_ahead = any(fact.kind == "extended" and fact.on > plan.today(now) for fact in plan.facts)
    if is_ahead and after.interest < before.interest:  # all was paid before its day: then nothing is extended
        is_settled |= not any(row[one] > row[f"{one}_paid"] for row in owed for one in COMPONENTS)
    is_settled |= plan.stand.is_rescheduled  # what comes before a change of the schedule changes what that asks for
    stays = not plan.agreed.recalculates and all(fact.kind in LEAVES for fact in new) and not is_settled
    if stays and after.interest - after.again != before.interest - before.again:
        return f"{after.interest} is asked for after {[fact.kind for fact in new]}, {before.interest} was before"
    owed_ever = sum(fact.amount for fact in plan.facts if fact.kind in ("captured", "charged_back", "sent_back"))
    last = max([*(date.fromisoformat(row["due_on"]) for row in owed), plan.today(now), plan.farthest])
    plan.farthest = last  # what was paid ahead stays paid, also where the rest is called due earlier
    begin = min([fact.on for fact in lent], default=last)
    years = Decimal((last - begin).days + 62) / 360
    most = ceil(owed_ever * max(plan.agreed.rate, Decimal(12)) / 100 * years) + len(owed)
    most += plan.agreed.costs + after.again
    return f"{after.interest} is asked for, at most {most} can be" if after.interest > most else ""
