-- Persons, and consumers: a merchant's references to them.

-- find_consumer --
-- Whom a merchant calls so. One that was erased is found by no reference.
with r as materialized (
    select consumer_id from consumer_references where bucket = $1 and merchant_id = $2 and reference_index = any ($3)
)
select r.consumer_id, k.wrapped
  from r
  join data_keys k on k.bucket = bucket_of(r.consumer_id) and k.key_id = r.consumer_id;

-- update_consumer --
update consumers
   set attributes = $3, version = version + 1, updated_at = $4
 where bucket = $1 and consumer_id = $2
returning version, created_at, updated_at;

-- insert_person --
insert into people (bucket, person_id, created_at) values ($1, $2, $3);

-- insert_consumer --
-- With the key of what is personal of it. No row: another transaction has registered this reference meanwhile.
with claimed as (
    insert into consumer_references (bucket, merchant_id, reference_index, consumer_id) values ($1, $2, $3, $5)
        on conflict do nothing
    returning consumer_id
), keyed as (
    insert into data_keys (bucket, key_id, wrapped) select $4, consumer_id, $11 from claimed
)
insert into consumers (bucket, consumer_id, person_id, merchant_id, reference, attributes, persona, created_at,
                       updated_at)
select $4, consumer_id, $6, $2, $7, $8, $9, $10, $10 from claimed
returning version, created_at, updated_at;

-- claim_reference --
-- The same on a cluster, step by step: a reference is in another bucket than its consumer. No row: it was registered
-- meanwhile.
insert into consumer_references (bucket, merchant_id, reference_index, consumer_id) values ($1, $2, $3, $4)
    on conflict do nothing
returning consumer_id;

-- insert_claimed --
insert into consumers (bucket, consumer_id, person_id, merchant_id, reference, attributes, persona, created_at,
                       updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
returning version, created_at, updated_at;

-- load_consumer --
select c.consumer_id, c.reference, c.attributes, c.version, c.created_at, c.updated_at, c.persona, k.wrapped,
       k.erased_at
  from consumers c
  join data_keys k on k.bucket = c.bucket and k.key_id = c.consumer_id
 where c.bucket = $1 and c.consumer_id = $2 and c.merchant_id = $3;

-- load_data_keys --
select key_id, wrapped, erased_at
  from unnest($1::smallint[], $2::text[]) as asked (bucket, key_id)
  join data_keys using (bucket, key_id);

-- load_person --
select person_id from consumers where bucket = $1 and consumer_id = $2;

-- hold_person --
-- The same, and it stays so until the transaction ends.
select person_id from consumers where bucket = $1 and consumer_id = $2 for share;

-- is_consumer --
select true
  from consumers
 where bucket = $1 and consumer_id = $2 and ($3::text is null or merchant_id = $3);

-- insert_data_key --
insert into data_keys (bucket, key_id, wrapped) values ($1, $2, $3) on conflict do nothing;
