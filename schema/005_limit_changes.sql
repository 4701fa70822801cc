-- Limits: every change is kept, and told to the merchant.

create type limit_rule as enum ('operator', 'step', 'decrease');   -- service/limits/change.py

create table limit_changes (
    bucket         bucket      not null,
    consumer_id    identifier  not null,
    currency       currency    not null,
    version        bigint      not null,   -- the account's, which this change made
    limit_before   amount,                 -- null: this opened the account
    "limit"        amount      not null,
    rule           limit_rule  not null,
    decrease       text,                   -- its name in the policy
    policy_id      identifier,             -- whose rule it is; null: an operator's own will
    policy_version int,
    changed_by     identifier,             -- a key; null: the day's close
    changed_at     timestamptz not null,
    constraint limit_changes_pk primary key (bucket, consumer_id, currency, version),
    constraint limit_changes_change_something check (limit_before is distinct from "limit"),
    constraint limit_changes_name_their_decrease check ((rule = 'decrease') = (decrease is not null)),
    constraint limit_changes_by_rule_name_the_policy
        check (num_nulls(policy_id, policy_version) = case rule when 'operator' then 2 else 0 end)
);

create trigger limit_changes_are_append_only before update or delete or truncate on limit_changes
    for each statement execute function refuse_change();
revoke update, delete, truncate on limit_changes from public;

-- How far a day's review of all accounts has come: the last account seen, in the order of their keys. Whoever holds
-- this row reviews the next accounts; killed in between, the next one goes on from here.
create table limit_review_days (
    reviewed_on    date        not null,   -- in the policy's time zone
    after_bucket   smallint    not null default -1,
    after_consumer identifier  not null default '',
    after_currency text        not null default '' collate "C",
    reviewed       bigint      not null default 0,
    changed        bigint      not null default 0,
    finished_at    timestamptz,
    constraint limit_review_days_pk primary key (reviewed_on)
);

-- An event may be about an account, whatever was bought.
alter table events
    add column consumer_id identifier,
    drop constraint events_are_about_one_thing,
    add constraint events_are_about_one_thing check (num_nonnulls(plan_id, decision_id, consumer_id) = 1);
