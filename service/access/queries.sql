-- Who may call: keys, of merchants, partners, operators, processors of payments and parties that bear losses.

-- load_owner --
-- Whether there is such an owner, and whether it is a test merchant.
select true as is_there, false as is_test from operators where $1 = 'operator' and person = $2 and ended_at is null
union all
select true, is_test from merchants where $1 = 'merchant' and merchant_id = $2
union all
select true, false from partners where $1 = 'partner' and partner_id = $2
union all
select true, false from processors where $1 = 'processor' and processor_id = $2 and retired_at is null
union all
select true, false from support_parties where $1 = 'support' and party_id = $2;

-- insert_key --
insert into keys (key_id, hmac, secret_mark, prefix, audience, owner_id, scopes, origins, expires_at, replaces,
                  created_at, created_by, created_by_owner)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- load_key --
-- With its row locked: of two that rotate or revoke it, one comes first.
select audience, owner_id, scopes, origins, created_at, expires_at
  from keys
 where key_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
   for no key update;

-- let_run_out --
update keys set expires_at = least(expires_at, $2) where key_id = $1;

-- revoke_key --
update keys
   set revoked_at = $2, revoked_by = $3, revoked_by_owner = $4
 where key_id = $1 and revoked_at is null
returning key_id;

-- revoke_keys_of --
update keys
   set revoked_at = $3, revoked_by = $4, revoked_by_owner = $5
 where audience = $1 and owner_id = $2 and revoked_at is null;

-- lock_keys_that_make_keys --
-- Of operators, in use, for as long as this transaction lasts: of two that revoke the last but one, the second sees it.
select key_id
  from keys
 where audience = 'operator'
   and scopes && array['*', 'keys', 'keys:write']
   and revoked_at is null
   and (expires_at is null or expires_at > $1)
 order by key_id
   for no key update;

-- list_keys --
-- $5 used, or never; $6 made before an instant, and not used since.
select k.key_id, k.prefix, k.audience, k.owner_id, k.scopes, k.origins, k.replaces, k.created_at, k.created_by,
       k.created_by_owner, k.expires_at, u.last_used_at, k.revoked_at, k.revoked_by, k.revoked_by_owner
  from keys k
  left join key_uses u using (key_id)
 where k.key_id > $1
   and ($2::text is null or k.audience = $2)
   and ($3::text is null or k.owner_id = $3)
   and ($5::boolean is null or (u.last_used_at is not null) = $5)
   and ($6::timestamptz is null or k.created_at < $6 and coalesce(u.last_used_at, '-infinity') < $6)
 order by k.key_id
 limit $4;

-- note_uses --
-- Processes save theirs at any time: in the order of the keys, so that none waits for one that waits for it.
insert into key_uses (key_id, last_used_at)
select used.key_id, used.at
  from @used
  join keys k using (key_id)
 order by key_id
    on conflict on constraint key_uses_pk
    do update set last_used_at = greatest(key_uses.last_used_at, excluded.last_used_at);

-- restamp --
update keys k
   set hmac = anew.after, secret_mark = anew.secret_mark
  from @anew
 where k.key_id = anew.key_id and k.hmac = anew.before;

-- insert_known_by --
insert into known_by (owner_id, sealed, secret_mark) values ($1, $2, $3);

-- insert_key_secret --
insert into key_secrets (present, since) values ($1, $2) on conflict do nothing;

-- load_key_secret --
select present, before from key_secrets for update;

-- replace_key_secret --
update key_secrets set before = present, present = $1, since = $2;

-- forget_key_secret --
-- It is lost: nothing is stored under it that anybody could use again.
update key_secrets set before = null, present = $1, since = $2;

-- revoke_all_keys --
update keys
   set revoked_at = $1
 where revoked_at is null
returning key_id;

-- load_sealed_before --
select owner_id, sealed, secret_mark from known_by where secret_mark <> $1 order by owner_id for update;

-- seal_anew --
update known_by k
   set sealed = anew.sealed, secret_mark = anew.secret_mark
  from @anew
 where k.owner_id = anew.owner_id;

-- count_keys_under_others --
select count(*)
  from keys
 where secret_mark <> $1 and revoked_at is null and (expires_at is null or expires_at > $2);
