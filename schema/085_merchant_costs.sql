-- Costs of a plan's terms that its merchant bears: what a transfer is for, and a line of a settlement.

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'merchant_cost', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'fee_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'recourse',
        'loss_cover', 'compensation', 'contribution', 'pool_return', 'pool_paid_out', 'loss_relief', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'insurer_settlement', 'given_back', 'salvage', 'factoring_advance',
        'factoring_collection', 'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss',
        'factoring_recovery'));

alter table settlement_lines drop constraint settlement_lines_kind_is_known,
    add constraint settlement_lines_kind_is_known
        check (kind in (
        'capture', 'capture_lowered', 'merchant_cost', 'refund', 'chargeback', 'paid_to_merchant', 'payout_returned',
        'adjustment', 'platform_share', 'split', 'voucher', 'buy_down', 'recourse', 'factoring_advance',
        'factoring_release', 'factoring_recourse'));
