-- Test merchants whose clocks were moved on.

-- next_instant --
-- When something is to be done next on the plans of a merchant, after an instant; null: never.
select min(at)
  from merchant_references r
  join plans p using (bucket, plan_id)
  left join collections c on c.bucket = p.bucket and c.plan_id = p.plan_id
                         and c.instrument_id is not null and not c.is_stopped
 cross join lateral (values (p.guard_at), (p.day_at), (c.retry_at)) as comes (at)
 where r.merchant_id = $1 and at > $2;

-- last_told --
select coalesce(max(told), 0) from events where merchant_id = $1;

-- count_told --
select type, count(*)
  from events
 where merchant_id = $1 and told > $2 and at <= $3
 group by type
 order by type;
