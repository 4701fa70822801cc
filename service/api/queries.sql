-- What the operator's summary counts; nothing here writes.

-- count_decisions --
-- A referral that a person reviewed counts as what it became.
select coalesce(nullif(request::json ->> 'category', ''), request::json -> 'items' -> 0 ->> 'category', '') as category,
       currency, outcome, count(*) as decisions, sum((request::json ->> 'amount')::bigint)::bigint as amount
  from decisions d
 where not exists (select from reviews r where r.bucket = d.bucket and r.decision_id = d.decision_id)
 group by 1, 2, 3
 order by 1, 2, 3;

-- count_plans --
-- The days are the merchants' todays.
select p.kind, p.currency, p.state, count(*) as plans, sum(p.amount)::bigint as amount,
       coalesce(sum(i.outstanding), 0)::bigint as outstanding,
       count(*) filter (where i.overdue > 0) as overdue_plans, coalesce(sum(i.overdue), 0)::bigint as overdue
  from plans p
  left join (
       select bucket, plan_id, sum(owed) as outstanding, sum(owed) filter (where due_on < today) as overdue
         from (select bucket, plan_id, due_on, d.today,
                      i.principal + i.interest + i.fee - i.principal_paid - i.interest_paid - i.fee_paid as owed
                 from instalments i
                 join plans p using (bucket, plan_id)
                 join unnest($1::text[], $2::date[]) as d (merchant_id, today) using (merchant_id)
                where i.paid_on is null) unpaid
        group by bucket, plan_id) i using (bucket, plan_id)
 group by p.kind, p.currency, p.state;

-- sum_accounts --
select currency, count(*) as accounts, sum("limit")::bigint as "limit", sum(reserved)::bigint as reserved,
       sum(used)::bigint as used
  from accounts
 group by currency
 order by currency;
