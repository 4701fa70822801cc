-- What the operator reads of the whole book and of a plan's; nothing here writes.

-- count_decisions --
-- A referral that a person reviewed counts as what it became. Of plans that are to be of more nothing is counted again.
select category, currency, outcome, count(*) as decisions, sum(amount)::bigint as amount
  from decisions d
 where d.amends is null
   and not exists (select from reviews r where r.bucket = d.bucket and r.decision_id = d.decision_id)
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

-- currency_of_plan --
select currency from plans where bucket = $1 and plan_id = $2;

-- limit_before --
-- What the change of this version has changed; null where it opened the account.
select limit_before from limit_changes where bucket = $1 and person_id = $2 and currency = $3 and version = $4;

-- owed_of_plan --
select outstanding, currency from plans where bucket = $1 and plan_id = $2;

-- plan_places --
-- What a plan has moved in each place, until a day or in all.
select account, owner_id, sum(debit)::bigint as debit, sum(credit)::bigint as credit
  from (select debit as account, debit_owner as owner_id, amount as debit, 0 as credit
          from transfers where bucket = $1 and plan_id = $2 and ($3::date is null or booked_on <= $3)
         union all
        select credit, credit_owner, 0, amount
          from transfers where bucket = $1 and plan_id = $2 and ($3::date is null or booked_on <= $3)) sides
 group by account, owner_id
 order by account, owner_id;

-- plan_transfers --
-- In the order of the facts that caused them; a row keeps its number, for what comes later goes behind it.
select number, occasion, debit, debit_owner, credit, credit_owner, amount, booked_on, booked_at, cause_id, fact, what
  from (select row_number() over (order by f.number, t.leg) as number, t.occasion, t.debit, t.debit_owner, t.credit,
               t.credit_owner, t.amount, t.booked_on, t.booked_at, t.cause_id, f.number as fact, f.fact as what
          from transfers t
          join (select distinct on (cause_id) cause_id, number, fact
                  from facts where bucket = $1 and plan_id = $2 order by cause_id, number) f using (cause_id)
         where t.bucket = $1 and t.plan_id = $2) booked
 where number > $4 and ($3::date is null or booked_on <= $3)
 order by number
 limit $5;

-- person_of_consumer --
select person_id from consumers where bucket = $1 and consumer_id = $2 and merchant_id = $3;

-- key_of_plan --
-- The data key of a plan's consumer; of this merchant's, if one is named.
select d.key_id, d.wrapped
  from plans p
  join data_keys d on d.bucket = p.bucket and d.key_id = p.consumer_id
 where p.bucket = $1 and p.plan_id = $2 and ($3::text is null or p.merchant_id = $3);

-- keys_to_open --
-- The data keys that somebody may open texts with: a merchant's are those of its own consumers.
select d.key_id, d.wrapped
  from unnest($1::smallint[], $2::text[]) as k (bucket, key_id)
  join data_keys d using (bucket, key_id)
  left join consumers c on c.bucket = d.bucket and c.consumer_id = d.key_id
 where $3::text is null or c.merchant_id = $3;

-- consumers_of_person --
with person as materialized (
    select person_id, bucket || more_buckets as buckets from people where bucket = $1 and person_id = $2
)
select c.consumer_id, c.merchant_id
  from person o
  join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id
 order by c.consumer_id;

-- decisions_of_consumer --
select d.decision_id, d.consumer_id, d.request, d.snapshot, d.answer, k.wrapped
  from decisions d
  join data_keys k on k.bucket = d.bucket and k.key_id = d.consumer_id
 where d.bucket = $1 and d.consumer_id = $2
 order by d.decision_id;

-- plans_of_consumer --
select p.plan_id, p.state, p.currency, p.amount, p.outstanding,
       (select json_agg(f.body order by f.number) from facts f where f.bucket = p.bucket and f.plan_id = p.plan_id)::text
  from plans p
 where p.bucket = $1 and p.consumer_id = $2
 order by p.plan_id;

-- given_by_consumer --
select coalesce((select json_agg(c order by c.consent_id) from consents c
                  where c.bucket = $1 and c.consumer_id = $2), '[]')::text as consents,
       coalesce((select json_agg(p order by p.permission_id) from permissions p
                  where p.bucket = $1 and p.consumer_id = $2), '[]')::text as permissions,
       coalesce((select json_agg(to_jsonb(i) - 'token' order by i.instrument_id) from instruments i
                  where i.bucket = $1 and i.consumer_id = $2), '[]')::text as instruments;

-- list_plans --
-- Of a merchant's plans below an id so many are looked at; of those what is asked for, the newest first. `looked_until` is
-- the last that was looked at; null: there was none. Nothing is looked at below the floor $13.
with looked as (
    select plan_id, merchant_id, consumer_id, merchant_reference, kind, currency, state, collection_state, amount,
           captured, voided, outstanding, refunded, overpaid, authorized_at, closed_at, version
      from plans
     where merchant_id = $1 and plan_id < $2 and plan_id >= $13
     order by plan_id desc
     limit $3
), found as (
    select *
      from looked
     where ($5::text is null or state = $5) and ($6::text is null or kind = $6) and ($7::text is null or currency = $7)
       and ($8::timestamptz is null or authorized_at >= $8) and ($9::timestamptz is null or authorized_at < $9)
       and ($10::bigint is null or amount >= $10) and ($11::bigint is null or amount <= $11)
       and ($12::text is null or consumer_id = $12)
     order by plan_id desc
     limit $4
)
select l.looked_until, f.*
  from (select min(plan_id) as looked_until from looked) l
  left join found f on true
 order by f.plan_id desc;

-- list_named_plans --
-- The same of those that have, or had, a merchant reference: they are few.
with looked as (
    select p.plan_id, p.merchant_id, p.consumer_id, p.merchant_reference, p.kind, p.currency, p.state,
           p.collection_state, p.amount, p.captured, p.voided, p.outstanding, p.refunded, p.overpaid, p.authorized_at,
           p.closed_at, p.version
      from (select plan_id from merchant_references where merchant_id = $1 and merchant_reference = any($12)
             union
            select plan_id from former_references where merchant_id = $1 and merchant_reference = any($12)) n
      join plans p on p.bucket = bucket_of(n.plan_id) and p.plan_id = n.plan_id
     where p.plan_id < $2
), found as (
    select *
      from looked
     where ($4::text is null or state = $4) and ($5::text is null or kind = $5) and ($6::text is null or currency = $6)
       and ($7::timestamptz is null or authorized_at >= $7) and ($8::timestamptz is null or authorized_at < $8)
       and ($9::bigint is null or amount >= $9) and ($10::bigint is null or amount <= $10)
       and ($11::text is null or consumer_id = $11)
     order by plan_id desc
     limit $3
)
select l.looked_until, f.*
  from (select min(plan_id) as looked_until from looked) l
  left join found f on true
 order by f.plan_id desc;

-- list_payments --
-- The same of its payments, by the events that told of them, of the type that stands for `told`.
with looked as (
    select event_id, merchant_id, plan_id, at, data
      from events
     where merchant_id = $1 and type = 'told' and number is not null and event_id < $2 and event_id >= $12
     order by event_id desc
     limit $3
), found as (
    select l.event_id, l.merchant_id, f.fact_id as payment_id, l.plan_id, p.merchant_reference, p.consumer_id,
           p.currency, (l.data ->> 'amount')::bigint as amount, (l.data ->> 'received_on')::date as received_on,
           l.data ->> 'received_by' as received_by, f.reference, (l.data ->> 'principal')::bigint as principal,
           (l.data ->> 'interest')::bigint as interest, (l.data ->> 'fee')::bigint as fee,
           (l.data ->> 'penalty')::bigint as penalty, (l.data ->> 'overpaid')::bigint as overpaid, l.at as recorded_at
      from looked l
      join plans p on p.bucket = bucket_of(l.plan_id) and p.plan_id = l.plan_id
      join facts f on f.bucket = p.bucket and f.plan_id = p.plan_id and f.fact_id = l.data ->> 'payment_id'
     where ($5::text is null or f.reference = $5) and ($6::text is null or l.plan_id = $6)
       and ($7::text is null or p.currency = $7)
       and ($8::timestamptz is null or l.at >= $8) and ($9::timestamptz is null or l.at < $9)
       and ($10::bigint is null or (l.data ->> 'amount')::bigint >= $10)
       and ($11::bigint is null or (l.data ->> 'amount')::bigint <= $11)
     order by l.event_id desc
     limit $4
)
select l.looked_until, f.*
  from (select min(event_id) as looked_until from looked) l
  left join found f on true
 order by f.event_id desc;

-- list_refunds --
-- The same of its refunds.
with looked as (
    select event_id, merchant_id, plan_id, at, data
      from events
     where merchant_id = $1 and type = 'told' and number is not null and event_id < $2 and event_id >= $11
     order by event_id desc
     limit $3
), found as (
    select l.event_id, l.merchant_id, f.fact_id as refund_id, l.plan_id, p.merchant_reference, p.consumer_id,
           p.currency, (l.data ->> 'amount')::bigint as amount, (l.data ->> 'return_fee')::bigint as return_fee,
           l.at as refunded_at
      from looked l
      join plans p on p.bucket = bucket_of(l.plan_id) and p.plan_id = l.plan_id
      join facts f on f.bucket = p.bucket and f.plan_id = p.plan_id and f.fact_id = l.data ->> 'refund_id'
     where ($5::text is null or l.plan_id = $5) and ($6::text is null or p.currency = $6)
       and ($7::timestamptz is null or l.at >= $7) and ($8::timestamptz is null or l.at < $8)
       and ($9::bigint is null or (l.data ->> 'amount')::bigint >= $9)
       and ($10::bigint is null or (l.data ->> 'amount')::bigint <= $10)
     order by l.event_id desc
     limit $4
)
select l.looked_until, f.*
  from (select min(event_id) as looked_until from looked) l
  left join found f on true
 order by f.event_id desc;

-- list_disputes --
-- The same of the disputes on its plans, each by the event that told of its opening, and where it is by the last of its
-- events.
with looked as materialized (
    select event_id, merchant_id, bucket, plan_id, at, data
      from events
     where merchant_id = $1 and type = 'told' and number is not null and event_id < $2 and event_id >= $12
     order by event_id desc
     limit $3
), newest as materialized (
    select distinct on (l.event_id) l.event_id as opened_by, e.type, e.data, e.at
      from looked l
      join events e on e.bucket = l.bucket and e.merchant_id = l.merchant_id and e.plan_id = l.plan_id
                   and e.data ->> 'dispute_id' = l.data ->> 'dispute_id'
     order by l.event_id, e.number desc
), found as (
    select l.event_id, l.merchant_id, l.data ->> 'dispute_id' as dispute_id, l.plan_id, p.merchant_reference,
           p.consumer_id, p.currency, (l.data ->> 'amount')::bigint as amount, l.data ->> 'reason' as reason,
           l.at as opened_at,
           case n.type when 'closed' then n.data ->> 'outcome'
                       when 'answered' then 'under_review' else 'needs_response' end as state,
           case when n.type not in ('answered', 'closed')
                then (n.data ->> 'respond_by')::date end as respond_by, n.at as changed_at
      from looked l
      join plans p on p.bucket = l.bucket and p.plan_id = l.plan_id
      join newest n on n.opened_by = l.event_id
     where ($6::text is null or l.plan_id = $6) and ($7::text is null or p.currency = $7)
       and ($8::timestamptz is null or l.at >= $8) and ($9::timestamptz is null or l.at < $9)
       and ($10::bigint is null or (l.data ->> 'amount')::bigint >= $10)
       and ($11::bigint is null or (l.data ->> 'amount')::bigint <= $11)
), wanted as (
    select *
      from found
     where $5::text is null or state = $5 or ($5 = 'open' and state in ('needs_response', 'under_review'))
     order by event_id desc
     limit $4
)
select l.looked_until, w.*
  from (select min(event_id) as looked_until from looked) l
  left join wanted w on true
 order by w.event_id desc;

-- list_checkouts --
-- The same of its checkouts. A referral that a person reviewed is followed by another decision.
with looked as (
    select decision_id, merchant_id, consumer_id, merchant_reference, currency, amount, category, outcome, decided_at
      from decisions
     where merchant_id = $1 and decision_id < $2 and decision_id >= $13 and amends is null
     order by decision_id desc
     limit $3
), found as (
    select *
      from looked
     where ($5::text is null or outcome = $5) and ($6::text[] is null or merchant_reference = any($6))
       and ($7::text is null or currency = $7)
       and ($8::timestamptz is null or decided_at >= $8) and ($9::timestamptz is null or decided_at < $9)
       and ($10::bigint is null or amount >= $10) and ($11::bigint is null or amount <= $11)
       and ($12::text is null or consumer_id = $12)
     order by decision_id desc
     limit $4
)
select l.looked_until, f.*
  from (select min(decision_id) as looked_until from looked) l
  left join found f on true
 order by f.decision_id desc;

-- sellers_of --
select merchant_id from merchants where platform_id = $1 order by merchant_id;

-- floor_of_plans --
-- Of each of several merchants so many plans below an id are looked at: down to which id that is all there is of all of
-- them. Empty: down to the first.
select coalesce(max(l.lowest) filter (where l.looked = $3), '')
  from unnest($1::text[]) as o (merchant_id)
 cross join lateral (
    select min(n.plan_id) as lowest, count(*) as looked
      from (select plan_id
              from plans
             where merchant_id = o.merchant_id and plan_id < $2
             order by plan_id desc
             limit $3) n) l;

-- floor_of_events --
-- The same of the events that told of their payments.
select coalesce(max(l.lowest) filter (where l.looked = $3), '')
  from unnest($1::text[]) as o (merchant_id)
 cross join lateral (
    select min(n.event_id) as lowest, count(*) as looked
      from (select event_id
              from events
             where merchant_id = o.merchant_id and type = 'told' and number is not null and event_id < $2
             order by event_id desc
             limit $3) n) l;

-- not_numbered_of --
-- Those of these merchants of whom an event has no number.
select distinct merchant_id from events where merchant_id = any ($1::text[]) and number is null;

-- floor_of_checkouts --
-- The same of their checkouts.
select coalesce(max(l.lowest) filter (where l.looked = $3), '')
  from unnest($1::text[]) as o (merchant_id)
 cross join lateral (
    select min(n.decision_id) as lowest, count(*) as looked
      from (select decision_id
              from decisions
             where merchant_id = o.merchant_id and decision_id < $2 and amends is null
             order by decision_id desc
             limit $3) n) l;

-- floor_of_consumers --
-- The same of their consumers.
select coalesce(max(l.lowest) filter (where l.looked = $3), '')
  from unnest($1::text[]) as o (merchant_id)
 cross join lateral (
    select min(n.consumer_id) as lowest, count(*) as looked
      from (select consumer_id
              from consumers
             where merchant_id = o.merchant_id and consumer_id < $2
             order by consumer_id desc
             limit $3) n) l;

-- list_consumers --
-- The same of its consumers. Who they are is sealed: of a reference the blind indexes are given, where it is asked for.
with looked as (
    select consumer_id, merchant_id, version, created_at, updated_at
      from consumers
     where merchant_id = $1 and consumer_id < $2 and consumer_id >= $8
       and ($7::text is null or consumer_id = $7)
     order by consumer_id desc
     limit $3
), found as (
    select *
      from looked
     where ($5::timestamptz is null or created_at >= $5) and ($6::timestamptz is null or created_at < $6)
     order by consumer_id desc
     limit $4
)
select l.looked_until, f.*
  from (select min(consumer_id) as looked_until from looked) l
  left join found f on true
 order by f.consumer_id desc;

-- list_merchants --
select merchant_id, name, country, time_zone, active, is_believed, is_test, platform is not null as is_platform, platform_id,
       created_at
  from merchants
 where merchant_id < $1 and ($3::text is null or platform_id = $3) and ($4::boolean is null or active = $4)
 order by merchant_id desc
 limit $2;

-- list_partners --
select partner_id, name, active, created_at
  from partners
 where partner_id < $1 and ($3::boolean is null or active = $3)
 order by partner_id desc
 limit $2;
