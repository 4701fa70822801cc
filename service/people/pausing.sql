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

-- end_pauses --
-- The person was found to be another.
update person_pauses
   set ended_at = $3
 where bucket = $1 and person_id = $2 and ended_at is null
returning why, begins_on, said_by;

-- buckets_of_person --
-- Where the person's consumers and plans are.
select bucket || more_buckets from people where bucket = $1 and person_id = $2;

-- touch_consumers --
-- What is known of a person is read anew: each of the person's consumers has another version.
update consumers c
   set version = version + 1
 where c.bucket = any ($1::smallint[]) and c.person_id = $2
returning c.consumer_id, c.version;
