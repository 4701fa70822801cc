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
select k.scheme_id, k.person_id, s.lender_id, sum(s.held)::bigint as total,
       coalesce(sum(s.held) filter (where s.is_small), 0)::bigint as small
  from unnest($1::text[], $2::text[], $3::smallint[]) as k (scheme_id, person_id, bucket)
  join people h on h.bucket = k.bucket and h.person_id = k.person_id
  join plans p on p.bucket = any (h.bucket || h.more_buckets) and p.person_id = k.person_id
  join plan_subsidies s on s.bucket = p.bucket and s.plan_id = p.plan_id and s.scheme_id = k.scheme_id
 group by k.scheme_id, k.person_id, s.lender_id;

-- taken_of --
-- Of each budget what plans have taken of it: what is leased and not spent, and what came back and is not counted yet, is
-- still to be had.
select b.budget,
       b.taken
       - coalesce((select sum(l.amount - coalesce((select sum(u.amount) from budget_uses u
                                                    where u.lease_id = l.lease_id), 0))
                     from budget_leases l where l.budget = b.budget and l.closed_at is null), 0)::bigint
       - coalesce((select sum(u.returned - u.counted) from budget_uses u
                    where u.budget = b.budget and u.returned <> u.counted), 0)::bigint as taken
  from budgets b
 where b.budget = any ($1::text[]);

-- paid_in --
-- By a scheme, from a day to another, in the order of plans and of what was paid for each.
select version, plan_id, kind, base, days, rate_bps, amount, before
  from subsidy_payments
 where scheme_id = $1 and booked_on between $2 and $3
 order by plan_id, number;
