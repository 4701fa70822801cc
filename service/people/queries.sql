-- Persons, and consumers: a merchant's references to them.

-- find_consumer --
select consumer_id from consumer_references where bucket = $1 and merchant_id = $2 and reference = $3;

-- update_consumer --
update consumers
   set attributes = $3, version = version + 1, updated_at = $4
 where bucket = $1 and consumer_id = $2
returning consumer_id, reference, attributes, version, created_at, updated_at;

-- insert_person --
insert into people (bucket, person_id, created_at) values ($1, $2, $3);

-- insert_consumer --
-- No row: another transaction has registered this reference meanwhile.
with claimed as (
    insert into consumer_references (bucket, merchant_id, reference, consumer_id) values ($1, $5, $6, $3)
        on conflict do nothing
    returning consumer_id
)
insert into consumers (bucket, consumer_id, person_id, merchant_id, reference, attributes, created_at, updated_at)
select $2, consumer_id, $4, $5, $6, $7, $8, $8 from claimed
returning consumer_id, reference, attributes, version, created_at, updated_at;

-- load_consumer --
select consumer_id, reference, attributes, version, created_at, updated_at
  from consumers
 where bucket = $1 and consumer_id = $2 and merchant_id = $3;

-- load_person --
select person_id from consumers where bucket = $1 and consumer_id = $2;

-- hold_person --
-- The same, and it stays so until the transaction ends.
select person_id from consumers where bucket = $1 and consumer_id = $2 for share;

-- is_consumer --
select true
  from consumers
 where bucket = $1 and consumer_id = $2 and ($3::text is null or merchant_id = $3);
