"""A plan in the books: what each occasion comes to, from where the plan stands. Pure."""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from service.ledger import booking
from service.ledger.booking import CLEARING, Balances, Books, Parts
from service.ledger.chart import LedgerAccount, Occasion, Place, Transfer
from service.merchants.fee import MerchantFee, SharedFee, merchant_fee, tax_on, terms_of
from service.merchants.split import shares_of
from service.money import take_bps
from service.partners.funding import Totals
from service.plans.accrual import lost_interest
from service.plans.bill import Bill
from service.plans.partner_books import Stage, figures_of
from service.plans.plan import Plan
from service.plans.running.rows import Row
from service.plans.running.standing import Standing
from service.plans.subsidy import by_merchant, paid_by
from service.terms.allocation_rule import Component, PaymentKind

PRINCIPAL, FEE, PENALTY = Component.PRINCIPAL, Component.FEE, Component.PENALTY

OCCASIONS = {
    PaymentKind.PAYMENT: Occasion.PAYMENT,
    PaymentKind.PAID_TO_MERCHANT: Occasion.PAID_TO_MERCHANT,
    PaymentKind.DOWN_PAYMENT: Occasion.PAYMENT,
    PaymentKind.MERCHANT_REFUND: Occasion.REFUND,
    PaymentKind.PAYOUT_REFUND: Occasion.REFUND,
    PaymentKind.GOODWILL: Occasion.CREDIT,
    PaymentKind.INTEREST_REFUND: Occasion.INTEREST_RETURN,
    PaymentKind.FEE_REFUND: Occasion.FEE_RETURN,
    PaymentKind.INTEREST_WAIVER: Occasion.INTEREST_RETURN,
    PaymentKind.INTEREST_SUBSIDY: Occasion.INTEREST_SUBSIDY,
}

COLLECTED = (Occasion.PAYMENT, Occasion.PAID_TO_MERCHANT)  # of the consumer's money
OF_PLAN = -1, 0
NOTHING: Stage = {}


def books_of(plan: Plan) -> Books:
    """All that the books say of the plan. What nothing was booked for is left out."""
    books: dict[Occasion, Counter[Place]] = {}
    for figures in _figures(plan).values():
        for occasion, (rule, amounts) in figures.items():
            books.setdefault(occasion, Counter()).update(rule(*amounts))
    return {occasion: dict(balances) for occasion, balances in books.items()}


def booked(before: Plan | None, after: Plan) -> list[Transfer]:
    """The transfers that lead from one to the other. Only occasions whose figures differ are worked out."""
    found: list[Transfer] = []
    old_figures, new_figures = _figures(before) if before else {}, _figures(after)
    for part in old_figures | new_figures:
        old, new = old_figures.get(part, NOTHING), new_figures.get(part, NOTHING)
        if old != new:
            found += booking.transfers(_in_the_books(old, new), _in_the_books(new, old))
    return found


def _in_the_books(stage: Stage, other: Stage) -> Books:
    """What the books say on the occasions whose figures are others than on another stage."""
    return {occasion: one[0](*one[1]) for occasion, one in stage.items() if other.get(occasion) != one}


def totals_of(standing: Standing) -> Totals:
    """What a plan comes to that its partners share."""
    return _shared(standing, settled_by(standing))


def _figures(plan: Plan) -> dict[tuple[int, int], Stage]:
    """What the books say of the plan, and then of each participation and each of its owners."""
    settled, parts = settled_by(plan.standing), plan.funding.participations
    figures = {OF_PLAN: _of_plan(plan, settled)}
    if parts:
        totals = _shared(plan.standing, settled)
        for number in range(len(parts)):
            for stage, each in enumerate(figures_of(parts, number, totals)):
                figures[number, stage] = each
    return figures


def _of_plan(plan: Plan, settled: "ByOccasion") -> Stage:
    standing, amounts = plan.standing, plan.amounts
    found: Stage = {
        Occasion.PROMISE: (booking.promise, (standing.reserved,)),
        Occasion.SECURITY: (booking.security, (standing.held,)),
    }
    if amounts.captured:
        agreed = plan.offer.merchant_fee
        figures = plan.plan_id, plan.merchant_id, sum(standing.lent), standing.from_held, agreed, plan.bills
        found[Occasion.PURCHASE] = _purchase, figures
        if (platform := terms_of(agreed).platform) is not None:
            found[Occasion.PLATFORM_SHARE] = _platform_share, (platform, agreed, plan.bills)
        if standing.merchant_costs:
            cost = standing.merchant_costs - standing.merchant_costs_back
            tax = take_bps(cost, terms_of(agreed).tax_bps)
            found[Occasion.MERCHANT_COST] = booking.merchant_cost, (plan.merchant_id, cost, tax)
        if shares := _split(plan):
            found[Occasion.SPLIT] = booking.split, (plan.merchant_id, shares)
    found |= _bought_down(plan)
    if standing.rows:
        found[Occasion.LEVY] = booking.levy, (plan.plan_id, *_levied(standing, settled))
    recovered: list[tuple[Place, Parts]] = []
    for (occasion, is_recovery), one in settled.items():
        if is_recovery:
            recovered.append((_source(plan, occasion), one.parts))
        else:
            found[occasion] = booking.settled, (_source(plan, occasion), plan.plan_id, plan.merchant_id, one.parts)
    if recovered:
        found[Occasion.RECOVERY] = booking.recovered, (plan.plan_id, tuple(recovered))
    if (given_up := _given_up_as(standing)) is not None:
        principal, charges = lost_by(standing, settled)
        parts = principal, lost_interest(standing), charges, 0
        found[given_up] = booking.given_up, (LedgerAccount.CREDIT_LOSSES, plan.plan_id, plan.merchant_id, parts)
    return found


def _bought_down(plan: Plan) -> Stage:
    """Interest that was paid in, and what became of it."""
    subsidy, one = plan.offer.subsidy, plan.standing.buy_down
    if subsidy is None or not one.paid_in:
        return NOTHING
    paid_in, theirs = paid_by(plan.standing), by_merchant(plan.offer, plan.standing)
    return {
        Occasion.BUY_DOWN: (booking.buy_down, (plan.plan_id, subsidy.scheme_id, plan.merchant_id, paid_in, theirs)),
        Occasion.BUY_DOWN_INCOME: (booking.buy_down_earned, (plan.plan_id, one.earned)),
        Occasion.BUY_DOWN_LOSS: (booking.buy_down_released, (plan.plan_id, one.released)),
    }


def _shared(standing: Standing, settled: "ByOccasion") -> Totals:
    """What the partners share. What was waived or returned of interest, or of fees, is none that the consumer paid."""
    found = Totals(lent=sum(standing.lent))
    for (occasion, is_recovery), one in settled.items():
        if is_recovery:
            found.recovered_principal += one.principal
            found.recovered_interest += one.interest
            found.recovered_fee += one.fee
            found.recovered_penalty += one.penalty
        else:
            found.principal += one.principal
            found.interest += one.interest
            found.fee += one.fee
            found.penalty += one.penalty
        if occasion is Occasion.INTEREST_RETURN:
            found.returned += sum(one.parts)
        elif occasion is Occasion.FEE_RETURN:
            found.returned_fee += sum(one.parts)
        elif occasion in COLLECTED:
            found.collected_principal += one.principal
            found.collected_interest += one.interest
    if _given_up_as(standing) is not None:
        found.lost_principal, _ = lost_by(standing, settled)
        found.lost_interest = lost_interest(standing)
    return found


def fee_of(plan: Plan) -> int:
    """What we keep of all that was captured."""
    return _fee_and_tax(plan.offer.merchant_fee, plan.bills)[0]


def _fee_and_tax(agreed: MerchantFee, bills: Sequence[Bill]) -> tuple[int, int]:
    """What we keep of all that was captured and not reversed, and the tax on it."""
    fee = tax = before = 0
    for bill in bills:
        if not bill.is_reversed:
            charged = merchant_fee(agreed, before, bill.amount, bill.fee_tier)
            tax += tax_on(agreed, charged, bill.amount)
            fee += charged
            before += bill.amount
    return fee, tax


def _purchase(
    plan_id: str, merchant_id: str, lent: int, from_held: int, agreed: MerchantFee, bills: Sequence[Bill]
) -> Balances:
    return booking.purchase(plan_id, merchant_id, lent, from_held, *_fee_and_tax(agreed, bills))


def _platform_share(platform: SharedFee, agreed: MerchantFee, bills: Sequence[Bill]) -> Balances:
    fee, _ = _fee_and_tax(agreed, bills)
    return booking.platform_share(platform.platform_id, take_bps(fee, platform.bps))


def _split(plan: Plan) -> tuple[tuple[str, int], ...]:
    """What other sellers have of the captures, after what came back of each."""
    split = [bill for bill in plan.bills if bill.splits and not bill.is_reversed]
    if not split:  # as mostly
        return ()
    shares: Counter[str] = Counter()
    for bill in split:
        refunded = plan.standing.refunded_of.get(bill.capture, 0)
        shares.update(shares_of(bill.splits, bill.amount, refunded))
    return tuple(sorted(shares.items()))


class Settled(Struct):
    """What money of one occasion settled, in minor units."""

    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty: int = 0
    overpaid: int = 0

    @property
    def parts(self) -> Parts:
        """As the books tell them apart."""
        return self.principal, self.interest, self.fee + self.penalty, self.overpaid


ByOccasion = dict[tuple[Occasion, bool], Settled]  # and by whether the money came after a charge-off


def settled_by(standing: Standing) -> ByOccasion:
    """By all money but what took a payment back: that counts less already."""
    sums: ByOccasion = {}
    for one in standing.allocations.values():
        if not one.is_back:
            key = OCCASIONS[one.kind], one.is_recovery
            so_far = sums.get(key)
            if so_far is None:
                so_far = sums[key] = Settled()
            so_far.principal += one.principal
            so_far.interest += one.interest
            so_far.fee += one.fee
            so_far.penalty += one.penalty
            so_far.overpaid += one.overpaid
    return sums


def _levied(standing: Standing, settled: ByOccasion) -> tuple[int, int]:
    """Fees and penalties still asked for, and what was settled of them: a payment taken back levies nothing anew."""
    fees = sum([one.fee for one in settled.values()])
    penalties = sum([one.penalty for one in settled.values()])
    for row in standing.rows:
        fees += row.owed[FEE] - row.paid[FEE]
        penalties += row.owed[PENALTY] - row.paid[PENALTY]
    return fees, penalties


def _source(plan: Plan, occasion: Occasion) -> Place:
    """Who bears it."""
    match occasion:
        case Occasion.PAYMENT:
            return CLEARING
        case Occasion.REFUND | Occasion.PAID_TO_MERCHANT:
            return Place(LedgerAccount.MERCHANT_PAYABLE, plan.merchant_id)
        case Occasion.INTEREST_SUBSIDY:
            assert plan.offer.subsidy is not None
            return Place(LedgerAccount.SCHEME_RECEIVABLE, plan.offer.subsidy.scheme_id)
        case Occasion.CREDIT:
            return Place(LedgerAccount.GOODWILL)
        case Occasion.FEE_RETURN:
            return Place(LedgerAccount.FEE_INCOME)
        case _:
            return Place(LedgerAccount.INTEREST_INCOME)


def _given_up_as(standing: Standing) -> Occasion | None:
    if standing.charged_off_on is not None:
        return Occasion.LOSS
    return Occasion.FORGIVENESS if standing.is_forgiven else None


def lost_by(standing: Standing, settled: ByOccasion) -> tuple[int, int]:
    """Principal and charges that were owed when it was given up: what is still owed, and what was recovered of it."""
    if standing.charged_off_on is None:
        return _left([row for row in standing.rows if row.forgiven])
    principal, charges = _left(standing.rows)
    for (_, is_recovery), one in settled.items():
        if is_recovery:
            principal, charges = principal + one.principal, charges + one.fee + one.penalty
    return principal, charges


def _left(rows: list[Row]) -> tuple[int, int]:
    """The principal and the charges that the rows still ask for."""
    principal = sum([row.owed[PRINCIPAL] - row.paid[PRINCIPAL] for row in rows])
    return principal, sum([row.left(FEE) + row.left(PENALTY) for row in rows])
