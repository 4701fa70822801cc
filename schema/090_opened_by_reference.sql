-- The plan that a decision opened is found by its merchant reference: the plan has it, or has given it free. So no index is
-- kept of all plans by their decisions, which was written again whenever a plan was paid. That a decision opens one plan is
-- seen with its account locked, or fails because the account was changed meanwhile; checks.sql looks at it again.
alter table plans drop constraint plans_decision_once;

-- As in `walked`, but for how a decision's plan is found.
create or replace function forget_decisions(of_bucket smallint, after_id text, before_id text, at_most int)
    returns table (looked_at text, forgotten int)
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    began   text := greatest(after_id collate "C", forgetting_mark('decisions', of_bucket));
    seen    text[];
    old     text[];
    made    text[];   -- by the reviews of those
    opened  text[];   -- of all these, the ones that have
    open_id text;   -- the first that may be forgotten another day
begin
    select array_agg(d.decision_id), max(d.decision_id) into seen, looked_at
      from (select decision_id
              from decisions
             where bucket = of_bucket and decision_id > began and decision_id < before_id
               and decided_at < forgettable_before('decisions')
             order by decision_id
             limit at_most) d;
    if seen is null then
        return;
    end if;
    made := array(select r.made_id from reviews r where r.bucket = of_bucket and r.decision_id = any (seen));
    select array_agg(p.decision_id) into opened
      from decisions d
      join (select bucket, merchant_id, merchant_reference, plan_id from merchant_references
             union all
            select bucket, merchant_id, merchant_reference, plan_id from former_references) n
           using (bucket, merchant_id, merchant_reference)
      join plans p using (bucket, plan_id)
     where bucket = of_bucket and d.decision_id = any (seen || made) and p.decision_id = d.decision_id;
    select coalesce(array_agg(s.decision_id) filter (where not has_plan and is_over), '{}'),
           min(s.decision_id collate "C") filter (where not has_plan and not is_over)
      into old, open_id
      from (select s.decision_id, coalesce(r.made_id < before_id, true) as is_over,
                   s.decision_id in (select unnest(opened))
                   or coalesce(r.made_id in (select unnest(opened)), false) as has_plan
              from unnest(seen) as s (decision_id)
              left join reviews r on r.bucket = of_bucket and r.decision_id = s.decision_id) s;
    -- a clock that was moved on dates some later than their ids
    select least(open_id collate "C", min(decision_id)) into open_id
      from decisions
     where bucket = of_bucket and decision_id > began and decision_id < looked_at
       and decided_at >= forgettable_before('decisions');
    perform set_config('tenor.forgets', 'on', true);
    delete from reviews r where r.bucket = of_bucket and r.decision_id = any (old);
    delete from trial_differences t where t.bucket = of_bucket and t.decision_id = any (old);
    delete from decisions d where d.bucket = of_bucket and d.decision_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    perform move_forgetting_mark('decisions', of_bucket, began, seen, open_id);
    forgotten := cardinality(old);
    return next;
end $$;
