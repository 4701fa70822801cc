-- What was agreed on and what became of it: plans, their merchant references, instalments, bills and payments.

create table plans (
    bucket             smallint         not null,
    plan_id            text collate "C" not null,
    consumer_id        text collate "C" not null,
    merchant_id        text collate "C" not null,
    merchant_reference text             not null,
    decision_id        text collate "C" not null,
    kind               text             not null,
    currency           text collate "C" not null,
    state              text             not null,
    collection_state   text             not null,
    settlement_state   text             not null,
    dispute_state      text             not null,
    amount             bigint           not null,   -- authorized: the most that may be captured or claimed
    captured           bigint           not null,   -- for a deposit: claimed
    voided             bigint           not null,   -- given back uncaptured; for a deposit: released
    held               bigint           not null,   -- of a deposit: still held on the consumer's card
    reserved           bigint           not null,   -- exposure: of the limit, promised
    outstanding        bigint           not null,   -- exposure: of the limit, used: principal owed
    principal_paid     bigint           not null,
    interest_paid      bigint           not null,
    fee_paid           bigint           not null,
    captures           smallint         not null,   -- how many there were
    version            int              not null,
    offer              json             not null,   -- the offer as accepted: terms, schedule, price, APR, disclosure
    funding            json             not null,   -- the programme's terms on the day of signing
    authorized_at      timestamptz      not null,
    capture_by         timestamptz      not null,
    closed_at          timestamptz,
    claimed_at         timestamptz,                 -- of a deposit: the last claim; null: none
    constraint plans_pk primary key (bucket, plan_id),
    constraint plans_bucket_in_range check (bucket between 0 and 1023),
    constraint plans_decision_once unique (bucket, decision_id),
    constraint plans_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint plans_kind_is_known check (kind in ('instalments', 'pay_after_use', 'deposit')),
    constraint plans_state_is_known
        check (state in ('authorized', 'part_captured', 'active', 'payment_due', 'paid_off', 'closed', 'voided', 'expired')),
    constraint plans_collection_state_is_known check (collection_state in ('nothing_owed', 'collecting', 'collected')),
    constraint plans_settlement_state_is_known check (settlement_state in ('nothing_due', 'payable', 'settled')),
    constraint plans_dispute_state_is_known check (dispute_state in ('none', 'open', 'upheld', 'rejected')),
    constraint plans_amounts_not_negative
        check (least(amount, captured, voided, held, reserved, outstanding, principal_paid, interest_paid, fee_paid) >= 0),
    constraint plans_capture_within_amount check (captured + voided <= amount),
    constraint plans_exposure_within_amount check (reserved + outstanding <= amount),
    constraint plans_outstanding_is_unpaid check (outstanding + principal_paid <= captured),
    constraint plans_claimed_are_deposits check ((claimed_at is not null) = (kind = 'deposit' and captured > 0))
) with (fillfactor = 80);

create index plans_of_account on plans (bucket, consumer_id, currency);
create index plans_to_expire on plans (capture_by) where state in ('authorized', 'part_captured');

-- A merchant reference is taken by its plan until that is voided or expired, when nothing was ever captured: then the
-- same order may be paid with a new plan. It is one whoever the consumer is: so the bucket, in both tables, is the
-- reference's. This table holds those taken ...
create table merchant_references (
    bucket             smallint         not null,
    merchant_id        text collate "C" not null,
    merchant_reference text             not null,
    plan_id            text collate "C" not null,
    constraint merchant_references_pk primary key (bucket, merchant_id, merchant_reference),
    constraint merchant_references_bucket_in_range check (bucket between 0 and 1023)
);

-- ... and this one those given free again.
create table former_references (
    bucket             smallint         not null,
    merchant_id        text collate "C" not null,
    merchant_reference text             not null,
    plan_id            text collate "C" not null,
    constraint former_references_pk primary key (bucket, merchant_id, merchant_reference, plan_id),
    constraint former_references_bucket_in_range check (bucket between 0 and 1023)
);

-- What is owed, as the schedule stands now. Each capture starts its own run of instalments; numbers go on.
create table instalments (
    bucket         smallint         not null,
    plan_id        text collate "C" not null,
    number         smallint         not null,
    capture        smallint         not null,
    due_on         date             not null,
    principal      bigint           not null,
    interest       bigint           not null,
    fee            bigint           not null,
    principal_paid bigint           not null default 0,
    interest_paid  bigint           not null default 0,
    fee_paid       bigint           not null default 0,
    paid_on        date,
    constraint instalments_pk primary key (bucket, plan_id, number),
    constraint instalments_bucket_in_range check (bucket between 0 and 1023),
    constraint instalments_amounts_not_negative
        check (least(principal, interest, fee, principal_paid, interest_paid, fee_paid) >= 0),
    constraint instalments_not_overpaid
        check (principal_paid <= principal and interest_paid <= interest and fee_paid <= fee),
    constraint instalments_paid_on_when_paid
        check ((paid_on is not null) = (principal_paid = principal and interest_paid = interest and fee_paid = fee))
) with (fillfactor = 80);

-- The bill of each capture (service/plans/bill.py): what was captured at one time and for what, kept as it was said.
create table bills (
    bucket      smallint         not null,
    plan_id     text collate "C" not null,
    capture     smallint         not null,   -- 1, 2, 3 ... of the plan
    amount      bigint           not null,
    lines       json             not null,   -- each with its number; they sum to the amount, or there are none
    captured_at timestamptz      not null,
    constraint bills_pk primary key (bucket, plan_id, capture),
    constraint bills_bucket_in_range check (bucket between 0 and 1023),
    constraint bills_amount_not_negative check (amount >= 0)
);

create trigger bills_are_append_only before update or delete or truncate on bills
    for each statement execute function refuse_change();
revoke update, delete, truncate on bills from public;

create table payments (
    bucket      smallint         not null,
    payment_id  text collate "C" not null,
    plan_id     text collate "C" not null,
    amount      bigint           not null,
    principal   bigint           not null,   -- the allocation, summed; principal + interest + fee = amount
    interest    bigint           not null,
    fee         bigint           not null,
    received_on date             not null,
    reference   text,                        -- the payer's or processor's own; once per plan
    recorded_at timestamptz      not null,
    constraint payments_pk primary key (bucket, payment_id),
    constraint payments_bucket_in_range check (bucket between 0 and 1023),
    constraint payments_amounts_not_negative check (least(amount, principal, interest, fee) >= 0),
    constraint payments_allocated check (principal + interest + fee = amount)
);

create unique index payments_reference_once on payments (bucket, plan_id, reference) where reference is not null;
