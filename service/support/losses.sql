-- Losses: opened when a plan is given up, quantified and allocated, and what came back.

-- open_losses --
insert into losses (bucket, loss_id, plan_id, merchant_id, currency, cause, lost_on, state, opened_at)
select bucket, loss_id, plan_id, merchant_id, currency, cause, lost_on, 'open', opened_at from @lost
    on conflict do nothing;

-- lock_loss --
select bucket, loss_id, plan_id, merchant_id, currency, cause, lost_on, state, version, opened_at
  from losses
 where bucket = $1 and loss_id = $2
   for no key update;

-- load_loss --
select bucket, loss_id, plan_id, merchant_id, currency, cause, lost_on, state, version, opened_at
  from losses
 where bucket = $1 and loss_id = $2;

-- list_losses --
-- The oldest first, in a state or in any.
select bucket, loss_id, plan_id, merchant_id, currency, cause, lost_on, state, version, opened_at
  from losses
 where loss_id > $1 and ($2::text is null or state = $2)
 order by loss_id
 limit $3;

-- losses_to_look_at --
-- After one: those that nobody bears yet, and those whose plan has moved since.
select l.bucket, l.loss_id
  from losses l
  join plans p using (bucket, plan_id)
 where (l.bucket, l.loss_id) > ($1, $2) and l.seen <> p.version
 order by l.bucket, l.loss_id
 limit $3;

-- move_loss --
update losses set cause = $3, state = $4, version = $5, seen = $6 where bucket = $1 and loss_id = $2;

-- insert_step --
insert into loss_steps (bucket, step_id, loss_id, booked_at) values ($1, $2, $3, $4);

-- insert_version --
insert into loss_versions (bucket, loss_id, version, step_id, waterfall_id, waterfall_version, loss, tiers, allocation,
                           sha256, allocated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- load_versions --
-- The first first.
select version, step_id, waterfall_id, waterfall_version, loss, tiers, allocation, sha256, allocated_at
  from loss_versions
 where bucket = $1 and loss_id = $2
 order by version;

-- insert_allocations --
insert into loss_allocations (bucket, loss_id, version, tier, arrangement_id, bearer_id, debtor, year, insured, first_loss,
                              amount, "limit", beneficiary_id)
select bucket, loss_id, version, tier, arrangement_id, bearer_id, debtor, year, insured, first_loss, amount, "limit",
       beneficiary_id
  from @borne;

-- load_recoveries --
-- Those that stand, the first first.
select number, gross, cost, source, received_on, shared
  from loss_recoveries
 where bucket = $1 and loss_id = $2 and reversed_at is null
 order by number;

-- last_recovery --
select coalesce(max(number), 0) from loss_recoveries where bucket = $1 and loss_id = $2;

-- reverse_recoveries --
update loss_recoveries set reversed_at = $4
 where bucket = $1 and loss_id = $2 and number = any ($3::int[]);

-- insert_recovery --
insert into loss_recoveries (bucket, loss_id, number, step_id, gross, cost, net, source, received_on, shared, shared_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- insert_shares --
insert into recovery_shares (bucket, loss_id, number, place, bearer_id, arrangement_id, amount)
select bucket, loss_id, number, place, bearer_id, arrangement_id, amount from @shared;

-- used_of --
-- $1 arrangements, $2 the loss that does not count, $3 its debtor, $4 its year. What came back of others counts as not
-- paid where the caller takes it off.
select a.arrangement_id, sum(a.insured)::bigint as defaults, sum(a.first_loss)::bigint as first_loss,
       sum(a.amount)::bigint as paid,
       coalesce(sum(a.amount) filter (where a.year = $4), 0)::bigint as paid_in_year,
       coalesce(sum(a.amount) filter (where a.debtor = $3), 0)::bigint as paid_for_debtor,
       coalesce(sum(a.insured) filter (where a.debtor = $3), 0)::bigint as insured_of_debtor,
       coalesce(sum(back.amount), 0)::bigint as returned,
       coalesce(sum(back.amount) filter (where a.year = $4), 0)::bigint as returned_in_year,
       coalesce(sum(back.amount) filter (where a.debtor = $3), 0)::bigint as returned_for_debtor
  from loss_allocations a
  join losses l on l.bucket = a.bucket and l.loss_id = a.loss_id and l.version = a.version
  left join lateral (select sum(s.amount) as amount
                       from recovery_shares s
                       join loss_recoveries r using (bucket, loss_id, number)
                      where s.bucket = a.bucket and s.loss_id = a.loss_id and s.arrangement_id = a.arrangement_id
                        and r.reversed_at is null) back on true
 where a.arrangement_id = any ($1::text[]) and a.loss_id <> $2
 group by a.arrangement_id;

-- covered_of --
-- Of arrangements that have cover sets: the principal that was ever enrolled, and whether a plan is ($2 its bucket, $3 it).
select s.arrangement_id, coalesce(sum(e.principal), 0)::bigint as covered,
       exists (select from enrolments e
                where e.bucket = $2 and e.plan_id = $3 and e.arrangement_id = s.arrangement_id
                  and e.state in ('active', 'claimed')) as is_enrolled
  from cover_sets s
  left join enrolments e on e.cover_set_id = s.cover_set_id and e.state <> 'void'
 where s.arrangement_id = any ($1::text[])
 group by s.arrangement_id;

-- debtor_limits --
-- Of arrangements that a policy of credit insurance stands on: the limit of the person who owes, on the day of the sale;
-- 0 without one, and where the merchant's sales are not insured. $1 arrangements, $2 the plan's bucket, $3 the plan.
with sale as materialized (
    select p.person_id, p.merchant_id,
           (select min(l.begin_on) from lines l where l.bucket = p.bucket and l.plan_id = p.plan_id) as sold_on
      from plans p
     where p.bucket = $2 and p.plan_id = $3
), person as materialized (
    select o.person_id, o.bucket || o.more_buckets as buckets
      from sale
      join people o on o.bucket = bucket_of(sale.person_id) and o.person_id = sale.person_id
), names as materialized (
    select c.consumer_id from person o join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id
)
select i.document ->> 'arrangement_id' as arrangement_id,
       max(case when json_array_length(i.document -> 'merchant_ids') = 0
                  or p.merchant_id in (select json_array_elements_text(i.document -> 'merchant_ids'))
                then coalesce(l.amount, 0) else 0 end)::bigint as debtor_limit
  from (select distinct on (policy_id) policy_id, document
          from insurance_policies order by policy_id, version desc) i
 cross join sale p
  left join lateral (select s.amount
                       from insured_debtors d
                       join names using (consumer_id)
                       join debtor_limit_steps s using (debtor_id)
                      where d.policy_id = i.policy_id and s.state <> 'requested' and s.from_on <= p.sold_on
                      order by d.debtor_id, s.number desc
                      limit 1) l on true
 where i.document ->> 'arrangement_id' = any ($1::text[])
 group by 1;

-- claim_enrolments --
-- A loss of the plan is borne by these arrangements, and by no others.
update enrolments set state = case when arrangement_id = any ($3::text[]) then 'claimed' else 'active' end
 where bucket = $1 and plan_id = $2 and state in ('active', 'claimed');

-- borne_of --
-- Of plans, who bears their losses, and the version of the plan that they were asked for.
select l.plan_id, l.seen, v.tiers, v.allocation,
       coalesce((select json_agg(r.shared order by r.number)
                   from loss_recoveries r
                  where r.bucket = l.bucket and r.loss_id = l.loss_id and r.reversed_at is null), '[]') as recoveries
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join losses l using (bucket, plan_id)
  join loss_versions v on v.bucket = l.bucket and v.loss_id = l.loss_id and v.version = l.version;

-- booked_of --
-- What the books say of a plan's loss, place by place.
select occasion, account, owner, sum(amount)::bigint as amount
  from (select occasion, debit as account, debit_owner as owner, amount
          from transfers where bucket = $1 and plan_id = $2 and occasion = any ($3::text[])
        union all
        select occasion, credit, credit_owner, - amount
          from transfers where bucket = $1 and plan_id = $2 and occasion = any ($3::text[])) sides
 group by occasion, account, owner
having sum(amount) <> 0;

-- bearers --
-- What each bears of all losses that are allocated, and what came back to it: tiers, partners, and we.
with borne as (
    select l.bucket, l.loss_id, l.currency, v.allocation
      from losses l
      join loss_versions v on v.bucket = l.bucket and v.loss_id = l.loss_id and v.version = l.version
), parts as (
    select currency, one ->> 'arrangement_id' as arrangement_id, one ->> 'bearer_id' as bearer_id,
           (one ->> 'amount')::bigint as amount, 0::bigint as back
      from borne cross join lateral json_array_elements(allocation -> 'tiers') one
     union all
    select currency, null, one ->> 'partner_id', (one ->> 'amount')::bigint, 0
      from borne cross join lateral json_array_elements(allocation -> 'rest') one
     union all
    select currency, null, null, (allocation ->> 'written_off')::bigint, 0 from borne
     union all
    select b.currency, s.arrangement_id, s.bearer_id, 0, s.amount
      from borne b
      join recovery_shares s using (bucket, loss_id)
      join loss_recoveries r using (bucket, loss_id, number)
     where r.reversed_at is null
)
select p.currency, p.arrangement_id, p.bearer_id, d.document ->> 'name' as name, d.document ->> 'kind' as kind,
       sum(p.amount)::bigint as amount, sum(p.back)::bigint as back
  from parts p
  left join lateral (select document from support_arrangements a
                      where a.arrangement_id = p.arrangement_id order by version desc limit 1) d on true
 group by p.currency, p.arrangement_id, p.bearer_id, d.document ->> 'name', d.document ->> 'kind'
having sum(p.amount) <> 0 or sum(p.back) <> 0
 order by p.currency, p.arrangement_id nulls last, p.bearer_id nulls last;
