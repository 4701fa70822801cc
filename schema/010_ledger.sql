-- The ledger: one row is a debit and a credit, so it cannot be out of balance. A place is an account of the chart and its
-- owner; what a row means is its occasion (service/ledger/chart.py).

create table transfers (
    bucket       smallint         not null,
    cause_id     text collate "C" not null,   -- the command that booked it: one event books once
    leg          smallint         not null,
    occasion     text             not null,
    debit        text             not null,
    debit_owner  text collate "C",            -- a plan, a merchant, a partner; null: nobody
    credit       text             not null,
    credit_owner text collate "C",
    amount       bigint           not null,
    currency     text collate "C" not null,
    plan_id      text collate "C",            -- the plan it is about; null: it is about several
    merchant_id  text collate "C",
    partner_id   text collate "C",            -- whose money is in it, too; null: all of it is ours
    booked_on    date             not null,
    booked_at    timestamptz      not null,
    constraint transfers_pk primary key (bucket, cause_id, leg),
    constraint transfers_bucket_in_range check (bucket between 0 and 1023),
    constraint transfers_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint transfers_amount_is_positive check (amount > 0),
    constraint transfers_between_two_places check ((debit, debit_owner) is distinct from (credit, credit_owner)),
    constraint transfers_occasion_is_known check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'refund', 'credit', 'interest_return', 'loss', 'recovery',
        'forgiveness', 'accrual', 'drawing', 'principal_share', 'interest_share')),
    constraint transfers_accounts_are_known check (array[debit, credit] <@ array[
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra',
        'consumer_principal', 'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'guarantor_receivable', 'insurer_receivable', 'advances',
        'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation', 'partner_accrued',
        'partner_payable', 'merchant_fee_income', 'interest_income', 'fee_income', 'penalty_income', 'recoveries',
        'credit_losses', 'goodwill'])
);

create trigger transfers_are_append_only before update or delete or truncate on transfers
    for each statement execute function refuse_change();
revoke update, delete, truncate on transfers from public;

create index transfers_of_plan on transfers (bucket, plan_id) where plan_id is not null;
create index transfers_for_partner on transfers (partner_id, booked_on)
 where partner_id is not null and occasion in ('drawing', 'principal_share', 'interest_share');
