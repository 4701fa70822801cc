-- What PostgreSQL can do here without us: one plan as one function call, on tables like ours beside ours.
--
-- `as_we_write` writes exactly the rows the service writes when an offer is accepted, with the same check of the limit.
-- `as_anyone_would` is the classical form: account, plan, four instalments, three ledger rows, an event. The service is
-- held against whichever is faster. Both get for free what the service must find out: which offer, whose, at what terms.

create schema yardstick;
set search_path = yardstick, public;

create table accounts            (like public.accounts            including all) with (fillfactor = 70);
create table plans               (like public.plans               including all) with (fillfactor = 80);
create table instalments         (like public.instalments         including all) with (fillfactor = 80);
create table merchant_references (like public.merchant_references including all);
create table transfers           (like public.transfers           including all);
create table feeds               (like public.feeds               including all) with (fillfactor = 50);
create table events              (like public.events              including all);
create table idempotency         (like public.idempotency         including all) with (fillfactor = 60);

-- One plan as the service would have stored it.
create table sample (
    merchants    int    not null,   -- how many share the trade
    amount       bigint not null,
    offer        json   not null,
    funding      json   not null,
    partner_id   text   not null,
    event        json   not null,
    answer       bytea  not null,
    request_hash bytea  not null
);

create sequence made cache 100;

create function identifier(prefix text, number bigint) returns text immutable language sql as $$
    select prefix || lpad(number::text, 26, '0')
$$;

create function as_we_write(person int) returns void language plpgsql as $$
declare
    number    bigint   := nextval('made');
    own       smallint := person % 1024;
    elsewhere smallint := (number * 7919) % 1024;
    plan      text     := identifier('pl_', number);
    consumer  text     := identifier('co_', person);
    moment    timestamptz := now();
    merchant  text;
    given     bigint;
    one       sample;
begin
    select * into strict one from sample;
    merchant := identifier('me_', person % one.merchants);
    insert into idempotency (bucket, owner_id, key, request_hash, status, answer, created_at)
    values (elsewhere, merchant, plan, one.request_hash, 201, one.answer, moment);
    update accounts a
       set reserved = a.reserved + one.amount, version = a.version + 1
     where a.bucket = own and a.consumer_id = consumer and a.currency = 'EUR'
       and a.reserved + a.used + one.amount <= a."limit";
    if not found then
        raise exception 'limit exceeded';
    end if;
    insert into plans
    values (own, plan, consumer, merchant, plan, identifier('de_', number), 'instalments', 'EUR', 'authorized',
            'nothing_owed', 'nothing_due', 'none', one.amount, 0, 0, 0, one.amount, 0, 0, 0, 0, 0, 1, one.offer,
            one.funding, moment, moment + interval '30 days', null);
    insert into merchant_references values (elsewhere, merchant, plan, plan);
    insert into transfers
    values (own, plan, 0, 'commitment', 'commitment_contra', one.amount, 'EUR', plan, merchant, one.partner_id,
            moment::date, moment);
    update feeds f set last_number = f.last_number + 1 where f.merchant_id = merchant returning f.last_number into given;
    insert into events (bucket, event_id, merchant_id, number, type, plan_id, at, data)
    values (own, plan, merchant, given, 'plan.authorized', plan, moment, one.event);
end $$;

create function as_anyone_would(person int) returns void language plpgsql as $$
declare
    number   bigint   := nextval('made');
    own      smallint := person % 1024;
    plan     text     := identifier('pl_', number);
    consumer text     := identifier('co_', person);
    merchant text     := identifier('me_', person % 100);
    today    date     := current_date;
begin
    update accounts a
       set reserved = a.reserved + 60000, version = a.version + 1
     where a.bucket = own and a.consumer_id = consumer and a.currency = 'EUR'
       and a.reserved + a.used + 60000 <= a."limit";
    if not found then
        raise exception 'limit exceeded';
    end if;
    insert into plans
    values (own, plan, consumer, merchant, plan, plan, 'instalments', 'EUR', 'authorized', 'nothing_owed', 'nothing_due',
            'none', 60000, 0, 0, 0, 60000, 0, 0, 0, 0, 0, 1, '{}', '{}', now(), now(), null);
    insert into instalments (bucket, plan_id, number, capture, due_on, principal, interest, fee)
    values (own, plan, 1, 1, today, 15000, 0, 0),      (own, plan, 2, 1, today + 14, 15000, 0, 0),
           (own, plan, 3, 1, today + 28, 15000, 0, 0), (own, plan, 4, 1, today + 42, 15000, 0, 0);
    insert into transfers
    values (own, plan, 0, 'consumer_receivable', 'merchant_payable', 58260, 'EUR', plan, merchant, null, today, now()),
           (own, plan, 1, 'consumer_receivable', 'merchant_fee_income', 1740, 'EUR', plan, merchant, null, today, now()),
           (own, plan, 2, 'partner_receivable', 'partner_participation', 42000, 'EUR', plan, merchant, null, today, now());
    insert into events (bucket, event_id, merchant_id, number, type, plan_id, at, data)
    values (own, plan, merchant, number, 'plan.authorized', plan, now(), '{}');
end $$;
