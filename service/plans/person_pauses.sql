-- Plans whose collection rests because their person's does.

-- load_plans_to_pause --
-- What is owed by people who rest, and has not been paused yet. Of one person, if one is named.
select p.bucket, p.plan_id, r.why, r.begins_on, r.said_by
  from person_pauses r
  join people o using (bucket, person_id)
  join plans p on p.bucket = any (o.bucket || o.more_buckets) and p.person_id = r.person_id
 where r.ended_at is null and p.outstanding > 0 and ($1::text is null or r.person_id = $1)
   and not exists (select from plan_pauses k
                    where k.bucket = p.bucket and k.plan_id = p.plan_id and k.why = r.why)
   and (p.plan_id, r.why) > ($2, $3)
 order by p.plan_id, r.why
 limit $4;

-- load_plans_to_resume --
-- What rests though its person does not, any more or at all; and who said that, or else who had paused it.
select k.bucket, k.plan_id, k.why, k.by_hand, coalesce(e.ended_by, k.said_by) as said_by
  from plan_pauses k
  join plans p using (bucket, plan_id)
  left join lateral (
    select r.said_at, r.ended_at, r.ended_by
      from person_pauses r
     where r.bucket = bucket_of(p.person_id) and r.person_id = p.person_id and r.why = k.why
     order by r.ended_at desc
     limit 1
  ) e on true
 where (e.said_at is null or e.ended_at is not null) and ($1::text is null or p.person_id = $1)
   and (k.plan_id, k.why) > ($2, $3)
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
