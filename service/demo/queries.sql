-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at, is_test, platform, is_believed)
values ($1, $2, $3, $4, $5, $6, $7, $8, true) on conflict do nothing;

-- insert_feed --
insert into feeds (merchant_id) values ($1) on conflict do nothing;

-- insert_partner --
insert into partners (partner_id, name, created_at) values ($1, $2, $3) on conflict do nothing;

-- insert_programme --
insert into programmes (programme_id, version, partner_id, name, currency, time_zone, terms, created_at)
values ($1, 1, $2, $3, $4, $5, $6, $7) on conflict do nothing;

-- insert_operator --
insert into operators (person, scopes, enrolled_at) values ($1, '{*}', $2) on conflict do nothing;

-- insert_key --
insert into keys (key_id, hmac, secret_mark, prefix, audience, owner_id, scopes, created_at)
values ($1, $2, $3, $4, $5, $6, '{*}', $7)
    on conflict on constraint keys_hmac_once do nothing;

-- put_processor --
-- The sandbox processor, by another port each time that it starts; one of its name that somebody else registered stays.
insert into processors (processor_id, name, url, protocol, registered_by, registered_at)
select $1, $2, $3, 'tenor', k.key_id, $5
  from keys k
 where k.hmac = $4
   and not exists (select from processors where name = $2 and retired_at is null and processor_id <> $1)
    on conflict on constraint processors_pk do update set url = excluded.url;

-- put_known_by --
insert into known_by (owner_id, sealed, secret_mark) values ($1, $2, $3)
    on conflict on constraint known_by_pk do update set sealed = excluded.sealed, secret_mark = excluded.secret_mark;

-- insert_policy --
-- From the beginning, so that a day in the past can be replayed under it. The first key drafted it, the second signed.
insert into policies (policy_id, version, document, drafter, drafted_by, drafted_at, publisher, published_by,
                      published_at, active_from)
select $1, $2, $3, d.owner_id, d.key_id, $4, p.owner_id, p.key_id, $4, '2000-01-01'
  from keys d, keys p
 where d.hmac = $5 and p.hmac = $6
    on conflict do nothing;
