-- How much one person may owe: accounts, the changes of their limits, and the days on which all are reviewed.

-- One person in one currency, at all merchants, opened by the first approved decision. This row, locked, is the only yes.
create table accounts (
    bucket      smallint         not null,
    person_id   text collate "C" not null,
    currency    text collate "C" not null,
    "limit"     bigint           not null,
    reserved    bigint           not null default 0,   -- promised by authorized plans, nothing owed yet
    used        bigint           not null default 0,   -- principal owed
    over_limit  boolean          not null default false,   -- the limit was lowered below what is out, and that still is
    version     bigint           not null default 1,   -- counts every change: the cache keeps the highest it has seen
    constraint accounts_pk primary key (bucket, person_id, currency),
    constraint accounts_bucket_in_range check (bucket between 0 and 1023),
    constraint accounts_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint accounts_amounts_not_negative check (least("limit", reserved, used) >= 0),
    constraint accounts_within_limit check (over_limit or reserved + used <= "limit")   -- the second wall
) with (fillfactor = 70);

-- Every change of a limit is kept.
create table limit_changes (
    bucket         smallint         not null,
    person_id      text collate "C" not null,
    currency       text collate "C" not null,
    version        bigint           not null,   -- the account's, which this change made
    limit_before   bigint,                      -- null: this opened the account
    "limit"        bigint           not null,
    rule           text             not null,
    decrease       text,                        -- its name in the policy
    policy_id      text collate "C",            -- whose rule it is; null: an operator's own will
    policy_version int,
    changed_by     text collate "C",            -- a key; null: the day's close
    changed_at     timestamptz      not null,
    constraint limit_changes_pk primary key (bucket, person_id, currency, version),
    constraint limit_changes_bucket_in_range check (bucket between 0 and 1023),
    constraint limit_changes_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint limit_changes_amounts_not_negative check (least(limit_before, "limit") >= 0),
    constraint limit_changes_rule_is_known check (rule in ('operator', 'step', 'decrease')),
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
    reviewed_on    date             not null,   -- in the policy's time zone
    after_bucket   smallint         not null default -1,
    after_person   text collate "C" not null default '',
    after_currency text collate "C" not null default '',
    reviewed       bigint           not null default 0,
    changed        bigint           not null default 0,
    finished_at    timestamptz,
    constraint limit_review_days_pk primary key (reviewed_on)
);
