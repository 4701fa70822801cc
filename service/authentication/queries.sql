-- Passkeys and authentications of consumers.

-- insert_passkey --
-- Of a device that has it already: again, as it counts now. Of a consumer that was erased none: what is written here is
-- there when an erasure looks, or finds that it is too late.
insert into passkeys (bucket, consumer_id, credential_id, public_key, counted, origin, added_at)
select k.bucket, k.key_id, $3, $4, $5, $6, $7
  from (select bucket, key_id from data_keys where bucket = $1 and key_id = $2 and wrapped is not null for share) k
    on conflict on constraint passkeys_pk do update
   set public_key = excluded.public_key, counted = excluded.counted, origin = excluded.origin,
       added_at = excluded.added_at, removed_at = null
returning true;

-- load_passkeys --
select credential_id, public_key, counted, origin, added_at
  from passkeys
 where bucket = $1 and consumer_id = $2 and removed_at is null
 order by added_at, credential_id;

-- count_passkey --
update passkeys set counted = $4 where bucket = $1 and consumer_id = $2 and credential_id = $3;

-- remove_passkey --
update passkeys set removed_at = $4
 where bucket = $1 and consumer_id = $2 and credential_id = $3 and removed_at is null
returning true;

-- forget_passkeys --
delete from passkeys where bucket = any ($1::smallint[]) and consumer_id = any ($2::text[]);

-- asked_lately --
-- How often a plan's consumer was asked since an instant, and when first.
select count(*) as times, min(asked_at) as first_at
  from authentications
 where bucket = $1 and plan_id = $2 and asked_at > $3;

-- end_open --
-- What was asked before is void.
update authentications set state = 'void', ended_at = $3 where bucket = $1 and plan_id = $2 and state = 'open';

-- insert_authentication --
insert into authentications (bucket, authentication_id, consumer_id, merchant_id, plan_id, "by", amount, currency, payee,
                             origin, expected, asked_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- lock_authentication --
-- One answer at a time: a try that is not counted yet is waited for.
select bucket, authentication_id, consumer_id, merchant_id, plan_id, "by", amount, currency, payee, origin, expected,
       tries, state, asked_at, expires_at
  from authentications
 where bucket = $1 and authentication_id = $2 and merchant_id = $3
   for update;

-- load_authentication --
select bucket, authentication_id, consumer_id, merchant_id, plan_id, "by", amount, currency, payee, origin, expected,
       tries, state, asked_at, expires_at
  from authentications
 where bucket = $1 and authentication_id = $2 and merchant_id = $3;

-- count_try --
update authentications
   set tries = tries + 1, state = $3::text, ended_at = case when $3::text = 'open' then null else $4::timestamptz end
 where bucket = $1 and authentication_id = $2;

-- end_authentication --
update authentications set state = $3, ended_at = $4 where bucket = $1 and authentication_id = $2;
