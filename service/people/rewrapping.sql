-- Data keys are wrapped anew, and blind indexes made anew, after another secret has taken the place of the one before.

-- hold_keys --
-- The next keys that were not destroyed, held until the transaction ends.
select bucket, key_id, wrapped
  from data_keys
 where (bucket, key_id) > ($1, $2) and wrapped is not null
 order by bucket, key_id
 limit $3
   for update;

-- hold_keys_of_bucket --
-- The same of a bucket, as a cluster holds them.
select bucket, key_id, wrapped
  from data_keys
 where bucket = $1 and key_id > $2 and wrapped is not null
 order by key_id
 limit $3
   for update;

-- hold_consumers --
-- Of those the consumers: nobody registers one meanwhile.
select c.consumer_id, c.person_id, c.merchant_id, c.reference
  from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
  join consumers c on c.bucket = k.bucket and c.consumer_id = k.consumer_id and @here(c)
 order by c.bucket, c.consumer_id
   for update of c;

-- list_identifiers --
select i.consumer_id, i.mark, i.kind, i.counts, i.verified, i.kept_at, i.sealed
  from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
  join consumer_identifiers i using (bucket, consumer_id);

-- wrap_keys --
update data_keys d
   set wrapped = k.wrapped
  from unnest($1::smallint[], $2::text[], $3::bytea[]) as k (bucket, key_id, wrapped)
 where d.bucket = k.bucket and d.key_id = k.key_id;

-- move_references --
update consumer_references r
   set reference_index = k.reference_index
  from unnest($1::smallint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[])
       as k (bucket, merchant_id, former_index, reference_index, consumer_id)
 where r.bucket = k.bucket and r.merchant_id = k.merchant_id and r.reference_index = k.former_index
   and r.consumer_id = k.consumer_id
   and not exists (select from consumer_references o
                    where o.bucket = r.bucket and o.merchant_id = r.merchant_id
                      and o.reference_index = k.reference_index)
returning r.consumer_id;

-- drop_identifiers --
delete from consumer_identifiers i
 using unnest($1::smallint[], $2::text[], $3::bytea[]) as k (bucket, consumer_id, mark)
 where i.bucket = k.bucket and i.consumer_id = k.consumer_id and i.mark = k.mark;

-- follow_marks --
-- The new marks name whom the former ones name, in the buckets of their own.
insert into person_marks (bucket, mark, person_id)
select k.bucket, k.mark, p.person_id
  from unnest($1::bytea[], $2::smallint[], $3::bytea[]) as k (former, bucket, mark)
  join person_marks p on p.bucket = bucket_of_mark(k.former) and p.mark = k.former
 order by k.bucket, k.mark
    on conflict do nothing;

-- count_left --
-- The mark of the secret stands behind the first byte (service/data_key.py).
select count(*) from data_keys where wrapped is not null and substr(wrapped, 2, 4) <> $1;
