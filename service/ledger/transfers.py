"""The chart of accounts, and one function per financial event: the whole accounting of the product on one page.

A `Transfer` debits one account and credits another, so the books cannot be out of balance. Amounts are minor units;
a transfer of nothing is left out. Who the parties are (plan, merchant, partner) is added by the caller once, for all
legs of a cause.
"""

from enum import StrEnum

import msgspec

from service.money import next_share


class LedgerAccount(StrEnum):
    """The chart of accounts. The check `transfers_accounts_are_known` says the same."""

    COMMITMENT = "commitment"  # off balance: what we promised to lend ...
    COMMITMENT_CONTRA = "commitment_contra"  # ... and its mirror
    DEPOSIT_HELD = "deposit_held"  # off balance: security on consumers' cards ...
    DEPOSIT_HELD_CONTRA = "deposit_held_contra"  # ... and its mirror
    CONSUMER_RECEIVABLE = "consumer_receivable"  # asset: principal consumers owe
    CASH = "cash"  # asset: money received
    PARTNER_RECEIVABLE = "partner_receivable"  # asset: the partner's share of what we advanced
    PARTNER_PARTICIPATION = "partner_participation"  # liability: the partner's share in consumers' principal
    PARTNER_PAYABLE = "partner_payable"  # liability: the partner's share of what consumers paid
    MERCHANT_PAYABLE = "merchant_payable"  # liability: what we owe merchants
    MERCHANT_FEE_INCOME = "merchant_fee_income"
    INTEREST_INCOME = "interest_income"
    FEE_INCOME = "fee_income"


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """One ledger row: `amount` minor units from `credit` to `debit`. `leg` counts within its cause from 0."""

    debit: LedgerAccount
    credit: LedgerAccount
    amount: int


def authorized(reserved: int, held: int) -> list[Transfer]:
    """We promised: `reserved` of our limit; `held` is security on the consumer's card, money of nobody yet."""
    return _booked(
        Transfer(LedgerAccount.COMMITMENT, LedgerAccount.COMMITMENT_CONTRA, reserved),
        Transfer(LedgerAccount.DEPOSIT_HELD, LedgerAccount.DEPOSIT_HELD_CONTRA, held),
    )


def released(reserved: int, held: int) -> list[Transfer]:
    """A promise ended unneeded: voided, expired, given back, or turned into a debt."""
    return _booked(
        Transfer(LedgerAccount.COMMITMENT_CONTRA, LedgerAccount.COMMITMENT, reserved),
        Transfer(LedgerAccount.DEPOSIT_HELD_CONTRA, LedgerAccount.DEPOSIT_HELD, held),
    )


def captured(amount: int, merchant_fee: int, captured_before: int, funding_bps: int) -> list[Transfer]:
    """Goods shipped: the consumer owes us, we owe the merchant less our fee, the partner owes us its share."""
    assert 0 <= merchant_fee <= amount
    return [
        *released(amount, 0),
        *_booked(
            Transfer(LedgerAccount.CONSUMER_RECEIVABLE, LedgerAccount.MERCHANT_PAYABLE, amount - merchant_fee),
            Transfer(LedgerAccount.CONSUMER_RECEIVABLE, LedgerAccount.MERCHANT_FEE_INCOME, merchant_fee),
            _participation(captured_before, amount, funding_bps),
        ),
    ]


def claimed(from_held: int, owed: int, merchant_fee: int, owed_before: int, funding_bps: int) -> list[Transfer]:
    """A deposit is claimed: first from the consumer's card, the rest the consumer now owes us; the merchant is paid.

    Our fee comes out of what the merchant receives. The partner shares in what is owed, not in what the card paid.
    """
    assert 0 <= merchant_fee <= from_held + owed
    fee_from_held = min(merchant_fee, from_held)
    fee_from_owed = merchant_fee - fee_from_held
    return [
        *released(owed, from_held),
        *_booked(
            Transfer(LedgerAccount.CASH, LedgerAccount.MERCHANT_PAYABLE, from_held - fee_from_held),
            Transfer(LedgerAccount.CASH, LedgerAccount.MERCHANT_FEE_INCOME, fee_from_held),
            Transfer(LedgerAccount.CONSUMER_RECEIVABLE, LedgerAccount.MERCHANT_PAYABLE, owed - fee_from_owed),
            Transfer(LedgerAccount.CONSUMER_RECEIVABLE, LedgerAccount.MERCHANT_FEE_INCOME, fee_from_owed),
            _participation(owed_before, owed, funding_bps),
        ),
    ]


def paid(principal: int, interest: int, fee: int, before: tuple[int, int], funding_bps: int) -> list[Transfer]:
    """The consumer paid. The partner's share of principal and interest passes on to it; fees are ours.

    `before` is the principal and interest paid until now: shares are cumulative, so parts lose no cent.
    """
    principal_before, interest_before = before
    partner_principal = next_share(funding_bps, principal_before, principal)
    partner_interest = next_share(funding_bps, interest_before, interest)
    return _booked(
        Transfer(LedgerAccount.CASH, LedgerAccount.CONSUMER_RECEIVABLE, principal),
        Transfer(LedgerAccount.PARTNER_PARTICIPATION, LedgerAccount.PARTNER_PAYABLE, partner_principal),
        Transfer(LedgerAccount.CASH, LedgerAccount.INTEREST_INCOME, interest - partner_interest),
        Transfer(LedgerAccount.CASH, LedgerAccount.PARTNER_PAYABLE, partner_interest),
        Transfer(LedgerAccount.CASH, LedgerAccount.FEE_INCOME, fee),
    )


def _participation(before: int, amount: int, funding_bps: int) -> Transfer:
    """The partner's share of what we advance; cumulative, so parts lose no cent."""
    share = next_share(funding_bps, before, amount)
    return Transfer(LedgerAccount.PARTNER_RECEIVABLE, LedgerAccount.PARTNER_PARTICIPATION, share)


def _booked(*transfers: Transfer) -> list[Transfer]:
    return [transfer for transfer in transfers if transfer.amount]
