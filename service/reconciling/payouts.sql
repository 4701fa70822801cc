-- Payouts to merchants against the bank's statement: what does not match, and how the account stands.

-- owed_to_us --
-- Whether another partner owes us something by the end-to-end id of one of these payouts.
select exists (select
                 from partner_payouts p
                 join daily_files f on f.programme_id = p.programme_id and f.business_on = p.business_on and f.type = 'STL'
                 join daily_legs l on l.file_id = f.file_id and l.end_to_end_id = p.end_to_end_id and l.currency = p.currency
                where p.payout_id = any ($1::text[])
                group by p.payout_id, f.file_id
               having sum(l.amount) < 0);

-- told_until --
-- The last day of which the bank has told something of an account. What it books after today, $2, tells of no day yet.
select max(booked_on) from bank_entries where iban = $1 and booked_on <= $2;

-- late --
-- Payouts in currency $1 that were to be paid before day $2, and are on their way. Those to partners whose programme has
-- an account of its own are compared with that, day by day.
select p.payout_id, p.amount
  from (select payout_id, amount, currency, pays_on, order_id from payouts where state = 'ordered'
        union all
        select payout_id, amount, currency, pays_on, order_id
          from partner_payouts t
         where state = 'ordered'
           and not exists (select from bank_accounts a where a.programme_id = t.programme_id and a.currency = t.currency)
        union all
        select settlement_id, net, currency, (made_at at time zone 'UTC')::date, order_id
          from insurer_settlements where state = 'ordered') p
  join payment_orders o using (order_id)
 where p.currency = $1 and greatest(p.pays_on, o.made_at::date) < $2
 order by p.payout_id;

-- carry_on --
-- Breaks of entries of account $1 are there on day $2, too, until a person closes them.
update breaks b
   set state = 'persisting', last_on = $2
  from bank_entries e
 where b.leg = 'payout' and b.state <> 'resolved' and b.last_on < $2 and e.entry_id = b.key and e.iban = $1;

-- shown_before --
-- Payments on account $1 that name one of $2, in the order in which they were looked at; but for $3.
select entry_id, amount
  from bank_entries
 where iban = $1 and names && $2::text[] and entry_id <> all ($3::text[])
 order by number, amount > 0, entry_id;

-- end_parts --
-- Payments $1 are a whole with others by now: their breaks are ended by message $2 of the bank, on day $3 at $4.
with ended as (
    update breaks
       set state = 'resolved', resolved_on = $3, resolved_by = $2
     where leg = 'payout' and key = any ($1::text[]) and state <> 'resolved'
    returning break_id, kind
)
insert into break_steps (break_id, what, kind, note, bank_message_id, told_at)
select break_id, 'resolved', kind, $2, $2, $4 from ended
returning break_id, what;

-- end_late --
-- Payouts in currency $1 are not late any more, but for these: ended by message $3 of the bank, on day $4 at $5.
with ended as (
    update breaks
       set state = 'resolved', resolved_on = $4, resolved_by = $3
     where leg = 'payout' and kind = 'cash_short' and state <> 'resolved' and currency = $1 and key <> all ($2::text[])
    returning break_id
)
insert into break_steps (break_id, what, kind, note, bank_message_id, told_at)
select break_id, 'resolved', 'cash_short', $3, $3, $5 from ended
returning break_id, what;

-- cash --
-- Each account that merchants are paid from: until which day up to today, $1, the bank has told, and what of the currency
-- is where.
select a.currency, a.iban, told.until, told.closing,
       coalesce(p.ordered, 0) as ordered, coalesce(p.ordered_amount, 0) as ordered_amount, coalesce(p.late, 0) as late,
       coalesce(p.unshown, 0) as unshown, coalesce(b.open, 0) as breaks, coalesce(b.gross, 0) as breaks_amount
  from bank_accounts a
  left join lateral (select max(e.booked_on) as until,
                            (select s.closing from bank_statements s
                              where s.iban = a.iban and s.kind = 'statement' order by s.number desc limit 1) as closing
                       from bank_entries e where e.iban = a.iban and e.booked_on <= $1) told on true
  left join lateral (select count(*) filter (where p.state = 'ordered') as ordered,
                            (sum(p.amount) filter (where p.state = 'ordered'))::bigint as ordered_amount,
                            count(*) filter (where p.state = 'ordered'
                                               and greatest(p.pays_on, o.made_at::date) < told.until) as late,
                            count(*) filter (where p.word_of = 'operator' and p.changed_at >= a.opened_at) as unshown
                       from payouts p
                       left join payment_orders o using (order_id)
                      where p.currency = a.currency and p.order_id is not null) p on true
  left join lateral (select count(*) as open, sum(abs(b.amount))::bigint as gross
                       from breaks b join bank_entries e on e.entry_id = b.key
                      where b.leg = 'payout' and b.state <> 'resolved' and e.iban = a.iban) b on true
 where a.programme_id is null
 order by a.currency;
