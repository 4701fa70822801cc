-- Captures that are split among the sellers of a platform: what each has of them is owed to it, and settled with its own.

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share', 'interest_share',
        'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'sale', 'buy_back', 'reserve', 'payout',
        'payout_paid', 'payout_returned', 'adjustment', 'fee_billing', 'platform_share', 'split', 'rounding',
        'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss', 'interest_subsidy'));

-- A transfer of a split goes from one seller's balance to another's. Each of them has a line of it, so in the other's the
-- occasion names whose it is: `split:me_...`.
create or replace view merchant_bookings as
select bucket, cause_id, leg, occasion, plan_id, merchant_id, currency, booked_on, booked_at,
       case 'merchant_payable' when credit then amount when debit then - amount else 0 end as net,
       case 'merchant_fee_income' when credit then amount when debit then - amount else 0 end as fee,
       case 'tax_payable' when credit then amount when debit then - amount else 0 end as tax
  from transfers
 where (debit in ('merchant_payable', 'merchant_fee_income', 'tax_payable')
        or credit in ('merchant_payable', 'merchant_fee_income', 'tax_payable'))
   and occasion not in ('reserve', 'payout', 'fee_billing', 'platform_share') and occasion <> 'split'
union all
select bucket, cause_id, leg, occasion, plan_id,
       case 'merchant_payable' when credit then credit_owner else debit_owner end, currency, booked_on, booked_at,
       case 'merchant_payable' when credit then amount else - amount end, 0, 0
  from transfers
 where occasion = 'platform_share'
union all
select bucket, cause_id, leg,
       case when debit_owner = merchant_id then occasion else occasion || ':' || debit_owner end collate "default", plan_id,
       debit_owner, currency, booked_on, booked_at, - amount, 0, 0
  from transfers
 where occasion = 'split'
union all
select bucket, cause_id, leg,
       case when credit_owner = merchant_id then occasion else occasion || ':' || credit_owner end collate "default", plan_id,
       credit_owner, currency, booked_on, booked_at, amount, 0, 0
  from transfers
 where occasion = 'split';

create index transfers_of_split_from on transfers (debit_owner, currency, booked_on) where occasion = 'split';
create index transfers_of_split_to on transfers (credit_owner, currency, booked_on) where occasion = 'split';

-- What other sellers have of a merchant's captures, less what came back; of those, what it has of others'.
alter table settlements add column split bigint not null default 0,
    drop constraint settlements_roll_forward, add constraint settlements_roll_forward
        check (opening + captured - fees - taxes - refunded - paid_to_merchant - charged_back + payouts_returned + adjusted + vouchers
               - bought_down + shared + split + fees_deferred - fees_billed - withheld + released - payout = closing);

alter table settlement_lines drop constraint settlement_lines_kind_is_known,
    add constraint settlement_lines_kind_is_known
        check (kind in ('capture', 'capture_lowered', 'refund', 'chargeback', 'paid_to_merchant', 'payout_returned',
                        'adjustment', 'platform_share', 'split', 'voucher', 'buy_down'));
