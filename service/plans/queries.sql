-- Plans, loaded with what a batch of commands may read, and saved with what the commands made of them. Set-based: arrays
-- in, one row an element.

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
     using @freed
     where r.bucket = freed.bucket and r.merchant_id = freed.merchant_id
       and r.merchant_reference = freed.merchant_reference
    returning r.bucket, r.merchant_id, r.merchant_reference, r.plan_id
)
insert into former_references (bucket, merchant_id, merchant_reference, plan_id) select * from given_free;

-- open_plans --
with named as (
    insert into merchant_references (bucket, merchant_id, merchant_reference, plan_id)
    select bucket, merchant_id, merchant_reference, plan_id from @named order by 1, 2, 3
)
insert into plans (bucket, plan_id, consumer_id, merchant_id, merchant_reference, decision_id, kind, currency,
                   state, collection_state, settlement_state, dispute_state, amount, captured, voided, held,
                   reserved, outstanding, principal_paid, interest_paid, fee_paid, captures, version,
                   offer, funding, authorized_at, capture_by, closed_at, claimed_at)
select bucket, plan_id, consumer_id, merchant_id, merchant_reference, decision_id, kind, currency,
       state, collection_state, settlement_state, dispute_state, amount, captured, voided, held,
       reserved, outstanding, principal_paid, interest_paid, fee_paid, captures, version,
       offer, funding, authorized_at, capture_by, closed_at, claimed_at
  from @opened;

-- update_plans --
update plans p
   set state = moved.state, collection_state = moved.collection_state, settlement_state = moved.settlement_state,
       dispute_state = moved.dispute_state,
       captured = moved.captured, voided = moved.voided, held = moved.held, reserved = moved.reserved,
       outstanding = moved.outstanding, principal_paid = moved.principal_paid, interest_paid = moved.interest_paid,
       fee_paid = moved.fee_paid, captures = moved.captures, version = moved.version, closed_at = moved.closed_at,
       claimed_at = moved.claimed_at
  from @moved
 where p.bucket = moved.bucket and p.plan_id = moved.plan_id;

-- save_instalments --
insert into instalments (bucket, plan_id, number, capture, due_on, principal, interest, fee,
                         principal_paid, interest_paid, fee_paid, paid_on)
select bucket, plan_id, number, capture, due_on, principal, interest, fee,
       principal_paid, interest_paid, fee_paid, paid_on
  from @owed
    on conflict (bucket, plan_id, number) do update
   set due_on = excluded.due_on, principal = excluded.principal, interest = excluded.interest, fee = excluded.fee,
       principal_paid = excluded.principal_paid, interest_paid = excluded.interest_paid,
       fee_paid = excluded.fee_paid, paid_on = excluded.paid_on;

-- insert_bills --
insert into bills (bucket, plan_id, capture, amount, lines, captured_at)
select bucket, plan_id, capture, amount, lines, captured_at from @billed;

-- insert_payments --
insert into payments (bucket, payment_id, plan_id, amount, principal, interest, fee, received_on, reference,
                      recorded_at)
select bucket, payment_id, plan_id, amount, principal, interest, fee, received_on, reference, recorded_at
  from @paid;

-- load_overdue_authorizations --
select bucket, plan_id, merchant_id
  from plans
 where state in ('authorized', 'part_captured') and capture_by < $1
 order by capture_by
 limit $2;

-- load_plans_of_merchant --
select p.*,
       (select json_agg(json_build_object('capture', b.capture, 'amount', b.amount, 'captured_at', b.captured_at,
                                          'lines', b.lines) order by b.capture)
          from bills b
         where b.bucket = p.bucket and b.plan_id = p.plan_id) as bills
  from unnest($1::smallint[], $2::text[]) with ordinality as k (bucket, plan_id, place)
  join plans p using (bucket, plan_id)
 where p.merchant_id = $3
 order by k.place;

-- load_plan_instalments --
select plan_id, number, capture, due_on, principal, interest, fee, principal_paid, interest_paid, fee_paid, paid_on
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join instalments using (bucket, plan_id)
 order by plan_id, number;

-- is_reference_taken --
select exists (select from merchant_references where bucket = $1 and merchant_id = $2 and merchant_reference = $3);

-- find_plans --
-- The plan that has taken a merchant reference; then those that were voided or expired, the newest first: ids are in the
-- order of time.
select plan_id
  from (select plan_id, true as is_taken from merchant_references
         where bucket = $1 and merchant_id = $2 and merchant_reference = $3
         union all
        select plan_id, false from former_references
         where bucket = $1 and merchant_id = $2 and merchant_reference = $3) p
 order by is_taken desc, plan_id desc
 limit $4;

-- load_plan_offer --
select decision_id, offer ->> 'id' as offer_id from plans where bucket = $1 and plan_id = $2 and merchant_id = $3;
