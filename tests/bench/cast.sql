-- The cast in set-based statements. The table `people` says who there is; one real decision is made theirs, too.

-- make_people --
create table people (
    person      int      not null,
    bucket      smallint not null,
    consumer_id text     not null,
    decision_id text     not null,
    merchant_id text     not null,
    constraint people_pk primary key (person)
);

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at)
select $1::text, 'Bench', country, time_zone, fees, created_at from merchants where merchant_id = $2;

-- insert_feed --
insert into feeds (merchant_id) values ($1);

-- insert_key --
insert into keys (key_id, hmac, audience, owner_id, scopes, created_at) values ($1, $2, 'merchant', $3, '{*}', now());

-- insert_consumers --
insert into consumers (bucket, consumer_id, merchant_id, reference, attributes, created_at, updated_at)
select bucket, consumer_id, merchant_id, 'customer ' || person, $1, now(), now() from people;

-- insert_accounts --
insert into accounts (bucket, consumer_id, currency, "limit") select bucket, consumer_id, 'EUR', $1 from people;

-- load_decision --
select * from decisions where decision_id = $1;

-- take_sample --
-- What the service stored for one plan, for the yardstick to write again and again.
insert into yardstick.sample (merchants, amount, offer, funding, partner_id, event, answer, request_hash)
select $1, p.amount, p.offer, p.funding, t.partner_id, e.data, i.answer, i.request_hash
  from plans p
  join transfers t using (bucket, plan_id)
  join events e using (bucket, plan_id)
  join idempotency i on i.status = 201
 where p.plan_id = $2;

-- insert_yardstick_accounts --
insert into yardstick.accounts (bucket, consumer_id, currency, "limit")
select person % 1024, yardstick.identifier('co_', person), 'EUR', $2 from generate_series(1, $1::int) as person;

-- insert_yardstick_feeds --
insert into yardstick.feeds select yardstick.identifier('me_', number) from generate_series(0, $1::int - 1) as number;
