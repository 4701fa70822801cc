-- Debtors under policies, their limits, and what they owe.

-- hold_debtor --
-- One at a time changes a debtor under a policy.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- load_consumer --
select person_id, merchant_id from consumers where bucket = bucket_of($1) and consumer_id = $1;

-- find_debtor --
-- Of a policy: who the person is known as there. Consumers of one person are one debtor, from the day on which it is known.
select d.debtor_id, d.country
  from insured_debtors d
  join consumers c on c.bucket = bucket_of(d.consumer_id) and c.consumer_id = d.consumer_id
 where d.policy_id = $1 and c.person_id = $2
 order by d.debtor_id
 limit 1;

-- insert_debtor --
insert into insured_debtors (debtor_id, policy_id, consumer_id, country, made_at) values ($1, $2, $3, $4, $5);

-- load_debtor --
select d.debtor_id, d.policy_id, d.consumer_id, d.country, c.person_id
  from insured_debtors d
  join consumers c on c.bucket = bucket_of(d.consumer_id) and c.consumer_id = d.consumer_id
 where d.debtor_id = $1;

-- list_debtors --
-- As load_debtor has one.
select d.debtor_id, d.policy_id, d.consumer_id, d.country, c.person_id
  from insured_debtors d
  join consumers c on c.bucket = bucket_of(d.consumer_id) and c.consumer_id = d.consumer_id
 where d.policy_id = $1 and d.debtor_id > $2
 order by d.debtor_id
 limit $3;

-- limits_there --
-- The limits of all other debtors in a country.
select coalesce(sum(amount), 0)::bigint
  from (select distinct on (s.debtor_id) s.amount
          from insured_debtors d
          join debtor_limit_steps s using (debtor_id)
         where d.policy_id = $1 and d.country = $2 and d.debtor_id <> $3 and s.state <> 'requested'
         order by s.debtor_id, s.number desc) now;

-- insert_step --
insert into debtor_limit_steps (debtor_id, number, state, source, requested, amount, from_on, rule_id, conditions, fee,
                                told_at, told_by)
select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
  from debtor_limit_steps where debtor_id = $1;

-- load_steps --
select state, source, requested, amount as "limit", from_on, rule_id, conditions, fee
  from debtor_limit_steps
 where debtor_id = $1
 order by number;

-- load_steps_of_all --
-- The same of several debtors.
select debtor_id, state, source, requested, amount as "limit", from_on, rule_id, conditions, fee
  from debtor_limit_steps
 where debtor_id = any ($1)
 order by debtor_id, number;

-- load_sales --
-- What people owe of each sale, a capture, that the policy insures: $1 people, $2 currency, $3 merchants (none: all
-- that are no test), $4 the day.
with persons as materialized (
    select o.person_id, o.bucket || o.more_buckets as buckets
      from unnest($1::text[]) as k (person_id)
      join people o on o.bucket = bucket_of(k.person_id) and o.person_id = k.person_id
), sellers as materialized (   -- whose sales are insured
    select merchant_id
      from merchants
     where case when cardinality($3::text[]) = 0 then not is_test else merchant_id = any ($3) end
)
select p.person_id, min(l.begin_on) as sold_on, sum(l.principal - l.principal_paid)::bigint as amount,
       coalesce($4 - min(l.due_on) filter (where l.due_on < $4), 0) as overdue_days
  from persons o
  join plans p on p.bucket = any (o.buckets) and p.person_id = o.person_id
  join sellers m using (merchant_id)
  join lines l on l.bucket = p.bucket and l.plan_id = p.plan_id
 where p.currency = $2
   and p.state not in ('charged_off', 'recovered', 'forgiven')
   and l.forgiven = 0 and l.principal > l.principal_paid
 group by p.person_id, p.plan_id, l.capture
 order by p.person_id, 2, min(p.authorized_at), 3 desc, p.plan_id, l.capture;

-- load_record --
-- How a person, $1, has paid what the policy would have insured: the other parameters as of load_sales.
with person as materialized (
    select person_id, bucket || more_buckets as buckets
      from people
     where bucket = bucket_of($1) and person_id = $1
), sellers as materialized (   -- whose sales are insured
    select merchant_id
      from merchants
     where case when cardinality($3::text[]) = 0 then not is_test else merchant_id = any ($3) end
)
select count(distinct p.plan_id) filter (
           where p.state in ('paid_off', 'overpaid')
             and not exists (select from unproved_payments u where u.bucket = p.bucket and u.plan_id = p.plan_id))
       as paid_orders,
       coalesce(sum(l.principal + l.interest + l.fee + l.penalty - l.principal_paid - l.interest_paid - l.fee_paid
                    - l.penalty_paid) filter (where l.paid_on is null and l.due_on < $4), 0)::bigint as overdue,
       coalesce(array_agg(l.principal + l.interest order by l.due_on, l.plan_id, l.number)
                filter (where l.paid_on is not null), '{}') as amounts,
       coalesce(array_agg(l.paid_on - l.due_on order by l.due_on, l.plan_id, l.number)
                filter (where l.paid_on is not null), '{}') as days_late
  from person o
  join plans p on p.bucket = any (o.buckets) and p.person_id = o.person_id
  join sellers m using (merchant_id)
  join lines l on l.bucket = p.bucket and l.plan_id = p.plan_id
 where p.currency = $2
   and l.forgiven = 0;
