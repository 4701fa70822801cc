-- lock_policy --
-- Versions of one policy are numbered one after the other.
select pg_advisory_xact_lock(hashtext($1));

-- insert_draft --
insert into policies (policy_id, version, document, drafter, drafted_by, drafted_at, restores, faults)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- last_version --
select coalesce(max(version), 0) from policies where policy_id = $1;

-- publish --
update policies
   set publisher = $3, published_by = $4, published_at = $5, active_from = $6, faults = '[]'
 where policy_id = $1 and version = $2;

-- load_document --
select document, faults from policies where policy_id = $1 and version = $2;

-- load_spans --
select active_from, policy_id, version
  from policies
 where active_from is not null
 order by active_from, published_at, policy_id, version;

-- load_version --
select policy_id, version, document ->> 'name' as name, faults, drafter, drafted_by, drafted_at, publisher,
       published_by, published_at, active_from, restores, document
  from policies
 where policy_id = $1 and version = $2;

-- list_versions --
select policy_id, version, document ->> 'name' as name, faults, drafter, drafted_by, drafted_at, publisher,
       published_by, published_at, active_from, restores
  from policies
 where (policy_id, version) > ($1::text, $2::int)
 order by policy_id, version
 limit $3;
