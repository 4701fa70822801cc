"""What the books say of a plan, one function for each occasion: the whole accounting of the product on one page.

Each function gives balances (debit positive, credit negative) that sum to zero, of all that has happened so far.
`transfers` books the difference between two of them. So the sub-ledger of a plan is always what the plan says, and a
fact that changes the past (a payment that arrives late) books what it changed. Amounts are minor units.
"""

from collections import Counter
from collections.abc import Iterator

from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion, Place, Transfer

Balances = dict[Place, int]
Books = dict[Occasion, Balances]
Parts = tuple[int, int, int, int]  # principal, interest, fees and penalties, overpaid

COMMITMENT, COMMITMENT_CONTRA = Place(A.COMMITMENT), Place(A.COMMITMENT_CONTRA)
HELD, HELD_CONTRA = Place(A.DEPOSIT_HELD), Place(A.DEPOSIT_HELD_CONTRA)
CLEARING = Place(A.PROCESSOR_CLEARING)
CASH = Place(A.CASH)


def promise(reserved: int) -> Balances:
    """We promised so much of our limit."""
    return {COMMITMENT: reserved, COMMITMENT_CONTRA: -reserved}


def security(held: int) -> Balances:
    """So much is held on the consumer's card."""
    return {HELD: held, HELD_CONTRA: -held}


def purchase(plan_id: str, merchant_id: str, lent: int, from_held: int, fee: int, tax: int = 0) -> Balances:
    """The consumer owes us what was lent, the card paid its part, we owe the merchant all of it less our fee, and owe
    the tax on the fee."""
    balances = {
        CLEARING: from_held,
        Place(A.CONSUMER_PRINCIPAL, plan_id): lent,
        Place(A.MERCHANT_PAYABLE, merchant_id): fee + tax - lent - from_held,
        Place(A.MERCHANT_FEE_INCOME): -fee,
    }
    return balances | {Place(A.TAX_PAYABLE): -tax} if tax else balances


def merchant_cost(merchant_id: str, cost: int, tax: int) -> Balances:
    """The merchant bears a cost of the plan's terms, and the tax on it: we owe it so much less."""
    balances = {Place(A.MERCHANT_PAYABLE, merchant_id): cost + tax, Place(A.MERCHANT_FEE_INCOME): -cost}
    return balances | {Place(A.TAX_PAYABLE): -tax} if tax else balances


def levy(plan_id: str, fees: int, penalties: int) -> Balances:
    """The consumer owes fees and penalties besides."""
    return {
        Place(A.CONSUMER_FEES, plan_id): fees + penalties,
        Place(A.FEE_INCOME): -fees,
        Place(A.PENALTY_INCOME): -penalties,
    }


def settled(source: Place, plan_id: str, merchant_id: str, parts: Parts) -> Balances:
    """Money, or a credit of ours, settled what is owed; what is left over we owe back."""
    return {source: sum(parts)} | _owed(plan_id, merchant_id, parts)


def recovered(plan_id: str, by_source: tuple[tuple[Place, Parts], ...]) -> Balances:
    """The same after it was given up, from one source or several."""
    balances: Counter[Place] = Counter()
    for source, (*settles, overpaid) in by_source:
        balances[source] += sum(settles) + overpaid
        balances[Place(A.RECOVERIES)] -= sum(settles)
        balances[Place(A.CONSUMER_PAYABLE, plan_id)] -= overpaid
    return dict(balances)


def given_up(expense: A, plan_id: str, merchant_id: str, parts: Parts) -> Balances:
    """What was owed is lost, or let go."""
    return {Place(expense): sum(parts)} | _owed(plan_id, merchant_id, parts)


def interest_earned(merchant_id: str, earned: int, partners: dict[str, int], servicing: int) -> Balances:
    """Time has earned interest on a merchant's plans: partners have their parts of it, the rest is our income.

    `servicing` of the rest is what partners' own rates leave of the interest on their principal. The interest that
    consumers owe is a place of the merchant's, not of each plan: time books one row for all plans of a day, payments
    take from the same place, and what is left there is earned and not paid yet.
    """
    ours = earned - sum(partners.values()) - servicing
    balances = {Place(A.CONSUMER_INTEREST, merchant_id): earned, Place(A.INTEREST_INCOME): -ours}
    for partner_id, share in partners.items():
        balances[Place(A.PARTNER_ACCRUED, partner_id)] = -share
    return balances | {Place(A.SERVICING_INCOME): -servicing} if servicing else balances


def drawing(partner_id: str, share: int) -> Balances:
    """The partner owes us its share of what was lent."""
    return {Place(A.PARTNER_RECEIVABLE, partner_id): share, Place(A.PARTNER_PARTICIPATION, partner_id): -share}


def principal_share(partner_id: str, share: int) -> Balances:
    """Its share of principal that was paid is due to it; less than nothing is due to us."""
    return {Place(A.PARTNER_PARTICIPATION, partner_id): share, Place(A.PARTNER_PAYABLE, partner_id): -share}


def interest_share(partner_id: str, accrued: int, kept: int, recovered: int, spread: int) -> Balances:
    """Its share of interest is due to it: of what was paid, less what went back, and what came after a loss.

    `accrued` is what time had earned for it of the interest that was paid, `kept` what is left to it of that; the rest
    is no income of ours, either, but for the `spread`: of interest that went back we earn none for servicing.
    """
    balances = {
        Place(A.PARTNER_ACCRUED, partner_id): accrued,
        Place(A.PARTNER_PAYABLE, partner_id): -kept - recovered,
    }
    if recovered or spread or kept != accrued:
        balances[Place(A.RECOVERIES)] = recovered
        balances[Place(A.SERVICING_INCOME)] = spread
        balances[Place(A.INTEREST_INCOME)] = kept - accrued - spread
    return balances


def charge_share(income: A, partner_id: str, paid: int, recovered: int) -> Balances:
    """Its share of fees or penalties that were paid is no income of ours, but due to it."""
    return {
        Place(income): paid,
        Place(A.RECOVERIES): recovered,
        Place(A.PARTNER_PAYABLE, partner_id): -paid - recovered,
    }


def servicing(partner_id: str, fee: int) -> Balances:
    """We collect for the partner, and keep a fee of what is due to it."""
    return {Place(A.PARTNER_PAYABLE, partner_id): fee, Place(A.SERVICING_INCOME): -fee}


def loss_share(partner_id: str, principal: int, interest: int) -> Balances:
    """It bears its share of what was given up: of principal, and of interest that time had earned for it."""
    return {
        Place(A.PARTNER_PARTICIPATION, partner_id): principal,
        Place(A.PARTNER_ACCRUED, partner_id): interest,
        Place(A.CREDIT_LOSSES): -principal - interest,
    }


def recovery_share(partner_id: str, share: int) -> Balances:
    """Its share of principal that was paid after all is due to it."""
    return {Place(A.RECOVERIES): share, Place(A.PARTNER_PAYABLE, partner_id): -share}


def loss_cover(payer: Place, borne: int, back: int) -> Balances:
    """A party owes us what it bears of a loss; what was recovered for it since, we owe it, or it owes us less."""
    return {payer: borne - back, Place(A.CREDIT_LOSSES): -borne, Place(A.RECOVERIES): back}


def loss_relief(partner_id: str, relief: int) -> Balances:
    """A partner bears less of a loss than its share of the plan, and is owed the difference; or it bears more."""
    return {Place(A.CREDIT_LOSSES): relief, Place(A.PARTNER_PAYABLE, partner_id): -relief}


def sold(partner_id: str, principal: int, interest: int, price: int) -> Balances:
    """It holds no part of the plan any more, nor what had been earned for it, and is owed the price."""
    return {
        Place(A.PARTNER_PARTICIPATION, partner_id): principal,
        Place(A.PARTNER_ACCRUED, partner_id): interest,
        Place(A.PARTNER_PAYABLE, partner_id): -price,
        Place(A.SALE_RESULT): price - principal - interest,
    }


def bought(partner_id: str, principal: int, interest: int, price: int) -> Balances:
    """The other side of it: what a partner sells to a partner leaves us no result, what we sell or buy back does."""
    return {
        Place(A.PARTNER_RECEIVABLE, partner_id): price,
        Place(A.SALE_RESULT): principal + interest - price,
        Place(A.PARTNER_PARTICIPATION, partner_id): -principal,
        Place(A.PARTNER_ACCRUED, partner_id): -interest,
    }


def reserve(merchant_id: str, kept_back: int) -> Balances:
    """So much of what we owe the merchant is kept back for what may be refunded; less than nothing is released."""
    return {Place(A.MERCHANT_PAYABLE, merchant_id): kept_back, Place(A.RESERVE, merchant_id): -kept_back}


def payout(merchant_id: str, amount: int) -> Balances:
    """So much is on its way to the merchant."""
    return {Place(A.MERCHANT_PAYABLE, merchant_id): amount, Place(A.PAYOUT_CLEARING): -amount}


def payout_paid(amount: int) -> Balances:
    """What was on its way has left our bank; less than nothing came back to it."""
    return {Place(A.PAYOUT_CLEARING): amount, Place(A.CASH): -amount}


def payout_returned(merchant_id: str, amount: int) -> Balances:
    """What could not be paid is owed to the merchant again."""
    return {Place(A.PAYOUT_CLEARING): amount, Place(A.MERCHANT_PAYABLE, merchant_id): -amount}


def partner_payout(partner_id: str, amount: int) -> Balances:
    """So much of what we owe a partner is on its way to it; less than nothing is owed again."""
    return {Place(A.PARTNER_PAYABLE, partner_id): amount, Place(A.PAYOUT_CLEARING): -amount}


def split(merchant_id: str, shares: tuple[tuple[str, int], ...]) -> Balances:
    """So much of what we owe the merchant is owed to other sellers."""
    balances = {Place(A.MERCHANT_PAYABLE, merchant_id): sum(share for _, share in shares)}
    return balances | {Place(A.MERCHANT_PAYABLE, seller_id): -share for seller_id, share in shares}


def platform_share(platform_id: str, share: int) -> Balances:
    """So much of our fee is owed to the merchant's platform."""
    return {Place(A.MERCHANT_FEE_INCOME): share, Place(A.MERCHANT_PAYABLE, platform_id): -share}


def voucher(scheme_id: str, merchant_id: str, amount: int) -> Balances:
    """A scheme owes us so much of a price, and we owe it to the merchant; less than nothing came back."""
    return {Place(A.SCHEME_RECEIVABLE, scheme_id): amount, Place(A.MERCHANT_PAYABLE, merchant_id): -amount}


def buy_down(plan_id: str, scheme_id: str, merchant_id: str, paid_in: int, by_merchant: int) -> Balances:
    """The interest of a plan was paid in: of it the merchant bears a part, out of what we owe it, and the scheme's
    funders owe us the rest. It is deferred."""
    return {
        Place(A.SCHEME_RECEIVABLE, scheme_id): paid_in - by_merchant,
        Place(A.MERCHANT_PAYABLE, merchant_id): by_merchant,
        Place(A.DEFERRED_SUBSIDY, plan_id): -paid_in,
    }


def buy_down_earned(plan_id: str, earned: int) -> Balances:
    """A part of it is income."""
    return {Place(A.DEFERRED_SUBSIDY, plan_id): earned, Place(A.BUY_DOWN_INCOME): -earned}


def buy_down_released(plan_id: str, released: int) -> Balances:
    """What was not income yet bears a part of what was given up."""
    return {Place(A.DEFERRED_SUBSIDY, plan_id): released, Place(A.CREDIT_LOSSES): -released}


def adjustment(merchant_id: str, amount: int) -> Balances:
    """So much is given to the merchant besides what its plans bring; less than nothing is taken from it."""
    return {Place(A.MERCHANT_ADJUSTMENTS): amount, Place(A.MERCHANT_PAYABLE, merchant_id): -amount}


def rounding(partner_id: str, amount: int) -> Balances:
    """By its own file, so much more is due to the partner; less than nothing is due from it. It is not argued about."""
    return {Place(A.ROUNDING_DIFFERENCES): amount, Place(A.PARTNER_PAYABLE, partner_id): -amount}


def fee_billing(merchant_id: str, deferred: int) -> Balances:
    """So much of our fees the merchant is paid now, and owes us until they are billed; less than nothing is billed."""
    return {Place(A.MERCHANT_RECEIVABLE, merchant_id): deferred, Place(A.MERCHANT_PAYABLE, merchant_id): -deferred}


def transfers(before: Books, after: Books) -> list[Transfer]:
    """What leads from the one to the other, in the order of `after`."""
    booked: list[Transfer] = []
    for occasion, balances in after.items():
        was = before.get(occasion, {})
        if was != balances:
            booked += _between(occasion, was, balances)
    for occasion, balances in before.items():
        if occasion not in after:
            booked += _between(occasion, balances, {})
    return booked


def _owed(plan_id: str, merchant_id: str, parts: Parts) -> Balances:
    principal, interest, charges, overpaid = parts
    return {
        Place(A.CONSUMER_PRINCIPAL, plan_id): -principal,
        Place(A.CONSUMER_INTEREST, merchant_id): -interest,
        Place(A.CONSUMER_FEES, plan_id): -charges,
        Place(A.CONSUMER_PAYABLE, plan_id): -overpaid,
    }


def _between(occasion: Occasion, before: Balances, after: Balances) -> Iterator[Transfer]:
    """The differences of the places, debits against credits in their order."""
    differences = {place: amount - before.get(place, 0) for place, amount in after.items()} if before else after
    for place in before:
        if place not in after:
            differences[place] = -before[place]
    debits = [(place, amount) for place, amount in differences.items() if amount > 0]
    credits_ = [(place, -amount) for place, amount in differences.items() if amount < 0]
    assert not sum(differences.values()), "the books do not balance"
    if not debits:  # as of most occasions of a step
        return
    (debit, more), (credit, less) = debits.pop(0), credits_.pop(0)
    while True:
        amount = min(more, less)
        yield Transfer(occasion, debit.account, credit.account, amount, debit.owner, credit.owner)
        more, less = more - amount, less - amount
        if not more:
            if not debits:
                return
            debit, more = debits.pop(0)
        if not less:
            credit, less = credits_.pop(0)
