-- Limits: reviewed by set, changed one way whoever asks. Locks are taken in the order of the write path: accounts, feeds.

-- open_account --
-- Without a limit, which follows in the same transaction. No row: there is one already, or no such consumer.
insert into accounts (bucket, consumer_id, currency, "limit")
select c.bucket, c.consumer_id, $3, 0 from consumers c where c.bucket = $1 and c.consumer_id = $2
    on conflict on constraint accounts_pk do nothing
returning bucket, consumer_id, currency, "limit", reserved, used, version;

-- lock_accounts --
select a.bucket, a.consumer_id, a.currency, a."limit", a.reserved, a.used, a.version
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, consumer_id, currency)
  join accounts a using (bucket, consumer_id, currency)
 order by 1, 2, 3
   for update of a;

-- load_last_requests --
-- The purchase behind each account's last plan: what the facts of a purchase are read from. And the limit that an
-- operator set last.
select k.consumer_id, k.currency, d.request,
       (select c."limit"
          from limit_changes c
         where c.bucket = k.bucket and c.consumer_id = k.consumer_id and c.currency = k.currency
           and c.rule = 'operator'
         order by c.version desc
         limit 1) as by_hand
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, consumer_id, currency)
 cross join lateral (
    select p.decision_id
      from plans p
     where p.bucket = k.bucket and p.consumer_id = k.consumer_id and p.currency = k.currency
     order by p.decision_id desc
     limit 1
 ) last
  join decisions d on d.bucket = k.bucket and d.decision_id = last.decision_id;

-- change_limits --
-- Of accounts that are locked: the new limit, the change that is kept, and the merchant's next event. An account that
-- is opened has no limit that changed: as when a decision opens one, nobody is told.
with asked as materialized (
    select k.*, c.merchant_id
      from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::limit_rule[],
                  $8::text[], $9::text[], $10::int[], $11::text[], $12::timestamptz[], $13::text[]) with ordinality
           as k (bucket, consumer_id, currency, version, limit_before, "limit", rule, decrease, policy_id,
                 policy_version, changed_by, changed_at, event_id, place)
      join consumers c using (bucket, consumer_id)
), moved as (
    update accounts a
       set "limit" = k."limit", over_limit = a.reserved + a.used > k."limit", version = k.version
      from asked k
     where a.bucket = k.bucket and a.consumer_id = k.consumer_id and a.currency = k.currency
    returning a.bucket, a.consumer_id, a.currency, a."limit", a.reserved, a.used, a.version
), kept as (
    insert into limit_changes (bucket, consumer_id, currency, version, limit_before, "limit", rule, decrease,
                               policy_id, policy_version, changed_by, changed_at)
    select bucket, consumer_id, currency, version, limit_before, "limit", rule, decrease, policy_id, policy_version,
           changed_by, changed_at
      from asked
), news as materialized (
    select *, row_number() over (partition by merchant_id order by place desc) - 1 as later
      from asked
     where limit_before is not null
), locked as materialized (
    select merchant_id from feeds where merchant_id in (select merchant_id from news) order by merchant_id for update
), numbered as (
    update feeds f
       set last_number = f.last_number + k.count
      from (select merchant_id, count(*) from news group by merchant_id) k
      join locked using (merchant_id)
     where f.merchant_id = k.merchant_id
    returning f.merchant_id, f.last_number
), told as (
    insert into events (bucket, event_id, merchant_id, number, type, consumer_id, at, data)
    select k.bucket, k.event_id, k.merchant_id, n.last_number - k.later, 'account.limit_changed', k.consumer_id,
           k.changed_at,
           json_build_object('consumer', k.consumer_id, 'currency', k.currency, 'limit', k."limit",
                             'limit_before', k.limit_before, 'rule', k.rule, 'version', k.version)
      from news k
      join numbered n using (merchant_id)
)
select * from moved order by bucket, consumer_id, currency;

-- begin_review_day --
insert into limit_review_days (reviewed_on) values ($1) on conflict do nothing;

-- claim_review_day --
-- Whoever comes second waits, and goes on where the first one was.
select after_bucket, after_consumer, after_currency
  from limit_review_days
 where reviewed_on = $1 and finished_at is null
   for update;

-- list_accounts_after --
select consumer_id, currency
  from accounts
 where (bucket, consumer_id, currency) > ($1, $2, $3)
 order by bucket, consumer_id, currency
 limit $4;

-- advance_review_day --
update limit_review_days
   set after_bucket = $2, after_consumer = $3, after_currency = $4, reviewed = reviewed + $5, changed = changed + $6,
       finished_at = $7
 where reviewed_on = $1;
