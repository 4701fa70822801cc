-- A merchant's word frees no limit by itself. What it tells of as paid stays on the account as used until it is proved
-- (payment_proofs, payments_borne): else a merchant lets a person borrow again and again by saying that they paid. The
-- ledger knows nothing of it: the plan is paid, and only the limit waits.
--
-- An operator may believe a merchant: then its word frees at once. That is for those who collect for themselves and whose
-- settlements bear it. Those taken on so far stay believed, as was agreed with them; nobody else is, unless it is said.
alter table merchants add column is_believed boolean not null default false;
update merchants set is_believed = true;

create table held_words (
    bucket      smallint         not null,
    plan_id     text collate "C" not null,
    payment_id  text collate "C" not null,
    amount      bigint           not null,   -- of principal, minor units: what it would have freed
    held_at     timestamptz      not null,
    released_at timestamptz,                 -- it was proved, or was returned or taken back by the bank and is owed again
    constraint held_words_pk primary key (bucket, plan_id, payment_id),
    constraint held_words_bucket_in_range check (bucket between 0 and 1023),
    constraint held_words_of_something check (amount > 0)
);

create index held_words_waiting on held_words (bucket, plan_id) where released_at is null;
