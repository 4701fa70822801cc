-- What PostgreSQL can do here without us: one plan opened, or one payment recorded, as one function call, on tables like
-- ours beside ours.
--
-- `open_as_we_write` and `pay_as_we_write` write exactly the rows the service writes, with the same check of the limit.
-- `open_as_anyone_would` and `pay_as_anyone_would` are the classical form: account, plan, instalments, ledger rows, an
-- event. The service is held against whichever is faster. Both get for free what the service must find out: which offer,
-- whose, at what terms; what a payment settles.

create schema yardstick;
set search_path = yardstick, public;

create table accounts            (like public.accounts            including all) with (fillfactor = 70);
create table plans               (like public.plans               including all) with (fillfactor = 70);
create table facts               (like public.facts               including all);
create table lines               (like public.lines               including all) with (fillfactor = 80);
create table merchant_references (like public.merchant_references including all);
create table transfers           (like public.transfers           including all);
create table events              (like public.events              including all);
create table idempotency         (like public.idempotency         including all) with (fillfactor = 60);
create table partner_events      (like public.partner_events      including all) with (fillfactor = 90);
create table held_words          (like public.held_words          including all);

-- What the service stored when one plan was opened, captured and paid once: `step` 1 is opening it, 3 is the payment.
create table sample_plans     (step int, like public.plans);
create table sample_facts     (step int, like public.facts);
create table sample_transfers (step int, like public.transfers);
create table sample_events    (step int, like public.events);
create table sample_keys      (step int, like public.idempotency);
create table sample_partnered (step int, like public.partner_events);
create table sample_held      (step int, like public.held_words);

create sequence made cache 100;

create function identifier(prefix text, number bigint) returns text immutable language sql as $$
    select prefix || lpad(number::text, 26, '0')
$$;

-- The rows of one step that come about whatever the step is: the answer under its key, fact, transfers, events, what its
-- partner is told, and a merchant's word that does not free the limit yet.
create function leave(step_ int, own smallint, plan text, made_ bigint, merchant text) returns void language sql as $$
    insert into idempotency (bucket, owner_id, key, request_hash, status, answer, sealed_for, created_at)
    select own, merchant, identifier('', made_), request_hash, status, answer, sealed_for, now()
      from sample_keys where step = step_;
    insert into facts (bucket, plan_id, number, fact_id, fact, effective_on, recorded_at, actor, actor_id, cause_id, body,
                       digest)
    select own, plan, number + made_, identifier('fa_', made_), fact, effective_on, now(), actor, actor_id, cause_id, body,
           digest
      from sample_facts where step = step_;
    insert into transfers (bucket, cause_id, leg, occasion, debit, debit_owner, credit, credit_owner, amount, currency,
                           plan_id, merchant_id, partner_id, booked_on, booked_at)
    select own, identifier('cm_', made_), leg, occasion, debit, debit_owner, credit, credit_owner, amount, currency,
           plan, merchant, partner_id, booked_on, now()
      from sample_transfers where step = step_;
    insert into events (bucket, event_id, merchant_id, type, actor, plan_id, at, data)
    select own, identifier('ev_', made_), merchant, type, actor, plan, now(), data
      from sample_events where step = step_;
    insert into partner_events (bucket, event_id, partner_id, programme_id, plan_id, type, business_on, value_on,
                                principal, interest, fee, penalty, subsidy, currency, undoes_fact, booked_at)
    select own, identifier('pv_', made_), partner_id, programme_id, plan, type, business_on, value_on,
           principal, interest, fee, penalty, subsidy, currency, undoes_fact, now()
      from sample_partnered where step = step_;
    insert into held_words (bucket, plan_id, payment_id, amount, held_at)
    select own, plan, identifier('fa_', made_), amount, now() from sample_held where step = step_;
$$;

create function open_as_we_write(person int) returns void language plpgsql as $$
declare
    number   bigint   := nextval('made');
    own      smallint := person % 1024;
    plan     text     := identifier('pl_', number);
    consumer text     := identifier('co_', person);
    payer    text     := identifier('pe_', person);
    merchant text     := identifier('me_', person % 32);
    one      sample_plans;
begin
    select * into strict one from sample_plans where step = 1;
    update accounts a
       set reserved = a.reserved + one.amount, version = a.version + 1
     where a.bucket = own and a.person_id = payer and a.currency = 'EUR'
       and a.reserved + a.used + one.amount <= a."limit";
    if not found then
        raise exception 'limit exceeded';
    end if;
    insert into plans (bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id, kind,
                       currency, accepted, funding, authorized_at, state, collection_state, amount, captured, voided, held,
                       reserved, used, outstanding, principal_paid, interest_paid, fee_paid, penalty_paid, refunded,
                       overpaid, captures, capture_by, guard_at, version, changed_at, changed_by, closed_at,
                       claimed_at, passed_on, day_at, standing)
    values (own, plan, consumer, payer, merchant, plan, identifier('de_', number), one.kind, one.currency, one.accepted,
            one.funding, now(), one.state, one.collection_state, one.amount, one.captured, one.voided, one.held,
            one.reserved, one.used, one.outstanding, one.principal_paid, one.interest_paid, one.fee_paid,
            one.penalty_paid, one.refunded, one.overpaid, one.captures, now() + interval '30 days',
            now() + interval '23 days', one.version, now(), one.changed_by, null, null, current_date, null,
            one.standing);
    insert into merchant_references values (own, merchant, plan, plan);
    perform leave(1, own, plan, number, merchant);
end $$;

create function open_as_anyone_would(person int) returns void language plpgsql as $$
declare
    number   bigint   := nextval('made');
    own      smallint := person % 1024;
    plan     text     := identifier('pl_', number);
    consumer text     := identifier('co_', person);
    payer    text     := identifier('pe_', person);
    merchant text     := identifier('me_', person % 100);
    today    date     := current_date;
begin
    update accounts a
       set reserved = a.reserved + 60000, version = a.version + 1
     where a.bucket = own and a.person_id = payer and a.currency = 'EUR'
       and a.reserved + a.used + 60000 <= a."limit";
    if not found then
        raise exception 'limit exceeded';
    end if;
    insert into plans (bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id, kind,
                       currency, accepted, funding, authorized_at, state, collection_state, amount, captured, voided, held,
                       reserved, used, outstanding, principal_paid, interest_paid, fee_paid, penalty_paid, refunded,
                       overpaid, captures, capture_by, guard_at, version, changed_at, changed_by, closed_at,
                       claimed_at, passed_on, day_at, standing)
    values (own, plan, consumer, payer, merchant, plan, plan, 'instalments', 'EUR', '{}', '{}', now(),
            'active', 'collecting', 60000, 60000, 0, 0, 0, 60000, 60000, 0, 0, 0, 0, 0, 0, 1, now(), null, 1, now(),
            'merchant', null, null, today, now() + interval '11 days', '');
    insert into lines
    values (own, plan, 1, 1, today, today,      15000, 0, 0, 0, 0, 0, 0, 0, 0, null),
           (own, plan, 2, 1, today, today + 14, 15000, 0, 0, 0, 0, 0, 0, 0, 0, null),
           (own, plan, 3, 1, today, today + 28, 15000, 0, 0, 0, 0, 0, 0, 0, 0, null),
           (own, plan, 4, 1, today, today + 42, 15000, 0, 0, 0, 0, 0, 0, 0, 0, null);
    perform book(own, plan, 'purchase', merchant, array['consumer_principal', 'consumer_principal', 'partner_receivable'],
                 array['merchant_payable', 'merchant_fee_income', 'partner_participation'], array[58260, 1740, 42000]);
    insert into events (bucket, event_id, merchant_id, number, type, actor, plan_id, at, data)
    values (own, plan, merchant, number, 'plan.authorized', 'merchant', plan, now(), '{}');
end $$;

create function book(own smallint, cause text, why text, merchant text, debits text[], credits text[], amounts bigint[])
returns void language sql as $$
    insert into transfers (bucket, cause_id, leg, occasion, debit, credit, amount, currency, plan_id, merchant_id,
                           booked_on, booked_at)
    select own, cause, leg, why, debit, credit, amount, 'EUR', cause, merchant, current_date, now()
      from unnest(debits, credits, amounts) with ordinality as t (debit, credit, amount, leg);
$$;

-- One plan of four instalments for everybody, captured, from which payments are made.
create function owe(people int) returns void language sql set search_path = yardstick as $$
    insert into plans (bucket, plan_id, consumer_id, person_id, merchant_id, merchant_reference, decision_id, kind,
                       currency, accepted, funding, authorized_at, state, collection_state, amount, captured, voided, held,
                       reserved, used, outstanding, principal_paid, interest_paid, fee_paid, penalty_paid, refunded,
                       overpaid, captures, capture_by, guard_at, version, changed_at, changed_by, closed_at,
                       claimed_at, passed_on, day_at, standing)
    select person % 1024, identifier('pp_', person), identifier('co_', person), identifier('pe_', person),
           identifier('me_', person % 32),
           identifier('pp_', person), identifier('dd_', person), kind, currency, accepted, funding, now(),
           'active', 'collecting', amount, captured, voided, held, reserved, used, outstanding, principal_paid, interest_paid,
           fee_paid, penalty_paid, refunded, overpaid, captures, now(), null, version, now(), changed_by, null, null,
           current_date, now() + interval '11 days', standing
      from sample_plans, generate_series(1, people) as person
     where step = 3;
    insert into lines
    select person % 1024, identifier('pp_', person), number, 1, current_date, current_date + 14 * number,
           15000, 0, 0, 0, 0, 0, 0, 0, 0, null
      from generate_series(1, people) as person, generate_series(1, 4) as number;
    update accounts set used = 60000;
$$;

create function pay_as_we_write(person int) returns void language plpgsql as $$
declare
    number   bigint   := nextval('made');
    own      smallint := person % 1024;
    plan     text     := identifier('pp_', person);
    merchant text     := identifier('me_', person % 32);
    one      sample_plans;
begin
    select * into strict one from sample_plans where step = 3;
    perform from accounts a  -- what it has used stays as it is until the merchant's word is proved
      where a.bucket = own and a.person_id = identifier('pe_', person) and a.currency = 'EUR' for update;
    update plans p
       set state = one.state, collection_state = one.collection_state, captured = one.captured, voided = one.voided,
           held = one.held, reserved = one.reserved, used = one.used, outstanding = one.outstanding,
           principal_paid = one.principal_paid, interest_paid = one.interest_paid, fee_paid = one.fee_paid,
           penalty_paid = one.penalty_paid, refunded = one.refunded, overpaid = one.overpaid, captures = one.captures,
           version = p.version + 1, changed_at = now(), changed_by = one.changed_by, closed_at = one.closed_at,
           claimed_at = one.claimed_at, standing = one.standing, interest_settled = one.interest_settled,
           interest_runs = one.interest_runs
     where p.bucket = own and p.plan_id = plan;
    update lines l
       set principal_paid = l.principal_paid + 1
     where l.bucket = own and l.plan_id = plan and l.number = 1;
    perform leave(3, own, plan, number, merchant);
end $$;

create function pay_as_anyone_would(person int) returns void language plpgsql as $$
declare
    number   bigint   := nextval('made');
    own      smallint := person % 1024;
    plan     text     := identifier('pp_', person);
    merchant text     := identifier('me_', person % 32);
begin
    update accounts a
       set used = a.used - 1, version = a.version + 1
     where a.bucket = own and a.person_id = identifier('pe_', person) and a.currency = 'EUR';
    update plans p
       set used = p.used - 1, outstanding = p.outstanding - 1, principal_paid = p.principal_paid + 1,
           version = p.version + 1
     where p.bucket = own and p.plan_id = plan;
    update lines l
       set principal_paid = l.principal_paid + 1
     where l.bucket = own and l.plan_id = plan and l.number = 1;
    perform book(own, identifier('cm_', number), 'payment', merchant,
                 array['processor_clearing', 'partner_participation'], array['consumer_principal', 'partner_payable'],
                 array[100, 70]);
    insert into events (bucket, event_id, merchant_id, number, type, actor, plan_id, at, data)
    values (own, identifier('ev_', number), merchant, number, 'payment.recorded', 'merchant', plan, now(), '{}');
end $$;
