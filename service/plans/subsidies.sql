-- What plans hold of schemes that bear interest, and what the schemes paid.

-- hold --
insert into plan_subsidies as s (bucket, plan_id, scheme_id, version, lender_id, is_small, currency, amount, held, paid,
                                by_merchant)
select bucket, plan_id, scheme_id, version, lender_id, is_small, currency, amount, held, paid, by_merchant
  from @held
    on conflict (bucket, plan_id) do update set held = excluded.held, paid = excluded.paid,
                                                by_merchant = excluded.by_merchant;

-- pay --
insert into subsidy_payments (bucket, plan_id, number, scheme_id, version, kind, base, days, rate_bps, amount, before,
                              booked_on)
select bucket, plan_id, number, scheme_id, version, kind, base, days, rate_bps, amount, before, booked_on from @paid;

-- used_of --
-- Of people, what each scheme holds for their plans, at each lender; plans that were merged or split go with the person.
with asked as materialized (
    select k.scheme_id, k.person_id, h.bucket || h.more_buckets as buckets
      from unnest($1::text[], $2::text[], $3::smallint[]) as k (scheme_id, person_id, bucket)
      join people h on h.bucket = k.bucket and h.person_id = k.person_id
)
select k.scheme_id, k.person_id, s.lender_id, sum(s.held)::bigint as total,
       coalesce(sum(s.held) filter (where s.is_small), 0)::bigint as small
  from asked k
  join plans p on p.bucket = any (k.buckets) and p.person_id = k.person_id
  join plan_subsidies s on s.bucket = p.bucket and s.plan_id = p.plan_id and s.scheme_id = k.scheme_id
 group by k.scheme_id, k.person_id, s.lender_id;

-- taken_of --
-- Of each budget what plans have taken of it: what is leased and not spent, and what came back and is not counted yet, is
-- still to be had.
with back as materialized (
    select budget, sum(returned - counted)::bigint as more
      from budget_uses
     where budget = any ($1::text[]) and returned <> counted
     group by budget
), leased as materialized (
    select lease_id, budget, amount from budget_leases where budget = any ($1::text[]) and closed_at is null
), spent as materialized (
    select lease_id, sum(amount) as amount
      from budget_uses
     where lease_id = any (array(select lease_id from leased))
     group by lease_id
), unspent as (
    select l.budget, sum(l.amount - coalesce(s.amount, 0))::bigint as amount
      from leased l
      left join spent s using (lease_id)
     group by l.budget
)
select b.budget, b.taken - coalesce(unspent.amount, 0) - coalesce(back.more, 0) as taken
  from budgets b
  left join unspent using (budget)
  left join back using (budget)
 where b.budget = any ($1::text[]);

-- paid_in --
-- By a scheme, from a day to another, in the order of plans and of what was paid for each.
select version, plan_id, kind, base, days, rate_bps, amount, before
  from subsidy_payments
 where scheme_id = $1 and booked_on between $2 and $3
 order by plan_id, number;
