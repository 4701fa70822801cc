-- Paybacks of what was paid too much.

-- find_overpaid --
-- Plans that owe something to their consumer, of which some came by a charge or a hold and has not gone back on it; those
-- after ($1, $2).
select p.bucket, p.plan_id
  from plans p
 where p.overpaid > 0 and p.closed_at is not null and (p.bucket, p.plan_id) > ($1, $2)
   and not exists (select from paybacks o where o.bucket = p.bucket and o.plan_id = p.plan_id
                                            and o.state in ('ordered', 'pending'))
   and exists (
           select
             from (select c.charge_id as source_id, c.amount
                     from charges c
                    where c.bucket = p.bucket and c.plan_id = p.plan_id and c.state = 'succeeded'
                   union all
                   select h.hold_id, h.captured
                     from holds h
                    where h.bucket = p.bucket and h.plan_id = p.plan_id and h.state = 'captured') s
             left join paybacks b on b.bucket = p.bucket and b.plan_id = p.plan_id and b.source_id = s.source_id
                                 and b.state <> 'dropped'
            group by s.source_id, s.amount
           having s.amount > coalesce(sum(b.amount), 0) and not coalesce(bool_or(b.state = 'failed'), false))
 order by p.bucket, p.plan_id
 limit $3;

-- load_sources --
-- In the order in which they came.
select s.source_id, s.instrument_id, s.processor_id, s.amount, s.payment, s.payment_id
  from (select c.charge_id as source_id, c.instrument_id, c.processor_id, c.amount, '' as payment, c.payment_id,
               c.ended_at
          from charges c
         where c.bucket = $1 and c.plan_id = $2 and c.state = 'succeeded'
        union all
        select h.hold_id, h.instrument_id, h.processor_id, h.captured, h.payment, null, h.ended_at
          from holds h
         where h.bucket = $1 and h.plan_id = $2 and h.state = 'captured') s
 order by s.ended_at, s.source_id;

-- load_paybacks --
select b.bucket, b.payback_id, b.plan_id, b.merchant_id, b.source_id, b.instrument_id, b.processor_id, b.currency,
       b.amount, b.state, b.reason, b.payment, b.made_at, b.asked, b.ended_at, i.token,
       coalesce(c.made_at, h.made_at) as source_made_at, coalesce(c.ended_at, h.ended_at) as source_ended_at
  from paybacks b
  join instruments i on i.bucket = b.bucket and i.instrument_id = b.instrument_id
  left join charges c on c.bucket = b.bucket and c.charge_id = b.source_id
  left join holds h on h.bucket = b.bucket and h.hold_id = b.source_id
 where b.bucket = $1 and b.plan_id = $2
 order by b.made_at, b.payback_id;

-- insert_payback --
insert into paybacks (bucket, payback_id, plan_id, merchant_id, source_id, instrument_id, processor_id, currency, amount,
                      state, payment, made_at, ask_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'ordered', $10, $11, $12);

-- leave_plan --
-- It has left the plan: once.
update paybacks set state = 'pending', asked = 0, ask_at = $3 where bucket = $1 and payback_id = $2 and state = 'ordered'
returning true;

-- drop_payback --
update paybacks set state = 'dropped', ask_at = null, ended_at = $3
 where bucket = $1 and payback_id = $2 and state = 'ordered';

-- end_payback --
-- What became of it: from where it was asked, or not at all.
update paybacks
   set state = $4, reason = $5, ended_at = $6, ask_at = $7, asked = 0, payment = case when $8 = '' then payment else $8 end
 where bucket = $1 and payback_id = $2 and state = $3
returning true;

-- name_payback_payment --
update paybacks set payment = $3 where bucket = $1 and payback_id = $2 and payment = '';

-- claim_to_ask --
select b.bucket, b.plan_id, b.payback_id, b.state, b.asked
  from paybacks b
 where b.ask_at <= $1 and @here(b)
 order by b.ask_at
 limit $2
   for update skip locked;

-- ask_payback_later --
update paybacks set asked = asked + 1, ask_at = $3 where bucket = $1 and payback_id = $2 and ask_at is not null;
