-- What is behind a consumer in one currency, in two figures, so that a decision need not read every plan that is over.
--
--   what a decision knows of the past  =  what is counted here  +  the plans whose state is not the one they were counted in
--
-- Those are the plans that are open, the last ones that ended, and any that has moved since it was counted: who moves one
-- that was counted says so in its past_state, and need not know of this table. It is a consumer's, and not a person's: a
-- consumer keeps its plans, whoever is found to be behind it.
create table pasts (
    bucket         smallint         not null,
    consumer_id    text collate "C" not null,
    currency       text collate "C" not null,
    paid_off_plans bigint           not null,   -- of those that are counted
    first_plan_at  timestamptz      not null,   -- the first of them was authorized
    constraint pasts_pk primary key (bucket, consumer_id, currency),
    constraint pasts_bucket_in_range check (bucket between 0 and 1023),
    constraint pasts_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint pasts_paid_off_plans_not_negative check (paid_off_plans >= 0)
);

alter table plans add column past_state    text;      -- in which it was counted, `moved` since; null: it is not
alter table plans add column past_paid_off boolean;   -- counted as paid off, and not on a word that nobody has proved

-- Of an account those that are not counted are found without the others.
drop index plans_of_account;
create index plans_of_account on plans (bucket, person_id, currency, (past_state is distinct from state));

-- Paid off on a word: counted anew when it is proved.
create index plans_past_on_a_word on plans (bucket, plan_id)
 where past_state in ('paid_off', 'overpaid') and not past_paid_off;
