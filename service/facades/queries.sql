-- What is bought through another provider's client.

-- insert_order --
insert into facade_orders (bucket, merchant_id, facade, reference, consumer_id, key_id, digest, told, made_at, ends_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict do nothing;

-- load_order --
with found as materialized (
    select * from facade_orders where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4
)
select o.*, k.wrapped
  from found o
  join data_keys k on k.bucket = bucket_of(o.consumer_id) and k.key_id = o.consumer_id;

-- refused_before --
-- Of these keys of an owner those under which something was refused.
select key from idempotency where owner_id = $1 and key = any ($2::text[]) and status between 400 and 499;

-- list_orders --
-- The newest first: before the one named, or from the newest; without those whose consumer was erased.
select o.*, k.wrapped
  from facade_orders o
  join data_keys k on k.bucket = bucket_of(o.consumer_id) and k.key_id = o.consumer_id
 where o.merchant_id = $1 and o.facade = $2 and ($3::text is null or o.reference < $3) and k.wrapped is not null
 order by o.reference desc
 limit $4;

-- load_plan_states --
select plan_id, state from plans where bucket = any ($1::int[]) and plan_id = any ($2::text[]);

-- count_ended --
-- How often the same was asked before and came to nothing in its time.
select count(*)
  from facade_orders
 where merchant_id = $1 and facade = $2 and digest = $3 and ends_at <= $4 and plan_id is null;

-- retell --
-- What is told again; nothing, where somebody else has changed the order meanwhile.
update facade_orders set told = $6, version = version + 1
 where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4 and version = $5
returning version;

-- agree --
-- The consumer takes an offer, once.
update facade_orders set offer_id = $5, agreed_at = $6, version = version + 1
 where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4 and offer_id is null;

-- set_plan --
update facade_orders set plan_id = $5, version = version + 1
 where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4 and plan_id is null;

-- insert_signer --
insert into facade_signers (mchid, serial_no, merchant_id, key_id, public_key, own_key, secret_mark, made_at, apiv3_key)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict do nothing
returning serial_no;

-- load_signer --
select * from facade_signers where mchid = $1 and serial_no = $2;

-- begin_feed --
-- What has a number by now happened before the shop's first order.
insert into facade_feeds (merchant_id, taken_until)
select f.merchant_id, f.last_number from feeds f where f.merchant_id = $1
    on conflict do nothing;

-- list_feeds_to_take_up --
with unnumbered as materialized (
    select distinct merchant_id
      from events
     where number is null and merchant_id = any (array(select merchant_id from facade_feeds))
)
select t.merchant_id
  from facade_feeds t
  join feeds f using (merchant_id)
 where f.last_number > t.taken_until
    or t.merchant_id in (select merchant_id from unnumbered);

-- take_up --
-- Makes notices of a shop's next events, at most so many, where they are about a facade's order; returns how many events.
-- Of Alma's orders every change is told; of WeChat Pay's that one is confirmed ($5), and that nothing is owed after a
-- payment ($6).
with here as (
    select merchant_id, taken_until from facade_feeds where merchant_id = $1 for update skip locked
), next as (
    select v.number, v.event_id, v.type, v.plan_id, v.data
      from here
      join events v on v.merchant_id = here.merchant_id and v.number > here.taken_until
     order by v.number
     limit $3
), made as (
    insert into facade_notices (merchant_id, facade, bucket, reference, source_id, what, made_at, state, due_at)
    select o.merchant_id, o.facade, o.bucket, o.reference, next.event_id, next.type, $2, 'waiting', $2
      from next
      join facade_orders o on o.merchant_id = $1 and o.plan_id = next.plan_id
     where o.facade = 'alma' and next.type = any ($4::text[])
        or o.facade = 'wechat' and (next.type = $5
           or next.type = $6 and (next.data ->> 'outstanding')::bigint = 0)
        on conflict do nothing
), seen as (
    update facade_feeds f
       set taken_until = (select max(number) from next)
      from here
     where f.merchant_id = here.merchant_id and exists (select from next)
)
select count(*) from next;

-- insert_notice --
-- Of an order that there is.
insert into facade_notices (merchant_id, facade, bucket, reference, source_id, what, made_at, state, due_at)
select o.merchant_id, o.facade, o.bucket, o.reference, $5, $6, $7, 'waiting', $7
  from facade_orders o
 where o.merchant_id = $1 and o.facade = $2 and o.bucket = $3 and o.reference = $4
    on conflict do nothing;

-- list_due --
-- Shops to which something is to be sent, but those who have enough under way.
select distinct merchant_id
  from facade_notices
 where state = 'waiting' and due_at <= $1 and (held_until is null or held_until <= $1)
   and not merchant_id = any ($2::text[])
 limit $3;

-- claim --
-- Of a shop what is due, at most so many: of each order the first that waits, and no other before it.
with due as (
    select w.bucket, w.source_id, w.what
      from facade_notices w
     where w.merchant_id = $1 and w.state = 'waiting' and w.due_at <= $2
       and (w.held_until is null or w.held_until <= $2) and @here(w)
       and not exists (select from facade_notices b
                        where b.merchant_id = $1 and b.facade = w.facade and b.reference = w.reference and @here(b)
                          and b.state = 'waiting' and (b.made_at, b.source_id) < (w.made_at, w.source_id))
     order by w.due_at, w.source_id
     limit $3
       for update skip locked
)
update facade_notices n
   set held_until = $4, attempts = n.attempts + 1
  from due
 where n.bucket = due.bucket and n.source_id = due.source_id and n.what = due.what and @here(n)
returning n.merchant_id, n.facade, n.bucket, n.reference, n.source_id, n.what, n.made_at, n.attempts;

-- record_attempt --
update facade_notices
   set state = $4, due_at = coalesce($5, due_at), held_until = null, status = $6,
       ended_at = case when $4 = 'waiting' then null else $7::timestamptz end
 where bucket = $1 and source_id = $2 and what = $3 and state = 'waiting';

-- forget_notices --
-- The oldest that ended before an instant, at most so many.
delete from facade_notices n
 where n.ctid = any (array(select o.ctid from facade_notices o
                            where o.state <> 'waiting' and o.ended_at < $1 and @here(o) order by o.ended_at limit $2))
   and @here(n);

-- load_writer --
-- By which keys a shop is told something: the newest.
select * from facade_signers
 where mchid = $1 and merchant_id = $2 and apiv3_key is not null
 order by made_at desc
 limit 1;
