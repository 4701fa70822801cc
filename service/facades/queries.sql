-- What is bought through another provider's client.

-- insert_order --
insert into facade_orders (bucket, merchant_id, facade, reference, consumer_id, key_id, digest, told, made_at, ends_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict do nothing;

-- load_order --
select o.*, k.wrapped
  from facade_orders o
  join data_keys k on k.bucket = bucket_of(o.consumer_id) and k.key_id = o.consumer_id
 where o.bucket = $1 and o.merchant_id = $2 and o.facade = $3 and o.reference = $4;

-- list_orders --
-- The newest first: before the one named, or from the newest.
select o.*, k.wrapped
  from facade_orders o
  join data_keys k on k.bucket = bucket_of(o.consumer_id) and k.key_id = o.consumer_id
 where o.merchant_id = $1 and o.facade = $2 and ($3::text is null or o.reference < $3)
 order by o.reference desc
 limit $4;

-- count_ended --
-- How often the same was asked before and came to nothing in its time.
select count(*)
  from facade_orders
 where merchant_id = $1 and facade = $2 and digest = $3 and ends_at <= $4 and plan_id is null;

-- retell --
-- What is told again; nothing, where somebody else has changed the order meanwhile.
update facade_orders set told = $6, version = version + 1
 where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4 and version = $5
returning version;

-- agree --
-- The consumer takes an offer, once.
update facade_orders set offer_id = $5, agreed_at = $6, version = version + 1
 where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4 and offer_id is null;

-- set_plan --
update facade_orders set plan_id = $5, version = version + 1
 where bucket = $1 and merchant_id = $2 and facade = $3 and reference = $4 and plan_id is null;

-- insert_signer --
insert into facade_signers (mchid, serial_no, merchant_id, key_id, public_key, own_key, secret_mark, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing
returning serial_no;

-- load_signer --
select * from facade_signers where mchid = $1 and serial_no = $2;
