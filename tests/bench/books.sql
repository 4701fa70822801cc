-- A day of a programme as both sides and the bank told it: so many events, ten of a plan, a hundred of a settlement. That
-- is far more settlements than a day has, so that the bank's part is no smaller than the others. Of each 2,000 events ten
-- things break; `PLANTED` of books.py counts them.

-- our_events --
insert into partner_events (bucket, event_id, partner_id, programme_id, number, plan_id, type, business_on, filed_on,
                            value_on, principal, interest, fee, penalty, subsidy, currency, booked_at)
select n % 1024, 'cm_' || lpad(n::text, 26, '0'), $1, $2, n, 'pl_' || lpad((n / 10)::text, 26, '0'), 'repayment', $3, $3,
       $3, 1000 + n % 7, 30 + n % 5, 0, 0, 0, 'EUR', $4
  from generate_series($5::int, $6::int) n;

-- their_events --
-- Of 2,000: 0 and 1,000 have another amount, 200 is missing, 400 comes twice, 600 has a companion that we do not know.
insert into partner_their_events (file_id, line, event_id, plan_id, type, business_on, value_on, principal, interest, fee,
                                  penalty, subsidy, currency)
select $1, row_number() over (order by e.number, copy) + 1,
       case copy when 'unknown' then 'cm_x' || substr(e.event_id, 5) else e.event_id end, e.plan_id, e.type, $3, e.value_on,
       e.principal + case when e.number % 1000 = 0 then 500 when copy = 'unknown' then 250 else 0 end, e.interest, 0, 0, 0,
       e.currency
  from partner_events e
 cross join lateral unnest(case e.number % 2000 when 200 then '{}' when 400 then '{first,second}'
                                                when 600 then '{first,unknown}' else '{first}' end::text[]) copy
 where e.programme_id = $2 and e.filed_on = $3;

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
-- Of 200 plans: 50 is charged off there, 110 opened and closes with 7.00 more, 150 is missing.
insert into partner_their_positions (file_id, line, plan_id, owner, share_bps, opening, funded, repaid, refunded, adjusted,
                                     charged_off, closing, accrued_interest, days_past_due, age_bucket, status, currency)
select $1, 1 + row_number() over (order by plan_id), plan_id, $3, 7000, opening, 0, repaid, 0, 0, 0, opening - repaid, 0, 0,
       'current', case place when 50 then 'charged_off' else 'active' end, 'EUR'
  from (select plan_id, place, 100000 + case place when 110 then 700 else 0 end as opening, repaid
          from (select plan_id, substr(plan_id, 4)::bigint % 200 as place, sum(principal) as repaid
                  from partner_their_events
                 where file_id = $2
                 group by plan_id) p) p
 where place <> 150;

-- our_legs --
-- Two of a settlement, fifty events each.
insert into daily_legs (file_id, leg, settlement_id, end_to_end_id, amount, count, first_event_id, last_event_id, currency)
select $1, 'repayment ' || number / 50, 'S-' || number / 100, 'N-' || number / 100, sum(principal + interest), count(*),
       min(event_id), max(event_id), 'EUR'
  from partner_events
 where programme_id = $2 and filed_on = $3
 group by number / 50, number / 100;

-- account --
insert into bank_accounts (iban, programme_id, currency, holder, opened_at)
values ('DE89370400440532013000', $1, 'EUR', 'Tenor', $2);

-- message --
insert into bank_messages (bank_message_id, kind, message_id, sha256, received_by, received_at)
values ($1, 'statement', 'M-1', sha256('theirs'), 'bench', $2);

-- their_entries --
-- Of 20 settlements: 10 and 11 are paid by one entry, all others by one to three; of 5 half is paid. And one entry that
-- nobody asked for.
with asked as (
    select substr(settlement_id, 3)::int as number, end_to_end_id, sum(amount)::bigint as amount
      from daily_legs
     where file_id = $1
     group by settlement_id, end_to_end_id
), shown as (
    select number * 10 + part as place, array[end_to_end_id] as names,
           amount / parts + case part when 1 then amount % parts else 0 end as amount
      from (select number, end_to_end_id, 1 + number % 3 as parts,
                   case number % 20 when 5 then amount / 2 else amount end as amount
              from asked
             where number % 20 not in (10, 11)) one
     cross join generate_series(1, parts) part
    union all
    select min(number) * 10, array_agg(end_to_end_id order by number), sum(amount)::bigint
      from asked
     where number % 20 in (10, 11)
     group by number / 20
    union all
    select number * 10, array['nobody-' || number], 4200 from asked where number % 20 = 15
), statement as (
    insert into bank_statements (bank_message_id, iban, kind, message_id, statement_id, missing, opening, closing, entries)
    select $2, 'DE89370400440532013000', 'statement', 'M-1', 'S-1', 0, 0, -sum(amount), count(*) from shown
    returning number
)
insert into bank_entries (entry_id, iban, reference, number, amount, booked_on, value_on, is_reversal, names)
select 'be_' || lpad(place::text, 26, '0'), 'DE89370400440532013000', 'R-' || place, statement.number, -amount, $3, $3, false,
       names
  from shown
 cross join statement;

-- counted --
-- The rows of each side; $1 our positions, $2 our legs.
select (select count(*) from daily_positions where file_id = $1) as positions,
       (select count(distinct end_to_end_id) from daily_legs where file_id = $2) as settlements,
       (select count(*) from bank_entries) as entries;

-- found --
select leg, kind, count(*) as breaks from breaks group by leg, kind;

-- paid --
-- Settlements of the last comparison that the bank shows.
select (result ->> 'paid')::int from reconciliations order by business_on desc, number desc limit 1;

-- joined_items --
-- What the database alone would say: how many are equal, and how many are on one side only.
select count(*) filter (where o.principal = t.principal and o.interest = t.interest) as same,
       count(*) filter (where o.event_id is null or t.event_id is null) as alone
  from (select * from partner_events where programme_id = $1 and filed_on = $2) o
  full join copied_partner_their_events t using (event_id);

-- joined_positions --
select count(*) filter (where o.closing = t.closing and o.status = t.status) as same,
       count(*) filter (where o.plan_id is null or t.plan_id is null) as alone
  from (select * from daily_positions where programme_id = $1 and business_on = $2) o
  full join copied_partner_their_positions t using (plan_id);

-- joined_cash --
select count(*) filter (where o.amount + t.amount = 0) as same,
       count(*) filter (where o.end_to_end_id is null or t.name is null) as alone
  from (select end_to_end_id, sum(amount) as amount from daily_legs group by end_to_end_id) o
  full join (select name, sum(amount) as amount
               from copied_bank_entries
              cross join unnest(names) name
              group by name) t on t.name = o.end_to_end_id;
