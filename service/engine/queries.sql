-- Idempotency keys and events, in set-based statements: arrays in, one row an element. Locks are taken in one order
-- everywhere: idempotency keys, accounts, feeds; each sorted.

-- claim_keys --
-- A key claimed elsewhere and not yet committed makes this wait; one committed is left out of the result. Fails while
-- the server's settings could lose what is acknowledged.
insert into idempotency (bucket, owner_id, key, request_hash, created_at)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
           as k (bucket, owner_id, key, request_hash, created_at)
 where is_durable()
 order by 1, 2, 3
    on conflict do nothing
returning owner_id, key;

-- claim_elsewhere --
-- Keys whose answers are kept elsewhere, of those that are `admitted`. Fails while the server's settings could lose what
-- is acknowledged.
insert into idempotency (bucket, owner_id, key, request_hash, status, decision_id, created_at)
select bucket, owner_id, key, request_hash, status, answer_id, created_at
  from @keys
 where answer_id in (select answer_id from admitted)
   and is_durable()
 order by 1, 2, 3
    on conflict do nothing
returning decision_id as answer_id

-- load_answers --
select i.owner_id, i.key, i.request_hash, i.status, i.answer, i.decision_id as answer_id
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, owner_id, key)
  join idempotency i using (bucket, owner_id, key);

-- save_answers --
update idempotency i
   set status = given.status, answer = given.answer
  from @given
 where i.bucket = given.bucket and i.owner_id = given.owner_id and i.key = given.key;

-- open_feed --
insert into feeds (merchant_id) values ($1);

-- tell --
-- A merchant's events are numbered without gaps: each has its feed's last number less how many of the batch come after
-- it. Feeds are locked sorted, and only until the commit.
with locked as materialized (
    select merchant_id from feeds
     where merchant_id in (select merchant_id from @told)
     order by merchant_id
       for update
), numbered as (
    update feeds f
       set last_number = f.last_number + k.count
      from (select merchant_id, count(*) from @told group by merchant_id) k
      join locked using (merchant_id)
     where f.merchant_id = k.merchant_id
    returning f.merchant_id, f.last_number
)
insert into events (bucket, event_id, merchant_id, number, type, plan_id, decision_id, consumer_id, at, data)
select told.bucket, told.event_id, merchant_id, n.last_number - told.later, told.type, told.plan_id, told.decision_id,
       told.consumer_id, told.at, told.data
  from @told
  join numbered n using (merchant_id);

-- load_events --
select number, event_id as id, type, plan_id, at, data, decision_id, consumer_id
  from events
 where merchant_id = $1 and number > $2
 order by number
 limit $3;
