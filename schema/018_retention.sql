-- What is kept for some time and then forgotten: `tenor worker` does it once a day, some thousand rows at a time
-- (service/jobs/retention.py). A row is found by what it is kept under, so that leaving costs what coming cost, and
-- nothing is read that stays.
--
-- Not by dropping partitions of a day: an idempotency key is unique by owner and key whatever the day, an event by its
-- merchant's number, and a unique key of a partitioned table must hold the column it is partitioned by.

-- Keys leave in the order they came. The index grows at its right end alone.
create index idempotency_by_age on idempotency (created_at);

-- The role that serves may not delete decisions: it may have old ones forgotten, that opened no plan, and by this
-- function alone. None is younger than 25 months by the database's own clock: so long the law wants an application kept
-- (service/law/law.json, retention_months). What a person made of a referral goes with it, what a trial compared and what
-- others were asked for it, too.
--
-- Looks at the decisions of a bucket after an id and before another, at most so many; returns to where it came, and how
-- many were forgotten. No row: there are no more.
create function forget_decisions(of_bucket smallint, after_id text, before_id text, at_most int)
    returns table (looked_at text, forgotten int)
    language plpgsql security definer set search_path = public as $$
declare
    seen text[];
    old  text[];
begin
    select array_agg(d.decision_id), max(d.decision_id) into seen, looked_at
      from (select decision_id
              from decisions
             where bucket = of_bucket and decision_id > after_id and decision_id < before_id
               and decided_at < now() - interval '25 months'
             order by decision_id
             limit at_most) d;
    if seen is null then
        return;
    end if;
    select coalesce(array_agg(s.decision_id), '{}') into old
      from unnest(seen) as s (decision_id)
      left join reviews r on r.bucket = of_bucket and r.decision_id = s.decision_id
     where not exists (select from plans p
                        where p.bucket = of_bucket and p.decision_id in (s.decision_id, r.made_id))
       and coalesce(r.made_id < before_id, true);
    perform set_config('tenor.forgets', 'on', true);
    delete from reviews r where r.bucket = of_bucket and r.decision_id = any (old);
    delete from trial_differences t where t.bucket = of_bucket and t.decision_id = any (old);
    delete from decisions d where d.bucket = of_bucket and d.decision_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    forgotten := cardinality(old);
    return next;
end $$;

revoke execute on function forget_decisions from public;
