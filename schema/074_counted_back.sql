-- Leases of budgets are closed, and what came back is counted, in statements that say one thing each: a cluster plans them,
-- and has another way to count what came back (distributed.sql).

create or replace function close_leases(of_budget text, leases text[]) returns void language plpgsql as $$
declare
    closed text[];
    leased bigint;
    spent  bigint;
begin
    perform from budget_leases where lease_id = any (leases) and closed_at is null order by lease_id for update;
    with gone as (
        update budget_leases set closed_at = clock_timestamp()
         where lease_id = any (leases) and budget = of_budget and closed_at is null
        returning lease_id, amount
    )
    select array_agg(lease_id), sum(amount) into closed, leased from gone;
    if closed is not null then
        select coalesce(sum(amount), 0) into spent from budget_uses where lease_id = any (closed);
        update budgets set taken = taken - (leased - spent) where budget = of_budget;
    end if;
end $$;

-- What came back of what plans took of a budget, and was not counted. What somebody moves at this moment is counted later.
create function count_back(of_budget text) returns void language sql as $$
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
    update budgets set taken = taken - (select coalesce(sum(more), 0) from back) where budget = of_budget
$$;

create or replace function lease_budget(
    of_budget text, most bigint, needed bigint, new_lease text, slice_of int, slice_s int, one_s int
) returns bigint language plpgsql as $$
declare
    room   bigint;
    leased bigint;
begin
    insert into budgets (budget) values (of_budget) on conflict do nothing;
    perform from budgets where budget = of_budget for update;   -- one after the other
    perform close_leases(of_budget, array(select lease_id from budget_leases
                                           where budget = of_budget and closed_at is null
                                             and expires_at <= clock_timestamp()));
    select most - taken into room from budgets where budget = of_budget;
    if room < needed then
        perform close_leases(of_budget, array(select lease_id from budget_leases
                                               where budget = of_budget and closed_at is null and is_slice));
        perform count_back(of_budget);
        select most - taken into room from budgets where budget = of_budget;
    end if;
    if room < needed then
        return 0;
    end if;
    leased := case when room / slice_of >= 2 * needed then room / slice_of else needed end;
    insert into budget_leases (lease_id, budget, amount, is_slice, leased_at, expires_at)
    values (new_lease, of_budget, leased, leased > needed, clock_timestamp(),
            clock_timestamp() + make_interval(secs => case when leased > needed then slice_s else one_s end));
    update budgets set taken = taken + leased where budget = of_budget;
    return leased;
end $$;

-- The same where nothing of it is leased.
create or replace function counted_budget(of_budget text) returns bigint language plpgsql as $$
begin
    perform from budgets where budget = of_budget for update;
    perform close_leases(of_budget, array(select lease_id from budget_leases
                                           where budget = of_budget and closed_at is null
                                             and (is_slice or expires_at <= clock_timestamp())));
    perform count_back(of_budget);
    return coalesce((select taken from budgets where budget = of_budget), 0);
end $$;
