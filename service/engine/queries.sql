-- Idempotency keys and events, in set-based statements: arrays in, one row an element. Locks are taken in one order
-- everywhere: idempotency keys, accounts; each sorted. A key is looked up without a bucket: it may have been used for
-- another consumer.

-- claim_keys --
-- A key claimed elsewhere and not yet committed makes this wait; one committed is left out of the result. Fails while
-- the server's settings could lose what is acknowledged.
insert into idempotency (bucket, owner_id, key, request_hash, created_at)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
           as k (bucket, owner_id, key, request_hash, created_at)
 where is_durable()
 order by owner_id, key
    on conflict do nothing
returning owner_id, key;

-- claim_answered --
-- The same with the answers, where nothing is locked yet: a key is claimed and answered in one.
insert into idempotency (bucket, owner_id, key, request_hash, status, answer, sealed_for, created_at)
select bucket, owner_id, key, request_hash, status, answer, sealed_for, created_at
  from @answered
 where is_durable()
 order by owner_id, key
    on conflict do nothing
returning key

-- claim_new --
-- The same on a cluster, where it is a statement by itself: fails where a key was used.
insert into idempotency (bucket, owner_id, key, request_hash, status, answer, sealed_for, created_at)
select bucket, owner_id, key, request_hash, status, answer, sealed_for, created_at from @answered order by owner_id, key;

-- claim_elsewhere --
-- Keys whose answers are kept elsewhere, of those that are `admitted`. Fails while the server's settings could lose what
-- is acknowledged.
insert into idempotency (bucket, owner_id, key, request_hash, status, decision_id, created_at)
select bucket, owner_id, key, request_hash, status, answer_id, created_at
  from @keys
 where answer_id in (select answer_id from admitted)
   and is_durable()
 order by owner_id, key
    on conflict do nothing
returning decision_id as answer_id

-- claim_new_elsewhere --
-- The same on a cluster: fails where a key was used.
insert into idempotency (bucket, owner_id, key, request_hash, status, decision_id, created_at)
select bucket, owner_id, key, request_hash, status, answer_id, created_at from @keys order by owner_id, key;

-- load_answers --
-- The keys that were used before. For each a message is written to the log, so that the commit of this transaction waits
-- for a synchronous standby: the commit that stored the answer may have been cut off while it waited for one, and then
-- no standby has what is said again.
select i.owner_id, i.key, i.request_hash, i.status, i.answer, i.decision_id as answer_id, i.sealed_for, d.wrapped,
       pg_logical_emit_message(true, 'tenor', '') as written
  from unnest($1::text[], $2::text[]) as k (owner_id, key)
  join idempotency i using (owner_id, key)
  left join data_keys d
    on i.sealed_for <> '' and d.bucket = bucket_of(i.sealed_for) and d.key_id = i.sealed_for;

-- load_answers_there --
-- The same on a cluster, where a key is looked up in its bucket: so the message is written where the key is.
select i.owner_id, i.key, i.request_hash, i.status, i.answer, i.decision_id as answer_id, i.sealed_for,
       pg_logical_emit_message(true, 'tenor', '') as written
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, owner_id, key)
  join idempotency i on i.bucket = k.bucket and i.owner_id = k.owner_id and i.key = k.key;

-- load_wrapped --
-- What seals them.
select d.key_id, d.wrapped
  from unnest($1::smallint[], $2::text[]) as k (bucket, key_id)
  join data_keys d on d.bucket = k.bucket and d.key_id = k.key_id;

-- save_answers --
update idempotency i
   set status = given.status, answer = given.answer, sealed_for = given.sealed_for
  from @given
 where i.bucket = given.bucket and i.owner_id = given.owner_id and i.key = given.key;

-- release_keys --
delete from idempotency i
 using unnest($1::text[], $2::text[]) as k (owner_id, key)
 where i.owner_id = k.owner_id and i.key = k.key and i.status is null;

-- forget_keys --
-- The oldest that came before an instant, at most so many.
delete from idempotency i
 where i.ctid = any (array(select o.ctid from idempotency o where o.created_at < $1 and @here(o)
                            order by o.created_at limit $2))
   and @here(i);

-- open_feed --
-- A partner's is opened with its first endpoint.
insert into feeds (merchant_id) values ($1) on conflict do nothing;

-- tell --
-- Without a number, which is given by whoever reads it: so nobody's commit waits for another's.
insert into events (bucket, event_id, merchant_id, type, actor, plan_id, decision_id, consumer_id, at, data)
select bucket, event_id, merchant_id, type, actor, plan_id, decision_id, consumer_id, at, data from @told;

-- number_events --
select number_events($1, $2);

-- load_events --
select number, event_id as id, type, plan_id, at, actor, data, decision_id, consumer_id
  from events
 where merchant_id = $1 and number > $2
 order by number
 limit $3;

-- find_events_of_type --
-- Among a merchant's next events, so many are looked at, those of a type; `looked_until` is the last that was looked at.
with looked as (
    select number, bucket, event_id, type
      from events
     where merchant_id = $1 and number > $2
     order by number
     limit $5
), found as (
    select number, bucket, event_id from looked where type = $4 order by number limit $3
)
select e.number, e.event_id as id, e.type, e.plan_id, e.at, e.actor, e.data, e.decision_id, e.consumer_id,
       l.looked_until
  from (select max(number) as looked_until from looked) l
  left join (found join events e using (bucket, event_id)) on true
 order by e.number;

-- find_events_about --
-- A merchant's next events about a plan, a decision or a consumer, perhaps of one type: they are in its bucket. All that
-- have a number by now are looked at.
select e.number, e.event_id as id, e.type, e.plan_id, e.at, e.actor, e.data, e.decision_id, e.consumer_id,
       f.last_number as looked_until
  from feeds f
  left join lateral (
       select *
         from events
        where bucket = $4 and merchant_id = $1 and number > $2
          and $5 in (plan_id, decision_id, consumer_id) and ($6::text is null or type = $6)
        order by number
        limit $3) e on true
 where f.merchant_id = $1
 order by e.number;

-- first_number --
select first_number from feeds where merchant_id = $1;

-- list_news --
-- Of these feeds those that go on after the number beside them, or have events that have no number yet.
with unnumbered as materialized (
    select distinct merchant_id from events where number is null and merchant_id = any ($1::text[])
)
select k.merchant_id, k.after
  from unnest($1::text[], $2::bigint[]) as k (merchant_id, after)
  join feeds f using (merchant_id)
 where f.last_number > k.after
    or k.merchant_id in (select merchant_id from unnumbered);

-- list_feeds --
select merchant_id from feeds where merchant_id > $1 order by merchant_id limit $2;

-- forget_events --
-- A merchant's first events, as long as they are of before an instant, at most so many: what is kept stays without gaps.
with first as (
    select bucket, event_id, number, at
      from events
     where merchant_id = $1 and number is not null
     order by number
     limit $3
), old as (
    select bucket, event_id, number
      from first
     where number < coalesce((select min(number) from first where at >= $2), number + 1)
), forgotten as (
    delete from events e using old where e.bucket = old.bucket and e.event_id = old.event_id
)
update feeds
   set first_number = old.last + 1
  from (select max(number) as last, count(*) as rows from old) old
 where merchant_id = $1 and old.rows > 0
returning old.rows;
