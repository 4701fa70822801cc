-- Policies of credit insurance.

-- hold --
-- One version of a document is written at a time.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- insert_policy --
-- The next version; of a new policy the first.
insert into insurance_policies (policy_id, version, document, agreed_at)
select $1, coalesce(max(version), 0) + 1, $2, $3 from insurance_policies where policy_id = $1
returning version;

-- load_policy --
-- As it is now, with the arrangement as it is now.
select p.version, p.document, a.document as terms
  from insurance_policies p
 cross join lateral (select document
                       from support_arrangements
                      where arrangement_id = p.document ->> 'arrangement_id'
                      order by version desc
                      limit 1) a
 where p.policy_id = $1
 order by p.version desc
 limit 1;

-- list_policies --
select distinct on (policy_id) policy_id, version, document
  from insurance_policies
 where policy_id > $1
 order by policy_id, version desc
 limit $2;

-- list_policies_of --
-- Those whose arrangement a party bears now.
select p.policy_id, p.version, p.document
  from (select distinct on (policy_id) policy_id, version, document
          from insurance_policies
         where policy_id > $2
         order by policy_id, version desc) p
 cross join lateral (select document
                       from support_arrangements
                      where arrangement_id = p.document ->> 'arrangement_id'
                      order by version desc
                      limit 1) a
 where a.document ->> 'provider_id' = $1
 order by p.policy_id
 limit $3;

-- unknown_party --
-- Of merchants and partners, the first that there is not.
select k.party_id
  from unnest($1::text[]) with ordinality as k (party_id, number)
 where not exists (select from merchants where merchant_id = k.party_id)
   and not exists (select from partners where partner_id = k.party_id)
 order by k.number
 limit 1;
