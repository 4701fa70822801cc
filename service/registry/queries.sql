-- What every process keeps in memory. Keys and merchants may be many: after the first time only those are read that have
-- changed. A row changed in a transaction that was over when we last looked was seen then; so it is enough to read what
-- changed in the others. What is beyond `to_come` was written by another server, before its rows were copied here.

-- load_horizon --
-- `open`: all transactions below it are over; `to_come`: no transaction has this number yet.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as open,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint as to_come;

-- load_keys --
-- One that expired a while ago is nobody's.
select key_id, hmac, secret_mark, audience, owner_id, scopes, origins, expires_at, false as is_revoked
  from keys
 where revoked_at is null
   and (expires_at is null or expires_at > $1);

-- load_changed_keys --
select key_id, hmac, secret_mark, audience, owner_id, scopes, origins, expires_at, revoked_at is not null as is_revoked
  from keys
 where changed_in >= $1 and changed_in < $2;

-- which_are_keys --
select hmac
  from keys
 where hmac = any($1::bytea[])
   and revoked_at is null
   and (expires_at is null or expires_at > $2);

-- load_merchants --
select merchant_id, name, country, time_zone, fees, active, is_test, ahead, volumes, platform, platform_id, fee_share_bps,
       is_believed
  from merchants;

-- load_changed_merchants --
select merchant_id, name, country, time_zone, fees, active, is_test, ahead, volumes, platform, platform_id, fee_share_bps,
       is_believed
  from merchants
 where changed_in >= $1 and changed_in < $2;

-- load_people --
-- Operators whom a provider knows.
select issuer, subject, person, scopes from operators where ended_at is null and issuer is not null;

-- load_programmes --
-- None of a partner that is suspended is active.
select distinct on (programme_id) programme_id, version, terms,
       active and not exists (
           select from json_array_elements(terms -> 'participants') one
             join partners a on a.partner_id = one ->> 'partner_id'
            where not a.active) as active,
       (select json_agg(json_build_object('cover_set_id', s.cover_set_id, 'sanctioned', coalesce(least(s.sanctioned, l.covered_max), s.sanctioned),
                                          'revolving', s.revolving,
                                          'is_open', s.frozen_at is null and k.state = 'open'))
          from json_array_elements_text(terms -> 'cover_sets') named (cover_set_id)
          join cover_sets s using (cover_set_id)
          join support_capacity k using (arrangement_id)
         cross join lateral (   -- of a pool with leverage: so much more than what was covered and is repaid
               select (d.document -> 'pool' ->> 'leverage')::bigint * greatest(k.available, 0) + coalesce(w.repaid, 0) as covered_max
                 from (select document from support_arrangements a
                        where a.arrangement_id = s.arrangement_id order by version desc limit 1) d
                 left join pool_watches w on w.arrangement_id = s.arrangement_id
                where coalesce((d.document -> 'pool' ->> 'leverage')::bigint, 0) > 0
                union all select null
                limit 1) l) as covers
  from programmes
 order by programme_id, version desc;

-- load_schemes --
select distinct on (scheme_id) scheme_id, version, document
  from schemes
 order by scheme_id, version desc;

-- load_trial --
-- There is one at most.
select trial_id, policy_id, version, share_bps, started_at from trials where ended_at is null;

-- load_rulebook --
select revision from rulebook;

-- load_gateways --
select gateway_id, name, url, data_types from gateways where retired_at is null;

-- load_processors --
-- Those that are retired, too: what is pending there is still asked about.
select processor_id, name, url, protocol, retired_at from processors;

-- load_known_by --
select owner_id, sealed, secret_mark from known_by where owner_id not like 'es\_%';
