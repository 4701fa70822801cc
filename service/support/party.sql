-- What a party that bears losses sees: its own arrangements' money, cover sets, plans in them, and its parts of losses.

-- capacities_of --
-- Of arrangements that it bears losses by now, the oldest first.
select k.arrangement_id, k.state, k.is_funded, k.is_reinstatable, k.funded, k.reserved, k.paid, k.returned, k.available
  from support_capacity k
 cross join lateral (select document ->> 'provider_id' as provider_id
                       from support_arrangements a
                      where a.arrangement_id = k.arrangement_id order by version desc limit 1) d
 where d.provider_id = $1 and k.arrangement_id > $2
 order by k.arrangement_id
 limit $3;

-- sets_of --
-- Of the same, with what is enrolled.
with page as materialized (
    select s.*
      from cover_sets s
     cross join lateral (select document ->> 'provider_id' as provider_id
                           from support_arrangements a
                          where a.arrangement_id = s.arrangement_id order by version desc limit 1) d
     where d.provider_id = $1 and s.cover_set_id > $2
     order by s.cover_set_id
     limit $3
), enrolled as materialized (
    select cover_set_id, count(*) as plans, sum(principal) as principal
      from enrolments
     where cover_set_id = any (array(select cover_set_id from page)) and state <> 'void'
     group by cover_set_id
)
select s.cover_set_id, s.arrangement_id, s.name, s.mode, s.currency, s.sanctioned, s.revolving,
       coalesce(e.plans, 0) as plans, coalesce(e.principal, 0)::bigint as principal, s.frozen_at, s.made_at
  from page s
  left join enrolled e using (cover_set_id)
 order by s.cover_set_id;

-- losses_of --
-- $1 the party, $2 after which loss, $3 an arrangement or null, $4 how many losses at most: what each of its tiers bears.
with page as (
    select distinct a.bucket, a.loss_id, a.version
      from loss_allocations a
      join losses l on l.bucket = a.bucket and l.loss_id = a.loss_id and l.version = a.version
     where a.bearer_id = $1 and a.loss_id > $2 and ($3::text is null or a.arrangement_id = $3)
     order by a.loss_id
     limit $4
)
select a.loss_id, a.arrangement_id, l.plan_id, l.cause, l.lost_on, l.state, a.version, l.currency, a.insured,
       a.first_loss, a.amount, a."limit", coalesce(h.reserved, 0) as reserved, coalesce(h.paid, 0) as paid,
       coalesce(back.amount, 0)::bigint as returned
  from page
  join losses l using (bucket, loss_id)
  join loss_allocations a on a.bucket = page.bucket and a.loss_id = page.loss_id and a.version = page.version
  left join capacity_holds h on h.arrangement_id = a.arrangement_id and h.held_for = a.loss_id
  left join lateral (select sum(s.amount) as amount
                       from recovery_shares s
                       join loss_recoveries r using (bucket, loss_id, number)
                      where s.bucket = a.bucket and s.loss_id = a.loss_id and s.arrangement_id = a.arrangement_id
                        and r.reversed_at is null) back on true
 where a.bearer_id = $1 and ($3::text is null or a.arrangement_id = $3)
 order by a.loss_id, a.tier;

-- versions_of_loss --
-- What the party bore of a loss, version by version.
select a.version, a.arrangement_id, a.insured, a.first_loss, a.amount, a."limit", v.allocated_at
  from loss_allocations a
  join loss_versions v using (bucket, loss_id, version)
 where a.bucket = $1 and a.loss_id = $2 and a.bearer_id = $3
 order by a.version, a.tier;

-- returns_of_loss --
-- What came back of it to the party, and stands.
select s.arrangement_id, r.received_on, r.source, s.amount
  from recovery_shares s
  join loss_recoveries r using (bucket, loss_id, number)
 where s.bucket = $1 and s.loss_id = $2 and s.bearer_id = $3 and r.reversed_at is null
 order by r.number, s.place;
