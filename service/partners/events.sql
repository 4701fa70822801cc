-- The partner's sub-ledger: told, numbered, read.

-- tell_partners --
-- Without a number, which is given by whoever reads it: so nobody's commit waits for another's.
insert into partner_events (bucket, event_id, partner_id, programme_id, plan_id, type, business_on, value_on,
                            principal, interest, fee, penalty, subsidy, currency, undoes_fact, booked_at)
select bucket, event_id, partner_id, programme_id, plan_id, type, business_on, value_on,
       principal, interest, fee, penalty, subsidy, currency, undoes_fact, booked_at
  from @partnered;

-- number_partner_events --
select number_partner_events($1, $2);

-- load_partner_events --
select number, event_id, programme_id, plan_id, type, business_on, filed_on, value_on, principal, interest, fee,
       penalty, subsidy, currency, reverses_event_id, booked_at
  from partner_events
 where partner_id = $1 and number > $2
 order by number
 limit $3;
