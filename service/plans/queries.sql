-- Plans, loaded with what a batch of commands may read, and saved with what the commands made of them. Set-based: arrays
-- in, one row an element.

-- lock_books --
-- Every account the batch may touch, locked in sorted order: of an offer, that of its consumer's person. Beside it the
-- decision whose offer is asked for; that row never changes, so it may be read before the lock is held. Whose account
-- it is may have changed while we waited: it is read again once the lock is held. Materialized: PostgreSQL joins an
-- account that changed while we waited for it again, and would not find the rows of a union.
with asked as materialized (
    select bucket_of(c.person_id) as bucket, c.person_id, d.currency, decision_id, d.consumer_id, d.merchant_id,
           d.merchant_reference, d.answer, coalesce(d.takers, convert_to(d.funding, 'UTF8')) as takers
      from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
      join decisions d using (bucket, decision_id)
      join consumers c using (bucket, consumer_id)
      join data_keys e on e.bucket = c.bucket and e.key_id = c.consumer_id and e.wrapped is not null
     union all
    select bucket_of(p.person_id), p.person_id, p.currency, null, null, null, null, null, null
      from unnest($3::smallint[], $4::text[]) as k (bucket, plan_id)
      join plans p using (bucket, plan_id)
)
select a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version,
       o.decision_id, o.consumer_id, o.merchant_id, o.merchant_reference, o.answer, o.takers
  from asked o
  join accounts a using (bucket, person_id, currency)
 order by a.bucket, a.person_id, a.currency
   for update of a;

-- find_offers --
-- The same on a cluster, step by step: an account may be on another machine than the offer or the plan. First whose they
-- are; in buckets of one shard.
select bucket_of(c.person_id) as bucket, c.person_id, d.currency, d.decision_id, d.consumer_id, d.merchant_id,
       d.merchant_reference, d.answer, coalesce(d.takers, convert_to(d.funding, 'UTF8')) as takers
  from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
  join decisions d on d.bucket = k.bucket and d.decision_id = k.decision_id and @here(d)
  join consumers c on c.bucket = d.bucket and c.consumer_id = d.consumer_id and @here(c)
  join data_keys e on e.bucket = c.bucket and e.key_id = c.consumer_id and e.wrapped is not null and @here(e);

-- find_owners --
select bucket_of(p.person_id) as bucket, p.person_id, p.currency
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join plans p on p.bucket = k.bucket and p.plan_id = k.plan_id and @here(p);

-- lock_accounts_of_bucket --
-- Then the accounts, a bucket at a time, in sorted order.
select a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version
  from accounts a
 where a.bucket = $1 and a.person_id = any ($2::text[])
 order by a.bucket, a.person_id, a.currency
   for update of a;

-- load_plans --
-- What was agreed, where they stand, and their captures with what undid any, in the order asked for: those of a merchant,
-- or of anybody where none is named.
select p.bucket, p.plan_id, p.consumer_id, p.person_id, p.merchant_id, p.merchant_reference, p.decision_id, p.kind,
       p.currency, coalesce(p.accepted, convert_to(p.offer::text, 'UTF8')) as offer, p.funding, p.authorized_at,
       p.version, p.changed_at, p.changed_by, p.state_since, p.state_by, p.closed_at, p.claimed_at, p.passed_on, p.standing,
       p.xmin::text as written_by,
       case when p.version > 1 then
           (select json_agg(json_build_object('recorded_at', f.recorded_at, 'fact', f.body) order by f.number)
              from facts f
             where f.bucket = p.bucket and f.plan_id = p.plan_id
               and f.fact in ('captured', 'capture_reversed', 'corrected') and @here(f)) end as noted
  from unnest($1::smallint[], $2::text[]) with ordinality as k (bucket, plan_id, place)
  join plans p on p.bucket = k.bucket and p.plan_id = k.plan_id and @here(p)
 where $3::text is null or p.merchant_id = $3
 order by k.place;

-- load_facts --
select f.plan_id, f.number, f.recorded_at, f.actor, f.actor_id, f.cause_id, f.body, f.reference, f.digest
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join facts f using (bucket, plan_id)
 order by f.plan_id, f.number;

-- load_rows --
-- Plans as they are stored, to be proved against their facts.
select p.*, coalesce(p.accepted, convert_to(p.offer::text, 'UTF8')) as agreed
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join plans p using (bucket, plan_id);

-- load_lines --
select l.plan_id, l.number, l.capture, l.begin_on, l.due_on, l.principal, l.interest, l.fee, l.penalty,
       l.principal_paid, l.interest_paid, l.fee_paid, l.penalty_paid, l.forgiven, l.paid_on
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join lines l using (bucket, plan_id)
 order by l.plan_id, l.number;

-- load_balances --
-- What was booked for plans, by occasion and place: debit less credit. What a claim brings follows from its steps.
select plan_id, occasion, account, owner, cast(sum(amount) as bigint) as amount
  from (select t.plan_id, t.occasion, t.debit as account, t.debit_owner as owner, t.amount
          from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
          join transfers t using (bucket, plan_id)
         union all
        select t.plan_id, t.occasion, t.credit, t.credit_owner, - t.amount
          from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
          join transfers t using (bucket, plan_id)) sides
 where occasion not in ('compensation', 'pool_return', 'pool_paid_out')
 group by plan_id, occasion, account, owner
having sum(amount) <> 0;

-- next_plans --
-- Plans after one of them, in the order of their keys.
select bucket, plan_id from plans where (bucket, plan_id) > ($1, $2) order by bucket, plan_id limit $3;

-- sample_plans --
-- Those that changed last, and others by chance.
(select plan_id from plans order by changed_at desc limit $1)
 union
(select plan_id from plans order by random() limit $1);

-- load_notices --
-- Payments with the references that are asked about, but for those that were recorded by mistake.
select f.plan_id, f.reference, f.body
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, plan_id, reference)
  join facts f using (bucket, plan_id, reference)
 where f.fact = 'paid'
   and not exists (select from facts c
                    where c.bucket = f.bucket and c.plan_id = f.plan_id and c.fact = 'corrected'
                      and c.body ->> 'fact_id' = f.fact_id);

-- load_payment --
-- A payment on a plan: whether it is a merchant's word, whether it is proved, and whether the bank has returned it.
select f.body, f.actor in ('merchant', 'platform') as is_told,
       (select p.currency from plans p where p.bucket = f.bucket and p.plan_id = f.plan_id) as currency,
       exists (select from payment_proofs p
                where p.bucket = f.bucket and p.plan_id = f.plan_id and p.payment_id = f.fact_id) as is_proved,
       exists (select from facts r
                where r.bucket = f.bucket and r.plan_id = f.plan_id and r.fact = 'payment_returned'
                  and r.body ->> 'payment_id' = f.fact_id) as is_returned
  from facts f
 where f.bucket = $1 and f.plan_id = $2 and f.fact_id = $3 and f.fact = 'paid';

-- hold_words --
insert into held_words (bucket, plan_id, payment_id, amount, held_at)
select bucket, plan_id, payment_id, amount, held_at from @held;

-- plans_to_release --
-- After plan $1: those with a payment that was held and need not be any more. It is proved, or borne by the merchant; or
-- the bank returned it or took it back, and it is owed again.
select distinct h.plan_id
  from held_words h
 where h.released_at is null and h.plan_id > $1
   and (not exists (select from unproved_payments u
                     where u.bucket = h.bucket and u.plan_id = h.plan_id and u.payment_id = h.payment_id)
        or exists (select from facts f
                    where f.bucket = h.bucket and f.plan_id = h.plan_id and f.fact = 'charged_back'
                      and f.body ->> 'payment_id' = h.payment_id))
 order by h.plan_id
 limit $2;

-- words_to_release --
-- The payments of one plan that need not be held any more.
select h.payment_id
  from held_words h
 where h.bucket = $1 and h.plan_id = $2 and h.released_at is null
   and (not exists (select from unproved_payments u
                     where u.bucket = h.bucket and u.plan_id = h.plan_id and u.payment_id = h.payment_id)
        or exists (select from facts f
                    where f.bucket = h.bucket and f.plan_id = h.plan_id and f.fact = 'charged_back'
                      and f.body ->> 'payment_id' = h.payment_id));

-- release_words --
-- These of a plan, whose account is locked; each once.
delete from held_words
 where bucket = $1 and plan_id = $2 and payment_id = any ($3::text[]) and released_at is null
returning amount;

-- prove_payment --
insert into payment_proofs (bucket, plan_id, payment_id, evidence, proved_by, proved_at)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing;

-- load_payment_proof --
select evidence, proved_by, proved_at from payment_proofs where bucket = $1 and plan_id = $2 and payment_id = $3;

-- load_what_became --
-- Which of the decisions opened a plan (it has the decision's merchant reference, or had it), which of the references are
-- taken, and which person is behind each of the consumers, with the accounts locked: nobody is behind one that was erased.
select p.decision_id, null::text as merchant_id, null::text as merchant_reference, null::text as consumer_id,
       null::text as person_id
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[])
           as k (bucket, decision_id, merchant_id, merchant_reference)
  join (select bucket, merchant_id, merchant_reference, plan_id from merchant_references
         union all
        select bucket, merchant_id, merchant_reference, plan_id from former_references) r
       using (bucket, merchant_id, merchant_reference)
  join plans p using (bucket, plan_id)
 where p.decision_id = k.decision_id
 union all
select null, r.merchant_id, r.merchant_reference, null, null
  from unnest($3::text[], $4::text[]) as k (merchant_id, merchant_reference)
  join merchant_references r using (merchant_id, merchant_reference)
 union all
select null, null, null, c.consumer_id, case when e.wrapped is not null then c.person_id end
  from unnest($5::smallint[], $6::text[]) as k (bucket, consumer_id)
  join consumers c using (bucket, consumer_id)
  join data_keys e on e.bucket = c.bucket and e.key_id = c.consumer_id;

-- free_references --
-- Their plans were voided or expired.
with given_free as (
    delete from merchant_references r
     using @freed
     where r.merchant_id = freed.merchant_id and r.merchant_reference = freed.merchant_reference
       and r.bucket = freed.bucket and r.plan_id = freed.plan_id
    returning r.bucket, r.merchant_id, r.merchant_reference, r.plan_id
)
insert into former_references (bucket, merchant_id, merchant_reference, plan_id) select * from given_free;

-- take_references --
-- Their plans had expired, and were captured after all.
with former as (
    delete from former_references r using @retaken where r.plan_id = retaken.plan_id and r.bucket = retaken.bucket
)
insert into merchant_references (bucket, merchant_id, merchant_reference, plan_id)
select bucket, merchant_id, merchant_reference, plan_id from @retaken order by merchant_id, merchant_reference;

-- name_plans --
insert into merchant_references (bucket, merchant_id, merchant_reference, plan_id)
select bucket, merchant_id, merchant_reference, plan_id from @named order by merchant_id, merchant_reference

-- open_plans --
insert into plans (bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id, kind,
                   currency, accepted, scenario, funding, authorized_at, state, collection_state, amount, captured,
                   voided, held, reserved, used, outstanding, principal_paid, interest_paid, fee_paid, penalty_paid,
                   refunded, overpaid, captures, capture_by, guard_at, version, changed_at, changed_by, state_since, state_by,
                   closed_at, claimed_at, interest_settled, interest_runs, passed_on, day_at, standing)
select bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id, kind,
       currency, accepted, scenario, funding, authorized_at, state, collection_state, amount, captured,
       voided, held, reserved, used, outstanding, principal_paid, interest_paid, fee_paid, penalty_paid,
       refunded, overpaid, captures, capture_by, guard_at, version, changed_at, changed_by, state_since, state_by,
       closed_at, claimed_at, interest_settled, interest_runs, passed_on, day_at, standing
  from @opened

-- move_plans --
-- One that was counted (pasts) is read as it is from now on, until it is counted anew: it may come back to the state that it
-- was counted in, on a word that nobody has proved.
update plans p
   set state = moved.state, collection_state = moved.collection_state, amount = moved.amount,
       captured = moved.captured, voided = moved.voided, held = moved.held, reserved = moved.reserved, used = moved.used,
       outstanding = moved.outstanding, principal_paid = moved.principal_paid, interest_paid = moved.interest_paid,
       fee_paid = moved.fee_paid, penalty_paid = moved.penalty_paid, refunded = moved.refunded,
       overpaid = moved.overpaid, captures = moved.captures, capture_by = moved.capture_by,
       guard_at = moved.guard_at, version = moved.version, changed_at = moved.changed_at, changed_by = moved.changed_by,
       state_since = moved.state_since, state_by = moved.state_by, closed_at = moved.closed_at, claimed_at = moved.claimed_at,
       interest_settled = moved.interest_settled, interest_runs = moved.interest_runs, passed_on = moved.passed_on,
       day_at = moved.day_at, standing = moved.standing,
       past_state = case when p.past_state is not null then 'moved' end
  from @moved
 where p.bucket = moved.bucket and p.plan_id = moved.plan_id

-- pass_plans --
update plans p
   set passed_on = passed.passed_on, day_at = passed.day_at
  from @passed
 where p.bucket = passed.bucket and p.plan_id = passed.plan_id

-- add_lines --
-- By themselves: an insert that might change a line instead would write each one ahead twice.
insert into lines (bucket, plan_id, number, capture, begin_on, due_on, principal, interest, fee, penalty,
                   principal_paid, interest_paid, fee_paid, penalty_paid, forgiven, paid_on)
select bucket, plan_id, number, capture, begin_on, due_on, principal, interest, fee, penalty,
       principal_paid, interest_paid, fee_paid, penalty_paid, forgiven, paid_on
  from @added

-- change_lines --
update lines l
   set capture = changed.capture, begin_on = changed.begin_on, due_on = changed.due_on,
       principal = changed.principal, interest = changed.interest, fee = changed.fee, penalty = changed.penalty,
       principal_paid = changed.principal_paid, interest_paid = changed.interest_paid,
       fee_paid = changed.fee_paid, penalty_paid = changed.penalty_paid, forgiven = changed.forgiven,
       paid_on = changed.paid_on
  from @changed
 where l.bucket = changed.bucket and l.plan_id = changed.plan_id and l.number = changed.number

-- cut_lines --
-- A schedule that became shorter: the lines after its last.
delete from lines l using @cut where l.bucket = cut.bucket and l.plan_id = cut.plan_id and l.number > cut.last;

-- record_facts --
insert into facts (bucket, plan_id, number, fact_id, fact, effective_on, recorded_at, actor, actor_id, cause_id,
                   reference, body, digest)
select bucket, plan_id, number, fact_id, fact, effective_on, recorded_at, actor, actor_id, cause_id, reference, body,
       digest
  from @recorded

-- load_authorizations_to_guard --
-- Those at which the day has to look by now, the most urgent first.
select bucket, plan_id
  from plans
 where guard_at < $1
 order by guard_at
 limit $2;

-- load_authorizations_of_merchant --
-- The same of one merchant, which has few.
select bucket, plan_id
  from merchant_references r
  join plans p using (bucket, plan_id)
 where r.merchant_id = $1 and p.guard_at < $2
 order by p.guard_at
 limit $3;

-- load_plans_to_pass --
-- Plans on which a day has begun that brings something about, after the last one seen.
select bucket, day_at, plan_id
  from plans
 where (bucket, day_at, plan_id) > ($1, $2, $3) and bucket <= $4 and day_at <= $5
 order by bucket, day_at, plan_id
 limit $6;

-- load_plans_of_merchant_to_pass --
-- The same of one merchant, which has few.
select bucket, day_at, plan_id
  from merchant_references r
  join plans p using (bucket, plan_id)
 where r.merchant_id = $1 and p.day_at <= $2
 order by bucket, day_at, plan_id
 limit $3;

-- is_reference_taken --
select exists (select from merchant_references where merchant_id = $1 and merchant_reference = $2);

-- find_plans --
-- The plan that has taken a merchant reference; then those that were voided or expired, the newest first: ids are in the
-- order of time.
select plan_id
  from (select plan_id, true as is_taken from merchant_references
         where merchant_id = $1 and merchant_reference = $2
         union all
        select plan_id, false from former_references
         where merchant_id = $1 and merchant_reference = $2) p
 order by is_taken desc, plan_id desc
 limit $3;

-- load_plan_offer --
-- Which offer became the plan, and what was said last where it was amended since.
select p.decision_id, coalesce(p.accepted, convert_to(p.offer::text, 'UTF8')) as offer, a.body as amended,
       a.recorded_at as amended_at
  from plans p
  left join lateral (select body, recorded_at from facts f
                      where f.bucket = p.bucket and f.plan_id = p.plan_id and f.fact = 'amended'
                      order by number desc limit 1) a on true
 where p.bucket = $1 and p.plan_id = $2 and p.merchant_id = $3;

-- sum_exposures --
-- What the plans of these consumers take from their person's limits, and what they were paid by a word that nobody has proved.
select p.currency, sum(p.reserved)::bigint as reserved, sum(p.used + coalesce(h.word, 0))::bigint as used
  from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
  join plans p on p.bucket = k.bucket and p.person_id = $3 and p.consumer_id = k.consumer_id
  left join (select bucket, plan_id, sum(amount) as word
               from held_words where released_at is null group by bucket, plan_id) h
         on h.bucket = p.bucket and h.plan_id = p.plan_id
 group by p.currency;

-- move_plans_to_person --
update plans p
   set person_id = $4
  from unnest($1::smallint[], $2::text[]) as k (bucket, consumer_id)
 where p.bucket = k.bucket and p.person_id = $3 and p.consumer_id = k.consumer_id;

-- hold_leases --
-- Of leases of budgets those that are open, which they stay until the end of the transaction.
select lease_id from budget_leases where lease_id = any ($1) and closed_at is null order by lease_id for share;

-- use_budgets --
insert into budget_uses (bucket, plan_id, budget, lease_id, amount, share_bps, is_book, is_subsidy)
select bucket, plan_id, budget, lease_id, amount, share_bps, is_book, is_subsidy from @used;

-- return_to_budgets --
-- What came back of what plans took: whoever is next short of a budget counts it there.
update budget_uses u
   set returned = u.amount - (case when u.is_subsidy then moved.subsidy when u.is_book then moved.out
                                   else moved.lent_or_promised end * u.share_bps + 5000) / 10000
  from @moved
 where u.bucket = moved.bucket and u.plan_id = moved.plan_id;

-- take_again --
-- The same of budgets of what is out, of plans that had ended and owe again.
update budget_uses u
   set returned = u.amount - (moved.out * u.share_bps + 5000) / 10000
  from @moved
 where u.bucket = moved.bucket and u.plan_id = moved.plan_id and u.is_book;

-- return_ended --
update budget_uses set returned = amount
 where bucket = any ($1::smallint[]) and plan_id = any ($2::text[]) and is_book and returned <> amount;

-- take_nothing --
-- A share of 0: what they owe changes nothing of it.
update budget_uses set returned = amount, share_bps = 0
 where budget = $1 and bucket = any ($2::smallint[]) and plan_id = any ($3::text[]);

-- counted_budget --
select counted_budget($1);

-- load_agreement --
select d.decision_id, d.merchant_id, d.consumer_id, c.person_id, d.merchant_reference, d.currency, d.answer,
       coalesce(d.takers, convert_to(d.funding, 'UTF8')) as takers
  from decisions d
  join consumers c using (bucket, consumer_id)
 where d.bucket = $1 and d.decision_id = $2;

-- load_what_was_bought --
-- The category of what a plan paid for, how much it was, and the country of its merchant.
select d.category, m.country, p.captured as lent
  from plans p
  join merchants m using (merchant_id)
  left join decisions d using (bucket, decision_id)
 where p.bucket = $1 and p.plan_id = $2;

-- bought_before --
-- Whether a person had a plan before an instant, in these buckets, whichever merchants it was of.
select exists (select from plans where bucket = any ($1::smallint[]) and person_id = $2 and authorized_at < $3);
