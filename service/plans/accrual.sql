-- The interest of a day, for all plans of a merchant, a programme and a currency together. Only plans that accrue are
-- read: those on which time may earn more, and those whose settled interest has not been counted yet.

-- last_of_batches --
-- The accruing plans in batches of $1: the last one of each.
select bucket, plan_id
  from (select bucket, plan_id, row_number() over (order by bucket, plan_id) as place from plans where is_accruing) p
 where place % $1::bigint = 0
 order by bucket, plan_id;

-- new_groups --
-- Groups of accruing plans after ($1, $2) up to ($3, $4) that have no row yet, and the day on which the first line begins:
-- lines are read of those plans alone.
with known as materialized (
    select merchant_id, programme_id, currency from accrual_groups
), without as materialized (
    select p.merchant_id, coalesce(p.funding ->> 'programme_id', '') as programme_id, p.currency,
           (select min(l.begin_on) from lines l where l.bucket = p.bucket and l.plan_id = p.plan_id) as begin_on
      from plans p
     where p.is_accruing
       and (p.bucket, p.plan_id) > ($1::smallint, $2::text) and (p.bucket, p.plan_id) <= ($3::smallint, $4::text)
       and not exists (select from known g
                        where g.merchant_id = p.merchant_id
                          and g.programme_id = coalesce(p.funding ->> 'programme_id', '') and g.currency = p.currency)
)
select merchant_id, programme_id, currency, min(begin_on) as begin_on
  from without
 group by merchant_id, programme_id, currency;

-- open_groups --
insert into accrual_groups (merchant_id, programme_id, currency, accrued_until, earned, settled, facts)
select merchant_id, programme_id, currency, begin_on, 0, 0, 0
  from @opened
    on conflict (merchant_id, programme_id, currency) do nothing;

-- load_groups --
-- Whose midnight ends their days: the programme's, or the merchant's where there is none.
select g.merchant_id, g.programme_id, g.currency, g.accrued_until, g.earned, g.settled,
       coalesce(p.time_zone, m.time_zone) as time_zone, m.ahead
  from accrual_groups g
  join merchants m using (merchant_id)
  left join lateral (select time_zone from programmes p
                      where p.programme_id = g.programme_id order by version desc limit 1) p on true;

-- load_shares --
-- The partners' part of the groups asked for.
select merchant_id, programme_id, currency, s.partner_id, s.earned, s.spread, s.settled, s.spread_settled
  from accrual_shares s
  join unnest($1::text[], $2::text[], $3::text[]) as asked (merchant_id, programme_id, currency)
 using (merchant_id, programme_id, currency);

-- lock_ended --
-- Plans after ($1, $2) up to ($3, $4) on which time earns no more, and whose settled interest is not counted yet. One that
-- is being changed at this moment waits for the next day.
select p.bucket, p.plan_id, p.interest_counted
  from plans p
 where p.is_accruing and not p.interest_runs and @here(p)
   and (p.bucket, p.plan_id) > ($1::smallint, $2::text) and (p.bucket, p.plan_id) <= ($3::smallint, $4::text)
 order by p.bucket, p.plan_id
   for update skip locked;

-- count_settled --
-- What they have settled is counted: they are not read again until something happens to them.
update plans p
   set interest_counted = p.interest_settled
  from @ended
 where p.bucket = ended.bucket and p.plan_id = ended.plan_id
returning p.merchant_id, coalesce(p.funding ->> 'programme_id', '') as programme_id, p.currency,
          p.interest_settled as settled, ended.interest_counted as before, p.funding -> 'participations' as parts

-- add_settled --
-- What was counted is added to its group.
with groups_moved as (
    update accrual_groups g
       set settled = g.settled + more.settled
      from (select merchant_id, programme_id, currency, sum(settled - before)::bigint as settled
              from @counted
             group by merchant_id, programme_id, currency) more
     where g.merchant_id = more.merchant_id and g.programme_id = more.programme_id and g.currency = more.currency
)
insert into accrual_shares as s (merchant_id, programme_id, currency, partner_id, settled, spread_settled)
select merchant_id, programme_id, currency, more.partner_id, sum(more.share)::bigint,
       sum(more.spread)::bigint
  from @counted
 cross join lateral interest_of_parts(before, settled, parts) more
 group by merchant_id, programme_id, currency, more.partner_id
    on conflict (merchant_id, programme_id, currency, partner_id) do update
   set settled = s.settled + excluded.settled, spread_settled = s.spread_settled + excluded.spread_settled;

-- earned --
-- What accruing plans after ($1, $2) up to ($3, $4) have earned by the end of the day asked for, group by group, less what of
-- it their group has counted already; and how many facts they have. Then each partner's part of it.
with batch as materialized (
    select p.bucket, p.plan_id, p.merchant_id, coalesce(p.funding ->> 'programme_id', '') as programme_id, p.currency,
           p.version, p.interest_settled, p.interest_counted, p.interest_runs, p.funding -> 'participations' as parts
      from plans p
     where p.is_accruing
       and (p.bucket, p.plan_id) > ($1::smallint, $2::text) and (p.bucket, p.plan_id) <= ($3::smallint, $4::text)
), asked_for as materialized (
    select b.*, asked.day
      from batch b
      join unnest($5::text[], $6::text[], $7::text[], $8::date[]) as asked (merchant_id, programme_id, currency, day)
     using (merchant_id, programme_id, currency)
), running as materialized (
    select l.bucket, l.plan_id,
           sum(greatest(0, interest_earned_of_line(l.interest, l.begin_on, l.due_on, b.day) - l.interest_paid)) as earned
      from (select bucket, plan_id, day from asked_for where interest_runs) b
      join lines l on l.bucket = b.bucket and l.plan_id = b.plan_id
     where l.paid_on is null and l.begin_on <= b.day
     group by l.bucket, l.plan_id
), reckoned as materialized (
    select b.*, (b.interest_settled + coalesce(r.earned, 0))::bigint as earned
      from asked_for b
      left join running r on r.bucket = b.bucket and r.plan_id = b.plan_id
)
select merchant_id, programme_id, currency, '' as partner_id, sum(earned - interest_counted)::bigint as earned,
       0::bigint as spread, sum(version)::bigint as facts
  from reckoned
 group by merchant_id, programme_id, currency
 union all
select merchant_id, programme_id, currency, more.partner_id, sum(more.share)::bigint,
       sum(more.spread)::bigint, 0
  from reckoned
 cross join lateral interest_of_parts(interest_counted, earned, parts) more
 group by merchant_id, programme_id, currency, more.partner_id;

-- keep_accruals --
insert into accruals (accrual_id, merchant_id, programme_id, currency, earned_on, earned, partner_earned, servicing,
                      booked_at)
select accrual_id, merchant_id, programme_id, currency, earned_on, earned, partner_earned, servicing, booked_at
  from @kept

-- move_groups --
update accrual_groups g
   set accrued_until = moved.accrued_until, earned = moved.earned, facts = moved.facts
  from @moved
 where g.merchant_id = moved.merchant_id and g.programme_id = moved.programme_id and g.currency = moved.currency

-- move_shares --
insert into accrual_shares as s (merchant_id, programme_id, currency, partner_id, earned, spread)
select merchant_id, programme_id, currency, partner_id, earned, spread
  from @shared
    on conflict (merchant_id, programme_id, currency, partner_id) do update
   set earned = excluded.earned, spread = excluded.spread
