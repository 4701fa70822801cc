-- Interest that schemes bear of plans: what each plan holds of a scheme, and what the scheme paid.

-- What a plan holds of a scheme: of its budget, and of the cap of the plan's person at a lender. Whose plan it is says
-- `plans` alone, so that a person's sum follows where people are found to be one, or two.
create table plan_subsidies (
    bucket    smallint         not null,
    plan_id   text collate "C" not null,
    scheme_id text collate "C" not null,
    version   int              not null,   -- of the scheme
    lender_id text             not null,   -- a partner; empty: ours
    is_small  boolean          not null,   -- a small purchase has a cap of its own
    currency  text collate "C" not null,
    amount    bigint           not null,   -- minor units that it bears at most
    held      bigint           not null,   -- what was paid, and what may still be
    paid      bigint           not null,   -- less what it got back
    constraint plan_subsidies_pk primary key (bucket, plan_id),
    constraint plan_subsidies_bucket_in_range check (bucket between 0 and 1023),
    constraint plan_subsidies_scheme foreign key (scheme_id, version) references schemes (scheme_id, version),
    constraint plan_subsidies_within_amount check (0 <= paid and paid <= held and held <= amount)
);

create index plan_subsidies_of_scheme on plan_subsidies (scheme_id);

-- What a scheme paid of a plan's interest, or got back: a line of the claim of its day, and the fact that says so.
create table subsidy_payments (
    bucket    smallint         not null,
    plan_id   text collate "C" not null,
    number    int              not null,   -- of the fact
    scheme_id text collate "C" not null,
    version   int              not null,   -- of the scheme
    base      bigint           not null,   -- minor units that were owed and count
    days      int              not null,
    rate_bps  int              not null,   -- a year, rounded
    amount    bigint           not null,   -- below zero: it came back
    before    bigint           not null,   -- what was paid for the plan before
    booked_on date             not null,   -- the business day of its transfers
    constraint subsidy_payments_pk primary key (bucket, plan_id, number),
    constraint subsidy_payments_bucket_in_range check (bucket between 0 and 1023),
    constraint subsidy_payments_plan foreign key (bucket, plan_id) references plan_subsidies (bucket, plan_id),
    constraint subsidy_payments_move_something check (amount <> 0 and amount + before >= 0)
);

create index subsidy_payments_of_scheme on subsidy_payments (scheme_id, booked_on);

create trigger subsidy_payments_are_append_only before update or delete or truncate on subsidy_payments
    for each statement execute function refuse_change();
revoke update, delete, truncate on subsidy_payments from public;

-- Of a scheme's budget what it will not pay for a plan comes back.
alter table budget_uses add column is_subsidy boolean not null default false;

create trigger schemes_change_is_announced after insert or update or delete on schemes
    for each statement execute function announce_change();

alter table transfers drop constraint transfers_occasion_is_known;
alter table transfers add constraint transfers_occasion_is_known check (occasion in (
    'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
    'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share', 'interest_share',
    'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'sale', 'buy_back', 'reserve', 'payout',
    'payout_paid', 'payout_returned', 'adjustment', 'fee_billing', 'platform_share', 'rounding',
    'voucher', 'interest_subsidy'));
