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
       sum(p.outstanding)::bigint as outstanding,
       count(*) filter (where i.overdue > 0) as overdue_plans, coalesce(sum(i.overdue), 0)::bigint as overdue
  from plans p
  left join (
       select l.bucket, l.plan_id,
              sum(l.principal + l.interest + l.fee + l.penalty - l.principal_paid - l.interest_paid - l.fee_paid
                  - l.penalty_paid - l.forgiven) as overdue
         from lines l
         join plans p using (bucket, plan_id)
         join unnest($1::text[], $2::date[]) as d (merchant_id, today) using (merchant_id)
        where l.paid_on is null and l.due_on < d.today
        group by l.bucket, l.plan_id) i using (bucket, plan_id)
 group by p.kind, p.currency, p.state;

-- sum_accounts --
select currency, count(*) as accounts, sum("limit")::bigint as "limit", sum(reserved)::bigint as reserved,
       sum(used)::bigint as used
  from accounts
 group by currency
 order by currency;
