"""What the books say of claims that were paid, and of compensation pools: one function for each occasion. Pure."""

from service.ledger.booking import Balances
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Place


def claim_paid(payer: Place, amount: int) -> Balances:
    """A party has paid so much of what it owes us for a loss; less than nothing it has taken back."""
    return {Place(A.CASH): amount, payer: -amount}


def contributed(funder: Place, amount: int) -> Balances:
    """A funder has paid so much into its pool."""
    return {Place(A.CASH): amount, funder: -amount}


def pool_returned(owed: Place, parts: dict[str, int]) -> Balances:
    """What came back of a loss that a pool had paid, which we owed it, is its funders' again."""
    return {owed: sum(parts.values())} | {Place(A.POOL_FUNDS, funder_id): -part for funder_id, part in parts.items()}


def pool_paid_out(parts: dict[str, int]) -> Balances:
    """It cannot be paid out for losses again: it is owed to the funders."""
    balances = {Place(A.POOL_FUNDS, funder_id): part for funder_id, part in parts.items()}
    return balances | {Place(A.POOL_PAYABLE, funder_id): -part for funder_id, part in parts.items()}
