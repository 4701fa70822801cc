-- Holds of deposits.

-- insert_holding --
insert into deposit_holdings (bucket, plan_id, merchant_id, look_at) values ($1, $2, $3, $4) on conflict do nothing;

-- find_to_look --
-- Deposits of which something has happened, or something may be due by time alone; those after ($2, $3).
select h.bucket, h.plan_id
  from deposit_holdings h
  join plans p using (bucket, plan_id)
 where h.look_at is not null and (h.look_at <= $1 or p.version <> h.seen_version)
   and (h.bucket, h.plan_id) > ($2, $3)
 order by h.bucket, h.plan_id
 limit $4;

-- lock_holding --
-- Whoever does not get the row leaves it to who has it.
select true from deposit_holdings where bucket = $1 and plan_id = $2 and look_at is not null for update skip locked;

-- seen --
update deposit_holdings set seen_version = $3, look_at = $4 where bucket = $1 and plan_id = $2;

-- wake --
update deposit_holdings set look_at = $3 where bucket = $1 and plan_id = $2 and look_at is not null returning true;

-- is_looked_after --
select true from deposit_holdings where bucket = $1 and plan_id = $2;

-- usable_instrument --
select i.instrument_id, i.processor_id
  from collections c
  join instruments i on i.bucket = c.bucket and i.instrument_id = c.instrument_id and i.removed_at is null
  join processors s on s.processor_id = i.processor_id and s.retired_at is null
 where c.bucket = $1 and c.plan_id = $2;

-- load_holds --
select h.bucket, h.hold_id, h.plan_id, h.merchant_id, h.instrument_id, h.processor_id, h.currency, h.amount, h.state,
       h.captured, h.reason, h.payment, h.made_at, h.asked, h.expires_at, h.ended_at, i.token
  from holds h
  join instruments i on i.bucket = h.bucket and i.instrument_id = h.instrument_id
 where h.bucket = $1 and h.plan_id = $2
 order by h.made_at, h.hold_id;

-- insert_hold --
insert into holds (bucket, hold_id, plan_id, merchant_id, instrument_id, processor_id, currency, amount, state, made_at,
                   ask_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'asked', $9, $10);

-- move_hold --
-- From `held` to what is asked for next.
update holds set state = $3, captured = $4, ask_at = $5, asked = 0
 where bucket = $1 and hold_id = $2 and state = 'held'
returning true;

-- answer_hold --
-- What the processor has said of a hold that waits, once: it goes from where it was asked, or not at all.
update holds
   set state = $4, captured = $5, reason = $6, payment = case when $7 = '' then payment else $7 end,
       expires_at = coalesce($8, expires_at), ended_at = $9, ask_at = null
 where bucket = $1 and hold_id = $2 and state = $3
returning true;

-- name_payment --
update holds set payment = $3 where bucket = $1 and hold_id = $2 and payment = '';

-- claim_unanswered --
select h.bucket, h.plan_id, h.hold_id, h.asked
  from holds h
 where h.state in ('asked', 'capturing', 'releasing') and h.ask_at <= $1 and @here(h)
 order by h.ask_at
 limit $2
   for update skip locked;

-- ask_later --
update holds set asked = asked + 1, ask_at = $3 where bucket = $1 and hold_id = $2 and ask_at is not null;

-- was_held --
-- Of a deposit that is looked after: whether anything was ever held.
select coalesce(bool_or(h.state not in ('asked', 'declined')), false) as was_held
  from deposit_holdings d
  left join holds h using (bucket, plan_id)
 where d.bucket = $1 and d.plan_id = $2
 group by d.plan_id;
