-- The review of limits, by set: where a day's run has come to, and what is read for it.

-- load_last_requests --
-- The purchase behind each account's last plan, and by which of the person's consumers: what the facts of a purchase are
-- read from. And the limit that an operator set last.
with asked as materialized (
    select k.bucket, k.person_id, k.currency, o.bucket || o.more_buckets as buckets
      from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, person_id, currency)
      join people o on o.bucket = k.bucket and o.person_id = k.person_id
), bought as materialized (
    select k.person_id, k.currency, max(p.decision_id) as decision_id
      from asked k
      join plans p on p.bucket = any (k.buckets) and p.person_id = k.person_id and p.currency = k.currency
     group by k.person_id, k.currency
), by_hand as materialized (
    select distinct on (c.person_id, c.currency) c.person_id, c.currency, c."limit"
      from asked k
      join limit_changes c on c.bucket = k.bucket and c.person_id = k.person_id and c.currency = k.currency
     where c.rule = 'operator'
     order by c.person_id, c.currency, c.version desc
), found as materialized (
    select k.person_id, k.currency, d.decision_id, d.consumer_id, d.request, dk.wrapped
      from bought k
      join decisions d on d.bucket = bucket_of(k.decision_id) and d.decision_id = k.decision_id
      join data_keys dk on dk.bucket = d.bucket and dk.key_id = d.consumer_id and dk.wrapped is not null
)
select found.*, by_hand."limit" as by_hand
  from found
  left join by_hand using (person_id, currency);

-- begin_review_day --
insert into limit_review_days (reviewed_on) values ($1) on conflict do nothing;

-- claim_review_day --
-- Whoever comes second waits, and goes on where the first one was.
select after_bucket, after_person, after_currency
  from limit_review_days
 where reviewed_on = $1 and finished_at is null
   for update;

-- list_accounts_after --
select person_id, currency
  from accounts
 where (bucket, person_id, currency) > ($1, $2, $3)
 order by bucket, person_id, currency
 limit $4;

-- advance_review_day --
update limit_review_days
   set after_bucket = $2, after_person = $3, after_currency = $4, reviewed = reviewed + $5, changed = changed + $6,
       finished_at = $7
 where reviewed_on = $1;
