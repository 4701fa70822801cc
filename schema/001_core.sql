-- Tenor's core, to be read from top to bottom.
--
-- Amounts are bigint minor units beside a currency; *_bps basis points; *_on a date; *_at an instant.
-- bucket (0..1023) comes from the consumer and leads every key of what a person owns: one database, partitions by
-- bucket, or shards by bucket run this same schema. Ids are text made in the service (service/ids.py).

create domain identifier as text collate "C";
create domain bucket     as smallint check (value between 0 and 1023);
create domain currency   as text collate "C" check (value ~ '^[A-Z]{3}$');
create domain amount     as bigint check (value >= 0);

-- Who calls ---------------------------------------------------------------------------------------------------------

create type audience as enum ('merchant', 'partner', 'operator');

create table keys (
    key_id     identifier  not null,
    hmac       bytea       not null,   -- HMAC-SHA256 of the key under the service's secret: the key itself is nowhere
    audience   audience    not null,
    owner_id   identifier  not null,   -- merchant, partner or operator
    scopes     text[]      not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint keys_pk primary key (key_id),
    constraint keys_hmac_once unique (hmac)
);

create table merchants (
    merchant_id identifier  not null,
    name        text        not null,
    country     text        not null,
    time_zone   text        not null,   -- IANA name: whose midnight ends the merchant's day
    fees        json        not null,   -- service/merchants/terms.py: what we keep, by kind of plan
    active      boolean     not null default true,
    created_at  timestamptz not null,
    constraint merchants_pk primary key (merchant_id),
    constraint merchants_country_is_iso check (country ~ '^[A-Z]{2}$')
);

-- The merchant's events are numbered without gaps; this row is the last number given.
create table feeds (
    merchant_id identifier not null,
    last_number bigint     not null default 0,
    constraint feeds_pk primary key (merchant_id),
    constraint feeds_merchant foreign key (merchant_id) references merchants (merchant_id)
) with (fillfactor = 50);

-- Whose money ---------------------------------------------------------------------------------------------------------

create table partners (
    partner_id identifier  not null,
    name       text        not null,
    created_at timestamptz not null,
    constraint partners_pk primary key (partner_id)
);

-- A programme is a contract: a new version of it is a new row, the old one stays what it was.
create table programmes (
    programme_id identifier  not null,
    version      int         not null,
    partner_id   identifier  not null,
    name         text        not null,
    kinds        text[]      not null,   -- the kinds of plan it funds
    currency     currency    not null,
    funding_bps  int         not null,   -- the partner's share of principal and interest
    time_zone    text        not null,
    active       boolean     not null default true,
    created_at   timestamptz not null,
    constraint programmes_pk primary key (programme_id, version),
    constraint programmes_partner foreign key (partner_id) references partners (partner_id),
    constraint programmes_funding_is_a_share check (funding_bps between 0 and 10000)
);

-- What is allowed -----------------------------------------------------------------------------------------------------

create table policies (
    policy_id    identifier  not null,
    version      int         not null,
    document     json        not null,   -- service/policies/document.py
    published_at timestamptz not null,
    active_from  timestamptz not null,
    constraint policies_pk primary key (policy_id, version)
);

-- The consumer and the limit ------------------------------------------------------------------------------------------

create table consumers (
    bucket      bucket      not null,
    consumer_id identifier  not null,
    merchant_id identifier  not null,
    reference   text        not null,   -- the merchant's name for this person
    attributes  json        not null,   -- what a policy may use
    version     int         not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    constraint consumers_pk primary key (bucket, consumer_id),
    constraint consumers_reference_once unique (bucket, merchant_id, reference)
);

-- One consumer in one currency, opened by the first approved decision. This row, locked, is the only yes.
create table accounts (
    bucket      bucket     not null,
    consumer_id identifier not null,
    currency    currency   not null,
    "limit"     amount     not null,
    reserved    amount     not null default 0,   -- promised by authorized plans, nothing owed yet
    used        amount     not null default 0,   -- principal owed
    over_limit  boolean    not null default false,   -- the limit was lowered below what is out, and that still is
    version     bigint     not null default 1,   -- counts every change: the cache keeps the highest it has seen
    constraint accounts_pk primary key (bucket, consumer_id, currency),
    constraint accounts_within_limit check (over_limit or reserved + used <= "limit")   -- the second wall
) with (fillfactor = 70);

-- The decision: what was asked, what we knew, under which policy, what we answered. Replayed byte for byte. ------------
-- The four texts are JSON, byte for byte as it was read and sent: text, because nobody would be served by PostgreSQL
-- parsing some kilobytes again for each checkout.

create type outcome as enum ('approved', 'declined', 'referred');

create table decisions (
    bucket             bucket      not null,
    decision_id        identifier  not null,
    merchant_id        identifier  not null,
    consumer_id        identifier  not null,
    merchant_reference text        not null,
    currency           currency    not null,
    outcome            outcome     not null,
    policy_id          identifier  not null,
    policy_version     int         not null,
    "limit"            amount      not null,   -- the account's; of an approved consumer without one, what this decision opens it with
    decided_at         timestamptz not null,
    expires_at         timestamptz not null,
    request            text        not null,
    snapshot           text        not null,   -- every fact the decision read
    answer             text        not null,   -- as sent: the offers in it bind until expires_at
    funding            text        not null,   -- whose money each offer would be; not the merchant's business
    constraint decisions_pk primary key (bucket, decision_id)
) with (toast_tuple_target = 8160);
-- An answer of four offers has 3 to 6 kB; kept in the row as it is, for compressing costs more than the disk.
alter table decisions alter column answer   set storage external;
alter table decisions alter column request  set storage external;
alter table decisions alter column snapshot set storage external;

-- The plan ------------------------------------------------------------------------------------------------------------

create type plan_kind as enum ('instalments', 'pay_after_use', 'deposit');
create type plan_state as enum
    ('authorized', 'part_captured', 'active', 'payment_due', 'paid_off', 'closed', 'voided', 'expired');
create type collection_state as enum ('nothing_owed', 'collecting', 'collected');
create type settlement_state as enum ('nothing_due', 'payable', 'settled');
create type dispute_state    as enum ('none', 'open', 'upheld', 'rejected');

create table plans (
    bucket             bucket           not null,
    plan_id            identifier       not null,
    consumer_id        identifier       not null,
    merchant_id        identifier       not null,
    merchant_reference text             not null,
    decision_id        identifier       not null,
    kind               plan_kind        not null,
    currency           currency         not null,
    state              plan_state       not null,
    collection_state   collection_state not null,
    settlement_state   settlement_state not null,
    dispute_state      dispute_state    not null,
    amount             amount           not null,   -- authorized: the most that may be captured or claimed
    captured           amount           not null,   -- for a deposit: claimed
    voided             amount           not null,   -- given back uncaptured; for a deposit: released
    held               amount           not null,   -- of a deposit: still held on the consumer's card
    reserved           amount           not null,   -- exposure: of the limit, promised
    outstanding        amount           not null,   -- exposure: of the limit, used: principal owed
    principal_paid     amount           not null,
    interest_paid      amount           not null,
    fee_paid           amount           not null,
    captures           smallint         not null,   -- how many there were
    version            int              not null,
    offer              json             not null,   -- the offer as accepted: terms, schedule, price, APR, disclosure
    funding            json             not null,   -- the programme's terms on the day of signing
    authorized_at      timestamptz      not null,
    capture_by         timestamptz      not null,
    closed_at          timestamptz,
    constraint plans_pk primary key (bucket, plan_id),
    constraint plans_decision_once unique (bucket, decision_id),
    constraint plans_capture_within_amount check (captured + voided <= amount),
    constraint plans_exposure_within_amount check (reserved + outstanding <= amount),
    constraint plans_outstanding_is_unpaid check (outstanding + principal_paid <= captured)
) with (fillfactor = 80);

create index plans_of_account on plans (bucket, consumer_id, currency);
create index plans_to_expire on plans (capture_by) where state in ('authorized', 'part_captured');

-- One merchant reference opens one plan for ever, whoever the consumer is: so the bucket here is the reference's.
create table merchant_references (
    bucket             bucket     not null,
    merchant_id        identifier not null,
    merchant_reference text       not null,
    plan_id            identifier not null,
    constraint merchant_references_pk primary key (bucket, merchant_id, merchant_reference)
);

-- What is owed, as the schedule stands now. Each capture starts its own run of instalments; numbers go on.
create table instalments (
    bucket         bucket     not null,
    plan_id        identifier not null,
    number         smallint   not null,
    capture        smallint   not null,
    due_on         date       not null,
    principal      amount     not null,
    interest       amount     not null,
    fee            amount     not null,
    principal_paid amount     not null default 0,
    interest_paid  amount     not null default 0,
    fee_paid       amount     not null default 0,
    paid_on        date,
    constraint instalments_pk primary key (bucket, plan_id, number),
    constraint instalments_not_overpaid
        check (principal_paid <= principal and interest_paid <= interest and fee_paid <= fee),
    constraint instalments_paid_on_when_paid
        check ((paid_on is not null) = (principal_paid = principal and interest_paid = interest and fee_paid = fee))
) with (fillfactor = 80);

create table payments (
    bucket      bucket      not null,
    payment_id  identifier  not null,
    plan_id     identifier  not null,
    amount      amount      not null,
    principal   amount      not null,   -- the allocation, summed; principal + interest + fee = amount
    interest    amount      not null,
    fee         amount      not null,
    received_on date        not null,
    reference   text,                   -- the payer's or processor's own; once per plan
    recorded_at timestamptz not null,
    constraint payments_pk primary key (bucket, payment_id),
    constraint payments_allocated check (principal + interest + fee = amount)
);

create unique index payments_reference_once on payments (bucket, plan_id, reference) where reference is not null;

-- The ledger: one row is a debit and a credit, so it cannot be out of balance. ------------------------------------------

create type ledger_account as enum (
    'commitment',                -- off balance: what we promised to lend ...
    'commitment_contra',         -- ... and its mirror
    'deposit_held',              -- off balance: security on consumers' cards ...
    'deposit_held_contra',       -- ... and its mirror
    'consumer_receivable',       -- asset: principal consumers owe
    'cash',                      -- asset: money received
    'partner_receivable',        -- asset: the partner's share of what we advanced, due from the partner
    'partner_participation',     -- liability: the partner's share in consumers' principal
    'partner_payable',           -- liability: the partner's share of what consumers paid
    'merchant_payable',          -- liability: what we owe merchants
    'merchant_fee_income',       -- income
    'interest_income',           -- income: our share of interest
    'fee_income'                 -- income: fees paid by consumers
);

create table transfers (
    bucket      bucket         not null,
    cause_id    identifier     not null,   -- the command that booked it: one event books once
    leg         smallint       not null,
    debit       ledger_account not null,
    credit      ledger_account not null,
    amount      bigint         not null,
    currency    currency       not null,
    plan_id     identifier     not null,
    merchant_id identifier     not null,
    partner_id  identifier,
    booked_on   date           not null,
    booked_at   timestamptz    not null,
    constraint transfers_pk primary key (bucket, cause_id, leg),
    constraint transfers_amount_is_positive check (amount > 0),
    constraint transfers_between_two_accounts check (debit <> credit)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: a correction is a reversal', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger transfers_are_append_only before update or delete or truncate on transfers
    for each statement execute function refuse_change();
create trigger decisions_are_append_only before update or delete or truncate on decisions
    for each statement execute function refuse_change();
revoke update, delete, truncate on transfers, decisions from public;

-- What happened, for those who listen -------------------------------------------------------------------------------------

create table events (
    bucket      bucket      not null,
    event_id    identifier  not null,
    merchant_id identifier  not null,
    number      bigint      not null,   -- 1, 2, 3 ... per merchant, without gaps
    type        text        not null,
    plan_id     identifier  not null,
    at          timestamptz not null,
    data        json        not null,
    constraint events_pk primary key (bucket, event_id)
);

create index events_of_merchant on events (merchant_id, number);

-- Same key and body, same bytes back. The bucket is the key's own: it is known before the body is read.
create table idempotency (
    bucket       bucket      not null,
    owner_id     identifier  not null,
    key          text        not null,
    request_hash bytea       not null,
    status       smallint,              -- null only inside the transaction that claimed the key
    answer       bytea,
    decision_id  identifier,            -- the answer of a checkout stands in its decision
    created_at   timestamptz not null,
    constraint idempotency_pk primary key (bucket, owner_id, key)
) with (fillfactor = 60);

alter table idempotency alter column answer set storage external;

-- What every process keeps in memory; a change of it is announced, and all reload within a moment. -----------------------

create function announce_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('tenor_changed', tg_table_name);
    return null;
end $$;

create trigger keys_change_is_announced       after insert or update or delete on keys
    for each statement execute function announce_change();
create trigger merchants_change_is_announced  after insert or update or delete on merchants
    for each statement execute function announce_change();
create trigger programmes_change_is_announced after insert or update or delete on programmes
    for each statement execute function announce_change();
create trigger policies_change_is_announced   after insert or update or delete on policies
    for each statement execute function announce_change();
