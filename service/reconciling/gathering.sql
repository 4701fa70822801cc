-- What is compared of a day: the rows of both sides are held against one another here, and only those that differ leave the
-- database.

-- run_before --
-- The last complete one of an earlier day: what it left open is looked for again.
select reconciliation_id, business_on, bank_number, result
  from reconciliations
 where programme_id = $1 and partner_id = $2 and business_on < $3 and verdict <> 'incomplete'
 order by business_on desc, number desc
 limit 1;

-- set_aside --
-- Of these breaks, those that a person resolved: what they were about is not looked for again.
select b.break_id
  from breaks b
 where b.break_id = any ($1::text[]) and b.state = 'resolved'
   and (select told_by from break_steps s
         where s.break_id = b.break_id and s.what = 'resolved' order by number desc limit 1) is not null;

-- our_files --
select file_id, type, business_on, sha256
  from daily_files
 where programme_id = $1 and partner_id = $2 and business_on between $3 and $4
 order by business_on, type;

-- others_settlements --
-- Of the programme's other partners: they are paid on the account of the first.
select file_id, sha256
  from daily_files
 where programme_id = $1 and partner_id <> $2 and business_on between $3 and $4 and type = 'STL'
 order by file_id;

-- their_files --
select file_id, type, business_on, sha256
  from received_files
 where programme_id = $1 and partner_id = $2 and business_on between $3 and $4 and state = 'loaded'
 order by business_on, type;

-- their_files_of --
select file_id, type, business_on from received_files where file_id = any ($1::text[]);

-- our_sums --
select currency, count(*) as items, sum(principal + interest + fee + penalty + subsidy) as amount
  from partner_events
 where programme_id = $1 and partner_id = $2 and filed_on between $3 and $4
 group by currency;

-- their_sums --
select currency, count(*) as items, sum(principal + interest + fee + penalty + subsidy) as amount
  from partner_their_events
 where file_id = any ($1::text[])
 group by currency;

-- items_that_differ --
-- Rows of both sides, but those of an event that each side has once and that are the same. $5 theirs, $6 at most so many.
-- Ours have the settlement that the file TXN of their day says.
with ours as (
    select event_id, plan_id, type, currency, value_on, principal, interest, fee, penalty, subsidy, reverses_event_id,
           filed_on
      from partner_events
     where programme_id = $1 and partner_id = $2 and filed_on between $3 and $4
), theirs as (
    select event_id, plan_id, type, currency, value_on, principal, interest, fee, penalty, subsidy, settlement_id,
           reverses_event_id
      from partner_their_events
     where file_id = any ($5::text[])
), twice as (
    select event_id from theirs group by event_id having count(*) > 1
), differing as (
    select o.event_id as our_id, t.event_id as their_id
      from ours o
      full join theirs t on t.event_id = o.event_id
     where (o.plan_id, o.type, o.currency, o.value_on, o.principal, o.interest, o.fee, o.penalty, o.subsidy)
           is distinct from
           (t.plan_id, t.type, t.currency, t.value_on, t.principal, t.interest, t.fee, t.penalty, t.subsidy)
        or exists (select from twice where twice.event_id = o.event_id)
     limit $6
)
select true as is_ours, o.event_id, o.plan_id, o.type, o.currency, o.value_on, o.principal, o.interest, o.fee, o.penalty,
       o.subsidy, case when o.type <> 'charge_off' then substr($1, 4) || '-' || to_char(o.filed_on, 'YYYYMMDD') end as settlement_id,
       o.reverses_event_id
  from ours o
 where o.event_id in (select our_id from differing)
union all
select false, t.event_id, t.plan_id, t.type, t.currency, t.value_on, t.principal, t.interest, t.fee, t.penalty,
       t.subsidy, t.settlement_id, t.reverses_event_id
  from theirs t
 where t.event_id in (select their_id from differing);

-- positions_that_differ --
-- $1 our file, $2 theirs: the positions that are not the same, or do not follow from themselves; at most $3.
select o.plan_id as our_line, t.line as their_line, o.plan_id as our_plan, o.currency as our_currency, o.owner as our_owner, o.status as our_status,
       o.opening as our_opening, o.funded as our_funded, o.repaid as our_repaid, o.refunded as our_refunded,
       o.adjusted as our_adjusted, o.charged_off as our_charged_off, o.closing as our_closing,
       o.days_past_due as our_days_past_due,
       t.plan_id as their_plan, t.currency as their_currency, t.owner as their_owner, t.status as their_status,
       t.opening as their_opening, t.funded as their_funded, t.repaid as their_repaid, t.refunded as their_refunded,
       t.adjusted as their_adjusted, t.charged_off as their_charged_off, t.closing as their_closing,
       t.days_past_due as their_days_past_due
  from (select * from daily_positions where file_id = $1) o
  full join (select * from partner_their_positions where file_id = $2) t
         on t.plan_id = o.plan_id and t.currency = o.currency
 where (o.plan_id, o.owner, o.status, o.closing, o.days_past_due)
       is distinct from (t.plan_id, t.owner, t.status, t.closing, t.days_past_due)
    or t.closing <> t.opening + t.funded - t.repaid - t.refunded + t.adjusted - t.charged_off
 limit $3;

-- loose --
-- Plans whose position does not follow from the day's items: $1 our file, $2 programme, $3 partner, $4 the day.
select plan_id
  from (select plan_id, opening - closing as given_back from daily_positions where file_id = $1) p
  full join (select plan_id, sum(principal) as given_back
               from partner_events
              where programme_id = $2 and partner_id = $3 and filed_on = $4 and type not in ('recovery', 'loss')
              group by plan_id) e using (plan_id)
 where coalesce(p.given_back, 0) <> coalesce(e.given_back, 0)
 order by plan_id
 limit 100;

-- rounded_before --
-- What roundings of earlier days made of the principal of these plans, theirs less ours.
select o.plan_id, o.currency, sum(o.principal)::bigint as principal
  from roundings o
  join reconciliations r using (reconciliation_id)
 where r.programme_id = $1 and r.partner_id = $2 and r.business_on < $3 and o.plan_id = any ($4::text[])
   and r.number = (select max(number) from reconciliations last
                    where last.programme_id = r.programme_id and last.partner_id = r.partner_id
                      and last.business_on = r.business_on and last.verdict <> 'incomplete')
 group by o.plan_id, o.currency;

-- settlements --
select settlement_id, end_to_end_id, currency, sum(amount)::bigint as amount
  from daily_legs
 where file_id = any ($1::text[])
 group by settlement_id, end_to_end_id, currency
 order by settlement_id, currency;

-- bank_accounts --
select iban from bank_accounts where programme_id = $1;

-- last_bank_number --
select coalesce(max(number), 0) from bank_statements where iban = any ($1::text[]);

-- bank_entries --
-- Told by statements after $2, up to $3.
select e.entry_id, a.currency, e.amount, e.names
  from bank_entries e
  join bank_accounts a using (iban)
 where e.iban = any ($1::text[]) and e.number > $2 and e.number <= $3
 order by e.entry_id;

-- opened --
-- Since when what is open is open.
select leg, key, currency, opened_on
  from breaks
 where programme_id = $1 and partner_id = $2 and state <> 'resolved' and opened_on < $3;

-- run --
select reconciliation_id, partner_id, programme_id, business_on, number, since, verdict, result, bank_number, manifest,
       sha256, made_at
  from reconciliations
 where reconciliation_id = $1 and ($2::text is null or partner_id = $2);
