-- Endpoints, and deliveries to them.

-- insert_endpoint --
-- It is sent what happens from now on: what has a number by now happened before.
insert into endpoints (endpoint_id, merchant_id, url, types, state, made_by, made_at, taken_until, audience, of_sellers)
select $1, $2, $3, $4, 'active', $5, $6, f.last_number, $7, $8
  from feeds f
 where f.merchant_id = $2;

-- number_sellers --
-- Gives numbers to what has happened to a platform's sellers, so many of each at most; returns to how many.
select coalesce(sum(number_events(s.merchant_id, $2)), 0)
  from (select m.merchant_id from merchants m where m.platform_id = $1 order by m.merchant_id) s;

-- begin_feeds --
-- What an endpoint hears besides its owner's feed is sent from now on: what has a number by now happened before.
insert into endpoint_feeds (endpoint_id, feed, taken_until)
select e.endpoint_id, s.merchant_id, f.last_number
  from endpoints e
  join merchants s on s.platform_id = e.merchant_id
  join feeds f on f.merchant_id = s.merchant_id
 where e.endpoint_id = $1 and e.of_sellers
union all
select e.endpoint_id, 'ledger', coalesce(p.last_number, 0)
  from endpoints e
  left join partner_feeds p on p.partner_id = e.merchant_id
 where e.endpoint_id = $1 and e.audience = 'partner'
    on conflict (endpoint_id, feed) do update set taken_until = excluded.taken_until;

-- count_endpoints --
select count(*) from endpoints where merchant_id = $1 and state = 'active';

-- lock_endpoint --
select endpoint_id, url, types, state, of_sellers from endpoints where endpoint_id = $1 and merchant_id = $2 for update;

-- list_endpoints --
select e.endpoint_id, e.url, e.types, e.of_sellers, e.state, e.off_because, e.made_at,
       (select count(*) from endpoint_secrets s
         where s.endpoint_id = e.endpoint_id and (s.ends_at is null or s.ends_at > $4)) as secrets,
       (select count(*) from deliveries d where d.endpoint_id = e.endpoint_id and d.state = 'waiting') as waiting,
       (select count(*) from deliveries d where d.endpoint_id = e.endpoint_id and d.state = 'parked') as parked
  from endpoints e
 where e.merchant_id = $1 and e.endpoint_id > $2
 order by e.endpoint_id
 limit $3;

-- change_endpoint --
-- Switched on again, it is sent what happens from then on: what has a number by now happened before.
update endpoints e
   set url = $2, types = $3, state = $4, of_sellers = $6, off_because = null,
       taken_until = case when e.state = 'off' then f.last_number else e.taken_until end,
       next_at = case when $4 = 'active' then $5::timestamptz end
  from feeds f
 where e.endpoint_id = $1 and f.merchant_id = e.merchant_id;

-- switch_off --
-- Nobody is there any more.
update endpoints set state = 'off', off_because = $2, next_at = null
 where endpoint_id = any ($1::text[]) and state = 'active';

-- park_all --
update deliveries
   set state = 'parked', ended_at = $2, held_until = null
 where endpoint_id = any ($1::text[]) and state = 'waiting';

-- insert_secret --
insert into endpoint_secrets (secret_id, endpoint_id, made_at) values ($1, $2, $3);

-- let_run_out --
-- The secrets of before; at most one of them is in use besides, until then.
update endpoint_secrets s
   set ends_at = case when s.secret_id = newest.secret_id then $3::timestamptz else least(s.ends_at, $2) end
  from (select secret_id from endpoint_secrets where endpoint_id = $1 order by made_at desc, secret_id desc limit 1) newest
 where s.endpoint_id = $1 and (s.ends_at is null or s.ends_at > $2);

-- load_secrets --
-- In use, the newest first.
select s.secret_id, k.sealed, k.secret_mark
  from endpoint_secrets s
  join known_by k on k.owner_id = s.secret_id
 where s.endpoint_id = $1 and (s.ends_at is null or s.ends_at > $2)
 order by s.made_at desc, s.secret_id desc;

-- list_to_take_up --
-- Endpoints, and a feed of each that has events of which no delivery was made; of the owner's own, `feed` is empty.
with unnumbered as materialized (   -- asked for by names, as their index has them
    select distinct merchant_id
      from events
     where number is null
       and merchant_id = any (array(select e.merchant_id from endpoints e where e.state = 'active'
                                     union
                                    select s.merchant_id
                                      from endpoints e
                                      join merchants s on s.platform_id = e.merchant_id
                                     where e.state = 'active' and e.of_sellers))
), unnumbered_of_partners as materialized (
    select distinct partner_id
      from partner_events
     where number is null
       and partner_id = any (array(select e.merchant_id from endpoints e where e.state = 'active' and e.audience = 'partner'))
)
select e.endpoint_id, '' as feed, e.merchant_id as owner_id
  from endpoints e
  join feeds f using (merchant_id)
 where e.state = 'active'
   and (f.last_number > e.taken_until
        or e.merchant_id in (select merchant_id from unnumbered))
union all
select e.endpoint_id, s.merchant_id, s.merchant_id
  from endpoints e
  join merchants s on s.platform_id = e.merchant_id
  join feeds f on f.merchant_id = s.merchant_id
  left join endpoint_feeds t on t.endpoint_id = e.endpoint_id and t.feed = s.merchant_id
 where e.state = 'active' and e.of_sellers
   and (f.last_number > coalesce(t.taken_until, 0)
        or s.merchant_id in (select merchant_id from unnumbered))
union all
select e.endpoint_id, 'ledger', e.merchant_id
  from endpoints e
  left join partner_feeds p on p.partner_id = e.merchant_id
  left join endpoint_feeds t on t.endpoint_id = e.endpoint_id and t.feed = 'ledger'
 where e.state = 'active' and e.audience = 'partner'
   and (p.last_number > coalesce(t.taken_until, 0)
        or e.merchant_id in (select partner_id from unnumbered_of_partners));

-- take_up --
-- Makes deliveries of an endpoint's next events, at most so many, of those it wants; returns how many it has looked at.
-- A test is sent to the endpoint alone that it is of. Events that were forgotten meanwhile are left out.
with here as (
    select endpoint_id, merchant_id, types, taken_until
      from endpoints
     where endpoint_id = $1 and state = 'active'
       for update skip locked
), next as (
    select v.number, v.bucket, v.event_id, v.type, v.data, coalesce(v.plan_id, v.decision_id, v.consumer_id, '') as subject
      from here
      join events v on v.merchant_id = here.merchant_id and v.number > here.taken_until
     order by v.number
     limit $3
), made as (
    insert into deliveries (endpoint_id, number, event_bucket, event_id, subject, state, due_at)
    select here.endpoint_id, next.number, next.bucket, next.event_id, next.subject, 'waiting', $2
      from next, here
     where case when next.type = $4 then next.data ->> 'endpoint_id' = here.endpoint_id
                else here.types = '{}' or next.type = any (here.types) end
        on conflict do nothing
    returning 1
), seen as (
    update endpoints e
       set taken_until = (select max(number) from next),
           next_at = case when exists (select from made) then least(e.next_at, $2) else e.next_at end
      from here
     where e.endpoint_id = here.endpoint_id and exists (select from next)
)
select count(*) from next;

-- take_up_seller --
-- The same of a seller's events, for its platform. What is about no plan, checkout or consumer is about the seller.
with here as (
    select e.endpoint_id, e.types, coalesce(t.taken_until, 0) as taken_until
      from endpoints e
      left join endpoint_feeds t on t.endpoint_id = e.endpoint_id and t.feed = $5
     where e.endpoint_id = $1 and e.state = 'active' and e.of_sellers
       for update of e skip locked
), next as (
    select v.number, v.bucket, v.event_id, v.type, coalesce(v.plan_id, v.decision_id, v.consumer_id, $5) as subject
      from here
      join events v on v.merchant_id = $5 and v.number > here.taken_until
     order by v.number
     limit $3
), made as (
    insert into deliveries (endpoint_id, feed, number, event_bucket, event_id, subject, state, due_at)
    select here.endpoint_id, $5, next.number, next.bucket, next.event_id, next.subject, 'waiting', $2
      from next, here
     where next.type <> $4 and (here.types = '{}' or next.type = any (here.types))
        on conflict do nothing
    returning 1
), woken as (
    update endpoints e set next_at = least(e.next_at, $2)
      from here where e.endpoint_id = here.endpoint_id and exists (select from made)
), seen as (
    insert into endpoint_feeds (endpoint_id, feed, taken_until)
    select here.endpoint_id, $5, (select max(number) from next) from here where exists (select from next)
        on conflict (endpoint_id, feed) do update set taken_until = excluded.taken_until
)
select count(*) from next;

-- take_up_ledger --
-- The same of a partner's sub-ledger: `funding` is an event `share.funding`.
with here as (
    select e.endpoint_id, e.types, coalesce(t.taken_until, 0) as taken_until
      from endpoints e
      left join endpoint_feeds t on t.endpoint_id = e.endpoint_id and t.feed = 'ledger'
     where e.endpoint_id = $1 and e.state = 'active' and e.audience = 'partner'
       for update of e skip locked
), next as (
    select v.number, v.bucket, v.event_id, 'share.' || v.type as type, v.plan_id as subject
      from here
      join partner_events v on v.partner_id = $4 and v.number > here.taken_until
     order by v.number
     limit $3
), made as (
    insert into deliveries (endpoint_id, feed, number, event_bucket, event_id, subject, state, due_at)
    select here.endpoint_id, 'ledger', next.number, next.bucket, next.event_id, next.subject, 'waiting', $2
      from next, here
     where here.types = '{}' or next.type = any (here.types)
        on conflict do nothing
    returning 1
), woken as (
    update endpoints e set next_at = least(e.next_at, $2)
      from here where e.endpoint_id = here.endpoint_id and exists (select from made)
), seen as (
    insert into endpoint_feeds (endpoint_id, feed, taken_until)
    select here.endpoint_id, 'ledger', (select max(number) from next) from here where exists (select from next)
        on conflict (endpoint_id, feed) do update set taken_until = excluded.taken_until
)
select count(*) from next;

-- list_due --
select endpoint_id, merchant_id, audience, url
  from endpoints
 where state = 'active' and next_at <= $1 and not endpoint_id = any ($2::text[])
 order by next_at
 limit $3;

-- claim --
-- Of an endpoint what is due, at most so many: of each subject the first that waits, and no other before it.
with due as (
    select w.feed, w.number
      from deliveries w
     where w.endpoint_id = $1 and w.state = 'waiting' and w.due_at <= $2 and (w.held_until is null or w.held_until <= $2)
       and not exists (select from deliveries b
                        where b.endpoint_id = $1 and b.subject = w.subject and b.state = 'waiting' and b.feed = w.feed
                          and b.number < w.number)
     order by w.due_at, w.number
     limit $3
       for update skip locked
), claimed as (
    update deliveries d
       set held_until = $4, attempts = d.attempts + 1
      from due
     where d.endpoint_id = $1 and d.feed = due.feed and d.number = due.number
    returning d.feed, d.number, d.attempts, d.event_bucket, d.event_id
)
select c.feed, c.number, c.attempts, v.event_id, v.type, v.at, v.actor, v.data::text, v.plan_id, v.decision_id,
       v.consumer_id
  from claimed c
  left join events v on v.bucket = c.event_bucket and v.event_id = c.event_id
 where c.feed <> 'ledger'
union all
select c.feed, c.number, c.attempts, p.event_id, 'share.' || p.type, p.booked_at, null,
       json_build_object('programme_id', p.programme_id, 'business_on', p.business_on, 'filed_on', p.filed_on,
                         'value_on', p.value_on, 'principal', p.principal, 'interest', p.interest, 'fee', p.fee,
                         'penalty', p.penalty, 'subsidy', p.subsidy, 'currency', p.currency,
                         'reverses_event_id', p.reverses_event_id)::text,
       p.plan_id, null, null
  from claimed c
  left join partner_events p on p.bucket = c.event_bucket and p.event_id = c.event_id
 where c.feed = 'ledger'
 order by 1, 2;

-- lock --
-- Before it is said when they are to be looked at again: what is taken up meanwhile must be seen.
select from endpoints where endpoint_id = any ($1::text[]) order by endpoint_id for update;

-- set_next --
-- When they are to be looked at again: when the next delivery is due, or is let go by who holds it.
update endpoints e
   set next_at = (select min(greatest(d.due_at, coalesce(d.held_until, d.due_at)))
                    from deliveries d
                   where d.endpoint_id = e.endpoint_id and d.state = 'waiting')
 where e.endpoint_id = any ($1::text[]) and e.state = 'active';

-- record_attempts --
-- One that was ended meanwhile stays so.
with given as (
    select * from @heard
), tried as (
    insert into delivery_attempts (endpoint_id, feed, number, at, took_ms, status)
    select endpoint_id, feed, number, at, took_ms, status from given
)
update deliveries d
   set state = given.state, due_at = coalesce(given.due_at, d.due_at), held_until = null,
       ended_at = case when given.state = 'waiting' then null else given.heard_at end
  from given
 where d.endpoint_id = given.endpoint_id and d.feed = given.feed and d.number = given.number and d.state = 'waiting';

-- wake --
update endpoints set next_at = least(next_at, $2) where endpoint_id = $1 and state = 'active';

-- send_again --
-- All that were made for events of these numbers of a feed, whatever became of them.
update deliveries
   set state = 'waiting', attempts = 0, due_at = $4, held_until = null, ended_at = null
 where endpoint_id = $1 and feed = $6 and number between $2 and $3
   and number = any (array(select number from deliveries
                            where endpoint_id = $1 and feed = $6 and number between $2 and $3
                            order by number limit $5 for update));

-- is_theirs --
select true from endpoints where endpoint_id = $1 and merchant_id = $2;

-- list_deliveries --
select d.feed, d.number, d.event_id, coalesce(v.type, 'share.' || p.type) as type, d.subject, d.state, d.attempts,
       case when d.state = 'waiting' then d.due_at end as due_at, d.ended_at,
       coalesce((select json_agg(json_build_object('at', a.at, 'took_ms', a.took_ms, 'status', a.status) order by a.at)
                   from delivery_attempts a
                  where a.endpoint_id = d.endpoint_id and a.feed = d.feed and a.number = d.number), '[]')::text as tried
  from deliveries d
  left join events v on d.feed <> 'ledger' and v.bucket = d.event_bucket and v.event_id = d.event_id
  left join partner_events p on d.feed = 'ledger' and p.bucket = d.event_bucket and p.event_id = d.event_id
 where d.endpoint_id = $1 and d.feed = $5 and d.number > $2 and ($3::text is null or d.state = $3)
 order by d.number
 limit $4;

-- keys_to_open --
-- The data keys of consumers that are a merchant's own, among these.
select d.key_id, d.wrapped
  from unnest($1::smallint[], $2::text[]) as k (bucket, key_id)
  join data_keys d using (bucket, key_id)
  join consumers c on c.bucket = d.bucket and c.consumer_id = d.key_id
 where c.merchant_id = $3;

-- forget_deliveries --
-- The oldest that ended before an instant, at most so many, with their attempts.
delete from deliveries
 where ctid = any (array(select ctid from deliveries where state <> 'waiting' and ended_at < $1 order by ended_at limit $2));
