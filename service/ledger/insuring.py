"""What the books say of credit insurance: premium, what the insurer owes and gets back, and what is settled.

As in booking.py each function gives balances (debit positive, credit negative) that sum to zero, in minor units.
"""

from collections.abc import Mapping

from service.ledger.booking import Balances
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Place


def premium(insurer_id: str, amount: int) -> Balances:
    """We owe the insurer a premium; less than nothing comes back of it."""
    return {Place(A.INSURANCE_PREMIUM): amount, Place(A.INSURER_PAYABLE, insurer_id): -amount}


def indemnity(insurer_id: str, amount: int) -> Balances:
    """The insurer owes us its part of a loss."""
    return {Place(A.INSURER_RECEIVABLE, insurer_id): amount, Place(A.RECOVERIES): -amount}


def salvage(insurer_id: str, at_loss: int, at_receipt: int) -> Balances:
    """Of what was recovered the insurer is owed its part, at the rate of the day it came. The indemnity was at the rate
    of the loss: the difference is neither's, and stands by itself."""
    return {
        Place(A.RECOVERIES): at_loss,
        Place(A.EXCHANGE_DIFFERENCES): at_receipt - at_loss,
        Place(A.INSURER_PAYABLE, insurer_id): -at_receipt,
    }


def set_off(insurer_id: str, amount: int) -> Balances:
    """So much of what we owe the insurer is set off against what it owes us."""
    return {Place(A.INSURER_PAYABLE, insurer_id): amount, Place(A.INSURER_RECEIVABLE, insurer_id): -amount}


def insurer_paid(insurer_id: str, net: int) -> Balances:
    """We have paid the insurer what is left of a settlement; below zero it has paid us."""
    owed = A.INSURER_PAYABLE if net > 0 else A.INSURER_RECEIVABLE
    return {Place(owed, insurer_id): net, Place(A.CASH): -net}


def insurer_ordered(insurer_id: str, amount: int) -> Balances:
    """So much of what we owe a party is on its way; less than nothing came back, and is owed again."""
    return {Place(A.INSURER_PAYABLE, insurer_id): amount, Place(A.PAYOUT_CLEARING): -amount}


def given_back(party_id: str, places: Mapping[Place, int]) -> Balances:
    """What came back of losses, or was paid too much, is to be paid with the party's settlement: `places` owed it."""
    return {**places, Place(A.INSURER_PAYABLE, party_id): -sum(places.values())}
