-- Collection from a person rests, and goes on.

-- pause_person --
-- No row: it rests for this reason already.
insert into person_pauses (bucket, person_id, why, begins_on, said_at, said_by)
values ($1, $2, $3, $4, $5, $6)
    on conflict (bucket, person_id, why) where ended_at is null do nothing
returning why;

-- resume_person --
update person_pauses
   set ended_at = $4, ended_by = $5
 where bucket = $1 and person_id = $2 and why = $3 and ended_at is null
returning why;

-- hand_over_pauses --
-- The person was found to be another, who is paused from now on, unless that one is already.
with ended as (
    update person_pauses
       set ended_at = $5
     where bucket = $1 and person_id = $2 and ended_at is null
    returning why, begins_on, said_by
)
insert into person_pauses (bucket, person_id, why, begins_on, said_at, said_by)
select $3, $4, why, begins_on, $5, said_by from ended
    on conflict (bucket, person_id, why) where ended_at is null do nothing
returning why;

-- touch_consumers --
-- What is known of a person is read anew: each of the person's consumers has another version.
update consumers c
   set version = version + 1
  from people o
 where o.bucket = $1 and o.person_id = $2 and c.bucket = any (o.bucket || o.more_buckets)
   and c.person_id = o.person_id
returning c.consumer_id, c.version;
