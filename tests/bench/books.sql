-- A day of a programme as both sides told it: so many events, ten of a plan. Of theirs one in 200 breaks.

-- our_events --
insert into partner_events (bucket, event_id, partner_id, programme_id, number, plan_id, type, business_on, filed_on,
                            value_on, principal, interest, fee, penalty, subsidy, currency, booked_at)
select n % 1024, 'cm_' || lpad(n::text, 26, '0'), $1, $2, n, 'pl_' || lpad((n / 10)::text, 26, '0'), 'repayment', $3, $3,
       $3, 1000 + n % 7, 30 + n % 5, 0, 0, 0, 'EUR', $4
  from generate_series(0, $5::int - 1) n;

-- their_events --
-- Every 400th has another amount, and as many are missing.
insert into partner_their_events (file_id, line, event_id, plan_id, type, business_on, value_on, principal, interest, fee,
                                  penalty, subsidy, currency)
select $1, e.number + 2, e.event_id, e.plan_id, e.type, $3, e.value_on,
       e.principal + case when e.number % 400 = 0 then 500 else 0 end, e.interest, 0, 0, 0, e.currency
  from partner_events e
 where e.programme_id = $2 and e.filed_on = $3 and e.number % 400 <> 200;

-- our_positions --
insert into daily_positions (file_id, bucket, plan_id, partner_id, programme_id, business_on, owner, share_bps, opening,
                             funded, repaid, refunded, adjusted, charged_off, closing, accrued_interest, days_past_due,
                             age_bucket, status, currency)
select $1, 0, plan_id, $2, $3, $4, $2, 7000, 100000, 0, sum(principal), 0, 0, 0, 100000 - sum(principal), 0, 0,
       'current', 'active', 'EUR'
  from partner_events
 where programme_id = $3 and filed_on = $4
 group by plan_id;

-- their_positions --
insert into partner_their_positions (file_id, line, plan_id, owner, share_bps, opening, funded, repaid, refunded, adjusted,
                                     charged_off, closing, accrued_interest, days_past_due, age_bucket, status, currency)
select $1, 1 + row_number() over (order by e.plan_id), e.plan_id, $3, 7000, 100000, 0, sum(t.principal), 0, 0, 0,
       100000 - sum(t.principal), 0, 0, 'current', 'active', 'EUR'
  from partner_events e
  join partner_their_events t on t.file_id = $2 and t.event_id = e.event_id
 where e.programme_id = $4 and e.filed_on = $5
 group by e.plan_id;

-- joined --
-- What the database alone would say: how many are equal, and how many are on one side only.
select count(*) filter (where o.principal = t.principal and o.interest = t.interest) as same,
       count(*) filter (where o.event_id is null or t.event_id is null) as alone
  from (select * from partner_events where programme_id = $1 and filed_on = $2) o
  full join copied t using (event_id);
