-- Settlements: made, and read.

-- lock_merchant --
-- One at a time, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended('settle:' || $1, 0));

-- merchants_to_settle --
-- Every merchant, with the last day of which all was settled; after one, so many at most.
select m.merchant_id, m.time_zone, m.ahead, m.is_test, m.fees, m.volumes, s.settled_until
  from merchants m
  left join settled_merchants s using (merchant_id)
 where m.merchant_id > $1
 order by m.merchant_id
 limit $2;

-- merchant_to_settle --
select m.merchant_id, m.time_zone, m.ahead, m.is_test, m.fees, m.volumes, s.settled_until
  from merchants m
  left join settled_merchants s using (merchant_id)
 where m.merchant_id = $1;

-- untold_days --
-- The first day of each currency, up to $2, that has bookings which no settlement holds.
select currency, min(booked_on) as booked_on
  from (select b.currency, b.booked_on, count(*) as bookings
          from merchant_bookings b
         where b.merchant_id = $1 and b.booked_on <= $2
         group by b.currency, b.booked_on) b
 where bookings <> coalesce((select d.bookings from settlement_days d
                              where d.merchant_id = $1 and d.currency = b.currency and d.booked_on = b.booked_on), 0)
 group by currency;

-- left_of --
-- The last settlement of each currency, and when what is kept back is released next, or fees are billed.
select distinct on (currency) currency, number, closing, business_on,
       (select min(due_on)
          from settlements w, unnest(array[w.release_on, w.bill_on]) as due_on
         where w.merchant_id = $1 and w.currency = s.currency and due_on > s.business_on) as due_on
  from settlements s
 where merchant_id = $1
 order by currency, number desc;

-- terms_of --
-- A merchant's own, or its platform's where that is paid for its sellers.
select version, terms
  from settlement_terms
 where merchant_id = coalesce((select p.merchant_id from merchants m join merchants p on p.merchant_id = m.platform_id
                                where m.merchant_id = $1 and cast(p.platform ->> 'is_paid' as boolean)), $1)
 order by version desc
 limit 1;

-- tell_lines --
-- $1 merchant, $2 currency, $3 the business day, $4 the new settlement, $5 the types of events that tell of a line, the
-- nearest first; else it is the last one. Takes what no settlement has told into this one, and answers the sums by kind. One statement, so one
-- snapshot: the bookings it counts are the bookings it tells. All that a cause tells has its stem in its ids.
with booked_days as materialized (
    select booked_on, count(*) as bookings
      from merchant_bookings
     where merchant_id = $1 and currency = $2 and booked_on <= $3
     group by booked_on
), open_days as materialized (
    select o.booked_on, o.bookings
      from booked_days o
      left join settlement_days d on d.merchant_id = $1 and d.currency = $2 and d.booked_on = o.booked_on
     where o.bookings <> coalesce(d.bookings, 0)
), seen as (
    insert into settlement_days (merchant_id, currency, booked_on, bookings)
    select $1, $2, booked_on, bookings from open_days
        on conflict (merchant_id, currency, booked_on) do update set bookings = excluded.bookings
), booked as materialized (
    select bucket, cause_id, occasion, plan_id, min(booked_on) as booked_on, sum(net)::bigint as net,
           sum(fee)::bigint as fee, sum(tax)::bigint as tax
      from merchant_bookings
     where merchant_id = $1 and currency = $2 and booked_on = any (array(select booked_on from open_days))
     group by bucket, cause_id, occasion, plan_id
), untold as materialized (
    select *
      from booked b
     where not exists (select from settlement_lines l
                        where l.cause_bucket = b.bucket and l.cause_id = b.cause_id and l.occasion = b.occasion
                          and l.plan_id is not distinct from b.plan_id)
), charged_back as materialized (
    select distinct f.bucket, f.plan_id, f.cause_id
      from (select * from untold where occasion in ('refund', 'recovery')) u
      join facts f on f.bucket = u.bucket and f.plan_id = u.plan_id and f.cause_id = u.cause_id
     where f.fact = 'dispute_closed'
), told as materialized (
    select distinct on (u.bucket, u.cause_id, u.plan_id) u.bucket, u.cause_id, u.plan_id, e.event_id
      from (select distinct bucket, cause_id, plan_id from untold) u
      join events e on e.bucket = u.bucket
                   and e.event_id between 'ev_' || substr(u.cause_id, 4, 24) and 'ev_' || substr(u.cause_id, 4, 24) || 'ZZ'
                   and e.plan_id is not distinct from u.plan_id
     order by u.bucket, u.cause_id, u.plan_id, array_position($5, e.type), e.event_id desc
), lines as (
    insert into settlement_lines
           (settlement_id, number, kind, occasion, cause_bucket, cause_id, plan_id, booked_on, net, fee, tax, event_id)
    select $4, row_number() over (order by booked_on, substr(u.cause_id, 4, 10), u.plan_id, occasion),
           case when occasion = 'purchase' then case when net + fee + tax < 0 then 'capture_lowered' else 'capture' end
                when occasion not in ('refund', 'recovery') then split_part(occasion, ':', 1)
                when c.cause_id is not null then 'chargeback' else 'refund' end,
           occasion, u.bucket, u.cause_id, u.plan_id, booked_on, net, fee, tax, t.event_id
      from untold u
      left join charged_back c on c.bucket = u.bucket and c.plan_id = u.plan_id and c.cause_id = u.cause_id
      left join told t on t.bucket = u.bucket and t.cause_id = u.cause_id and t.plan_id is not distinct from u.plan_id
    returning kind, net, fee, tax
)
select kind, count(*) as lines, sum(net + fee + tax)::bigint as gross, sum(fee)::bigint as fee, sum(tax)::bigint as tax,
       sum(net)::bigint as net
  from lines
 group by kind
 order by kind;

-- due --
-- What was kept back until a day after $3 and up to $4, and fees that were deferred until then: null stands for before
-- the first.
select coalesce(sum(withheld) filter (where release_on > after and release_on <= $4), 0)::bigint as released,
       coalesce(sum(fees_deferred) filter (where bill_on > after and bill_on <= $4), 0)::bigint as fees_billed
  from settlements, coalesce($3::date, '-infinity') as after
 where merchant_id = $1 and currency = $2 and greatest(release_on, bill_on) > after;

-- insert_settlements --
insert into settlements (settlement_id, merchant_id, currency, number, business_on, terms_version, lines, opening,
                         captured, fees, taxes, refunded, charged_back, paid_to_merchant, payouts_returned, adjusted, vouchers, bought_down, recourse, shared,
                         split, factored, fees_deferred, fees_billed, withheld, released, payout, closing, release_on, bill_on, pays_on,
                         totals, made_at)
select settlement_id, merchant_id, currency, number, business_on, terms_version, lines, opening,
       captured, fees, taxes, refunded, charged_back, paid_to_merchant, payouts_returned, adjusted, vouchers, bought_down, recourse, shared,
       split, factored, fees_deferred, fees_billed, withheld, released, payout, closing, release_on, bill_on, pays_on,
       totals, made_at
  from @made;

-- settled_until --
insert into settled_merchants as s (merchant_id, settled_until) values ($1, $2)
    on conflict (merchant_id) do update set settled_until = greatest(s.settled_until, excluded.settled_until);

-- agree --
insert into settlement_terms (merchant_id, version, terms, agreed_at)
select $1, coalesce(max(version), 0) + 1, $2, $3 from settlement_terms where merchant_id = $1
returning version;

-- list_settlements --
-- Of each of several merchants the first so many after an id; of those the first so many.
select s.*
  from unnest($1::text[]) as o (merchant_id)
 cross join lateral (
    select *
      from settlements
     where merchant_id = o.merchant_id and settlement_id > $2 and ($4::text is null or currency = $4)
       and ($5::date is null or business_on >= $5) and ($6::date is null or business_on <= $6)
     order by settlement_id
     limit $3) s
 order by s.settlement_id
 limit $3;

-- settlement --
select * from settlements where merchant_id = $1 and settlement_id = $2;

-- lines_of --
-- Of a settlement of the merchant's, after line $3; the reference is that of the capture, the refund, the adjustment or the receivable.
select l.number, l.kind, l.plan_id, p.merchant_reference, f.number as fact, f.capture_id, f.refund_id, f.dispute_id,
       l.event_id, coalesce(f.reference, a.reference, v.reference) as reference, l.booked_on, l.net + l.fee + l.tax as gross, l.fee, l.tax, l.net
  from settlement_lines l
  left join plans p on p.bucket = l.cause_bucket and p.plan_id = l.plan_id
  left join settlement_adjustments a on a.adjustment_id = l.cause_id
  left join assignment_steps x on x.step_id = l.cause_id
  left join assignments y on y.assignment_id = x.assignment_id
  left join receivables v on v.receivable_id = y.receivable_id
  left join lateral (
       select coalesce(min(number) filter (where at.named), min(number)) as number,
              max(coalesce(f.body ->> 'reference', f.reference)) filter (where at.named) as reference,
              max(case fact when 'captured' then fact_id when 'capture_reversed' then body ->> 'capture_id' end)
                 as capture_id,
              max(case fact when 'refunded' then fact_id end) as refund_id,
              max(case fact when 'dispute_closed' then body ->> 'dispute_id' end) as dispute_id
         from facts f,
              lateral (select fact in ('captured', 'capture_reversed', 'refunded', 'paid', 'corrected',
                                       'payment_returned') as named) at
        where f.bucket = l.cause_bucket and f.plan_id = l.plan_id and f.cause_id = l.cause_id) f on true
 where l.settlement_id = $2 and l.number > $3
   and exists (select from settlements s where s.settlement_id = $2 and s.merchant_id = $1)
 order by l.number
 limit $4;

-- insert_adjustment --
insert into settlement_adjustments (adjustment_id, merchant_id, currency, amount, reason, reference, made_by, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- captured_since --
-- What was captured from a day to another, less what was taken back, by currency.
select currency, sum(net + fee + tax)::bigint as captured
  from merchant_bookings
 where merchant_id = $1 and booked_on between $2 and $3 and occasion = 'purchase'
 group by currency;

-- keep_volumes --
update merchants set volumes = $2::text::json where merchant_id = $1 and volumes::text <> $2::text;
