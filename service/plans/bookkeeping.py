"""A plan in the books: what each occasion comes to, from where the plan stands. Pure."""

from collections import defaultdict

from service.ledger import booking
from service.ledger.booking import CLEARING, Balances, Books, Parts
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.merchants.merchant import merchant_fee
from service.plans.accrual import lost_interest
from service.plans.plan import Plan
from service.plans.running.rows import Row
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component, PaymentKind

PRINCIPAL, FEE, PENALTY = Component.PRINCIPAL, Component.FEE, Component.PENALTY
NOTHING: Parts = (0, 0, 0, 0)

OCCASIONS = {
    PaymentKind.PAYMENT: Occasion.PAYMENT,
    PaymentKind.DOWN_PAYMENT: Occasion.PAYMENT,
    PaymentKind.MERCHANT_REFUND: Occasion.REFUND,
    PaymentKind.PAYOUT_REFUND: Occasion.REFUND,
    PaymentKind.GOODWILL: Occasion.CREDIT,
    PaymentKind.INTEREST_REFUND: Occasion.INTEREST_RETURN,
    PaymentKind.INTEREST_WAIVER: Occasion.INTEREST_RETURN,
}


def books_of(plan: Plan) -> Books:
    """All that the books say of the plan. What nothing was booked for is left out."""
    standing, amounts, funding = plan.standing, plan.amounts, plan.funding
    lent = sum(standing.lent)
    books: Books = {
        Occasion.PROMISE: booking.promise(standing.reserved),
        Occasion.SECURITY: booking.security(standing.held),
    }
    if amounts.captured:
        books[Occasion.PURCHASE] = booking.purchase(
            plan.plan_id, plan.merchant_id, lent, standing.from_held, fee_of(plan)
        )
    if standing.rows:
        books[Occasion.LEVY] = _levied(plan.plan_id, standing)
    paid = _paid(standing)
    books |= _settled(plan, paid)
    if standing.charged_off_on is not None:
        books[Occasion.LOSS] = _lost(plan, paid)
    elif standing.is_forgiven:
        principal, charges = _left([row for row in standing.rows if row.forgiven])
        books[Occasion.FORGIVENESS] = _given_up(plan, principal, charges)
    if funding.partner_id is not None:
        principal, interest = (sum(parts[part] for parts in paid.values()) for part in (0, 1))
        principal = max(principal, 0)  # what went back twice, and nobody had lent, is no loan of the partner's
        share = funding.partner_id, funding.funding_bps
        books[Occasion.DRAWING] = booking.drawing(share[0], lent, share[1])
        books[Occasion.PRINCIPAL_SHARE] = booking.principal_share(share[0], principal, share[1])
        books[Occasion.INTEREST_SHARE] = booking.interest_share(share[0], interest, share[1])
    return books


def fee_of(plan: Plan) -> int:
    """What we keep of all that was captured."""
    fee = before = 0
    for bill in plan.bills:
        fee += merchant_fee(plan.offer.merchant_fee, before, bill.amount)
        before += bill.amount
    return fee


def _levied(plan_id: str, standing: Standing) -> Balances:
    """What is still asked for, and what was settled of it: a payment taken back levies nothing anew."""
    fees = sum([row.owed[FEE] - row.paid[FEE] for row in standing.rows])
    penalties = sum([row.owed[PENALTY] - row.paid[PENALTY] for row in standing.rows])
    for one in standing.allocations.values():
        if not one.is_back:
            fees, penalties = fees + one.fee, penalties + one.penalty
    return booking.levy(plan_id, fees, penalties)


Paid = dict[tuple[PaymentKind, bool], Parts]  # by the kind of the money, and whether it came after a charge-off


def _paid(standing: Standing) -> Paid:
    sums: defaultdict[tuple[PaymentKind, bool], Parts] = defaultdict(lambda: NOTHING)
    for one in standing.allocations.values():
        if not one.is_back:
            principal, interest, charges, overpaid = sums[one.kind, one.is_recovery]
            sums[one.kind, one.is_recovery] = (
                principal + one.principal, interest + one.interest, charges + one.fee + one.penalty,
                overpaid + one.overpaid,
            )  # fmt: skip
    return sums


def _settled(plan: Plan, paid: Paid) -> Books:
    found: defaultdict[Occasion, list[Balances]] = defaultdict(list)
    for (kind, is_recovery), parts in paid.items():
        source = _source(plan, kind)
        if is_recovery:
            found[Occasion.RECOVERY].append(booking.recovered(source, plan.plan_id, parts))
        else:
            found[OCCASIONS[kind]].append(booking.settled(source, plan.plan_id, plan.merchant_id, parts))
    return {occasion: many[0] if len(many) == 1 else booking.total(many) for occasion, many in found.items()}


def _source(plan: Plan, kind: PaymentKind) -> Place:
    """Who bears it."""
    match OCCASIONS[kind]:
        case Occasion.PAYMENT:
            return CLEARING
        case Occasion.REFUND:
            return Place(LedgerAccount.MERCHANT_PAYABLE, plan.merchant_id)
        case Occasion.CREDIT:
            return Place(LedgerAccount.GOODWILL)
        case _:
            return Place(LedgerAccount.INTEREST_INCOME)


def _lost(plan: Plan, paid: Paid) -> Balances:
    """What was owed when it was given up: what is still owed, and what was recovered of it."""
    principal, charges = _left(plan.standing.rows)
    for (_, is_recovery), parts in paid.items():
        if is_recovery:
            principal, charges = principal + parts[0], charges + parts[2]
    return _given_up(plan, principal, charges)


def _given_up(plan: Plan, principal: int, charges: int) -> Balances:
    parts = principal, lost_interest(plan.standing), charges, 0
    return booking.given_up(LedgerAccount.CREDIT_LOSSES, plan.plan_id, plan.merchant_id, parts)


def _left(rows: list[Row]) -> tuple[int, int]:
    """The principal and the charges that the rows still ask for."""
    principal = sum([row.owed[PRINCIPAL] - row.paid[PRINCIPAL] for row in rows])
    return principal, sum([row.left(FEE) + row.left(PENALTY) for row in rows])
