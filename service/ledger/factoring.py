"""What the books say of merchants' receivables that we buy: one function for each occasion. Pure."""

from service.ledger.booking import Balances
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Place


def factored(
    merchant_id: str, *, to_seller: int = 0, kept: int = 0, came: int = 0, from_seller: bool = False, lost: int = 0
) -> Balances:
    """A merchant's receivable that we bought: `to_seller` is owed to it (below zero: by it), `kept` is our income,
    `came` was collected (`from_seller`: by it, and it owes us that), `lost` comes no more. The rest is advanced."""
    source = Place(A.REMITTANCE_RECEIVABLE, merchant_id) if from_seller else Place(A.CASH)
    balances = {
        source: came,
        Place(A.CREDIT_LOSSES): lost,
        Place(A.MERCHANT_PAYABLE, merchant_id): -to_seller,
        Place(A.FACTORING_INCOME): -kept,
        Place(A.ADVANCES, merchant_id): to_seller + kept - came - lost,
    }
    return {place: amount for place, amount in balances.items() if amount}


def recovered_receivable(merchant_id: str, came: int, ours: int, *, from_seller: bool) -> Balances:
    """So much came of a receivable that we had written off: `ours` of it is what we had lost, the rest goes to the
    merchant and to what we keep (`factored`). `from_seller`: the merchant has it, and owes it to us."""
    source = Place(A.REMITTANCE_RECEIVABLE, merchant_id) if from_seller else Place(A.CASH)
    balances = {source: came, Place(A.RECOVERIES): -ours, Place(A.ADVANCES, merchant_id): ours - came}
    return {place: amount for place, amount in balances.items() if amount}


def remitted(merchant_id: str, amount: int) -> Balances:
    """What the merchant had collected for us has come."""
    return {Place(A.CASH): amount, Place(A.REMITTANCE_RECEIVABLE, merchant_id): -amount}
