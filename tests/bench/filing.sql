-- A day of a programme that is to be filed: so many events, each of another plan, and the plans with twelve lines each, one of
-- which is late.

-- plans --
insert into plans (bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id, kind, currency,
                   state, collection_state, amount, captured, voided, held, reserved, used, outstanding, principal_paid,
                   interest_paid, fee_paid, penalty_paid, refunded, overpaid, captures, version, accepted, funding,
                   authorized_at, capture_by, changed_at, changed_by, passed_on, standing)
select n % 1024, 'pl_' || name, 'co_' || name, 'pe_' || name, $1, n::text, 'de_' || name, 'instalments',
       'EUR', 'active', 'nothing_owed', 1200000, 1200000, 0, 0, 0, 1200000, 1200000, 0, 0, 0, 0, 0, 0, 1, 1, '{}'::bytea,
       $2::text::json, $3, $3, $3, 'merchant', $4, ''
  from (select n, lpad(n::text, 26, '0') as name from generate_series($5::int, $6::int) n offset 0) plan;

-- lines --
insert into lines (bucket, plan_id, number, capture, begin_on, due_on, principal, interest, fee, penalty, principal_paid,
                   interest_paid, fee_paid, penalty_paid, forgiven)
select bucket, plan_id, number, 1, $1::date + 30 * number - 60, $1::date + 30 * number - 30,
       100000, 1200, 0, 0, 0, 0, 0, 0, 0
  from (select n % 1024 as bucket, 'pl_' || lpad(n::text, 26, '0') as plan_id
          from generate_series($2::int, $3::int) n
        offset 0) plan  -- a plan's id is put together once, and not for each line
 cross join generate_series(1, 12) number;

-- events --
-- They stand in the order of their numbers, as they come; the first $8 have them already.
insert into partner_events (bucket, event_id, number, filed_on, partner_id, programme_id, plan_id, type, business_on,
                            value_on, principal, interest, fee, penalty, subsidy, currency, booked_at)
select n % $5 % 1024, 'cm_' || lpad(n::text, 26, '0'), case when n < $8::int then n + 1 end, case when n < $8::int then $3::date end,
       $1, $2, 'pl_' || lpad((n % $5)::text, 26, '0'),
       case when n < $5 then 'funding' else 'repayment' end, $3, $3, case when n < $5 then -840000 else 1000 + n % 7 end,
       case when n < $5 then 0 else 30 + n % 5 end, 0, 0, 0, 'EUR', $4
  from generate_series($6::int, $7::int) n;

-- numbered --
insert into partner_feeds (partner_id, last_number) values ($1, $2)
on conflict (partner_id) do update set last_number = excluded.last_number;
