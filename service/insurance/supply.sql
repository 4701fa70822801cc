-- Who is insured, for the checkout to know; what it then declined; who is to be told of as overdue.

-- debtors_people --
-- The people behind the debtors of a policy.
select distinct c.person_id
  from insured_debtors d
  join consumers c on c.bucket = bucket_of(d.consumer_id) and c.consumer_id = d.consumer_id
 where d.policy_id = $1
 order by c.person_id;

-- load_declined --
-- What was declined to a person at the merchants whose sales the policy insures, the oldest first: $1 person,
-- $2 merchants (none: any), $3 and $4 after and until which instant.
with person as materialized (
    select person_id, bucket || more_buckets as buckets from people where bucket = bucket_of($1) and person_id = $1
)
select d.decision_id, d.decided_at, d.merchant_id, d.currency, d.amount, d.answer
  from person o
  join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id
  join decisions d on d.bucket = c.bucket and d.consumer_id = c.consumer_id
 where d.outcome = 'declined'
   and (cardinality($2::text[]) = 0 or d.merchant_id = any ($2)) and d.decided_at > $3 and d.decided_at <= $4
 order by d.decision_id;

-- merchants_insured_by --
-- Of each policy that stands on an arrangement, the merchants whose sales it insures; none: any.
select array(select json_array_elements_text(i.document -> 'merchant_ids')) as merchant_ids
  from (select distinct on (policy_id) policy_id, document
          from insurance_policies order by policy_id, version desc) i
 where i.document ->> 'arrangement_id' = $1
 order by i.policy_id;

-- policies_with_debtors --
select distinct d.policy_id from insured_debtors d order by d.policy_id;

-- insert_notices --
-- The debtors with a limit who are overdue so long, each once for the due date since which it is: $1 policy, $2 currency,
-- $3 merchants (none: all that are no test), $4 the day, $5 days past due, $6 now.
insert into overdue_notices (debtor_id, due_on, policy_id, currency, amount, noticed_on, made_at)
with debtors as materialized (
    select d.debtor_id, d.consumer_id, bucket_of(d.consumer_id) as bucket
      from insured_debtors d
     where d.policy_id = $1
       and exists (select from debtor_limit_steps s
                    where s.debtor_id = d.debtor_id and s.state in ('granted', 'partial'))
), insured as materialized (
    select d.debtor_id, c.person_id
      from debtors d
      join consumers c on c.bucket = d.bucket and c.consumer_id = d.consumer_id
), persons as materialized (
    select w.debtor_id, o.person_id, o.bucket || o.more_buckets as buckets
      from insured w
      join people o on o.bucket = bucket_of(w.person_id) and o.person_id = w.person_id
), sellers as materialized (   -- whose sales are insured
    select merchant_id
      from merchants
     where case when cardinality($3::text[]) = 0 then not is_test else merchant_id = any ($3) end
)
select d.debtor_id, min(l.due_on), $1, $2,
       sum(l.principal + l.interest + l.fee + l.penalty - l.principal_paid - l.interest_paid - l.fee_paid
           - l.penalty_paid), $4, $6
  from persons d
  join plans p on p.bucket = any (d.buckets) and p.person_id = d.person_id
  join sellers m on m.merchant_id = p.merchant_id
  join lines l on l.bucket = p.bucket and l.plan_id = p.plan_id
 where p.currency = $2
   and l.paid_on is null and l.forgiven = 0 and l.due_on < $4
 group by d.debtor_id
having $4 - min(l.due_on) >= $5
    on conflict do nothing
returning debtor_id, due_on, amount;

-- list_notices --
select debtor_id, due_on, currency, amount, noticed_on
  from overdue_notices
 where policy_id = $1 and (noticed_on, debtor_id, due_on) > ($2, $3, $4)
 order by noticed_on, debtor_id, due_on
 limit $5;
