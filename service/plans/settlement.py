"""Settle early: what pays off all, or a part, by the law of the plan, as a quote that binds until its day ends. Pure.

what is owed           4,844.52
- what is given up       821.03   interest, then fees, of the lines that are not due yet
- what comes back        0.00     of costs that were paid before, as far as that is more
= the quote            4,023.49
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import prod

from msgspec import Struct
from msgspec.structs import replace

from service.errors import Code, Refused
from service.event_type import EventType
from service.money import BPS, Rounding, quotient
from service.plans.amounts import amounts_of
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.facts import Paid, SettlementQuoted
from service.plans.running.paying import pay
from service.plans.running.rows import Row, RowKind
from service.plans.running.settling import due_on, give_up, left_ahead
from service.plans.running.standing import Standing
from service.plans.running.versions import after, before_what_comes, lines_of, settling_amount
from service.plans.settlement_uk import charged, owed_in_uk, settled_in_uk_on, with_charges
from service.terms.allocation_rule import Component
from service.terms.calendar import add_months
from service.terms.early_settlement import (
    compensation_max,
    eu_settlement,
    is_too_long_for_78,
    method_of,
    part_settlement,
    proportional,
    settlement,
    settlement_by_78,
)
from service.terms.schedule import Instalment
from service.terms.terms import RebateMethod
from service.terms.uk_settlement import uk_settlement


class QuoteSettlement(PlanCommand, frozen=True, kw_only=True):
    """What settles the plan, or what an `amount` paid today gives up of what is not due yet.

    In the United Kingdom `deferred` puts the settlement date of all off by a month, or 30 days.
    """

    deferred: bool = False
    amount: int | None = None

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is owed, or more may be captured), INVALID_FIELD (deferred by
        another law, or a part; an amount that is due anyway), IMPOSSIBLE_TERMS (deferred, and the term is no more than
        a year; a part, and neither law nor terms give anything up for it), AMOUNT_EXCEEDS_OUTSTANDING (no part).
        """
        plan = self.plan_of(book)
        if not plan.amounts.outstanding or plan.remaining:
            raise refuse_state(plan, "settled early")
        if self.deferred and (method_of(plan.offer.jurisdiction) is not RebateMethod.ACTUARIAL or self.amount):
            sentence = "Only the law of the United Kingdom knows a deferral, and of no part."
            raise Refused(Code.INVALID_FIELD, sentence, "/deferred")
        today = today_of(plan, now)
        known = _known_by(plan, today)
        if self.amount is None:
            fact = quote_of(known, fact_id(self), today, deferred=self.deferred)
        else:
            fact = quote_of_part(known, fact_id(self), today, self.amount)
        data = {"quote_id": fact.id, "amount": fact.amount, "good_until": fact.good_until}
        return happen(book, plan, self, fact, now, lambda _: Event(EventType.SETTLEMENT_QUOTED, data))


def _known_by(plan: Plan, today: date) -> Plan:
    """The plan as it is settled: before a change of its schedule that takes effect later."""
    standing = before_what_comes(plan.standing, today)
    if standing is plan.standing:
        return plan
    return replace(plan, standing=standing, amounts=amounts_of(standing), lines=lines_of(standing))


def quote_of(
    plan: Plan, quote_id: str, on: date, *, deferred: bool = False, at_once: bool = False
) -> SettlementQuoted:  # fmt: skip
    """What settles the plan on a day: all that is owed, less what its law gives up; `at_once`, without any notice.

    Where interest follows what is paid, it is owed up to that day, and only fees are left to give up.
    """
    standing = plan.standing
    method = RebateMethod.NONE if standing.closed or standing.withdrawal else _method(plan)
    until = on
    if method is RebateMethod.ACTUARIAL and not standing.recalculates and not at_once:
        until = settled_in_uk_on(plan, on, deferred=deferred)
    if method is RebateMethod.ACTUARIAL and standing.recalculates:  # of all charges, what does not fall by itself
        interest, costs = 0, max(0, settling_amount(standing.copy(), on) - owed_in_uk(plan, on))
    else:
        interest, costs = _given_up(plan, method, on, until)
    interest_rebate, fee_rebate = _bounded(plan, on, interest, costs)
    rest = interest + costs - interest_rebate - fee_rebate
    if method is not RebateMethod.ACTUARIAL:  # to which all charges for the credit are one
        rest = min(rest, costs - fee_rebate)
    returned = _returned(plan.standing, on, rest)
    compensation = _compensation(plan, on, interest_rebate)
    quote = SettlementQuoted(
        id=quote_id, recorded_on=on, on=on, good_until=until, amount=0, interest_rebate=interest_rebate - compensation,
        fee_rebate=fee_rebate, fee_returned=returned, method=method, jurisdiction=plan.offer.jurisdiction,
        compensation=compensation,
    )  # fmt: skip
    following = standing.copy()
    give_up(following, quote, on, pay)
    amount = settling_amount(following, on) if standing.recalculates else amounts_of(following).outstanding
    principal, fee, penalty = (
        sum(row.left(component) for row in following.rows)
        for component in (Component.PRINCIPAL, Component.FEE, Component.PENALTY)
    )
    interest = amount - principal - fee - penalty
    return replace(quote, amount=amount, principal=principal, interest=interest, fee=fee, penalty=penalty)


def quote_of_part(plan: Plan, quote_id: str, on: date, amount: int) -> SettlementQuoted:
    """What `amount` gives up, paid on a day: what is due is paid first, the rest is a part of all that is not due yet.

    It is the whole rebate of that day in proportion; all lines that are not due yet fall in one proportion.
    """
    whole, standing = quote_of(plan, quote_id, on, at_once=True), plan.standing
    if whole.method not in (RebateMethod.ACTUARIAL, RebateMethod.PROPORTIONAL):
        sentence = "Neither the law of the plan nor its terms give anything up for a part that is paid early."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/amount")
    if standing.recalculates and not (whole.fee_rebate or whole.fee_returned):
        sentence = "Interest follows what is paid: a part paid early bears none from its day on, without any quote."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/amount")
    seen = standing.copy()
    seen.bear_overdue(on)
    due = due_on(seen, on)
    if amount <= due:
        sentence = f"{due} minor units are due and are paid first: nothing of {amount} would be paid early."
        raise Refused(Code.INVALID_FIELD, sentence, "/amount")
    if amount >= whole.amount:
        sentence = f"{whole.amount} minor units settle everything: ask for that without an amount."
        raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
    rebate, owed = whole.interest_rebate + whole.fee_rebate + whole.fee_returned, whole.amount - due
    given_up = part_settlement(settlement(on, whole.method, owed + rebate, rebate), amount - due).rebate
    fee_rebate, interest_rebate = (
        quotient(given_up * each, rebate, Rounding.UP) if each else 0
        for each in (whole.fee_rebate, whole.interest_rebate)
    )
    interest_rebate = min(interest_rebate, given_up - fee_rebate)
    quote = replace(
        whole, good_until=on, amount=amount, part=amount - due, interest_rebate=interest_rebate, fee_rebate=fee_rebate,
        fee_returned=given_up - fee_rebate - interest_rebate, of=owed,
        compensation=whole.compensation * (amount - due) // owed,
    )  # fmt: skip
    paid = Paid(id=f"{quote_id}/paid", recorded_on=on, on=on, amount=amount)
    settles = after(after(standing, quote), paid).allocations[paid.id]
    return replace(
        quote, principal=settles.principal, interest=settles.interest, fee=settles.fee, penalty=settles.penalty
    )


def _method(plan: Plan) -> RebateMethod:
    """By law and terms; a plan that was made longer than the law allows for what was agreed has the law's own."""
    jurisdiction, agreed = plan.offer.jurisdiction, plan.offer.terms.rebate
    begin_on, ends_on = plan.lines[0].begin_on, plan.lines[-1].due_on
    if agreed is RebateMethod.RULE_OF_78 and is_too_long_for_78(jurisdiction, begin_on, ends_on):
        agreed = None
    return method_of(jurisdiction, agreed)


def _compensation(plan: Plan, on: date, interest_rebate: int) -> int:
    """What of the interest that is given up is kept for being repaid early: as agreed, and no more than the law has."""
    agreed = plan.offer.terms.compensation_bps
    if not agreed or not interest_rebate:
        return 0
    ahead = [row for row in plan.standing.rows if row.due_on > on]
    repaid = sum(row.left(Component.PRINCIPAL) for row in ahead)
    since = add_months(on, -12, on.day)
    before = sum(part.principal for row in plan.standing.rows for part in row.parts if part.on > since)
    most = compensation_max(
        plan.offer.jurisdiction, today_of(plan, plan.authorized_at), on, plan.lines[-1].due_on,
        repaid=repaid, interest_left=interest_rebate, repaid_in_12_months=repaid + before,
    )  # fmt: skip
    return min(repaid * agreed // BPS, most)


def _bounded(plan: Plan, on: date, interest: int, costs: int) -> tuple[int, int]:
    """The same as far as lines not yet due ask for it: costs that were paid before lower the interest instead."""
    interest_ahead, fee_ahead = left_ahead(plan.standing, on)
    if plan.standing.recalculates:
        return 0, min(costs, fee_ahead)
    most = plan.amounts.outstanding - 1  # something is paid, so that there is a day on which it is settled
    total = min(interest + costs, interest_ahead + fee_ahead, most)
    fee = min(max(costs, total - interest_ahead), fee_ahead, total)
    return total - fee, fee


def _returned(standing: Standing, on: date, rest: int) -> int:
    """What of the `rest` that the law gives up comes back of costs that were paid: it goes towards the principal."""
    paid = standing.fees_of_parts - standing.fees_given_up - standing.returned_fees - left_ahead(standing, on)[1]
    principal = sum(row.left(Component.PRINCIPAL) for row in standing.rows)
    return max(0, min(rest, paid, principal - 1))  # something is paid, so that there is a day on which it is settled


def _given_up(plan: Plan, method: RebateMethod, on: date, until: date) -> tuple[int, int]:
    """What the law gives up of interest and of costs, each capture by itself."""
    if method is RebateMethod.NONE:
        return 0, 0
    terms, interest, costs = plan.offer.terms, 0, 0
    left = prod((1 - Fraction(part, of) for part, of in plan.standing.settled_parts), start=Fraction(1))
    for one in _captures(plan, with_interest=method is RebateMethod.ACTUARIAL or not plan.standing.recalculates):
        start_on, rows = one.start_on, one.rows
        if method is RebateMethod.ACTUARIAL:
            rows = with_charges(terms, rows, one.lent)
            up_front = charged(terms, one.up_front, one.lent)
            paid = [(start_on, up_front), *one.parts] if up_front else one.parts
            apr = Decimal(plan.agreed.apr.value)
            interest += uk_settlement(terms, rows, one.lent, start_on, until, apr, paid).rebate
            continue
        if method is RebateMethod.RULE_OF_78:
            charge = sum(row.interest for row in one.rows)
            interest += settlement_by_78([replace(row, fee=0) for row in one.rows], one.start_on, on, charge).rebate
            continue
        interest += eu_settlement([replace(row, fee=0) for row in rows], start_on, on).rebate
        if method is RebateMethod.PROPORTIONAL:
            fees = (one.up_front + one.costs) * left
            costs += proportional(
                quotient(fees.numerator, fees.denominator, Rounding.HALF_UP), start_on, rows[-1].due_on, on
            )
    return _without_returned(plan.standing, interest, costs)


def _without_returned(standing: Standing, interest: int, costs: int) -> tuple[int, int]:
    """Of what came back with refunds nothing is given up a second time."""
    asked, returned = sum([row.owed[Component.INTEREST] for row in standing.rows]), standing.returned_interest
    if returned and asked:
        interest = quotient(interest * max(asked - returned, 0), asked, Rounding.HALF_UP)
    if standing.returned_fees:
        borne = standing.fees_of_parts - standing.returned_fees
        costs = quotient(costs * borne, standing.fees_of_parts, Rounding.HALF_UP)
    return interest, costs


class _Capture(Struct):
    """What was lent, and the instalments without what parts that were paid early took of them."""

    start_on: date
    lent: int
    costs: int  # with its instalments, also what parts that were paid early gave up
    up_front: int  # ... and beside them, on its day
    rows: list[Instalment]
    parts: list[tuple[date, int]]  # each on its day


def _captures(plan: Plan, *, with_interest: bool) -> Iterator[_Capture]:
    """Each capture and its instalments, with their interest or without: that which follows what is paid is not owed
    for days to come anyway.
    """
    rows: defaultdict[int, list[Row]] = defaultdict(list)
    for row in plan.standing.instalments():
        rows[row.capture].append(row)
    up_front: Counter[int] = Counter()
    for row in plan.standing.rows:
        if row.kind is RowKind.DOWN_PAYMENT and rows:
            up_front[row.capture if row.capture in rows else min(rows)] += row.owed[Component.FEE]
    for capture, some in rows.items():
        yield _Capture(
            some[0].begin,
            sum(row.owed[Component.PRINCIPAL] for row in some),
            sum(row.owed[Component.FEE] + sum(part.fee_given_up for part in row.parts) for row in some),
            up_front[capture],
            [_without_parts(number, row, with_interest) for number, row in enumerate(some, 1)],
            [(part.on, part.total) for row in some for part in row.parts],
        )


def _without_parts(number: int, row: Row, with_interest: bool) -> Instalment:
    parts = row.parts
    return Instalment(
        number,
        row.due_on,
        row.owed[Component.PRINCIPAL] - sum(part.principal for part in parts),
        row.owed[Component.INTEREST] - sum(part.interest for part in parts) if with_interest else 0,
        row.owed[Component.FEE] - sum(part.fee for part in parts),
    )
