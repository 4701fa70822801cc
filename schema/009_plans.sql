-- What was agreed on and what became of it: plans, their facts, their lines, and their merchant references.

create table plans (
    bucket             smallint         not null,
    plan_id            text collate "C" not null,
    consumer_id        text collate "C" not null,
    person_id          text collate "C" not null,   -- the consumer's, on whose account it is
    merchant_id        text collate "C" not null,
    merchant_reference text             not null,
    decision_id        text collate "C" not null,
    -- what was agreed, and never changes
    kind               text             not null,
    currency           text collate "C" not null,
    offer              json             not null,   -- the offer as accepted: terms, schedule, price, APR, disclosure
    funding            json             not null,   -- the programme's terms on the day of signing
    authorized_at      timestamptz      not null,
    -- what follows from its facts
    state              text             not null,
    collection_state   text             not null,
    amount             bigint           not null,   -- authorized: the most that may be captured or claimed
    captured           bigint           not null,   -- for a deposit: claimed
    voided             bigint           not null,   -- given back uncaptured; for a deposit: released
    held               bigint           not null,   -- of a deposit: still held on the consumer's card
    reserved           bigint           not null,   -- exposure: of the limit, promised
    used               bigint           not null,   -- exposure: of the limit, used: principal owed
    outstanding        bigint           not null,   -- all that is owed
    principal_paid     bigint           not null,
    interest_paid      bigint           not null,
    fee_paid           bigint           not null,
    penalty_paid       bigint           not null,
    refunded           bigint           not null,   -- by the merchant
    overpaid           bigint           not null,   -- to be returned to the consumer
    captures           smallint         not null,   -- how many there were
    capture_by         timestamptz      not null,
    guard_at           timestamptz,                 -- when the day looks at its authorization next; null: nothing is left of it
    version            int              not null,   -- how many facts it has
    changed_at         timestamptz      not null,   -- when the last fact was recorded ...
    changed_by         text             not null,   -- ... and in what role somebody asked for it
    closed_at          timestamptz,
    claimed_at         timestamptz,                 -- of a deposit: the last claim; null: none
    passed_on          date             not null,   -- the last day of which all was done that time alone brings about
    day_at             timestamptz,                 -- when the next such day begins; null: there is none
    standing           bytea            not null,   -- service/plans/running/kept.py: where the next fact goes on from
    -- the interest that time earns (service/plans/accrual.py)
    interest_settled   bigint           not null default 0,      -- earned for good: paid, credited or lost
    interest_runs      boolean          not null default false,  -- time may earn more
    interest_counted   bigint           not null default 0,      -- of interest_settled: in accrual_groups.settled
    is_accruing        boolean          not null
                       generated always as (interest_runs or interest_settled <> interest_counted) stored,
    constraint plans_pk primary key (bucket, plan_id),
    constraint plans_bucket_in_range check (bucket between 0 and 1023),
    constraint plans_decision_once unique (bucket, decision_id),
    constraint plans_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint plans_kind_is_known check (kind in ('instalments', 'pay_after_use', 'deposit')),
    constraint plans_state_is_known check (state in (
        'authorized', 'in_use', 'part_captured', 'assessing', 'active', 'payment_due', 'paid_off', 'closed',
        'refunded', 'overpaid', 'charged_off', 'recovered', 'forgiven', 'voided', 'expired')),
    constraint plans_collection_state_is_known
        check (collection_state in ('nothing_owed', 'collecting', 'paused', 'collected', 'given_up')),
    constraint plans_changed_by_is_known
        check (changed_by in ('merchant', 'platform', 'consumer', 'operator', 'processor', 'day')),
    constraint plans_amounts_not_negative
        check (least(amount, captured, voided, held, reserved, used, outstanding, principal_paid, interest_paid,
                     fee_paid, penalty_paid, refunded, overpaid, interest_settled) >= 0),
    constraint plans_capture_within_amount check (captured + voided <= amount),
    constraint plans_claimed_are_deposits check ((claimed_at is not null) = (kind = 'deposit' and captured > 0))
) with (fillfactor = 70);

alter table plans alter column standing set storage external;   -- packed already
create index plans_of_account on plans (bucket, person_id, currency);
create index plans_to_guard on plans (guard_at) where guard_at is not null;
create index plans_to_pass on plans (bucket, day_at, plan_id) where day_at is not null;
create index plans_accruing on plans (bucket, plan_id) where is_accruing;   -- none that has ended, once it is counted

-- Plans whose collection rests because their person's does; gone when it goes on.
create table plan_pauses (
    bucket    smallint         not null,
    plan_id   text collate "C" not null,
    why       text             not null,
    said_by   text collate "C" not null,   -- the operator
    by_hand   boolean          not null,   -- it rested for this reason before, and is left as it is
    paused_at timestamptz      not null,
    constraint plan_pauses_pk primary key (bucket, plan_id, why),
    constraint plan_pauses_bucket_in_range check (bucket between 0 and 1023)
);

-- What happened to a plan: all that is true of it follows from its terms and these rows. Each says when it takes effect,
-- when it was recorded, by whom and by which command.
create table facts (
    bucket       smallint         not null,
    plan_id      text collate "C" not null,
    number       int              not null,   -- 1, 2, 3 ... of the plan, without gaps
    fact_id      text collate "C" not null,   -- a payment's is the payment's
    fact         text             not null,   -- service/plans/running/facts.py: which one
    effective_on date             not null,
    recorded_at  timestamptz      not null,
    actor        text             not null,   -- in what role somebody asked for it ...
    actor_id     text collate "C" not null,   -- ... and who; empty: nobody, time has passed
    cause_id     text collate "C" not null,   -- the command, which its transfers name, too
    reference    text,                        -- of a payment: the payer's or processor's own, as it is compared
    body         json             not null,   -- free texts in it are sealed (service/private_text.py)
    constraint facts_pk primary key (bucket, plan_id, number),
    constraint facts_bucket_in_range check (bucket between 0 and 1023),
    constraint facts_once unique (bucket, fact_id),
    constraint facts_actor_is_known
        check (actor in ('merchant', 'platform', 'consumer', 'operator', 'processor', 'day'))
);

create index facts_with_reference on facts (bucket, plan_id, reference) where reference is not null;

create trigger facts_are_append_only before update or delete or truncate on facts
    for each statement execute function refuse_change();
revoke update, delete, truncate on facts from public;

-- What is owed and paid under each due date, as the last fact left it.
create table lines (
    bucket         smallint         not null,
    plan_id        text collate "C" not null,
    number         smallint         not null,   -- 1, 2, 3 ... in the order of their due dates
    capture        smallint         not null,   -- which capture it pays for
    begin_on       date             not null,   -- of its period
    due_on         date             not null,
    principal      bigint           not null,
    interest       bigint           not null,
    fee            bigint           not null,
    penalty        bigint           not null,
    principal_paid bigint           not null,
    interest_paid  bigint           not null,
    fee_paid       bigint           not null,
    penalty_paid   bigint           not null,
    forgiven       bigint           not null,   -- of what was owed: let go
    paid_on        date,                        -- null: something of it is still owed
    constraint lines_pk primary key (bucket, plan_id, number),
    constraint lines_bucket_in_range check (bucket between 0 and 1023),
    constraint lines_amounts_not_negative
        check (least(principal, interest, fee, penalty, principal_paid, interest_paid, fee_paid, penalty_paid,
                     forgiven) >= 0),
    constraint lines_paid_on_when_paid
        check ((paid_on is not null) = (principal_paid + interest_paid + fee_paid + penalty_paid + forgiven
                                        >= principal + interest + fee + penalty))
) with (fillfactor = 80);

-- A merchant reference is taken by its plan until that is voided or expired, when nothing was ever captured: then the
-- same order may be paid with a new plan. This table holds those taken, in the bucket of the plan, so that opening one
-- writes to one bucket only. A reference that one consumer's plan has taken is taken for all, who are in other buckets:
-- so the primary key is without the bucket. `idempotency` says what that means where there are several machines.
create table merchant_references (
    bucket             smallint         not null,
    merchant_id        text collate "C" not null,
    merchant_reference text             not null,
    plan_id            text collate "C" not null,
    constraint merchant_references_pk primary key (merchant_id, merchant_reference),
    constraint merchant_references_bucket_in_range check (bucket between 0 and 1023)
);

-- Those that were given free again. A plan gives its reference back once.
create table former_references (
    bucket             smallint         not null,
    merchant_id        text collate "C" not null,
    merchant_reference text             not null,
    plan_id            text collate "C" not null,
    constraint former_references_pk primary key (bucket, plan_id),
    constraint former_references_bucket_in_range check (bucket between 0 and 1023)
);

create index former_references_by_name on former_references (merchant_id, merchant_reference, plan_id);

-- A consumer agrees once to all uses of a scenario, and need not confirm each order. It is given, and taken back for good.
create table permissions (
    bucket        smallint         not null,
    permission_id text collate "C" not null,
    consumer_id   text collate "C" not null,
    scenario      text             not null,
    evidence      text             not null,   -- where its proof is kept; sealed (service/private_text.py)
    given_at      timestamptz      not null,
    revoked_at    timestamptz,
    revoked_by    text collate "C",            -- a key
    constraint permissions_pk primary key (bucket, permission_id),
    constraint permissions_bucket_in_range check (bucket between 0 and 1023),
    constraint permissions_consumer foreign key (bucket, consumer_id) references consumers (bucket, consumer_id),
    constraint permissions_scenario_is_known
        check (scenario in ('ride', 'rental', 'stay', 'pay_after_delivery', 'trial')),
    constraint permissions_revoked_by_somebody check (num_nulls(revoked_at, revoked_by) in (0, 2))
) with (fillfactor = 80);

create index permissions_of_consumer on permissions (bucket, consumer_id, permission_id);
create unique index permissions_one_at_a_time on permissions (bucket, consumer_id, scenario) where revoked_at is null;
