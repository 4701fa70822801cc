-- Interest that is bought down: paid in at the capture, by whoever bears it.

alter table plan_subsidies add column by_merchant bigint not null default 0;   -- of what was paid: borne in settlements
alter table plan_subsidies add constraint plan_subsidies_by_merchant_within_paid check (by_merchant between 0 and paid);
alter table subsidy_payments add column kind text not null default 'interest';
alter table subsidy_payments add constraint subsidy_payments_kind_is_known check (kind in ('interest', 'buy_down'));

alter table settlements add column bought_down bigint not null default 0;   -- interest that the merchant bears
alter table settlements drop constraint settlements_roll_forward;
alter table settlements add constraint settlements_roll_forward
    check (opening + captured - fees - taxes - refunded - paid_to_merchant - charged_back + payouts_returned + adjusted
           + vouchers - bought_down + shared + fees_deferred - fees_billed - withheld + released - payout = closing);
alter table settlement_lines drop constraint settlement_lines_kind_is_known;
alter table settlement_lines add constraint settlement_lines_kind_is_known
    check (kind in ('capture', 'capture_lowered', 'refund', 'chargeback', 'paid_to_merchant', 'payout_returned',
                    'adjustment', 'platform_share', 'voucher', 'buy_down'));

alter table transfers drop constraint transfers_occasion_is_known;
alter table transfers add constraint transfers_occasion_is_known check (occasion in (
    'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
    'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share', 'interest_share',
    'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'sale', 'buy_back', 'reserve', 'payout',
    'payout_paid', 'payout_returned', 'adjustment', 'fee_billing', 'platform_share', 'rounding',
    'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss', 'interest_subsidy'));
alter table transfers drop constraint transfers_debit_is_known;
alter table transfers add constraint transfers_debit_is_known check (debit in (
    'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra',
    'consumer_principal', 'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
    'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
    'insurer_receivable', 'advances',
    'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation', 'partner_accrued',
    'deferred_subsidy', 'tax_payable', 'partner_payable', 'merchant_fee_income', 'interest_income', 'servicing_income',
    'buy_down_income', 'fee_income', 'penalty_income',
    'recoveries', 'sale_result', 'credit_losses', 'goodwill', 'merchant_adjustments', 'rounding_differences'));
alter table transfers drop constraint transfers_credit_is_known;
alter table transfers add constraint transfers_credit_is_known check (credit in (
    'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra',
    'consumer_principal', 'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
    'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
    'insurer_receivable', 'advances',
    'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation', 'partner_accrued',
    'deferred_subsidy', 'tax_payable', 'partner_payable', 'merchant_fee_income', 'interest_income', 'servicing_income',
    'buy_down_income', 'fee_income', 'penalty_income',
    'recoveries', 'sale_result', 'credit_losses', 'goodwill', 'merchant_adjustments', 'rounding_differences'));
