-- Who bears losses, and in which order.

-- hold --
-- One version of a document is written at a time.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- insert_party --
insert into support_parties (party_id, name, made_at) values ($1, $2, $3);

-- lock_accounts --
select accounts from support_parties where party_id = $1 for no key update;

-- set_accounts --
update support_parties set accounts = $2 where party_id = $1;

-- is_party --
select exists (select from support_parties where party_id = $1);

-- list_parties --
select party_id, name, accounts from support_parties where party_id > $1 order by party_id limit $2;

-- is_provider --
select exists (select from support_parties where party_id = $1)
    or exists (select from merchants where merchant_id = $1)
    or exists (select from partners where partner_id = $1);

-- is_partner --
select exists (select from partners where partner_id = $1);

-- insert_arrangement --
-- The next version; of a new arrangement the first.
insert into support_arrangements (arrangement_id, version, document, agreed_at)
select $1, coalesce(max(version), 0) + 1, $2, $3 from support_arrangements where arrangement_id = $1
returning version;

-- load_arrangement --
select version, document from support_arrangements where arrangement_id = $1 order by version desc limit 1;

-- load_arrangements --
select distinct on (arrangement_id) arrangement_id, version, document
  from support_arrangements
 where arrangement_id = any($1::text[])
 order by arrangement_id, version desc;

-- list_arrangements --
select distinct on (arrangement_id) arrangement_id, version, document
  from support_arrangements
 where arrangement_id > $1
 order by arrangement_id, version desc
 limit $2;

-- list_arrangements_of --
-- Those that somebody bears losses by, each as it is now.
select arrangement_id, version, document
  from (select distinct on (arrangement_id) arrangement_id, version, document
          from support_arrangements
         where arrangement_id > $2
         order by arrangement_id, version desc) now
 where document ->> 'provider_id' = $1
 order by arrangement_id
 limit $3;

-- insert_waterfall --
-- The next version; of a new waterfall the first.
insert into waterfalls (waterfall_id, version, document, agreed_at)
select $1, coalesce(max(version), 0) + 1, $2, $3 from waterfalls where waterfall_id = $1
returning version;

-- load_waterfall --
select version, document from waterfalls where waterfall_id = $1 order by version desc limit 1;

-- load_waterfall_version --
select document from waterfalls where waterfall_id = $1 and version = $2;

-- list_waterfalls --
select distinct on (waterfall_id) waterfall_id, version, document
  from waterfalls
 where waterfall_id > $1
 order by waterfall_id, version desc
 limit $2;
