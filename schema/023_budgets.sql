-- What programmes have room for: budgets, what processes lease of them, and what each plan took.
--
-- A budget (service/partners/budget.py says of what) is one row that nobody's authorization touches. A process leases a
-- slice of it in a transaction of its own, and spends it in its memory. What an authorization takes is written with the
-- plan, in its transaction, which holds the lease's row: so a lease that was closed meanwhile gives nothing any more,
-- and how much of it was spent is always the sum of what plans took.

create table budgets (
    budget text collate "C" not null,
    taken  bigint           not null default 0,   -- in open leases, and by plans under closed ones, less what came back
    constraint budgets_pk primary key (budget)
);

create table budget_leases (
    lease_id   text collate "C" not null,
    budget     text collate "C" not null,
    amount     bigint           not null,
    is_slice   boolean          not null,   -- for many plans: it may be taken back before it expires; false: for one
    leased_at  timestamptz      not null,
    expires_at timestamptz      not null,
    closed_at  timestamptz,
    constraint budget_leases_pk primary key (lease_id),
    constraint budget_leases_budget foreign key (budget) references budgets (budget),
    constraint budget_leases_amount_is_positive check (amount > 0)
);

create index budget_leases_open on budget_leases (budget) where closed_at is null;

create table budget_uses (
    bucket    smallint         not null,
    plan_id   text collate "C" not null,
    budget    text collate "C" not null,
    lease_id  text collate "C" not null,
    amount    bigint           not null,
    share_bps int              not null,             -- of the plan's amount that the budget is of
    is_book   boolean          not null,             -- of what is out: what is repaid comes back; false: of what was lent
    returned  bigint           not null default 0,   -- what came back of it; negative: the plan was raised
    counted   bigint           not null default 0,   -- of that, what the budget knows of
    constraint budget_uses_pk primary key (bucket, plan_id, budget),
    constraint budget_uses_bucket_in_range check (bucket between 0 and 1023)
);

create index budget_uses_of_lease on budget_uses (lease_id);
create index budget_uses_uncounted on budget_uses (budget) where returned <> counted;

-- Closes leases of a budget, and gives back what no plan took. Whoever authorizes under one holds its row until it
-- commits: we wait for that, and count afterwards.
create function close_leases(of_budget text, leases text[]) returns void language plpgsql as $$
begin
    perform from budget_leases where lease_id = any (leases) and closed_at is null order by lease_id for update;
    with closed as (
        update budget_leases set closed_at = clock_timestamp()
         where lease_id = any (leases) and budget = of_budget and closed_at is null
        returning lease_id, amount
    )
    update budgets set taken = taken - (
               select coalesce(sum(c.amount - coalesce((select sum(u.amount) from budget_uses u
                                                         where u.lease_id = c.lease_id), 0)), 0) from closed c)
     where budget = of_budget;
end $$;

-- Leases `needed` of a budget that may come to `most`, or a slice of it as long as there is plenty; returns how much,
-- and 0 where so much is not left. Expired leases are closed before, and where it is short, slices of others as well.
create function lease_budget(
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
        update budgets set taken = taken - (select coalesce(sum(more), 0) from back) where budget = of_budget;
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
