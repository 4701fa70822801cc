-- Enrolments end with their plans: what revolving sets have taken of them may be covered again.

alter table cover_sets
    add column revolving boolean not null default false,   -- what its plans pay back may be covered again
    add constraint cover_sets_static_for_good check (not (revolving and mode = 'static'));

alter table enrolments
    add column reopened_at timestamptz;   -- its plan has ended and owes again, and nobody has looked whether there is room

create index enrolments_reopened on enrolments (cover_set_id) where reopened_at is not null;

-- What is taken of a budget, with all that came back of it counted, and with no slice leased. Nobody takes of it meanwhile.
create function counted_budget(of_budget text) returns bigint language plpgsql as $$
declare
    now_taken bigint;
begin
    perform from budgets where budget = of_budget for update;
    perform close_leases(of_budget, array(select lease_id from budget_leases
                                           where budget = of_budget and closed_at is null
                                             and (is_slice or expires_at <= clock_timestamp())));
    with back as (
        select bucket, plan_id, returned, returned - counted as more
          from budget_uses
         where budget = of_budget and returned <> counted
           for update skip locked
    ), counted as (
        update budget_uses u set counted = back.returned
          from back
         where u.budget = of_budget and u.bucket = back.bucket and u.plan_id = back.plan_id
    )
    update budgets set taken = taken - (select coalesce(sum(more), 0) from back)
     where budget = of_budget
    returning taken into now_taken;
    return coalesce(now_taken, 0);
end $$;
