"""The chart of accounts, and what a transfer is: one event, two places, one amount. Pure."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class LedgerAccount(StrEnum):
    """The chart of accounts. Two checks of the database say the same."""

    # off balance, each with its mirror
    COMMITMENT = "commitment"  # what we promised to lend
    COMMITMENT_CONTRA = "commitment_contra"
    DEPOSIT_HELD = "deposit_held"  # security on consumers' cards, money of nobody yet
    DEPOSIT_HELD_CONTRA = "deposit_held_contra"
    # assets
    CONSUMER_PRINCIPAL = "consumer_principal"  # of a plan: principal the consumer owes
    CONSUMER_INTEREST = "consumer_interest"  # of a merchant: what time earned on its plans and was not paid yet
    CONSUMER_FEES = "consumer_fees"  # of a plan: fees and penalties levied and not paid yet
    PROCESSOR_CLEARING = "processor_clearing"  # money on its way from or to consumers
    PAYOUT_CLEARING = "payout_clearing"  # money on its way to merchants and partners
    CASH = "cash"  # at the bank
    MERCHANT_RECEIVABLE = "merchant_receivable"  # of a merchant: fees that it owes us until they are billed
    PARTNER_RECEIVABLE = "partner_receivable"  # of a partner: its share of what we advanced
    SCHEME_RECEIVABLE = "scheme_receivable"  # of a scheme: what its funders owe us
    GUARANTOR_RECEIVABLE = "guarantor_receivable"  # of a guarantor: what it owes us for a loss
    INSURER_RECEIVABLE = "insurer_receivable"  # of an insurer: the same
    ADVANCES = "advances"  # of a merchant: paid to it for receivables that we bought, less what came of them
    REMITTANCE_RECEIVABLE = "remittance_receivable"  # of a merchant: collected for us, and not remitted yet
    # liabilities
    CONSUMER_PAYABLE = "consumer_payable"  # of a plan: overpaid, to be returned to the consumer
    MERCHANT_PAYABLE = "merchant_payable"  # of a merchant: what we owe it
    RESERVE = "reserve"  # of a merchant: kept back for what may be refunded
    PARTNER_PARTICIPATION = "partner_participation"  # of a partner: its share in consumers' principal
    PARTNER_ACCRUED = "partner_accrued"  # of a partner: its share of interest earned and not paid yet
    DEFERRED_SUBSIDY = "deferred_subsidy"  # of a plan: paid in to buy its interest down, and not income yet
    TAX_PAYABLE = "tax_payable"  # on fees that merchants pay, owed to the state
    POOL_FUNDS = "pool_funds"  # of a funder of a compensation pool: what it paid in, and is not used
    POOL_PAYABLE = "pool_payable"  # of a funder of a compensation pool: to be paid out to it
    PARTNER_PAYABLE = "partner_payable"  # of a partner: its share of what consumers paid
    INSURER_PAYABLE = "insurer_payable"  # of a party: premium, its part of what was recovered, what it gets back
    # income
    MERCHANT_FEE_INCOME = "merchant_fee_income"  # kept of what was captured, and costs that merchants bear
    INTEREST_INCOME = "interest_income"  # our share of what time earned
    SERVICING_INCOME = "servicing_income"  # kept of partners' money: what it earns above their own rate, and our fee
    BUY_DOWN_INCOME = "buy_down_income"  # by time, of what was paid in to buy interest down
    FACTORING_INCOME = "factoring_income"  # service and discount of receivables that we bought
    FEE_INCOME = "fee_income"  # when it is levied
    PENALTY_INCOME = "penalty_income"  # when it is levied
    RECOVERIES = "recoveries"  # paid after it was given up
    SALE_RESULT = "sale_result"  # what a participation was sold for, above or below what it held and had earned
    # expenses
    CREDIT_LOSSES = "credit_losses"  # given up or let go: principal, charges, and interest that was due
    GOODWILL = "goodwill"  # what we took off without having to
    MERCHANT_ADJUSTMENTS = "merchant_adjustments"  # given to merchants besides what their plans bring; or taken
    ROUNDING_DIFFERENCES = "rounding_differences"  # cents by which partners' files differ from ours
    INSURANCE_PREMIUM = "insurance_premium"  # owed to insurers for the turnover that they insure
    EXCHANGE_DIFFERENCES = "exchange_differences"  # between the rates of a loss and of what was recovered of it


class Occasion(StrEnum):
    """What a transfer is for, which says what it means. The check `transfers_occasion_is_known` says the same."""

    PROMISE = "promise"  # we promised to lend, or no longer do
    SECURITY = "security"  # held on a card, or no longer
    PURCHASE = "purchase"  # the consumer owes us, we owe the merchant less our fee
    MERCHANT_COST = "merchant_cost"  # a cost of the plan's terms that the merchant bears, less what came back
    LEVY = "levy"  # a fee or penalty is owed
    PAYMENT = "payment"  # from the consumer
    PAID_TO_MERCHANT = "paid_to_merchant"  # the same, which the merchant has taken itself
    REFUND = "refund"  # from the merchant
    CREDIT = "credit"  # taken off by us: goodwill
    INTEREST_RETURN = "interest_return"  # interest on money that came back is not asked for
    FEE_RETURN = "fee_return"  # costs of the plan come back with goods, by their share
    LOSS = "loss"  # what is owed was given up
    RECOVERY = "recovery"  # paid after that
    FORGIVENESS = "forgiveness"  # let go
    ACCRUAL = "accrual"  # time has earned interest on the plans of a merchant and programme, on one day
    DRAWING = "drawing"  # the partner's share of what we lent
    PRINCIPAL_SHARE = "principal_share"  # the partner's share of principal that was paid
    INTEREST_SHARE = "interest_share"  # ... of interest, less what went back of it
    FEE_SHARE = "fee_share"  # ... of fees
    PENALTY_SHARE = "penalty_share"  # ... of penalties
    SERVICING = "servicing"  # our fee for collecting the partner's share
    LOSS_SHARE = "loss_share"  # the partner bears its share of what was given up or let go
    RECOVERY_SHARE = "recovery_share"  # the partner's share of principal that was paid after that
    RECOURSE = "recourse"  # a plan's merchant bears a part of its loss
    LOSS_COVER = "loss_cover"  # an insurer, a guarantor or a pool bears a part of a loss
    COMPENSATION = "compensation"  # who bears a part of a loss has paid it, or has taken back what it paid
    CONTRIBUTION = "contribution"  # a funder has paid into a compensation pool
    POOL_RETURN = "pool_return"  # what came back of a loss goes to the pool that had paid it
    POOL_PAID_OUT = "pool_paid_out"  # ... and is owed to its funders
    LOSS_RELIEF = "loss_relief"  # because others bear it, a partner bears less than its share of the plan
    SALE = "sale"  # a partner's part of a plan has another owner
    BUY_BACK = "buy_back"  # ... and that is who had it before
    RESERVE = "reserve"  # kept back of what we owe a merchant, or released
    PAYOUT = "payout"  # what we owe a merchant or a partner is on its way
    PAYOUT_PAID = "payout_paid"  # it left our bank
    PAYOUT_RETURNED = "payout_returned"  # it could not be paid, and is owed again
    ADJUSTMENT = "adjustment"  # a merchant is given something besides, or something is taken from it
    FEE_BILLING = "fee_billing"  # a merchant is paid without our fees, which it owes us until their bill; or billed
    PLATFORM_SHARE = "platform_share"  # of our fee: what the merchant's platform takes
    SPLIT = "split"  # of what we owe the merchant for captures: what its platform's other sellers have of it
    ROUNDING = "rounding"  # a partner's file is some cents off ours, within the tolerance
    VOUCHER = "voucher"  # a scheme bears a part of a price, or got it back
    BUY_DOWN = "buy_down"  # interest that a plan's funders pay in, so that the consumer pays none; or it went back
    BUY_DOWN_INCOME = "buy_down_income"  # time has earned a part of it
    BUY_DOWN_LOSS = "buy_down_loss"  # what was left of it bears a part of a loss
    INTEREST_SUBSIDY = "interest_subsidy"  # a scheme pays a part of a consumer's interest, or got it back
    PREMIUM = "premium"  # an insurer is owed its premium, or gives some of it back
    INDEMNITY = "indemnity"  # it owes us its part of a loss of a trade debtor
    INSURER_SETTLEMENT = "insurer_settlement"  # what we owe it and what it owes us is set off, and the rest paid
    GIVEN_BACK = "given_back"  # what came back of losses of plans is settled with those who had paid it
    SALVAGE = "salvage"  # it is owed its part of what was recovered of that
    FACTORING_ADVANCE = "factoring_advance"  # we bought a merchant's receivable, and owe it the advance
    FACTORING_COLLECTION = "factoring_collection"  # who owes the receivable has paid us
    FACTORING_REMITTANCE = "factoring_remittance"  # ... has paid the merchant, which owes us that; or it has come
    FACTORING_RELEASE = "factoring_release"  # what is left of it is owed to the merchant, less what we keep
    FACTORING_RECOURSE = "factoring_recourse"  # the merchant owes us what it lacks, or buys it back
    FACTORING_LOSS = "factoring_loss"  # nothing more comes of it
    FACTORING_RECOVERY = "factoring_recovery"  # something came after that


OF_PARTNERS: Final = frozenset({
    LedgerAccount.PARTNER_RECEIVABLE, LedgerAccount.PARTNER_PARTICIPATION, LedgerAccount.PARTNER_ACCRUED,
    LedgerAccount.PARTNER_PAYABLE,
})  # fmt: skip


class Place(Struct, frozen=True, gc=False):
    """An account of the chart and its owner: a plan, a merchant, a partner, or nobody."""

    account: LedgerAccount
    owner: str | None = None


class Transfer(Struct, frozen=True, gc=False):
    """One ledger row: `amount` minor units from the place `credit` to the place `debit`."""

    occasion: Occasion
    debit: LedgerAccount
    credit: LedgerAccount
    amount: int
    debit_owner: str | None = None  # whose account: a plan's, a merchant's, a partner's; null: nobody's
    credit_owner: str | None = None  # the same of the account that is credited

    @property
    def partner_id(self) -> str | None:
        """Whose part of a plan it moves; null: no partner's."""
        if self.debit in OF_PARTNERS:
            return self.debit_owner
        return self.credit_owner if self.credit in OF_PARTNERS else None
