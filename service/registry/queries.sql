-- What every process keeps in memory.

-- load_keys --
select hmac, key_id, audience, owner_id, scopes from keys where revoked_at is null;

-- which_are_keys --
select hmac from keys where hmac = any($1::bytea[]) and revoked_at is null;

-- load_merchants --
select merchant_id, name, country, time_zone, fees, active, is_test, ahead from merchants;

-- load_programmes --
select distinct on (programme_id)
       programme_id, version, partner_id, name, kinds, currency, funding_bps, time_zone, active
  from programmes
 order by programme_id, version desc;

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
