-- The review of limits, by set: where a day's run has come to, and what is read for it.

-- load_last_requests --
-- The purchase behind each account's last plan, and by which of the person's consumers: what the facts of a purchase are
-- read from. And the limit that an operator set last.
select k.person_id, k.currency, d.decision_id, d.consumer_id, d.request, dk.wrapped,
       (select c."limit"
          from limit_changes c
         where c.bucket = k.bucket and c.person_id = k.person_id and c.currency = k.currency
           and c.rule = 'operator'
         order by c.version desc
         limit 1) as by_hand
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, person_id, currency)
  join people o using (bucket, person_id)
 cross join lateral (
    select p.bucket, p.decision_id
      from plans p
     where p.bucket = any (o.bucket || o.more_buckets) and p.person_id = k.person_id and p.currency = k.currency
     order by p.decision_id desc
     limit 1
 ) last
  join decisions d on d.bucket = last.bucket and d.decision_id = last.decision_id
  join data_keys dk on dk.bucket = d.bucket and dk.key_id = d.consumer_id and dk.wrapped is not null;

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
