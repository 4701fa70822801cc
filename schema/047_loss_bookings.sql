-- Losses that others bear, in the books, in partners' files and in merchants' settlements.

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'recourse',
        'loss_cover', 'loss_relief', 'sale', 'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned',
        'adjustment', 'fee_billing', 'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income',
        'buy_down_loss', 'interest_subsidy', 'premium', 'indemnity', 'salvage', 'factoring_advance',
        'factoring_collection', 'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss'));

alter table partner_events drop constraint partner_events_type_is_known, add constraint partner_events_type_is_known
    check (type in ('funding', 'repayment', 'refund', 'early_settlement', 'fee', 'adjustment', 'charge_off', 'recovery', 'loss',
                    'sale', 'buy_back'));

alter table settlements add column recourse bigint not null default 0;   -- losses of its plans that the merchant bears
alter table settlements
    drop constraint settlements_roll_forward, add constraint settlements_roll_forward
        check (opening + captured - fees - taxes - refunded - paid_to_merchant - charged_back + payouts_returned + adjusted + vouchers
               - bought_down - recourse + shared + split + factored + fees_deferred - fees_billed - withheld + released - payout = closing);

alter table settlement_lines drop constraint settlement_lines_kind_is_known,
    add constraint settlement_lines_kind_is_known
        check (kind in (
        'capture', 'capture_lowered', 'refund', 'chargeback', 'paid_to_merchant', 'payout_returned', 'adjustment',
        'platform_share', 'split', 'voucher', 'buy_down', 'recourse', 'factoring_advance', 'factoring_release',
        'factoring_recourse'));

-- Plans that were given up before losses were opened by themselves.
insert into losses (bucket, loss_id, plan_id, merchant_id, currency, cause, lost_on, state, opened_at)
select p.bucket, 'lo' || substr(p.plan_id, 3), p.plan_id, p.merchant_id, p.currency, 'credit', f.effective_on, 'open',
       f.recorded_at
  from plans p
 cross join lateral (select effective_on, recorded_at
                       from facts f
                      where f.bucket = p.bucket and f.plan_id = p.plan_id and f.fact = 'charged_off'
                      order by number desc limit 1) f
 where p.state in ('charged_off', 'recovered')
    on conflict do nothing;
