-- Declarations of turnover, and the premium of each.

-- hold_declarations --
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- load_declarations --
-- Of a policy, the first first.
select declaration_id, begin_on, end_on, year, is_stated, insured, uninsured, credit_notes, on_turnover, true_up,
       limit_fees, declared_at
  from premium_declarations
 where policy_id = $1
 order by begin_on;

-- insert_declaration --
insert into premium_declarations (declaration_id, policy_id, begin_on, end_on, year, is_stated, insured, uninsured,
                                  credit_notes, on_turnover, true_up, limit_fees, insurer_id, currency, declared_at,
                                  declared_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- limit_fees --
-- Of the limits that the insurer was asked for in a period.
select coalesce(sum(s.fee), 0)::bigint
  from insured_debtors d
  join debtor_limit_steps s using (debtor_id)
 where d.policy_id = $1 and (s.told_at at time zone 'UTC')::date between $2 and $3;

-- load_turnover --
-- What the books say was sold on credit in a period, and what of all sales was refunded in it: by person and day of sale.
-- $1 currency, $2 merchants (none: all that are no test), $3 and $4 the period.
with sold as (
    select p.plan_id, p.person_id, min(t.booked_on) filter (where t.occasion = 'purchase') as sold_on,
           coalesce(sum(case t.debit when 'consumer_principal' then t.amount else - t.amount end)
                    filter (where t.occasion = 'purchase' and t.booked_on >= $3), 0) as sold,
           coalesce(sum(case t.credit when 'consumer_principal' then t.amount else - t.amount end)
                    filter (where t.occasion = 'refund' and t.booked_on >= $3), 0) as returned
      from plans p
      join merchants m using (merchant_id)
      join transfers t on t.bucket = p.bucket and t.plan_id = p.plan_id
     where p.currency = $1 and case when cardinality($2::text[]) = 0 then not m.is_test else p.merchant_id = any ($2) end
       and t.occasion in ('purchase', 'refund') and 'consumer_principal' in (t.debit, t.credit) and t.booked_on <= $4
     group by p.bucket, p.plan_id, p.person_id
)
select person_id, sold_on, sum(sold)::bigint as sold, sum(returned)::bigint as returned
  from sold
 where sold <> 0 or returned <> 0
 group by person_id, sold_on
 order by person_id, sold_on;

-- load_limits --
-- The limits of all debtors under a policy, each with the person that it is of.
select c.person_id, d.country, s.state, s.source, s.requested, s.amount as "limit", s.from_on, s.rule_id, s.conditions,
       s.fee
  from insured_debtors d
  join consumers c on c.bucket = bucket_of(d.consumer_id) and c.consumer_id = d.consumer_id
  join debtor_limit_steps s using (debtor_id)
 where d.policy_id = $1
 order by d.debtor_id, s.number;
