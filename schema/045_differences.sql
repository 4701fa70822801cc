-- More of a plan: the policy is asked about an order that is amended upwards and about a deposit that is topped up. What
-- it says stands in the log of decisions, with the plan that it is about.

alter table decisions add column amends text collate "C";   -- the plan that is to be of more; null: a checkout

-- As before, and what approved of more of a plan is kept as long as the plan.
create or replace function forget_decisions(of_bucket smallint, after_id text, before_id text, at_most int)
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
               and decided_at < forgettable_before('decisions')
             order by decision_id
             limit at_most) d;
    if seen is null then
        return;
    end if;
    select coalesce(array_agg(s.decision_id), '{}') into old
      from unnest(seen) as s (decision_id)
      join decisions d on d.bucket = of_bucket and d.decision_id = s.decision_id
      left join reviews r on r.bucket = of_bucket and r.decision_id = s.decision_id
     where not exists (select from plans p
                        where p.bucket = of_bucket and p.decision_id in (s.decision_id, r.made_id))
       and not (d.outcome = 'approved'
                and exists (select from plans p where p.bucket = of_bucket and p.plan_id = d.amends))
       and coalesce(r.made_id < before_id, true);
    perform set_config('tenor.forgets', 'on', true);
    delete from reviews r where r.bucket = of_bucket and r.decision_id = any (old);
    delete from trial_differences t where t.bucket = of_bucket and t.decision_id = any (old);
    delete from decisions d where d.bucket = of_bucket and d.decision_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    forgotten := cardinality(old);
    return next;
end $$;
