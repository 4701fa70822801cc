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

-- insert_trial --
insert into trials (trial_id, policy_id, version, share_bps, started_by, started_at)
values ($1, $2, $3, $4, $5, $6)
returning trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at;

-- end_trial --
update trials set ended_by = $2, ended_at = $3 where trial_id = $1 and ended_at is null
returning trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at;

-- load_one_trial --
select trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at
  from trials
 where trial_id = $1;

-- list_trials --
select trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at
  from trials
 where trial_id > $1
 order by trial_id
 limit $2;

-- compare_trial --
-- As service/checkout/challenger.py compares; a test holds one against the other.
select currency, count(*) as decisions, count(*) filter (where champion = challenger) as agreed,
       count(*) filter (where champion <> challenger and challenger = 'approved')             as swapped_in,
       count(*) filter (where champion <> challenger and champion = 'approved')               as swapped_out,
       count(*) filter (where champion <> challenger and 'approved' not in (champion, challenger)) as other_swaps,
       count(*) filter (where champion = 'approved')   as champion_approved,
       count(*) filter (where challenger = 'approved') as challenger_approved,
       sum(financed)::bigint as financed, sum(cost)::bigint as cost, count(*) filter (where is_answered) as answered,
       sum(score)::bigint as score, sum("limit")::bigint as "limit"
  from trial_differences
 where trial_id = $1
 group by currency
 order by currency;
