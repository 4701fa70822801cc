-- Participations that change hands: asked for, cancelled, and carried out when their day is closed.

-- insert_transfer --
insert into ownership_transfers (transfer_id, bucket, plan_id, kind, seller_id, buyer_id, programme_id, price_ratio,
                                 with_interest, settlement_on, currency, asked_by, asked_at)
select $1, p.bucket, p.plan_id, $2, $3, $4, $5, $6, $7, $8, p.currency, $9, $10
  from plans p
 where p.bucket = $11 and p.plan_id = $12
returning *;

-- pending_of_plan --
select kind, seller_id, buyer_id, settlement_on from ownership_transfers where plan_id = $1 and status = 'pending';

-- buyer --
-- The currency of programme $1, and of partner $2 whether it takes part in that, and whether it is not suspended.
select p.currency, b.active,
       exists (select from json_array_elements(p.terms -> 'participants') one where one ->> 'partner_id' = $2) as takes_part
  from (select currency, terms from programmes where programme_id = $1 order by version desc limit 1) p
  join partners b on b.partner_id = $2;

-- cancel_transfer --
update ownership_transfers
   set status = 'cancelled', reason = 'requested', ended_at = $2
 where transfer_id = $1 and status = 'pending'
returning *;

-- transfer --
select * from ownership_transfers where transfer_id = $1;

-- transfers --
-- $1 a partner that sells or buys; null: of everybody. After $2, at most $3.
select *
  from ownership_transfers
 where ($1::text is null or seller_id = $1 or buyer_id = $1) and transfer_id > $2
 order by transfer_id
 limit $3;

-- due --
-- Whose settlement day has ended by $1, by the calendar of the plan's books.
select t.transfer_id, t.plan_id
  from ownership_transfers t
  join plans p using (bucket, plan_id)
  join merchants m using (merchant_id)
 where t.status = 'pending' and t.settlement_on < ($1::timestamptz + interval '14 hours')::date
   and t.settlement_on < (($1::timestamptz + m.ahead)
                          at time zone coalesce(p.funding ->> 'time_zone', m.time_zone))::date
 order by t.settlement_on, t.transfer_id;

-- cancel_same_day --
-- What is sold and bought back on one day.
with pairs as (
    select s.bucket, s.transfer_id as sale, b.transfer_id as back
      from ownership_transfers s
      join ownership_transfers b on b.bucket = s.bucket and b.plan_id = s.plan_id and b.settlement_on = s.settlement_on and b.kind = 'buy_back'
                                and b.seller_id = s.buyer_id and b.buyer_id = s.seller_id
     where s.status = 'pending' and b.status = 'pending' and s.kind <> 'buy_back' and s.transfer_id = any ($1::text[])
)
update ownership_transfers t
   set status = 'cancelled', reason = 'same_day', ended_at = $2
  from pairs
 where t.bucket = pairs.bucket and t.transfer_id in (pairs.sale, pairs.back)
returning t.*;

-- lock_transfer --
select *
  from ownership_transfers
 where bucket = $1 and transfer_id = $2 and status = 'pending'
   for update skip locked;

-- keep_funding --
update plans set funding = $3 where bucket = $1 and plan_id = $2 returning interest_counted;

-- end_transfer --
update ownership_transfers
   set status = $2, reason = $3, principal = $4, interest = $5, price = $6, ended_at = $7
 where transfer_id = $1
returning *;

-- end_bought_back --
-- The transfer that brought the seller what it gives back now.
update ownership_transfers
   set status = 'bought_back'
 where plan_id = $1 and status = 'active' and buyer_id = $2 and seller_id = $3 and transfer_id <> $4;

-- move_settled --
-- What plans that ended have settled stays counted for whom it was earned.
insert into accrual_shares as s (merchant_id, programme_id, currency, partner_id, settled, spread_settled)
select g.merchant_id, g.programme_id, g.currency, $4, $5, $6
  from accrual_groups g
 where g.merchant_id = $1 and g.programme_id = $2 and g.currency = $3
    on conflict (merchant_id, programme_id, currency, partner_id) do update
   set settled = s.settled + excluded.settled, spread_settled = s.spread_settled + excluded.spread_settled
