-- Accounts and their limits.

-- open_accounts --
-- The accounts of people who were approved for the first time, by decisions whose keys are `claimed`; not those that
-- are there.
insert into accounts (bucket, person_id, currency, "limit")
select bucket, person_id, currency, max("limit")
  from @opening
 where opened_by in (select answer_id from claimed)
   and not exists (select from accounts a
                    where a.bucket = opening.bucket and a.person_id = opening.person_id
                      and a.currency = opening.currency)
 group by 1, 2, 3
 order by 1, 2, 3
    on conflict do nothing
returning bucket, person_id, currency, "limit"

-- open_new_accounts --
-- The same on a cluster, of decisions that are known to be logged.
insert into accounts (bucket, person_id, currency, "limit")
select bucket, person_id, currency, "limit" from @opening order by bucket, person_id, currency
    on conflict do nothing;

-- open_account --
-- Without a limit, which follows in the same transaction. No row: there is one already.
insert into accounts (bucket, person_id, currency, "limit")
values ($1, $2, $3, 0)
    on conflict on constraint accounts_pk do nothing
returning bucket, person_id, currency, "limit", reserved, used, version;

-- lock_accounts --
select a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, person_id, currency)
  join accounts a using (bucket, person_id, currency)
 order by 1, 2, 3
   for update of a;

-- lock_accounts_of_people --
-- Whose consumers they are may change now: who has read an account without a lock finds that its row is another.
with locked as materialized (
    select a.bucket, a.person_id, a.currency
      from unnest($1::smallint[], $2::text[]) as k (bucket, person_id)
      join accounts a using (bucket, person_id)
     order by 1, 2, 3
       for update of a
)
update accounts a
   set version = a.version
  from locked
 where a.bucket = locked.bucket and a.person_id = locked.person_id and a.currency = locked.currency
returning a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version;

-- lock_accounts_of_bucket --
-- The same two on a cluster, a bucket at a time, in sorted order.
select a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version
  from accounts a
 where a.bucket = $1 and a.person_id = any ($2::text[])
 order by a.bucket, a.person_id, a.currency
   for update of a;

-- touch_accounts_of_bucket --
update accounts a
   set version = a.version
 where a.bucket = $1 and a.person_id = any ($2::text[])
returning a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version;

-- replace_account --
insert into accounts (bucket, person_id, currency, "limit", reserved, used, version, over_limit)
values ($1, $2, $3, $4, $5, $6, $7, $5::bigint + $6::bigint > $4::bigint)
    on conflict on constraint accounts_pk do update
   set "limit" = excluded."limit", reserved = excluded.reserved, used = excluded.used, version = excluded.version,
       over_limit = excluded.over_limit;

-- keep_limit_by_hand --
insert into limit_changes (bucket, person_id, currency, version, limit_before, "limit", rule, changed_by, changed_at)
values ($1, $2, $3, $4, $5, $6, 'operator', $7, $8);

-- move_accounts --
update accounts a
   set reserved = exposed.reserved, used = exposed.used, version = exposed.version,
       over_limit = (a.over_limit or exposed.is_owed_again) and exposed.reserved + exposed.used > a."limit"
  from @exposed
 where a.bucket = exposed.bucket and a.person_id = exposed.person_id and a.currency = exposed.currency;

-- change_limits --
-- Of accounts that are locked: the new limit, and the change that is kept. Beside each account the consumers of its
-- person, a row each: their merchants are told.
with moved as (
    update accounts a
       set "limit" = changed."limit", over_limit = a.reserved + a.used > changed."limit", version = changed.version
      from @changed
     where a.bucket = changed.bucket and a.person_id = changed.person_id and a.currency = changed.currency
    returning a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version
), kept as (
    insert into limit_changes (bucket, person_id, currency, version, limit_before, "limit", rule, decrease,
                               policy_id, policy_version, changed_by, changed_at)
    select bucket, person_id, currency, version, limit_before, "limit", rule, decrease, policy_id,
           policy_version, changed_by, changed_at
      from @changed
), persons as materialized (
    select distinct o.person_id, o.bucket || o.more_buckets as buckets
      from @changed
      join people o on o.bucket = changed.bucket and o.person_id = changed.person_id
)
select moved.*, c.consumer_id, c.merchant_id
  from moved
  join persons o using (person_id)
  join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id
 order by moved.bucket, moved.person_id, currency, consumer_id;

-- load_account --
-- The account of a consumer's person, which may be in another bucket.
with c as materialized (
    select person_id from consumers
     where bucket = $1 and consumer_id = $2 and ($4::text is null or merchant_id = $4)
), a as materialized (
    select a."limit", a.reserved, a.used, a.version
      from c
      join accounts a on a.bucket = bucket_of(c.person_id) and a.person_id = c.person_id and a.currency = $3
)
select coalesce(a."limit", 0) as "limit", coalesce(a.reserved, 0) as reserved, coalesce(a.used, 0) as used,
       coalesce(a.version, 0) as version
  from c
  left join a on true;

-- list_limit_changes --
select version, limit_before, "limit", rule, decrease, policy_id, policy_version, changed_by, changed_at
  from limit_changes
 where bucket = $1 and person_id = $2 and currency = $3 and version > $4
 order by version
 limit $5;
