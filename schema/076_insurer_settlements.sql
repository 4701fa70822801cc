-- Credit insurers are settled with: premium and their parts of recoveries, less what they owe for losses, until a month's end.

create table insurer_settlements (
    settlement_id text collate "C" not null,   -- the cause of what is set off
    insurer_id    text collate "C" not null,
    currency      text collate "C" not null,
    number        int              not null,   -- 1, 2, 3 ... of the insurer in this currency
    until_on      date             not null,   -- the last day of a month
    premium       bigint           not null,   -- of periods that ended by then, less what was settled before; below zero: given back
    salvage       bigint           not null,   -- the insurer's parts of what was recovered
    indemnity     bigint           not null,   -- what it owes for losses
    net           bigint           generated always as (premium + salvage - indemnity) stored,   -- below zero: it owes us
    paid_on       date,                         -- null: it is not paid
    reference     text,                         -- of the payment
    payment_id    text collate "C",            -- the cause of its transfer
    made_at       timestamptz      not null,
    made_by       text collate "C" not null,
    constraint insurer_settlements_pk primary key (settlement_id),
    constraint insurer_settlements_number_once unique (insurer_id, currency, number),
    constraint insurer_settlements_day_once unique (insurer_id, currency, until_on),
    constraint insurer_settlements_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint insurer_settlements_until_a_months_end
        check (extract(month from until_on) <> extract(month from until_on + 1)),
    constraint insurer_settlements_paid_by_something
        check ((paid_on is null) = (payment_id is null) and (paid_on is null) = (reference is null))
);

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'recourse',
        'loss_cover', 'compensation', 'contribution', 'pool_return', 'pool_paid_out', 'loss_relief', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'insurer_settlement', 'salvage', 'factoring_advance',
        'factoring_collection', 'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss',
        'factoring_recovery'));
