-- Consumers come to another person.

-- lock_people --
select p.person_id, p.merged_into
  from unnest($1::smallint[], $2::text[]) as k (bucket, person_id)
  join people p on p.bucket = k.bucket and p.person_id = k.person_id and @here(p)
 order by p.bucket, p.person_id
   for update of p;

-- lock_consumers --
-- In these buckets all that merchants call this person.
select c.consumer_id, c.merchant_id
  from unnest($1::smallint[]) as k (bucket)
  join consumers c on c.bucket = k.bucket and c.person_id = $2 and @here(c)
 order by c.consumer_id
   for update of c;

-- find_test_merchants --
select merchant_id from merchants where merchant_id = any ($1::text[]) and is_test;

-- move_consumers --
update consumers c
   set person_id = $4, version = version + 1
  from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
 where c.bucket = k.bucket and c.consumer_id = k.consumer_id and c.person_id = $3
returning c.consumer_id, c.version;

-- list_marks --
-- By what these consumers are known.
select distinct i.mark
  from consumer_identifiers i
 where i.bucket = any ($1::smallint[]) and i.consumer_id = any ($2::text[]) and i.counts;

-- marks_of_person --
-- Those of them by which a consumer of this person is known.
select distinct i.mark
  from consumer_identifiers i
  join consumers c on c.bucket = i.bucket and c.consumer_id = i.consumer_id
 where i.mark = any ($1::bytea[]) and i.counts and c.person_id = $2;

-- move_marks --
update person_marks p
   set person_id = $4
 where p.bucket = any ($1::smallint[]) and p.mark = any ($2::bytea[]) and p.person_id = $3;

-- stand_in --
update people
   set more_buckets = array(select unnest(more_buckets) union select unnest($3::smallint[]) except select bucket)
 where bucket = $1 and person_id = $2;

-- insert_person --
insert into people (bucket, person_id, created_at) values ($1, $2, $3);

-- settle_doubt --
-- Of two people, asked or not.
insert into person_doubts (bucket, doubt_id, person_id, other_id, consumer_id, found_at, outcome, settled_at, settled_by)
values ($1, $2, $3, $4, $5, $7, $6, $7, $8)
    on conflict on constraint person_doubts_once do update
   set outcome = excluded.outcome, settled_at = excluded.settled_at, settled_by = excluded.settled_by;

-- end_person --
update people set merged_into = $3 where bucket = $1 and person_id = $2;

-- record_move --
insert into person_moves (bucket, move_id, from_id, to_id, consumer_ids, reason, note, asked_by, approved_by, moved_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
