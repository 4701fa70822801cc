-- Receivables, and what was paid of them.

-- keep_buyer --
-- The buyer of that number, who is made where there is none; the name that was given first stays.
with made as (
    insert into buyers (buyer_id, country, number, name, made_at) values ($1, $2, $3, $4, $5)
        on conflict on constraint buyers_number_once do nothing
    returning buyer_id
)
select buyer_id from made
union all
select buyer_id from buyers where country = $2 and number = $3
 limit 1;

-- insert_receivable --
insert into receivables (receivable_id, merchant_id, kind, buyer_id, channel, acquirer, currency, amount, due_on,
                         reference, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict do nothing
returning *;

-- same_receivable --
-- The one that is there already: of the invoice, or of the channel, the acquirer and the day.
select receivable_id
  from receivables
 where merchant_id = $1
   and (kind = 'invoice' and buyer_id = $2 and reference = $3
        or kind = 'settlement_unit' and channel = $4 and acquirer = $5 and due_on = $6);

-- receivable --
select * from receivables where receivable_id = $1 and ($2::text is null or merchant_id = $2);

-- lock_receivables --
-- In the order of their ids, so that two who lock several never wait for one another.
select * from receivables where receivable_id = any ($1::text[]) order by receivable_id for update;

-- list_receivables --
select * from receivables
 where ($1::text is null or merchant_id = $1) and receivable_id > $2
 order by receivable_id
 limit $3;

-- dispute --
update receivables set disputed = $2 where receivable_id = $1 returning *;

-- insert_dispute --
-- What is disputed from now on.
insert into receivable_disputes (receivable_id, number, amount, told_by, told_at)
select $1, (select count(*) + 1 from receivable_disputes where receivable_id = $1), $2, $3, $4;

-- add_paid --
update receivables set paid = paid + $2 where receivable_id = $1 returning *;

-- insert_payment --
insert into receivable_payments (payment_id, receivable_id, number, amount, dilution, received_by, paid_on, reference,
                                 assignment_id, is_ours, is_misdirected, remit_by, told_by, told_at)
select $1, $2, (select count(*) + 1 from receivable_payments where receivable_id = $2), $3, $4, $5, $6, $7, $8, $9, $10,
       $11, $12, $13
returning *;

-- lock_payment --
select p.*, r.merchant_id
  from receivable_payments p
  join receivables r using (receivable_id)
 where payment_id = $1
   for update of p;

-- remit --
update receivable_payments set remitted_on = $2 where payment_id = $1 returning *;

-- list_payments --
select * from receivable_payments where receivable_id = $1 order by number;

-- findings --
-- What merchants received and must hand on: of a merchant, or of all.
select p.*, r.merchant_id, r.currency
  from receivable_payments p
  join receivables r using (receivable_id)
 where p.remit_by is not null and ($1::text is null or r.merchant_id = $1) and p.payment_id > $2
 order by p.payment_id
 limit $3;

-- calendar_of --
-- By which a merchant is settled; null: nothing was agreed.
select terms ->> 'calendar' from settlement_terms where merchant_id = $1 order by version desc limit 1;

-- plan_bought --
-- What a merchant was owed for a plan and gave back, by what it was for: a plan that is the merchant's and was captured.
select p.currency, p.outstanding,
       coalesce(sum(b.net + b.fee + b.tax) filter (where b.occasion = 'purchase'), 0)::bigint as bought,
       coalesce(sum(b.fee + b.tax), 0)::bigint as kept,
       coalesce(- sum(b.net + b.fee + b.tax) filter (where b.occasion in ('refund', 'recovery') and d.cause_id is not null), 0)::bigint
           as charged_back,
       coalesce(- sum(b.net + b.fee + b.tax) filter (where b.occasion in ('refund', 'recovery') and d.cause_id is null), 0)::bigint
           as refunded,
       coalesce(- sum(b.net) filter (where b.occasion not in ('purchase', 'merchant_cost', 'refund', 'recovery', 'split', 'paid_to_merchant',
                                                              'buy_down', 'voucher', 'platform_share')
                                       and b.occasion not like 'split:%'), 0)::bigint as borne
  from plans p
  left join merchant_bookings b on b.bucket = p.bucket and b.plan_id = p.plan_id and b.merchant_id = p.merchant_id
  left join (select distinct cause_id from facts where bucket = $1 and plan_id = $2 and fact = 'dispute_closed') d
         on d.cause_id = b.cause_id
 where p.bucket = $1 and p.plan_id = $2 and p.merchant_id = $3
 group by p.currency, p.outstanding;
