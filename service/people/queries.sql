-- Persons, and consumers: a merchant's references to them.

-- upsert_consumer --
-- A new consumer's person is made with it; one that is updated has theirs.
with registered as (
    insert into consumers as c (bucket, consumer_id, person_id, merchant_id, reference, attributes, created_at,
                                updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7)
        on conflict on constraint consumers_reference_once do update
       set attributes = excluded.attributes, version = c.version + 1, updated_at = excluded.updated_at
    returning *
), made as (
    insert into people (bucket, person_id, created_at)
    select bucket, person_id, created_at from registered where version = 1
)
select consumer_id, reference, attributes, version, created_at, updated_at from registered;

-- load_consumer --
select consumer_id, reference, attributes, version, created_at, updated_at
  from consumers
 where bucket = $1 and consumer_id = $2 and merchant_id = $3;

-- load_person --
select person_id from consumers where bucket = $1 and consumer_id = $2;

-- is_consumer --
select true
  from consumers
 where bucket = $1 and consumer_id = $2 and ($3::text is null or merchant_id = $3);
