-- Monthly packs for insurers.

-- lock_pack --
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- policies_of_insurer --
-- Those whose arrangement it bears now.
select p.policy_id
  from (select distinct on (policy_id) policy_id, document
          from insurance_policies order by policy_id, version desc) p
 cross join lateral (select document
                       from support_arrangements
                      where arrangement_id = p.document ->> 'arrangement_id'
                      order by version desc
                      limit 1) a
 where a.document ->> 'provider_id' = $1
 order by p.policy_id;

-- debtors --
-- Of a policy, each person once: who was one on a day.
select min(d.debtor_id) as debtor_id, (array_agg(d.country order by d.debtor_id))[1] as country, c.person_id
  from insured_debtors d
  join consumers c on c.bucket = bucket_of(d.consumer_id) and c.consumer_id = d.consumer_id
 where d.policy_id = $1 and (d.made_at at time zone 'UTC')::date <= $2
 group by c.person_id
having min(d.debtor_id) > $3
 order by 1
 limit $4;

-- steps --
select debtor_id, state, source, requested, amount as "limit", from_on, rule_id, conditions, fee
  from debtor_limit_steps
 where debtor_id = any ($1)
 order by debtor_id, number;

-- sales --
-- What each person owes of each plan at the end of a day, by the books: $1 persons, $2 currency, $3 merchants (none: all
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
select p.person_id, min(t.booked_on) as sold_on,
       sum(case t.debit when 'consumer_principal' then t.amount else - t.amount end)::bigint as amount,
       coalesce($4 - (select min(l.due_on) from lines l
                       where l.bucket = p.bucket and l.plan_id = p.plan_id and l.due_on < $4
                         and (l.paid_on is null or l.paid_on > $4)), 0) as overdue_days
  from persons o
  join plans p on p.bucket = any (o.buckets) and p.person_id = o.person_id
  join sellers m using (merchant_id)
  join transfers t on t.bucket = p.bucket and t.plan_id = p.plan_id
 where p.currency = $2
   and 'consumer_principal' in (t.debit, t.credit) and t.booked_on <= $4
 group by p.person_id, p.bucket, p.plan_id
having sum(case t.debit when 'consumer_principal' then t.amount else - t.amount end) <> 0
 order by p.person_id, 2, min(p.authorized_at), 3 desc, p.plan_id;

-- paid --
-- How each person has paid until a day: parameters as of sales.
with persons as materialized (
    select o.person_id, o.bucket || o.more_buckets as buckets
      from unnest($1::text[]) as k (person_id)
      join people o on o.bucket = bucket_of(k.person_id) and o.person_id = k.person_id
), sellers as materialized (   -- whose sales are insured
    select merchant_id
      from merchants
     where case when cardinality($3::text[]) = 0 then not is_test else merchant_id = any ($3) end
)
select p.person_id, array_agg(l.principal + l.interest order by l.due_on, l.plan_id, l.number) as amounts,
       array_agg(l.paid_on - l.due_on order by l.due_on, l.plan_id, l.number) as days_late
  from persons o
  join plans p on p.bucket = any (o.buckets) and p.person_id = o.person_id
  join sellers m using (merchant_id)
  join lines l on l.bucket = p.bucket and l.plan_id = p.plan_id
 where p.currency = $2
   and l.paid_on <= $4 and l.forgiven = 0
 group by p.person_id;

-- ledger --
-- What all debtors of a policy owe by the ledger, counted at once: $1 policy, $2 currency, $3 merchants, $4 the day.
with debtors as materialized (
    select consumer_id, bucket_of(consumer_id) as bucket
      from insured_debtors
     where policy_id = $1 and (made_at at time zone 'UTC')::date <= $4
), insured as materialized (
    select distinct c.person_id
      from debtors d
      join consumers c on c.bucket = d.bucket and c.consumer_id = d.consumer_id
), persons as materialized (
    select o.person_id, o.bucket || o.more_buckets as buckets
      from insured w
      join people o on o.bucket = bucket_of(w.person_id) and o.person_id = w.person_id
), sellers as materialized (   -- whose sales are insured
    select merchant_id
      from merchants
     where case when cardinality($3::text[]) = 0 then not is_test else merchant_id = any ($3) end
)
select coalesce(sum(case t.debit when 'consumer_principal' then t.amount else - t.amount end), 0)::bigint
  from persons o
  join plans p on p.bucket = any (o.buckets) and p.person_id = o.person_id
  join sellers m using (merchant_id)
  join transfers t on t.bucket = p.bucket and t.plan_id = p.plan_id
 where p.currency = $2 and 'consumer_principal' in (t.debit, t.credit) and t.booked_on <= $4;

-- insert_pack --
insert into insurance_packs (pack_id, insurer_id, begin_on, records, manifest, made_at) values ($1, $2, $3, $4, $5, $6);

-- insert_pack_piece --
insert into insurance_pack_pieces (pack_id, piece, content) values ($1, $2, $3);

-- pack_of_month --
select manifest from insurance_packs where insurer_id = $1 and begin_on = $2;

-- load_pack --
-- Of one insurer, if one is named.
select manifest from insurance_packs where pack_id = $1 and ($2::text is null or insurer_id = $2);

-- list_packs --
select manifest
  from insurance_packs
 where ($1::text is null or insurer_id = $1) and pack_id > $2
 order by pack_id
 limit $3;

-- pack_piece --
select content from insurance_pack_pieces where pack_id = $1 and piece = $2;
