-- load_snapshots --
-- Account and history are the person's, whichever of their consumers asks. One statement, one moment: the account's
-- version tells which commands the other facts have seen. Plans that are counted in `pasts` are not read.
select c.consumer_id, c.person_id, k.currency, c.merchant_id, m.time_zone, c.version as consumer_version, c.attributes,
       c.persona, dk.wrapped,
       exists(select from person_pauses r
               where r.bucket = o.bucket and r.person_id = o.person_id and r.ended_at is null) as is_paused,
       -- the policies of credit insurance that the person is a debtor under, at this merchant
       (select json_agg(json_build_object('policy_id', i.policy_id,
                                          'extension_days_max', i.document -> 'extension_days_max',
                                          'ends_on', a.document -> 'ends_on') order by i.policy_id)
          from consumers x
          join insured_debtors d on d.consumer_id = x.consumer_id
         cross join lateral (select policy_id, document from insurance_policies
                              where policy_id = d.policy_id order by version desc limit 1) i
         cross join lateral (select document from support_arrangements
                              where arrangement_id = i.document ->> 'arrangement_id' order by version desc limit 1) a
         where x.bucket = any (o.bucket || o.more_buckets) and x.person_id = o.person_id
           and (json_array_length(i.document -> 'merchant_ids') = 0
                or c.merchant_id in (select json_array_elements_text(i.document -> 'merchant_ids')))
           and exists (select from debtor_limit_steps s
                        where s.debtor_id = d.debtor_id and s.state in ('granted', 'partial'))) as insured,
       coalesce(a.version, 0) as account_version, a."limit",
       coalesce(a.reserved, 0) as reserved, coalesce(a.used, 0) as used, h.open_plans, h.paid_off_plans,
       h.next_due_on, h.first_plan_at, h.clean_deposits, h.over_plans
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, consumer_id, currency)
  join consumers c using (bucket, consumer_id)
  join data_keys dk on dk.bucket = c.bucket and dk.key_id = c.consumer_id and dk.wrapped is not null
  join merchants m using (merchant_id)
  join people o on o.bucket = bucket_of(c.person_id) and o.person_id = c.person_id
  left join accounts a
    on a.bucket = o.bucket and a.person_id = o.person_id and a.currency = k.currency
 cross join lateral (
    select coalesce(sum(t.paid_off_plans), 0)::bigint as paid_off_plans, min(t.first_plan_at) as first_plan_at
      from consumers x
      join pasts t on t.bucket = x.bucket and t.consumer_id = x.consumer_id and t.currency = k.currency
     where x.bucket = any (o.bucket || o.more_buckets) and x.person_id = o.person_id and a.version > 1
 ) counted
 cross join lateral (
    select count(*) filter (where p.state in ('authorized', 'in_use', 'part_captured', 'assessing', 'active',
                                              'payment_due', 'charged_off'))                     as open_plans,
           counted.paid_off_plans - count(*) filter (where p.past_paid_off)
           + count(*) filter (where p.state in ('paid_off', 'overpaid')
                                and not exists (select from unproved_payments u
                                                 where u.bucket = p.bucket and u.plan_id = p.plan_id))
                                                                                                 as paid_off_plans,
           least(min(p.authorized_at), counted.first_plan_at)                                    as first_plan_at,
           count(*) filter (where p.kind = 'deposit' and p.state = 'closed' and p.captured = 0
                              and coalesce(p.closed_at > p.last_claim_at, true))                 as clean_deposits,
           min(case when p.collection_state in ('collecting', 'paused', 'given_up')
                    then (select min(l.due_on) from lines l
                           where l.bucket = p.bucket and l.plan_id = p.plan_id and l.paid_on is null) end)
                                                                                                 as next_due_on,
           count(*) filter (where p.closed_at is not null and p.kind <> 'deposit')               as over_plans
      from (select p.bucket, p.plan_id, p.kind, p.state, p.collection_state, p.captured, p.authorized_at, p.closed_at,
                   p.past_paid_off, max(p.claimed_at) over () as last_claim_at
              from plans p
             where p.bucket = any (o.bucket || o.more_buckets) and p.person_id = o.person_id
               and p.currency = k.currency and p.past_state is distinct from p.state) p
     where a.version > 1
 ) h;

-- load_snapshots_step_by_step --
-- The same on a cluster, where a person's rows may be on another machine than the consumer's: each common table is brought
-- together before the next is asked. Every plan is read, and none is counted. Whose time zone it is, the process knows.
with asked as materialized (
    select c.consumer_id, c.person_id, k.currency, c.merchant_id, c.version as consumer_version, c.attributes, c.persona,
           dk.wrapped
      from consumers c
      join data_keys dk on dk.bucket = c.bucket and dk.key_id = c.consumer_id and dk.wrapped is not null
      join unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, consumer_id, currency)
        on k.bucket = c.bucket and k.consumer_id = c.consumer_id
     where c.bucket = any ($1)
), persons as materialized (
    select o.person_id,
           exists (select from person_pauses r
                    where r.bucket = o.bucket and r.person_id = o.person_id and r.ended_at is null) as is_paused
      from people o
     where o.person_id in (select person_id from asked)
), consumers_of as materialized (
    select c.person_id, c.consumer_id from consumers c where c.person_id in (select person_id from asked)
), accounts_of as materialized (
    select a.person_id, a.currency, a.version, a."limit", a.reserved, a.used
      from accounts a
     where a.person_id in (select person_id from asked)
), due as (
    select l.bucket, l.plan_id, min(l.due_on) as due_on from lines l where l.paid_on is null group by l.bucket, l.plan_id
), plans_of as materialized (
    select p.person_id, p.currency, p.plan_id, p.kind, p.state, p.captured, p.authorized_at, p.closed_at, p.claimed_at,
           due.due_on
      from plans p
      left join due on due.bucket = p.bucket and due.plan_id = p.plan_id
     where p.person_id in (select person_id from asked)
), told as materialized (
    select f.bucket, f.plan_id, f.cause_id
      from facts f
     where f.fact = 'paid' and f.actor in ('merchant', 'platform')
       and f.plan_id in (select plan_id from plans_of where state in ('paid_off', 'overpaid'))
       and not exists (select from payment_proofs x
                        where x.bucket = f.bucket and x.plan_id = f.plan_id and x.payment_id = f.fact_id)
       and not exists (select from facts r
                        where r.bucket = f.bucket and r.plan_id = f.plan_id and r.fact = 'payment_returned'
                          and r.body ->> 'payment_id' = f.fact_id)
), unproved as materialized (
    select t.plan_id
      from told t
     where not exists (select from payments_borne b where b.bucket = t.bucket and b.cause_id = t.cause_id)
), history as (
    select person_id, currency,
           count(*) filter (where state in ('authorized', 'in_use', 'part_captured', 'assessing', 'active',
                                            'payment_due', 'charged_off'))                       as open_plans,
           count(*) filter (where state in ('paid_off', 'overpaid')
                              and plan_id not in (select plan_id from unproved))                 as paid_off_plans,
           min(authorized_at)                                                                    as first_plan_at,
           count(*) filter (where kind = 'deposit' and state = 'closed' and captured = 0
                              and coalesce(closed_at > last_claim_at, true))                     as clean_deposits,
           min(due_on)                                                                           as next_due_on
      from (select *, max(claimed_at) over (partition by person_id, currency) as last_claim_at from plans_of) p
     group by person_id, currency
)
select asked.consumer_id, asked.person_id, asked.currency, asked.merchant_id, m.time_zone, asked.consumer_version,
       asked.attributes, asked.persona, asked.wrapped, o.is_paused,
       (select json_agg(json_build_object('policy_id', i.policy_id,
                                          'extension_days_max', i.document -> 'extension_days_max',
                                          'ends_on', s.document -> 'ends_on') order by i.policy_id)
          from consumers_of x
          join insured_debtors d on d.consumer_id = x.consumer_id
         cross join lateral (select policy_id, document from insurance_policies
                              where policy_id = d.policy_id order by version desc limit 1) i
         cross join lateral (select document from support_arrangements
                              where arrangement_id = i.document ->> 'arrangement_id' order by version desc limit 1) s
         where x.person_id = asked.person_id
           and (json_array_length(i.document -> 'merchant_ids') = 0
                or asked.merchant_id in (select json_array_elements_text(i.document -> 'merchant_ids')))
           and exists (select from debtor_limit_steps l
                        where l.debtor_id = d.debtor_id and l.state in ('granted', 'partial'))) as insured,
       coalesce(a.version, 0) as account_version, a."limit",
       coalesce(a.reserved, 0) as reserved, coalesce(a.used, 0) as used, coalesce(h.open_plans, 0) as open_plans,
       coalesce(h.paid_off_plans, 0) as paid_off_plans, h.next_due_on, h.first_plan_at,
       coalesce(h.clean_deposits, 0) as clean_deposits, 0 as over_plans
  from asked
  join persons o using (person_id)
  join merchants m using (merchant_id)
  left join accounts_of a using (person_id, currency)
  left join history h using (person_id, currency);

-- load_decision_answers --
select d.decision_id, d.answer
  from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
  join decisions d using (bucket, decision_id);

-- load_decision --
-- Of a referral that a person reviewed: the decision that made.
select coalesce(m.answer, d.answer) as answer
  from decisions d
  left join reviews r using (bucket, decision_id)
  left join decisions m on m.bucket = r.bucket and m.decision_id = r.made_id
 where d.bucket = $1 and d.decision_id = $2 and d.merchant_id = $3;

-- load_offered --
select d.decision_id, d.consumer_id, d.request, k.wrapped, d.answer, d.policy_id, d.policy_version, d.decided_at
  from decisions d
  join data_keys k on k.bucket = d.bucket and k.key_id = d.consumer_id
 where d.bucket = $1 and d.decision_id = $2 and d.merchant_id = $3;

-- load_notice --
-- Of a referral that a person reviewed: the decision that made.
select m.decision_id, m.consumer_id, m.request, m.snapshot, m.answer, k.wrapped, s.name as merchant_name
  from decisions d
  left join reviews r using (bucket, decision_id)
  join decisions m on m.bucket = d.bucket and m.decision_id = coalesce(r.made_id, d.decision_id)
  join data_keys k on k.bucket = d.bucket and k.key_id = d.consumer_id
  join merchants s on s.merchant_id = d.merchant_id
 where d.bucket = $1 and d.decision_id = $2 and ($3::text is null or d.merchant_id = $3);

-- load_evidence --
-- All that a replay needs; of what a person decided, what the person said.
select d.decision_id, d.policy_id, d.policy_version, d.decided_at, d.consumer_id, d.request, d.snapshot, d.answer,
       d.amends, r.decision_id as referral_id, r.outcome, r.reasons, k.wrapped, k.erased_at, k.erased_by
  from decisions d
  left join reviews r on r.bucket = d.bucket and r.made_id = d.decision_id
  join data_keys k on k.bucket = d.bucket and k.key_id = d.consumer_id
 where d.bucket = $1 and d.decision_id = $2;

-- load_outcome --
select outcome, decided_at, amends from decisions where bucket = $1 and decision_id = $2;

-- list_referrals --
-- Ids are in the order of time, so the oldest that can still be reviewed is found by its id.
select d.decision_id, d.merchant_id, d.consumer_id, d.merchant_reference, d.currency,
       d.decided_at, d.answer
  from decisions d
 where d.outcome = 'referred' and d.decision_id > $1 and d.decided_at >= $2 and d.amends is null
   and not exists (select from reviews r where r.bucket = d.bucket and r.decision_id = d.decision_id)
 order by d.decision_id
 limit $3;

-- list_untold_referrals --
-- The referrals after one that operators were not told of yet; the event of one has its id.
select d.bucket, d.decision_id, d.merchant_reference, d.currency, d.amount, d.decided_at
  from decisions d
 where d.outcome = 'referred' and d.decision_id > $1 and d.amends is null
   and not exists (select from events e where e.bucket = d.bucket and e.event_id = 'ev_' || substr(d.decision_id, 4))
 order by d.decision_id
 limit $2;

-- load_review --
select r.decision_id as referral_id, r.outcome, r.reasons, r.note, r.reviewed_by, r.reviewed_at,
       d.answer as decision
  from reviews r
  join decisions d on d.bucket = r.bucket and d.decision_id = r.made_id
 where r.bucket = $1 and r.decision_id = $2;

-- insert_review --
insert into reviews (bucket, decision_id, made_id, outcome, reasons, note, reviewed_by, reviewed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict on constraint reviews_pk do nothing
returning made_id;

-- insert_differences --
-- Only of decisions that are in the log: a request that was sent again made none.
insert into trial_differences (bucket, decision_id, trial_id, currency, is_answered, champion, challenger, score,
                               "limit", financed, cost)
select k.*
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[],
              $8::int[], $9::bigint[], $10::bigint[], $11::bigint[])
       as k (bucket, decision_id, trial_id, currency, is_answered, champion, challenger, score, "limit", financed, cost)
  join decisions d using (bucket, decision_id)
    on conflict do nothing;

-- load_decision_log --
select d.decision_id, d.merchant_id, d.consumer_id, d.policy_id, d.policy_version, d.decided_at, d.request, d.snapshot,
       d.answer, coalesce(d.takers, convert_to(d.funding, 'UTF8')) as takers, k.wrapped, k.erased_at, k.erased_by
  from decisions d
  join data_keys k on k.bucket = d.bucket and k.key_id = d.consumer_id
 where d.bucket = $1 and d.decision_id = $2;

-- forget_decisions --
select looked_at, forgotten from forget_decisions($1, $2, $3, $4);

-- taken --
-- The decisions on a merchant reference that a plan has taken: none of their offers could be accepted.
select asked.decision_id
  from @asked
  join merchant_references r
    on r.merchant_id = asked.merchant_id and r.merchant_reference = asked.merchant_reference

-- outdated --
-- The decisions made of what was remembered whose consumer or account is not in that version any more: decided anew.
-- It may have changed a moment ago, or another process has changed it; or somebody has put an old entry back into Redis.
select decision_id
  from @asked
 where consumer_version is not null
   and (select c.version = asked.consumer_version and coalesce(a.version, 0) = asked.account_version
          from consumers c
          left join accounts a
            on a.bucket = bucket_of(c.person_id) and a.person_id = c.person_id and a.currency = asked.currency
         where c.bucket = asked.bucket and c.consumer_id = asked.consumer_id) is not true

-- admitted --
-- The decisions that may be logged, if their keys are new: not one made in ignorance of the present rulebook.
select decision_id as answer_id
  from @asked
 where rulebook = (select revision from rulebook)
   and decision_id not in (select decision_id from taken)
   and decision_id not in (select decision_id from outdated)

-- admitted_without_key --
-- Of decisions that we have made ourselves: what a person decided, and what was not made in ignorance of the present
-- rulebook. They stand for those whose keys are claimed.
select decision_id as answer_id from @asked where rulebook is null or rulebook = (select revision from rulebook)

-- log_decisions --
-- Those whose keys are `claimed`.
insert into decisions (bucket, decision_id, merchant_id, consumer_id, merchant_reference, currency, amount,
                       category, outcome, policy_id, policy_version, "limit", decided_at, expires_at, request, snapshot, answer,
                       takers, amends)
select bucket, decision_id, merchant_id, consumer_id, merchant_reference, currency, amount, category, outcome,
       policy_id, policy_version, "limit", decided_at, expires_at, request, snapshot, answer, takers,
       amends
  from @decided
 where decision_id in (select answer_id from claimed)

-- which_were_logged --
select answer_id as decision_id from claimed;

-- which_have_opened --
-- The same, and the accounts that they have opened.
select answer_id as decision_id, null::smallint as bucket, null as person_id, null as currency, null::bigint as "limit"
  from claimed
 union all
select null, bucket, person_id, currency, "limit" from opened;

-- why_not --
-- Why decisions were not logged. Where nothing is said of one, it was made under another rulebook.
select answer_id as decision_id, 'known' as fate
  from @keys
  join idempotency i on i.owner_id = keys.owner_id and i.key = keys.key
 union all
select decision_id, 'taken' from taken
 union all
select decision_id, 'outdated' from outdated;

-- examine --
-- The same on a cluster, step by step, first: what speaks against logging each of the decisions. An account that is on
-- another machine than its consumer counts as one that has changed.
select asked.decision_id,
       exists (select from idempotency i
                where i.bucket = keys.bucket and i.owner_id = keys.owner_id and i.key = keys.key) as is_known,
       exists (select from merchant_references r
                where r.bucket = asked.bucket and r.merchant_id = asked.merchant_id
                  and r.merchant_reference = asked.merchant_reference) as is_taken,
       asked.consumer_version is not null
       and (select c.version = asked.consumer_version and coalesce(a.version, 0) = asked.account_version
              from consumers c
              left join accounts a
                on a.bucket = asked.bucket and a.person_id = c.person_id and a.currency = asked.currency
             where c.bucket = asked.bucket and c.consumer_id = asked.consumer_id) is not true as is_outdated,
       asked.rulebook = (select revision from rulebook) as is_present
  from @asked
  left join @keys on keys.answer_id = asked.decision_id;

-- log_new_decisions --
-- Then what is logged.
insert into decisions (bucket, decision_id, merchant_id, consumer_id, merchant_reference, currency, amount,
                       category, outcome, policy_id, policy_version, "limit", decided_at, expires_at, request, snapshot,
                       answer, takers, amends)
select bucket, decision_id, merchant_id, consumer_id, merchant_reference, currency, amount, category, outcome,
       policy_id, policy_version, "limit", decided_at, expires_at, request, snapshot, answer, takers, amends
  from @decided;
