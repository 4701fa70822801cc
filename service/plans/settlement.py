"""Settle early: what pays everything off today, by the law of the plan, as a quote that binds until its day ends. Pure.

what is owed           4,844.52
- what is given up       821.03   interest, then fees, of the lines that are not due yet
= the quote            4,023.49   never less than the principal that is left
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from msgspec.structs import replace

from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.amounts import amounts_of
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.facts import SettlementQuoted
from service.plans.running.rows import Line, RowKind
from service.plans.running.settling import give_up, left_ahead
from service.plans.running.versions import settling_amount
from service.terms.allocation_rule import Component
from service.terms.early_settlement import RebateMethod, eu_settlement, method_of, proportional
from service.terms.schedule import Instalment, up_front_costs
from service.terms.terms import Payer, Unit
from service.terms.uk_settlement import uk_settlement, uk_settlement_date


class QuoteSettlement(PlanCommand, frozen=True, kw_only=True):
    """What settles the plan. In the United Kingdom `deferred` puts the settlement date off by a month, or 30 days."""

    deferred: bool = False

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is owed, or more may be captured), INVALID_FIELD (deferred by
        another law), IMPOSSIBLE_TERMS (deferred, and the term is no more than a year).
        """
        plan = self.plan_of(book)
        if not plan.amounts.outstanding or plan.remaining:
            raise refuse_state(plan, "settled early")
        if self.deferred and method_of(plan.offer.jurisdiction) is not RebateMethod.ACTUARIAL:
            raise Refused(Code.INVALID_FIELD, "Only the law of the United Kingdom knows a deferral.", "/deferred")
        fact = quote_of(plan, fact_id(self), today_of(plan, now), deferred=self.deferred)
        data = {"quote_id": fact.id, "amount": fact.amount, "good_until": fact.good_until}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.SETTLEMENT_QUOTED, data))


def quote_of(plan: Plan, quote_id: str, on: date, *, deferred: bool = False) -> SettlementQuoted:
    """What settles the plan on a day: all that is owed, less what its law gives up.

    Where interest follows what is paid, it is owed up to that day, and only fees are left to give up.
    """
    standing = plan.standing
    method = RebateMethod.NONE if standing.closed else method_of(plan.offer.jurisdiction)
    until = on
    if method is RebateMethod.ACTUARIAL and not standing.recalculates:
        until = _uk_date(plan, on, deferred)
    interest_rebate, fee_rebate = _bounded(plan, on, *_given_up(plan, method, on, until))
    quote = SettlementQuoted(
        id=quote_id, recorded_on=on, on=on, good_until=until, amount=0, interest_rebate=interest_rebate,
        fee_rebate=fee_rebate, method=method, jurisdiction=plan.offer.jurisdiction,
    )  # fmt: skip
    after = standing.copy()
    give_up(after, quote)
    amount = settling_amount(after, on) if standing.recalculates else amounts_of(after).outstanding
    principal, fee, penalty = (
        sum(row.left(component) for row in after.rows)
        for component in (Component.PRINCIPAL, Component.FEE, Component.PENALTY)
    )
    interest = amount - principal - fee - penalty
    return replace(quote, amount=amount, principal=principal, interest=interest, fee=fee, penalty=penalty)


def _bounded(plan: Plan, on: date, interest: int, costs: int) -> tuple[int, int]:
    """The same as far as lines not yet due ask for it: costs that were paid before lower the interest instead."""
    interest_ahead, fee_ahead = left_ahead(plan.standing, on)
    if plan.standing.recalculates:
        return 0, min(costs, fee_ahead)
    most = plan.amounts.outstanding - 1  # something is paid, so that there is a day on which it is settled
    total = min(interest + costs, interest_ahead + fee_ahead, most)
    fee = min(max(costs, total - interest_ahead), fee_ahead, total)
    return total - fee, fee


def _given_up(plan: Plan, method: RebateMethod, on: date, until: date) -> tuple[int, int]:
    """What the law gives up of interest and of costs, each capture by itself."""
    if method is RebateMethod.NONE:
        return 0, 0
    terms, interest, costs = plan.offer.terms, 0, 0
    up_front = up_front_costs(terms, sum(plan.standing.lent))
    paid = sum(amount for cost, amount in up_front if cost.payer is Payer.CONSUMER)
    for start_on, rows in _captures(plan):
        if method is RebateMethod.ACTUARIAL:
            lent = sum(row.principal for row in rows)
            interest += uk_settlement(terms, rows, lent, start_on, until, Decimal(plan.agreed.apr.value)).rebate
            continue
        interest += eu_settlement([replace(row, fee=0) for row in rows], start_on, on).rebate
        if method is RebateMethod.PROPORTIONAL:
            fees, paid = paid + sum(row.fee for row in rows), 0
            costs += proportional(fees, start_on, rows[-1].due_on, on)
    return interest, costs


def _captures(plan: Plan) -> Iterator[tuple[date, list[Instalment]]]:
    """The instalments of each capture and the day they begin. Interest that follows what is paid is left out: it is not
    owed for days to come anyway.
    """
    lines: defaultdict[int, list[Line]] = defaultdict(list)
    for line in plan.lines:
        if line.kind is RowKind.INSTALMENT:
            lines[line.capture].append(line)
    for some in lines.values():
        yield (
            some[0].begin_on,
            [
                Instalment(
                    number, line.due_on, line.principal, 0 if plan.standing.recalculates else line.interest, line.fee
                )
                for number, line in enumerate(some, 1)
            ],
        )


def _uk_date(plan: Plan, on: date, deferred: bool) -> date:
    """The settlement date: what the debtor may take, who gives notice today."""
    begin_on, ends_on = plan.lines[0].begin_on, plan.lines[-1].due_on
    is_monthly = plan.offer.terms.unit is Unit.MONTH
    return uk_settlement_date(on, ends_on, start_on=begin_on, is_monthly=is_monthly, deferred=deferred)
