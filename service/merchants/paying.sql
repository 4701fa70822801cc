-- Payouts: made, ordered, paid, returned; and looked up.

-- insert_payouts --
insert into payouts (payout_id, settlement_id, merchant_id, currency, amount, pays_on, made_at, state, tries, changed_at)
select payout_id, settlement_id, merchant_id, currency, amount, pays_on, made_at, 'due', 0, made_at
  from @payouts;

-- lock_due --
-- What is to be paid up to $2 in a currency, with the merchant's terms, or its platform's where that is paid for its
-- sellers; a test merchant's is nobody's money.
select p.payout_id, p.merchant_id, p.settlement_id, p.currency, p.amount, p.pays_on, p.state, p.tries, p.order_id,
       p.reference, p.changed_at, p.word_of, t.terms
  from payouts p
  join merchants m using (merchant_id)
  left join merchants f on f.merchant_id = m.platform_id and cast(f.platform ->> 'is_paid' as boolean)
  join lateral (select terms from settlement_terms t
                 where t.merchant_id = coalesce(f.merchant_id, p.merchant_id) order by version desc limit 1) t on true
 where p.state = 'due' and p.currency = $1 and p.pays_on <= $2 and not m.is_test
 order by p.payout_id
 limit $3
   for update of p;

-- lock_in_tests --
-- A test merchant's payouts up to a day, in a state.
select payout_id, merchant_id, settlement_id, currency, amount, pays_on, state, tries, order_id, reference, changed_at,
       word_of
  from payouts
 where merchant_id = $1 and pays_on <= $2 and state = $3
 order by payout_id
   for update;

-- lock_payout --
select payout_id, merchant_id, settlement_id, currency, amount, pays_on, state, tries, order_id, reference, changed_at,
       word_of
  from payouts
 where payout_id = $1
   for update;

-- lock_named --
-- Payouts $1, and those of orders $2 that are on their way.
select payout_id, merchant_id, settlement_id, currency, amount, pays_on, state, tries, order_id, reference, changed_at,
       word_of
  from payouts
 where payout_id = any ($1::text[]) or (order_id = any ($2::text[]) and state = 'ordered')
 order by payout_id
   for update;

-- ordered_at --
select made_at from payment_orders where order_id = $1;

-- confirm --
update payouts set word_of = 'bank' where payout_id = any ($1::text[]);

-- keep_steps --
-- The next step of each payout, and where it is now.
with moved as (
    update payouts p
       set state = s.state, tries = s.tries, order_id = coalesce(s.order_id, p.order_id), reference = s.reference,
           changed_at = s.told_at, word_of = s.word_of
      from @s
     where p.payout_id = s.payout_id
)
insert into payout_steps (payout_id, number, step_id, step, order_id, reference, told_by, told_at,
                          word_of)
select s.payout_id, (select count(*) + 1 from payout_steps b where b.payout_id = s.payout_id),
       s.step_id, s.step, s.order_id, s.reference, s.told_by, s.told_at, s.word_of
  from @s;

-- insert_order --
insert into payment_orders (order_id, currency, payer, payouts, amount, sha256, content, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- list_all_payouts --
-- In a state, or in any.
select payout_id, merchant_id, settlement_id, currency, amount, pays_on, state, tries, order_id, reference, changed_at,
       word_of
  from payouts
 where payout_id > $1 and ($3::text is null or state = $3)
 order by payout_id
 limit $2;

-- list_payouts --
-- Of each of several merchants the first so many after an id; of those the first so many.
select p.*
  from unnest($1::text[]) as o (merchant_id)
 cross join lateral (
    select payout_id, merchant_id, settlement_id, currency, amount, pays_on, state, tries, order_id, reference,
           changed_at, word_of
      from payouts
     where merchant_id = o.merchant_id and payout_id > $2 and ($4::text is null or state = $4)
     order by payout_id
     limit $3) p
 order by p.payout_id
 limit $3;

-- list_orders --
select order_id, currency, payouts, amount, sha256, made_at
  from payment_orders
 where order_id > $1
 order by order_id
 limit $2;

-- order_content --
select content from payment_orders where order_id = $1;
