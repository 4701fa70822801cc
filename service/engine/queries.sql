-- The write path in set-based statements: arrays in, one row an element. Locks are taken in one order everywhere:
-- idempotency keys, accounts, feeds; each sorted.

-- claim_keys --
-- A key claimed elsewhere and not yet committed makes this wait; one committed is left out of the result. Fails while
-- the server's settings could lose what is acknowledged.
insert into idempotency (bucket, owner_id, key, request_hash, created_at)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
           as k (bucket, owner_id, key, request_hash, created_at)
 where is_durable()
 order by 1, 2, 3
    on conflict do nothing
returning owner_id, key;

-- load_answers --
select i.owner_id, i.key, i.request_hash, i.status, i.answer, i.decision_id
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, owner_id, key)
  join idempotency i using (bucket, owner_id, key);

-- load_decision_answers --
select d.decision_id, d.answer
  from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
  join decisions d using (bucket, decision_id);

-- lock_books --
-- Every account the batch may touch, locked in sorted order. Beside it the decision whose offer is asked for; that row
-- never changes, and whose account a plan is on never does, so both may be read before the lock is held.
select a.bucket, a.consumer_id, a.currency, a."limit", a.reserved, a.used, a.version,
       o.decision_id, o.merchant_id, o.merchant_reference, o.answer, o.funding
  from (select bucket, d.consumer_id, d.currency, decision_id, d.merchant_id, d.merchant_reference, d.answer, d.funding
          from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
          join decisions d using (bucket, decision_id)
         union all
        select bucket, p.consumer_id, p.currency, null, null, null, null, null
          from unnest($3::smallint[], $4::text[]) as k (bucket, plan_id)
          join plans p using (bucket, plan_id)) o
  join accounts a using (bucket, consumer_id, currency)
 order by a.bucket, a.consumer_id, a.currency
   for update of a;

-- load_plans --
select p.*,
       case when p.captures > 0 then
           (select json_agg(json_build_object('capture', b.capture, 'amount', b.amount, 'captured_at', b.captured_at,
                                              'lines', b.lines) order by b.capture)
              from bills b
             where b.bucket = p.bucket and b.plan_id = p.plan_id) end as bills
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join plans p using (bucket, plan_id);

-- load_instalments --
select i.plan_id, i.number, i.capture, i.due_on, i.principal, i.interest, i.fee,
       i.principal_paid, i.interest_paid, i.fee_paid, i.paid_on
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join instalments i using (bucket, plan_id)
 order by i.plan_id, i.number;

-- load_payment_references --
select p.plan_id, p.reference
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, plan_id, reference)
  join payments p using (bucket, plan_id, reference);

-- load_what_became --
-- Which of the decisions opened a plan, and which of the merchant references are taken, with the accounts locked.
select p.decision_id, null as merchant_id, null as merchant_reference
  from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
  join plans p using (bucket, decision_id)
 union all
select null, r.merchant_id, r.merchant_reference
  from unnest($3::smallint[], $4::text[], $5::text[]) as k (bucket, merchant_id, merchant_reference)
  join merchant_references r using (bucket, merchant_id, merchant_reference);

-- free_references --
-- Their plans were voided or expired.
with given_free as (
    delete from merchant_references r
     using unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, merchant_id, merchant_reference)
     where r.bucket = k.bucket and r.merchant_id = k.merchant_id and r.merchant_reference = k.merchant_reference
    returning r.bucket, r.merchant_id, r.merchant_reference, r.plan_id
)
insert into former_references (bucket, merchant_id, merchant_reference, plan_id) select * from given_free;

-- open_plans --
with named as (
    insert into merchant_references (bucket, merchant_id, merchant_reference, plan_id)
    select * from unnest($29::smallint[], $4::text[], $5::text[], $2::text[]) order by 1, 2, 3
)
insert into plans (bucket, plan_id, consumer_id, merchant_id, merchant_reference, decision_id, kind, currency,
                   state, collection_state, settlement_state, dispute_state, amount, captured, voided, held,
                   reserved, outstanding, principal_paid, interest_paid, fee_paid, captures, version,
                   offer, funding, authorized_at, capture_by, closed_at, claimed_at)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::plan_kind[],
                     $8::text[], $9::plan_state[], $10::collection_state[], $11::settlement_state[],
                     $12::dispute_state[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
                     $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::smallint[],
                     $23::int[], $24::json[], $25::json[], $26::timestamptz[], $27::timestamptz[],
                     $28::timestamptz[], $30::timestamptz[]);

-- update_plans --
update plans p
   set state = k.state, collection_state = k.collection_state, settlement_state = k.settlement_state,
       dispute_state = k.dispute_state, captured = k.captured, voided = k.voided, held = k.held,
       reserved = k.reserved, outstanding = k.outstanding, principal_paid = k.principal_paid,
       interest_paid = k.interest_paid, fee_paid = k.fee_paid, captures = k.captures, version = k.version,
       closed_at = k.closed_at, claimed_at = k.claimed_at
  from unnest($1::smallint[], $2::text[], $3::plan_state[], $4::collection_state[], $5::settlement_state[],
              $6::dispute_state[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
              $12::bigint[], $13::bigint[], $14::bigint[], $15::smallint[], $16::int[], $17::timestamptz[],
              $18::timestamptz[])
       as k (bucket, plan_id, state, collection_state, settlement_state, dispute_state, captured, voided, held,
             reserved, outstanding, principal_paid, interest_paid, fee_paid, captures, version, closed_at, claimed_at)
 where p.bucket = k.bucket and p.plan_id = k.plan_id;

-- save_instalments --
insert into instalments (bucket, plan_id, number, capture, due_on, principal, interest, fee,
                         principal_paid, interest_paid, fee_paid, paid_on)
select * from unnest($1::smallint[], $2::text[], $3::smallint[], $4::smallint[], $5::date[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::date[])
    on conflict (bucket, plan_id, number) do update
   set due_on = excluded.due_on, principal = excluded.principal, interest = excluded.interest, fee = excluded.fee,
       principal_paid = excluded.principal_paid, interest_paid = excluded.interest_paid,
       fee_paid = excluded.fee_paid, paid_on = excluded.paid_on;

-- insert_bills --
insert into bills (bucket, plan_id, capture, amount, lines, captured_at)
select * from unnest($1::smallint[], $2::text[], $3::smallint[], $4::bigint[], $5::json[], $6::timestamptz[]);

-- insert_payments --
insert into payments (bucket, payment_id, plan_id, amount, principal, interest, fee, received_on, reference,
                      recorded_at)
select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                     $8::date[], $9::text[], $10::timestamptz[]);

-- book --
-- What every batch leaves: its accounts, transfers, answers, and the merchants' next events. An event's number is its
-- merchant's last one less how many of the batch come after it. Feeds are locked sorted, and only until the commit.
with moved as (
    update accounts a
       set reserved = k.reserved, used = k.used, version = k.version,
           over_limit = a.over_limit and k.reserved + k.used > a."limit"
      from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
           as k (bucket, consumer_id, currency, reserved, used, version)
     where a.bucket = k.bucket and a.consumer_id = k.consumer_id and a.currency = k.currency
), booked as (
    insert into transfers (bucket, cause_id, leg, debit, credit, amount, currency, plan_id, merchant_id, partner_id,
                           booked_on, booked_at)
    select * from unnest($7::smallint[], $8::text[], $9::smallint[], $10::ledger_account[], $11::ledger_account[],
                         $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::date[],
                         $18::timestamptz[])
), answered as (
    update idempotency i
       set status = k.status, answer = k.answer
      from unnest($19::smallint[], $20::text[], $21::text[], $22::smallint[], $23::bytea[])
           as k (bucket, owner_id, key, status, answer)
     where i.bucket = k.bucket and i.owner_id = k.owner_id and i.key = k.key
), locked as materialized (
    select merchant_id from feeds where merchant_id = any ($26::text[]) order by merchant_id for update
), numbered as (
    update feeds f
       set last_number = f.last_number + k.count
      from (select merchant_id, count(*) from unnest($26::text[]) as k (merchant_id) group by merchant_id) k
      join locked using (merchant_id)
     where f.merchant_id = k.merchant_id
    returning f.merchant_id, f.last_number
)
insert into events (bucket, event_id, merchant_id, number, type, plan_id, at, data)
select k.bucket, k.event_id, k.merchant_id, n.last_number - k.later, k.type, k.plan_id, k.at, k.data
  from unnest($24::smallint[], $25::text[], $26::text[], $27::int[], $28::text[], $29::text[], $30::timestamptz[],
              $31::json[])
       as k (bucket, event_id, merchant_id, later, type, plan_id, at, data)
  join numbered n using (merchant_id);

-- log_decisions --
-- A decision without a key is one that we made ourselves. The accounts are those that were not there before. Each part
-- unnests the columns it needs: the texts, some kilobytes a row, are laid down once on their way into the log.
-- A decision made in ignorance of the present rulebook is left out, and its key stays free; so is one on a merchant
-- reference that a plan has taken, for none of its offers could be accepted.
with taken as materialized (
    select decision_id
      from unnest($24::smallint[], $3::text[], $5::text[], $2::text[], $20::text[])
           as k (bucket, merchant_id, merchant_reference, decision_id, key)
      join merchant_references r using (bucket, merchant_id, merchant_reference)
     where key is not null
), claimed as (
    insert into idempotency (bucket, owner_id, key, request_hash, status, decision_id, created_at)
    select bucket, owner_id, key, request_hash, status, decision_id, created_at
      from unnest($18::smallint[], $19::text[], $20::text[], $21::bytea[], $22::smallint[], $2::text[],
                  $11::timestamptz[], $23::bigint[])
           as k (bucket, owner_id, key, request_hash, status, decision_id, created_at, rulebook)
     where key is not null
       and rulebook = (select revision from rulebook)
       and decision_id not in (select decision_id from taken)
       and is_durable()
     order by 1, 2, 3
        on conflict do nothing
    returning decision_id
), fresh as (
    select decision_id from claimed
     union all
    select decision_id from unnest($2::text[], $20::text[]) as k (decision_id, key) where key is null
), opened as (
    insert into accounts (bucket, consumer_id, currency, "limit")
    select bucket, consumer_id, currency, max("limit")
      from unnest($1::smallint[], $4::text[], $6::text[], $10::bigint[], $2::text[], $17::boolean[])
           as k (bucket, consumer_id, currency, "limit", decision_id, opens_account)
     where opens_account
       and decision_id in (select decision_id from fresh)
       and not exists (select from accounts a
                        where a.bucket = k.bucket and a.consumer_id = k.consumer_id and a.currency = k.currency)
     group by 1, 2, 3
     order by 1, 2, 3
        on conflict do nothing
    returning bucket, consumer_id, currency, "limit"
), logged as (
    insert into decisions (bucket, decision_id, merchant_id, consumer_id, merchant_reference, currency, outcome,
                           policy_id, policy_version, "limit", decided_at, expires_at, request, snapshot, answer,
                           funding)
    select *
      from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::outcome[],
                  $8::text[], $9::int[], $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::text[],
                  $14::text[], $15::bytea[], $16::text[])
           as k (bucket, decision_id, merchant_id, consumer_id, merchant_reference, currency, outcome, policy_id,
                 policy_version, "limit", decided_at, expires_at, request, snapshot, answer, funding)
     where decision_id in (select decision_id from fresh)
)
select decision_id, false as is_taken, null::smallint as bucket, null as consumer_id, null as currency,
       null::bigint as "limit" from fresh
 union all
select decision_id, true, null, null, null, null from taken
 union all
select null, null, bucket, consumer_id, currency, "limit" from opened;

-- save_answers --
update idempotency i
   set status = k.status, answer = k.answer
  from unnest($1::smallint[], $2::text[], $3::text[], $4::smallint[], $5::bytea[])
       as k (bucket, owner_id, key, status, answer)
 where i.bucket = k.bucket and i.owner_id = k.owner_id and i.key = k.key;

-- load_overdue_authorizations --
select bucket, plan_id, merchant_id
  from plans
 where state in ('authorized', 'part_captured') and capture_by < $1
 order by capture_by
 limit $2;
