-- Payouts to merchants against the bank's statement: what does not match, and how the account stands.

-- insert_finding --
insert into payout_findings (entry_id, kind, amount, payouts, found_at) values ($1, $2, $3, $4, $5);

-- findings --
-- After $1; open ($2), or all where it is null.
select f.entry_id, a.currency, f.kind, f.amount, e.amount as moved, e.reference, e.booked_on, f.payouts, f.found_at,
       f.note, f.ended_at
  from payout_findings f
  join bank_entries e using (entry_id)
  join bank_accounts a using (iban)
 where f.entry_id > $1 and ($2::boolean is null or (f.ended_at is null) = $2)
 order by f.entry_id
 limit $3;

-- finding --
select f.entry_id, a.currency, f.kind, f.amount, e.amount as moved, e.reference, e.booked_on, f.payouts, f.found_at,
       f.note, f.ended_at
  from payout_findings f
  join bank_entries e using (entry_id)
  join bank_accounts a using (iban)
 where f.entry_id = $1
   for update of f;

-- resolve --
update payout_findings set note = $2, ended_by = $3, ended_at = $4 where entry_id = $1;

-- cash --
-- Each account that merchants are paid from: until which day the bank has told, and what of the currency is where.
select a.currency, a.iban, told.until, told.closing,
       coalesce(p.ordered, 0) as ordered, coalesce(p.ordered_amount, 0) as ordered_amount, coalesce(p.late, 0) as late,
       coalesce(p.unshown, 0) as unshown, coalesce(f.findings, 0) as findings, coalesce(f.gross, 0) as findings_amount
  from bank_accounts a
  left join lateral (select max(e.booked_on) as until,
                            (select s.closing from bank_statements s
                              where s.iban = a.iban and s.kind = 'statement' order by s.number desc limit 1) as closing
                       from bank_entries e where e.iban = a.iban) told on true
  left join lateral (select count(*) filter (where p.state = 'ordered') as ordered,
                            (sum(p.amount) filter (where p.state = 'ordered'))::bigint as ordered_amount,
                            count(*) filter (where p.state = 'ordered'
                                               and greatest(p.pays_on, o.made_at::date) < told.until) as late,
                            count(*) filter (where p.word_of = 'operator' and p.changed_at >= a.opened_at) as unshown
                       from payouts p
                       left join payment_orders o using (order_id)
                      where p.currency = a.currency and p.order_id is not null) p on true
  left join lateral (select count(*) as findings, sum(abs(f.amount))::bigint as gross
                       from payout_findings f join bank_entries e using (entry_id)
                      where e.iban = a.iban and f.ended_at is null) f on true
 where a.programme_id is null
 order by a.currency;
