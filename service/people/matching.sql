-- By what people are known again, and who may be one person.

-- find_marks --
select k.mark, p.person_id
  from unnest($1::smallint[], $2::bytea[]) as k (bucket, mark)
  join person_marks p using (bucket, mark);

-- hold_consumer --
-- The person behind a consumer, who stays so until the transaction ends.
select person_id from consumers where bucket = $1 and consumer_id = $2 for update;

-- hold_person --
-- No row: the person was found to be another one meanwhile.
select person_id from people where bucket = $1 and person_id = $2 and merged_into is null for share;

-- is_alone --
-- Whether a person has nothing but one consumer, and nobody has said that it is not this other one.
with person as materialized (
    select person_id, bucket || more_buckets as buckets from people where bucket = $1 and person_id = $2
)
select not exists (select from accounts where bucket = $1 and person_id = $2)
   and 1 = (select count(*)
              from person o
              join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id)
   and not exists (select from person_doubts
                    where outcome = 'two' and (person_id, other_id) in (($2, $3), ($3, $2)));

-- drop_identifiers --
-- What a consumer was registered with of these kinds, but for what it is registered with now.
delete from consumer_identifiers
 where bucket = $1 and consumer_id = $2 and kind = any ($3) and mark <> all ($4)
returning mark, counts;

-- keep_identifiers --
insert into consumer_identifiers (bucket, consumer_id, mark, kind, counts, verified, kept_at, sealed)
select *
  from unnest($1::smallint[], $2::text[], $3::bytea[], $4::text[], $5::boolean[], $6::boolean[], $7::timestamptz[],
              $8::bytea[])
    on conflict on constraint consumer_identifiers_pk do update
   set counts = consumer_identifiers.counts or excluded.counts,
       verified = consumer_identifiers.verified or excluded.verified;

-- is_verified --
select true from consumer_identifiers where bucket = $1 and consumer_id = $2 and mark = any ($3) and verified limit 1;

-- keep_marks --
-- The marks that name this person from now on; not those that another transaction was faster to keep.
insert into person_marks (bucket, mark, person_id)
select bucket, mark, $3 from unnest($1::smallint[], $2::bytea[]) as k (bucket, mark) order by bucket, mark
    on conflict do nothing
returning mark;

-- drop_marks --
-- Of marks that a consumer has no longer, those that no other consumer of the person has.
with kept as materialized (
    select distinct i.mark
      from consumer_identifiers i
      join consumers c using (bucket, consumer_id)
     where i.mark = any ($2::bytea[]) and i.counts and c.person_id = $3
)
delete from person_marks p
 using unnest($1::smallint[], $2::bytea[]) as k (bucket, mark)
 where p.bucket = k.bucket and p.mark = k.mark and p.person_id = $3
   and not exists (select from kept where kept.mark = p.mark);

-- insert_doubt --
insert into person_doubts (bucket, doubt_id, person_id, other_id, consumer_id, found_at)
values ($1, $2, $3, $4, $5, $6)
    on conflict on constraint person_doubts_once do nothing;
