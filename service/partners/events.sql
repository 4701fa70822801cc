-- The partner's sub-ledger: told, numbered, read.

-- tell_partners --
-- Without a number, which is given by whoever reads it: so nobody's commit waits for another's.
insert into partner_events (bucket, event_id, partner_id, programme_id, plan_id, type, business_on, value_on,
                            principal, interest, fee, penalty, subsidy, currency, undoes_fact, booked_at)
select bucket, event_id, partner_id, programme_id, plan_id, type, business_on, value_on,
       principal, interest, fee, penalty, subsidy, currency, undoes_fact, booked_at
  from @partnered;

-- number_partner_events --
select number_partner_events($1, $2);

-- not_numbered --
-- The partners of whom an event has no number.
select distinct partner_id
  from partner_events
 where number is null and partner_id = any (array(select partner_id from partners))
 order by partner_id;

-- load_partner_events --
select number, event_id, programme_id, plan_id, type, business_on, filed_on, value_on, principal, interest, fee,
       penalty, subsidy, currency, reverses_event_id, booked_at
  from partner_events
 where partner_id = $1 and number > $2
 order by number
 limit $3;

-- find_partner_events_of_type --
-- Among a partner's next events, so many are looked at, those of a type; `looked_until` is the last that was looked at.
with looked as (
    select number, bucket, event_id, type
      from partner_events
     where partner_id = $1 and number > $2
     order by number
     limit $5
), found as (
    select bucket, event_id from looked where type = $4 order by number limit $3
)
select e.number, e.event_id, e.programme_id, e.plan_id, e.type, e.business_on, e.filed_on, e.value_on, e.principal,
       e.interest, e.fee, e.penalty, e.subsidy, e.currency, e.reverses_event_id, e.booked_at, l.looked_until
  from (select max(number) as looked_until from looked) l
  left join (found join partner_events e using (bucket, event_id)) on true
 order by e.number;

-- find_partner_events_of_plan --
-- A partner's next events of a plan, perhaps of one type; all that have a number by now are looked at.
select e.number, e.event_id, e.programme_id, e.plan_id, e.type, e.business_on, e.filed_on, e.value_on, e.principal,
       e.interest, e.fee, e.penalty, e.subsidy, e.currency, e.reverses_event_id, e.booked_at,
       f.last_number as looked_until
  from partner_feeds f
  left join lateral (
       select *
         from partner_events
        where partner_id = $1 and plan_id = $4 and number > $2 and ($5::text is null or type = $5)
        order by number
        limit $3) e on true
 where f.partner_id = $1
 order by e.number;

-- list_partner_news --
-- Of these partners those whose events go on after the number beside them, or have some that have no number yet.
with unnumbered as materialized (
    select distinct partner_id from partner_events where number is null and partner_id = any ($1::text[])
)
select k.partner_id, k.after
  from unnest($1::text[], $2::bigint[]) as k (partner_id, after)
 where exists (select from partner_feeds f where f.partner_id = k.partner_id and f.last_number > k.after)
    or k.partner_id in (select partner_id from unnumbered);
