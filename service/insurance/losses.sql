-- Losses of trade debtors, what came after them, and the rates that both convert at.

-- hold_losses --
-- What is used of a policy's limits changes by one loss at a time.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- insert_rate --
-- Nothing: a rate of that day is stored.
insert into currency_rates (currency, into_currency, rate_on, price, source, stored_at)
values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing
returning price;

-- load_rate --
select price from currency_rates where currency = $1 and into_currency = $2 and rate_on = $3;

-- nearest_rates --
-- The days next to one that has no rate.
select max(rate_on) filter (where rate_on < $3) as before, min(rate_on) filter (where rate_on > $3) as after
  from currency_rates
 where currency = $1 and into_currency = $2;

-- list_rates --
select rate_on, price, source
  from currency_rates
 where currency = $1 and into_currency = $2 and rate_on > $3
 order by rate_on
 limit $4;

-- load_used --
-- What earlier losses have used of a policy's limits. One of which the policy bears nothing uses nothing up.
select coalesce(sum(first_loss), 0)::bigint as first_loss, coalesce(sum(indemnity), 0)::bigint as paid,
       coalesce(sum(indemnity) filter (where extract(year from lost_on) = $2), 0)::bigint as of_year,
       coalesce(sum(indemnity) filter (where debtor_id = $3), 0)::bigint as of_debtor,
       coalesce(sum(insured) filter (where debtor_id = $3 and (indemnity > 0 or first_loss > 0)), 0)::bigint
           as insured_of_debtor
  from insured_losses
 where policy_id = $1;

-- insert_loss --
insert into insured_losses (loss_id, policy_id, debtor_id, cause, lost_on, currency, owed, price, debt, insured,
                            cover_bps, indemnity, first_loss, limited_by, insurer_id, policy_currency, is_booked, told_at,
                            told_by, stops)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);

-- load_loss --
select loss_id, policy_id, debtor_id, cause, lost_on, currency, owed, price, debt, insured, cover_bps, indemnity,
       limited_by, policy_currency, is_booked, stops
  from insured_losses
 where loss_id = $1;

-- list_losses --
select loss_id, policy_id, debtor_id, cause, lost_on, currency, owed, price, debt, insured, cover_bps, indemnity,
       limited_by, policy_currency, is_booked, stops
  from insured_losses
 where policy_id = $1 and loss_id > $2
 order by loss_id
 limit $3;

-- recovered_before --
select coalesce(sum(gross - cost), 0)::bigint from insured_recoveries where loss_id = $1;

-- insert_recovery --
insert into insured_recoveries (recovery_id, loss_id, gross, cost, came_on, price, to_insurer, at_receipt, at_loss,
                                told_at, told_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
