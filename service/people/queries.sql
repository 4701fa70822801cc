-- Consumers: a merchant's references to persons.

-- upsert_consumer --
insert into consumers as c (bucket, consumer_id, merchant_id, reference, attributes, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $6)
    on conflict on constraint consumers_reference_once do update
   set attributes = excluded.attributes, version = c.version + 1, updated_at = excluded.updated_at
returning consumer_id, reference, attributes, version, created_at, updated_at;

-- load_consumer --
select consumer_id, reference, attributes, version, created_at, updated_at
  from consumers
 where bucket = $1 and consumer_id = $2 and merchant_id = $3;

-- is_consumer --
select true
  from consumers
 where bucket = $1 and consumer_id = $2 and ($3::text is null or merchant_id = $3);
