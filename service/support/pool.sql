-- Compensation pools: whose money it is, what moved of it, and how far it goes.

-- know_funders --
insert into pool_funders (funder_id, arrangement_id, party_id)
select f.funder_id, $1, f.party_id
  from unnest($2::text[], $3::text[]) as f (funder_id, party_id)
    on conflict (arrangement_id, party_id) do nothing;

-- list_funders --
select funder_id, party_id from pool_funders where arrangement_id = $1 order by funder_id;

-- insert_movements --
insert into pool_movements (arrangement_id, funder_id, cause_id, kind, loss_id, amount, booked_on, moved_at)
select $1, m.funder_id, $2, $3, $4, m.amount, $5, $6
  from unnest($7::text[], $8::bigint[]) as m (funder_id, amount)
 where m.amount <> 0;

-- shares_of_loss --
-- Of each funder, what was paid for a loss and what came back to it, so far.
select funder_id, coalesce(sum(amount) filter (where kind = 'compensation'), 0)::bigint as paid,
       coalesce(sum(amount) filter (where kind = 'return'), 0)::bigint as returned
  from pool_movements
 where arrangement_id = $1 and loss_id = $2
 group by funder_id
 order by min(moved_at), funder_id;

-- moved_of_loss --
-- What was paid for a loss, and what came back of it, so far.
select coalesce(sum(amount) filter (where kind = 'compensation'), 0)::bigint as paid,
       coalesce(sum(amount) filter (where kind = 'return'), 0)::bigint as returned
  from pool_movements
 where arrangement_id = $1 and loss_id = $2;

-- behind --
-- Losses of pools whose holds say something else than what was moved.
select h.arrangement_id, h.held_for as loss_id
  from capacity_holds h
  left join (select arrangement_id, loss_id, sum(amount) filter (where kind = 'compensation') as paid,
                    sum(amount) filter (where kind = 'return') as returned
               from pool_movements where loss_id is not null group by arrangement_id, loss_id) m
    on m.arrangement_id = h.arrangement_id and m.loss_id = h.held_for
 where h.arrangement_id = any ($1::text[])
   and (h.paid <> coalesce(m.paid, 0) or h.returned <> coalesce(m.returned, 0))
 order by h.arrangement_id, h.held_for;

-- about_loss --
select plan_id, merchant_id, currency from losses where bucket = $1 and loss_id = $2;

-- pools --
-- The newest documents of pools with funders.
select distinct on (a.arrangement_id) a.arrangement_id, a.document
  from support_arrangements a
 where a.arrangement_id in (select arrangement_id from pool_funders)
 order by a.arrangement_id, a.version desc;

-- covered --
-- Principal that was ever covered, that is owed of it now, and that of plans which have ended.
select coalesce(sum(e.principal), 0)::bigint as disbursed,
       coalesce(sum(p.used) filter (where e.state = 'active'), 0)::bigint as outstanding,
       coalesce(sum(e.principal) filter (where p.closed_at is not null or p.state in ('charged_off', 'recovered')),
                0)::bigint as matured
  from enrolments e
  join plans p using (bucket, plan_id)
 where e.arrangement_id = $1 and e.state <> 'void';

-- load_watch --
select alarmed_at, stopped_at from pool_watches where arrangement_id = $1 for update;

-- save_watch --
insert into pool_watches (arrangement_id, alarmed_at, stopped_at, repaid, watched_at)
values ($1, $2, $3, $4, $5)
    on conflict (arrangement_id) do update set alarmed_at = excluded.alarmed_at, stopped_at = excluded.stopped_at,
                                               repaid = excluded.repaid, watched_at = excluded.watched_at;

-- statement --
-- Of each funder: what there was when a month began, what moved in it, and what is to be paid out to it.
select f.party_id, s.currency,
       coalesce(sum(m.amount) filter (where m.kind = 'contribution' and m.booked_on between $2 and $3), 0)::bigint as contributions,
       coalesce(sum(m.amount) filter (where m.kind = 'compensation' and m.booked_on between $2 and $3), 0)::bigint as compensation,
       coalesce(sum(m.amount) filter (where m.kind = 'return' and m.booked_on between $2 and $3), 0)::bigint as returns,
       coalesce(sum(m.amount) filter (where m.kind = 'paid_out' and m.booked_on between $2 and $3), 0)::bigint as paid_out,
       coalesce(sum(case when m.kind in ('contribution', 'return') then m.amount else - m.amount end)
                filter (where m.booked_on < $2), 0)::bigint as opening,
       coalesce(sum(case when m.kind in ('contribution', 'return') then m.amount else - m.amount end)
                filter (where m.booked_on <= $3), 0)::bigint as closing
  from pool_funders f
  left join pool_movements m using (arrangement_id, funder_id)
 cross join lateral (select document ->> 'currency' as currency
                       from support_arrangements a
                      where a.arrangement_id = f.arrangement_id order by version desc limit 1) s
 where f.arrangement_id = $1 and ($4::text is null or f.party_id = $4)
 group by f.funder_id, f.party_id, s.currency
 order by f.funder_id;

-- paid_by_place --
-- What was paid in a month, by the region of the sale and the category of the goods.
select coalesce(v.loss ->> 'region', g.country) as region, coalesce(v.loss ->> 'category', '') as category, count(distinct m.loss_id) as losses,
       sum(m.amount)::bigint as amount
  from pool_movements m
  join losses l on l.loss_id = m.loss_id
  join loss_versions v on v.bucket = l.bucket and v.loss_id = l.loss_id and v.version = l.version
  join merchants g using (merchant_id)
 where m.arrangement_id = $1 and m.kind = 'compensation' and m.booked_on between $2 and $3
 group by 1, 2
having sum(m.amount) <> 0
 order by 1, 2;

-- is_funder --
select true from pool_funders where arrangement_id = $1 and party_id = $2;
