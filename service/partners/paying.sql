-- Payouts to partners: made, ordered, paid, returned; and looked up.

-- payouts_of_legs --
-- What the legs of file $1 owe the partner, by the payment that it is told by.
select settlement_id, end_to_end_id, currency, sum(amount)::bigint as amount
  from daily_legs
 where file_id = $1
 group by settlement_id, end_to_end_id, currency
having sum(amount) > 0
 order by end_to_end_id, currency;

-- insert_payout --
insert into partner_payouts (payout_id, file_id, end_to_end_id, settlement_id, partner_id, programme_id, business_on,
                             currency, amount, pays_on, made_at, state, tries, changed_at)
select $1, file_id, $3, $4, partner_id, programme_id, business_on, $5, $6, $7, $8, 'due', 0, $8
  from daily_files
 where file_id = $2;

-- lock_due --
-- What is to be paid up to $2 in a currency, to partners whose account is known. A programme that has an account of ours
-- is paid from that alone: $4 is the one that pays.
select p.*, account_of_partner(p.programme_id, p.partner_id) as account
  from partner_payouts p
 where p.state = 'due' and p.currency = $1 and p.pays_on <= $2
   and account_of_partner(p.programme_id, p.partner_id) is not null
   and not exists (select from bank_accounts a
                    where a.programme_id = p.programme_id and a.currency = p.currency and a.iban is distinct from $4::text)
 order by p.payout_id
 limit $3
   for update;

-- lock_payout --
select p.*, account_of_partner(p.programme_id, p.partner_id) as account
  from partner_payouts p
 where p.payout_id = $1
   for update;

-- lock_named --
-- Payouts in currency $1 with end-to-end ids $2, of settlements $3, and of orders $4 where they are on their way.
select p.*, account_of_partner(p.programme_id, p.partner_id) as account
  from partner_payouts p
 where p.currency = $1
   and (p.end_to_end_id = any ($2::text[]) or p.settlement_id = any ($3::text[])
        or (p.order_id = any ($4::text[]) and p.state = 'ordered'))
 order by p.payout_id
   for update;

-- confirm --
update partner_payouts set word_of = 'bank' where payout_id = any ($1::text[]);

-- keep_steps --
-- The next step of each payout, and where it is now.
with moved as (
    update partner_payouts p
       set state = s.state, tries = s.tries, order_id = coalesce(s.order_id, p.order_id), reference = s.reference,
           changed_at = s.told_at, word_of = s.word_of
      from @s
     where p.payout_id = s.payout_id
)
insert into partner_payout_steps (payout_id, number, step_id, step, order_id, reference, told_by, told_at, word_of)
select s.payout_id, (select count(*) + 1 from partner_payout_steps b where b.payout_id = s.payout_id),
       s.step_id, s.step, s.order_id, s.reference, s.told_by, s.told_at, s.word_of
  from @s;

-- list_payouts --
-- Of a partner, or of all where it is null; in a state, or in any.
select p.*, account_of_partner(p.programme_id, p.partner_id) as account
  from partner_payouts p
 where ($1::text is null or p.partner_id = $1) and p.payout_id > $2 and ($4::text is null or p.state = $4)
 order by p.payout_id
 limit $3;
