-- Consumers come to another person.

-- lock_people --
select person_id, merged_into
  from unnest($1::smallint[], $2::text[]) as k (bucket, person_id)
  join people p using (bucket, person_id)
 order by p.bucket, p.person_id
   for update of p;

-- lock_consumers --
-- All that merchants call this person, and whether it is only tried.
select c.consumer_id, c.merchant_id, m.is_test
  from people o
  join consumers c on c.bucket = any (o.bucket || o.more_buckets) and c.person_id = o.person_id
  join merchants m using (merchant_id)
 where o.bucket = $1 and o.person_id = $2
 order by c.consumer_id
   for update of c;

-- move_consumers --
update consumers c
   set person_id = $4, version = version + 1
  from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
 where c.bucket = k.bucket and c.consumer_id = k.consumer_id and c.person_id = $3
returning c.consumer_id, c.version;

-- move_marks --
-- What names the person they came from, and nobody there is known by it any more.
update person_marks p
   set person_id = $4
  from (select i.mark
          from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
          join consumer_identifiers i using (bucket, consumer_id)
         where i.counts) gone
 where p.bucket = bucket_of_mark(gone.mark) and p.mark = gone.mark and p.person_id = $3
   and not exists (select from consumer_identifiers i
                     join consumers c using (bucket, consumer_id)
                    where i.mark = p.mark and i.counts and c.person_id = $3);

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
