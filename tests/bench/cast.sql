-- The cast in set-based statements. The table `bench_buyers` says who there is; one real decision is made theirs, too.

-- make_buyers --
create table bench_buyers (
    number      int      not null,
    bucket      smallint not null,
    consumer_id text     not null,
    person_id   text     not null,
    decision_id text     not null,
    merchant_id text     not null,
    constraint bench_buyers_pk primary key (number)
);

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at)
select $1::text, 'Bench', country, time_zone, fees, created_at from merchants where merchant_id = $2;

-- insert_feed --
insert into feeds (merchant_id) values ($1);

-- insert_key --
insert into keys (key_id, hmac, secret_mark, prefix, audience, owner_id, scopes, created_at)
values ($1, $2, $3, 'sk_live_', 'merchant', $4, '{*}', now());

-- insert_people --
insert into people (bucket, person_id, created_at) select bucket, person_id, now() from bench_buyers;

-- insert_accounts --
insert into accounts (bucket, person_id, currency, "limit") select bucket, person_id, 'EUR', $1 from bench_buyers;

-- load_decision --
select * from decisions where decision_id = $1;

-- take_samples --
-- What the service has stored for a plan until now, for the yardstick to write again and again.
with plan as (
    insert into yardstick.sample_plans select $1, p.* from plans p where p.plan_id = $2
), fact as (
    insert into yardstick.sample_facts
    select $1, f.* from facts f where f.plan_id = $2 order by f.number desc limit 1
), transfer as (
    insert into yardstick.sample_transfers
    select $1, t.* from transfers t
     where t.cause_id = (select cause_id from facts where plan_id = $2 order by number desc limit 1)
), event as (
    insert into yardstick.sample_events
    select $1, e.* from events e where e.plan_id = $2 order by e.told desc limit 1
), partnered as (
    insert into yardstick.sample_partnered
    select $1, p.* from partner_events p
     where p.event_id = (select cause_id from facts where plan_id = $2 order by number desc limit 1)
), held as (
    insert into yardstick.sample_held select $1, h.* from held_words h where h.plan_id = $2
)
insert into yardstick.sample_keys
select $1, i.* from idempotency i where i.answer is not null order by i.created_at desc limit 1;

-- owe_yardstick --
select yardstick.owe($1::int);

-- load_payers --
-- The plans that were opened for these people's decisions.
select plan_id from plans join unnest($1::text[]) with ordinality as k (decision_id, place) using (decision_id)
 order by place;

-- load_decisions --
-- In the order in which they were made.
select consumer_id, decision_id from decisions where consumer_id = any ($1::text[]) order by decision_id;

-- set_limit --
-- As an operator would, but for the entry of the audit log.
update accounts set "limit" = $2, version = version + 1 where person_id = $1;

-- sizes --
-- Of each table, with its indexes and what is kept apart of its rows.
select relname as name, pg_total_relation_size(oid) as bytes
  from pg_class
 where relkind = 'r' and relnamespace = 'public'::regnamespace;

-- written_ahead --
-- Bytes, since the server was made.
select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint;

-- insert_yardstick_accounts --
insert into yardstick.accounts (bucket, person_id, currency, "limit")
select person % 1024, yardstick.identifier('pe_', person), 'EUR', $2 from generate_series(1, $1::int) as person;
