-- Plans whose collection rests because their person's does.

-- load_plans_to_pause --
-- What is owed by people who rest, and has not been paused yet. Of one person, if one is named.
with resting as materialized (
    select r.person_id, r.why, r.begins_on, r.said_by, o.bucket || o.more_buckets as buckets
      from person_pauses r
      join people o using (bucket, person_id)
     where r.ended_at is null and ($1::text is null or r.person_id = $1)
)
select p.bucket, p.plan_id, r.why, r.begins_on, r.said_by
  from resting r
  join plans p on p.bucket = any (r.buckets) and p.person_id = r.person_id
 where p.outstanding > 0
   and not exists (select from plan_pauses k
                    where k.bucket = p.bucket and k.plan_id = p.plan_id and k.why = r.why)
   and (p.plan_id, r.why) > ($2, $3)
 order by p.plan_id, r.why
 limit $4;

-- load_plans_to_resume --
-- What rests though its person does not, any more or at all; and who said that, or else who had paused it.
with paused as materialized (
    select k.bucket, k.plan_id, k.why, k.by_hand, k.said_by, p.person_id, bucket_of(p.person_id) as person_bucket
      from plan_pauses k
      join plans p using (bucket, plan_id)
     where ($1::text is null or p.person_id = $1) and (k.plan_id, k.why) > ($2, $3)
), said as materialized (   -- by each person last; while it rests, `ended_at` is null
    select distinct on (r.person_id, r.why) r.person_id, r.why, r.ended_at, r.ended_by
      from (select distinct person_id, person_bucket, why from paused) k
      join person_pauses r on r.bucket = k.person_bucket and r.person_id = k.person_id and r.why = k.why
     order by r.person_id, r.why, r.ended_at desc
)
select k.bucket, k.plan_id, k.why, k.by_hand, coalesce(e.ended_by, k.said_by) as said_by
  from paused k
  left join said e using (person_id, why)
 where e.person_id is null or e.ended_at is not null
 order by k.plan_id, k.why
 limit $4;

-- insert_plan_pause --
insert into plan_pauses (bucket, plan_id, why, said_by, by_hand, paused_at) values ($1, $2, $3, $4, false, $5)
    on conflict do nothing
returning plan_id;

-- leave_by_hand --
update plan_pauses set by_hand = true where bucket = $1 and plan_id = $2 and why = $3;

-- delete_plan_pause --
delete from plan_pauses where bucket = $1 and plan_id = $2 and why = $3 returning plan_id;
