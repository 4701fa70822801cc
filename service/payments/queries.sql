-- Payments: processors, instruments, how plans are collected, and charges.

-- insert_processor --
insert into processors (processor_id, name, url, protocol, registered_by, registered_at)
values ($1, $2, $3, $4, $5, $6)
    on conflict (name) where retired_at is null do nothing
returning processor_id;

-- is_processor_in_use --
select true from processors where (processor_id = $1 or name = $1) and retired_at is null;

-- retire_processor --
update processors set retired_by = $2, retired_at = $3 where processor_id = $1 and retired_at is null
returning processor_id;

-- list_processors --
select processor_id, name, url, protocol, registered_by, registered_at, retired_by, retired_at
  from processors
 where processor_id > $1
 order by processor_id
 limit $2;

-- insert_instrument --
insert into instruments (bucket, instrument_id, consumer_id, merchant_id, processor_id, token, kind, last_four,
                         expires_on, label, autopay, given_at)
select c.bucket, $3, c.consumer_id, c.merchant_id, $5, $6, $7, $8, $9, $10, $11, $12
  from consumers c
 where c.bucket = $1 and c.consumer_id = $2 and c.merchant_id = $4
returning bucket, instrument_id, consumer_id, merchant_id, processor_id, token, kind, last_four, expires_on, label,
          autopay, given_at, removed_at;

-- load_instrument --
select bucket, instrument_id, consumer_id, merchant_id, processor_id, token, kind, last_four, expires_on, label, autopay,
       given_at, removed_at
  from instruments
 where bucket = $1 and instrument_id = $2;

-- list_instruments --
select bucket, instrument_id, consumer_id, merchant_id, processor_id, token, kind, last_four, expires_on, label, autopay,
       given_at, removed_at
  from instruments
 where bucket = $1 and consumer_id = $2 and instrument_id > $3
 order by instrument_id
 limit $4;

-- remove_instrument --
update instruments
   set removed_at = $3, removed_by = $4
 where bucket = $1 and instrument_id = $2 and removed_at is null
returning true;

-- open_collection --
insert into collections (bucket, plan_id, time_zone) values ($1, $2, $3) on conflict do nothing;

-- lock_collection --
-- Whoever makes or ends a charge of the plan holds its row.
select instrument_id, is_stopped, for_due_on, began_at, tries, retry_at
  from collections
 where bucket = $1 and plan_id = $2
   for update;

-- lock_collections --
-- The same of the plans of some charges, and when each plan's product tries again what was declined: what it does not say
-- is as ever.
select c.plan_id, c.instrument_id, c.is_stopped, c.for_due_on, c.began_at, c.tries, c.retry_at,
       coalesce(p.accepted, convert_to(p.offer::text, 'UTF8')) as offer
  from @asked
  join collections c on c.bucket = asked.bucket and c.plan_id = asked.plan_id
  join plans p on p.bucket = asked.bucket and p.plan_id = asked.plan_id
 order by c.bucket, c.plan_id
   for update of c;

-- load_collection --
select instrument_id, is_stopped, for_due_on, began_at, tries, retry_at
  from collections
 where bucket = $1 and plan_id = $2;

-- name_instrument --
-- Another instrument is tried at once, whatever became of the one before.
update collections
   set instrument_id = $3, is_stopped = false, began_at = null, tries = 0, retry_at = $4
 where bucket = $1 and plan_id = $2;

-- move_collections --
update collections c
   set is_stopped = moved.is_stopped, for_due_on = moved.for_due_on, began_at = moved.began_at, tries = moved.tries,
       retry_at = moved.retry_at
  from @moved
 where c.bucket = moved.bucket and c.plan_id = moved.plan_id

-- find_due --
-- Plans on which something fell due that was not tried yet, or may be tried again, and of which collection does not rest;
-- those after ($3, $4). It reads all of them each time, so many are found at once, and few are claimed at once.
select c.bucket, c.plan_id
  from collections c
  join plans p on p.bucket = c.bucket and p.plan_id = c.plan_id and p.collection_state = 'collecting'
 where exists (select from lines l
                where l.bucket = c.bucket and l.plan_id = c.plan_id and l.paid_on is null
                  and l.due_on <= $2
                  and l.due_on <= ($1::timestamptz at time zone c.time_zone)::date
                  and (l.due_on > coalesce(c.for_due_on, '-infinity') or c.retry_at <= $1))
   and (c.bucket, c.plan_id) > ($3, $4)
   and c.instrument_id is not null and not c.is_stopped
 order by c.bucket, c.plan_id
 limit $5;

-- find_due_of_merchant --
-- The same of the plans of one merchant, which has few.
select c.bucket, c.plan_id
  from merchant_references r
  join plans p on p.bucket = r.bucket and p.plan_id = r.plan_id and p.collection_state = 'collecting'
  join collections c on c.bucket = p.bucket and c.plan_id = p.plan_id
 where r.merchant_id = $2
   and exists (select from lines l
                where l.bucket = c.bucket and l.plan_id = c.plan_id and l.paid_on is null
                  and l.due_on <= ($1::timestamptz at time zone c.time_zone)::date
                  and (l.due_on > coalesce(c.for_due_on, '-infinity') or c.retry_at <= $1))
   and (c.bucket, c.plan_id) > ($3, $4)
   and c.instrument_id is not null and not c.is_stopped
 order by c.bucket, c.plan_id
 limit $5;

-- claim_due --
-- Of the plans that were found, those that may be charged still. Who else looks for such plans meanwhile does not get
-- these.
select c.bucket, c.plan_id, c.is_stopped, c.for_due_on, c.began_at, c.tries, c.retry_at, i.instrument_id,
       i.processor_id
  from unnest($2::smallint[], $3::text[]) as k (bucket, plan_id)
  join collections c on c.bucket = k.bucket and c.plan_id = k.plan_id and @here(c)
  join instruments i on i.bucket = c.bucket and i.instrument_id = c.instrument_id and @here(i)
  join plans p on p.bucket = c.bucket and p.plan_id = c.plan_id and p.collection_state = 'collecting' and @here(p)
 where exists (select 1
                 from lines l
                where l.bucket = c.bucket and l.plan_id = c.plan_id and l.paid_on is null and @here(l)
                  and l.due_on <= ($1::timestamptz at time zone c.time_zone)::date
                  and (l.due_on > coalesce(c.for_due_on, '-infinity') or c.retry_at <= $1))
   and i.autopay and i.removed_at is null and not c.is_stopped
   and i.processor_id in (select processor_id from processors where retired_at is null)
   and not exists (select 1 from charges o
                    where o.bucket = c.bucket and o.plan_id = c.plan_id and o.state = 'pending' and @here(o))
 order by c.bucket, c.plan_id
   for update of c skip locked;

-- insert_charges --
-- A plan that has an open charge gets no other: the second wall.
insert into charges (bucket, charge_id, plan_id, merchant_id, instrument_id, processor_id, currency, amount, origin,
                     state, made_at, made_by, ask_at)
select bucket, charge_id, plan_id, merchant_id, instrument_id, processor_id, currency, amount, origin, 'pending',
       made_at, made_by, ask_at
  from @made
 order by bucket, plan_id
    on conflict do nothing
returning charge_id

-- load_charges --
select c.bucket, c.charge_id, c.plan_id, c.merchant_id, c.instrument_id, c.processor_id, c.currency, c.amount, c.origin,
       c.state, c.reason, c.made_at, c.made_by, c.asked, c.received_on, c.payment_id, c.ended_at, c.returned_at, i.token
  from unnest($1::smallint[], $2::text[]) as k (bucket, charge_id)
  join charges c using (bucket, charge_id)
  join instruments i on i.bucket = c.bucket and i.instrument_id = c.instrument_id
 order by c.bucket, c.charge_id;

-- open_charge --
select charge_id from charges where bucket = $1 and plan_id = $2 and state = 'pending';

-- list_charges --
-- In the order of their time, which a test merchant's ids do not follow: its clock moves on while ours stands.
select c.bucket, c.charge_id, c.plan_id, c.merchant_id, c.instrument_id, c.processor_id, c.currency, c.amount, c.origin,
       c.state, c.reason, c.made_at, c.made_by, c.asked, c.received_on, c.payment_id, c.ended_at, c.returned_at,
       '' as token
  from charges c
 where c.bucket = $1 and c.plan_id = $2
   and ($3 = '' or (c.made_at, c.charge_id) > (select a.made_at, a.charge_id from charges a
                                                where a.bucket = $1 and a.charge_id = $3))
 order by c.made_at, c.charge_id
 limit $4;

-- list_charges_of_processor --
select c.bucket, c.charge_id, c.plan_id, c.merchant_id, c.instrument_id, c.processor_id, c.currency, c.amount, c.origin,
       c.state, c.reason, c.made_at, c.made_by, c.asked, c.received_on, c.payment_id, c.ended_at, c.returned_at,
       '' as token
  from charges c
 where c.processor_id = $1 and c.charge_id > $2
 order by c.charge_id
 limit $3;

-- claim_unanswered --
-- Charges that nobody has answered in time, so many at once; who else looks for them meanwhile does not find these.
select c.bucket, c.charge_id, c.asked
  from charges c
 where c.state = 'pending' and c.ask_at <= $1 and @here(c)
 order by c.ask_at
 limit $2
   for update skip locked;

-- load_pending_of_merchant --
select charge_id from charges where state = 'pending' and merchant_id = $1 order by charge_id;

-- ask_later --
update charges c
   set asked = c.asked + 1, ask_at = later.ask_at
  from @later
 where c.bucket = later.bucket and c.charge_id = later.charge_id

-- end_charges --
-- What charges came to, each once: a state that one may not go to from where it is changes nothing.
update charges c
   set state = ended.state, reason = ended.reason, payment_id = ended.payment_id,
       received_on = coalesce(ended.received_on, c.received_on), ask_at = null,
       ended_at = coalesce(c.ended_at, ended.at), returned_at = case when ended.state = 'returned' then ended.at end
  from @ended
 where c.bucket = ended.bucket and c.charge_id = ended.charge_id
   and c.state = any(string_to_array(ended.may_come_from, ' '))
returning c.charge_id

-- find_payments --
-- The payments that charges became; their references are kept as references are compared.
select asked.charge_id, f.fact_id as payment_id
  from @asked
  join facts f using (bucket, plan_id)
 where f.reference = lower(asked.charge_id) and f.fact = 'paid'

-- find_offers_consumer --
select consumer_id from decisions where bucket = $1 and decision_id = $2;
