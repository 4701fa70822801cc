-- Who may call: keys, of merchants, partners, operators and processors of payments.

-- load_owner --
select 1
 where $1 = 'operator'
    or $1 = 'merchant' and exists (select from merchants where merchant_id = $2)
    or $1 = 'partner' and exists (select from partners where partner_id = $2)
    or $1 = 'processor' and exists (select from processors where processor_id = $2 and retired_at is null);

-- insert_key --
insert into keys (key_id, hmac, audience, owner_id, scopes, created_at) values ($1, $2, $3, $4, $5, $6);

-- revoke_key --
update keys set revoked_at = $2 where key_id = $1 and revoked_at is null returning key_id;
