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

-- find_disputes_to_come --
-- A merchant's plans of consumers who are this persona, of which something is captured and nothing was disputed; and
-- when so much time has passed since the first capture.
select min(f.recorded_at) + $3 as at, p.plan_id, p.consumer_id
  from merchant_references r
  join plans p using (bucket, plan_id)
  join consumers c using (bucket, consumer_id)
  join facts f on f.bucket = p.bucket and f.plan_id = p.plan_id and f.fact in ('captured', 'dispute_opened')
 where r.merchant_id = $1 and c.persona = $2 and p.captured > p.refunded
 group by p.bucket, p.plan_id, p.consumer_id
having every(f.fact = 'captured')
 order by at, p.plan_id;
