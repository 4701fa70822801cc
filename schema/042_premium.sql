-- Credit insurance: the premium of what was sold, losses of trade debtors and what came after them, rates of currencies.

alter table transfers
    drop constraint transfers_occasion_is_known,
    drop constraint transfers_debit_is_known,
    drop constraint transfers_credit_is_known,
    add constraint transfers_occasion_is_known check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'salvage')),
    add constraint transfers_debit_is_known check (debit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances', 'consumer_payable', 'merchant_payable', 'reserve',
        'partner_participation', 'partner_accrued', 'deferred_subsidy', 'tax_payable', 'partner_payable',
        'insurer_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'buy_down_income',
        'fee_income', 'penalty_income', 'recoveries', 'sale_result', 'credit_losses', 'goodwill',
        'merchant_adjustments', 'rounding_differences', 'insurance_premium', 'exchange_differences')),
    add constraint transfers_credit_is_known check (credit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances', 'consumer_payable', 'merchant_payable', 'reserve',
        'partner_participation', 'partner_accrued', 'deferred_subsidy', 'tax_payable', 'partner_payable',
        'insurer_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'buy_down_income',
        'fee_income', 'penalty_income', 'recoveries', 'sale_result', 'credit_losses', 'goodwill',
        'merchant_adjustments', 'rounding_differences', 'insurance_premium', 'exchange_differences'));

-- What was sold in a period, and the premium that it cost.
create table premium_declarations (
    declaration_id text collate "C" not null,   -- the cause of its transfers
    policy_id      text collate "C" not null,
    begin_on       date             not null,
    end_on         date             not null,
    year           int              not null,   -- of the policy: 1, 2 ...
    is_stated      boolean          not null,   -- false: the turnover is what the books say
    insured        bigint           not null,   -- sold to debtors who had a limit
    uninsured      bigint           not null,
    credit_notes   bigint           not null,   -- on sales that were insured
    on_turnover    bigint           not null,   -- premium; below zero: given back
    true_up        bigint           not null,   -- up to the minimum of the year
    limit_fees     bigint           not null,
    insurer_id     text collate "C" not null,
    currency       text collate "C" not null,
    declared_at    timestamptz      not null,
    declared_by    text collate "C" not null,
    constraint premium_declarations_pk primary key (declaration_id),
    constraint premium_declarations_period_once unique (policy_id, begin_on),
    constraint premium_declarations_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint premium_declarations_amounts_not_negative
        check (least(insured, uninsured, credit_notes, true_up, limit_fees) >= 0)
);

create trigger premium_declarations_are_append_only before update or delete or truncate on premium_declarations
    for each statement execute function refuse_change();
revoke update, delete, truncate on premium_declarations from public;

-- What one whole unit of a currency cost in another on a day.
create table currency_rates (
    currency      text collate "C" not null,
    into_currency text collate "C" not null,
    rate_on       date             not null,
    price         bigint           not null,   -- in hundred-millionths of a whole unit
    source        text             not null,
    stored_at     timestamptz      not null,
    constraint currency_rates_pk primary key (currency, into_currency, rate_on),
    constraint currency_rates_currency_is_iso check (currency ~ '^[A-Z]{3}$' and into_currency ~ '^[A-Z]{3}$'),
    constraint currency_rates_price_is_positive check (price > 0)
);

create trigger currency_rates_are_append_only before update or delete or truncate on currency_rates
    for each statement execute function refuse_change();
revoke update, delete, truncate on currency_rates from public;

-- A trade debtor who was lost. Amounts are of the policy's currency, but for what was owed.
create table insured_losses (
    loss_id         text collate "C" not null,   -- the cause of its transfers
    policy_id       text collate "C" not null,
    debtor_id       text collate "C" not null,
    cause           text             not null,   -- service/support/arrangement.py
    lost_on         date             not null,
    currency        text collate "C" not null,   -- of what was owed
    owed            bigint           not null,   -- in that currency
    price           bigint           not null,   -- of a whole unit of it, in hundred-millionths, on that day
    debt            bigint           not null,
    insured         bigint           not null,   -- of the debt
    cover_bps       int              not null,
    indemnity       bigint           not null,   -- what the insurer pays
    first_loss      bigint           not null,   -- used up of an aggregate attachment
    limited_by      text,                        -- service/support/cover.py; null: nothing
    insurer_id      text collate "C" not null,
    policy_currency text collate "C" not null,
    is_booked       boolean          not null,   -- false: somebody else than we is paid
    told_at         timestamptz      not null,
    told_by         text collate "C" not null,
    constraint insured_losses_pk primary key (loss_id),
    constraint insured_losses_debtor foreign key (debtor_id) references insured_debtors (debtor_id),
    constraint insured_losses_currency_is_iso check (currency ~ '^[A-Z]{3}$' and policy_currency ~ '^[A-Z]{3}$'),
    constraint insured_losses_amounts_not_negative check (least(owed, debt, insured, indemnity, first_loss) >= 0),
    constraint insured_losses_no_more_than_lost check (indemnity <= insured and insured <= debt)
);

create index insured_losses_of_policy on insured_losses (policy_id, loss_id);

create trigger insured_losses_are_append_only before update or delete or truncate on insured_losses
    for each statement execute function refuse_change();
revoke update, delete, truncate on insured_losses from public;

-- What came of it afterwards, in the currency of what was owed, but for the insurer's part at two rates.
create table insured_recoveries (
    recovery_id text collate "C" not null,   -- the cause of its transfers
    loss_id     text collate "C" not null,
    gross       bigint           not null,
    cost        bigint           not null,
    came_on     date             not null,
    price       bigint           not null,   -- on the day it came, in hundred-millionths
    to_insurer  bigint           not null,
    at_receipt  bigint           not null,   -- the insurer's part in the policy's currency, at that price
    at_loss     bigint           not null,   -- ... and at the price of the loss
    told_at     timestamptz      not null,
    told_by     text collate "C" not null,
    constraint insured_recoveries_pk primary key (recovery_id),
    constraint insured_recoveries_loss foreign key (loss_id) references insured_losses (loss_id),
    constraint insured_recoveries_amounts_not_negative check (least(cost, to_insurer, at_receipt, at_loss) >= 0),
    constraint insured_recoveries_to_insurer_at_most_net check (to_insurer <= gross - cost)
);

create index insured_recoveries_of_loss on insured_recoveries (loss_id);

create trigger insured_recoveries_are_append_only before update or delete or truncate on insured_recoveries
    for each statement execute function refuse_change();
revoke update, delete, truncate on insured_recoveries from public;
