-- Payments: through whom we charge, with what a consumer pays, how a plan is collected, and each time we pulled money.

-- Through whom we charge: an address never changes, another one is another row. By what it knows us stands in `known_by`.
create table processors (
    processor_id  text collate "C" not null,
    name          text             not null,   -- what instruments call it
    url           text             not null,
    protocol      text             not null,   -- how it is spoken to (service/payments/processor.py)
    registered_by text collate "C" not null,   -- a key, here and below
    registered_at timestamptz      not null,
    retired_by    text collate "C",
    retired_at    timestamptz,
    constraint processors_pk primary key (processor_id),
    constraint processors_protocol_is_known check (protocol in ('tenor', 'stripe')),
    constraint processors_retire_once check (num_nulls(retired_by, retired_at) in (0, 2))
);

create unique index processors_name_once on processors (name) where retired_at is null;

create trigger processors_change_is_announced after insert or update or delete on processors
    for each statement execute function announce_change();

-- With what a consumer pays: a processor's token for it, never a number of a card or an account.
create table instruments (
    bucket        smallint         not null,
    instrument_id text collate "C" not null,
    consumer_id   text collate "C" not null,
    merchant_id   text collate "C" not null,   -- through whom it was given
    processor_id  text collate "C" not null,
    token         text             not null,
    kind          text             not null,
    last_four     text             not null,   -- of its number, to be shown; empty: not known
    expires_on    date,                        -- its last day; null: it has none
    label         text             not null,   -- what the consumer calls it; sealed (service/private_text.py)
    autopay       boolean          not null,   -- the consumer allows that it is charged on due dates
    given_at      timestamptz      not null,
    removed_at    timestamptz,
    removed_by    text collate "C",
    constraint instruments_pk primary key (bucket, instrument_id),
    constraint instruments_bucket_in_range check (bucket between 0 and 1023),
    constraint instruments_consumer foreign key (bucket, consumer_id) references consumers (bucket, consumer_id),
    constraint instruments_kind_is_known check (kind in ('card', 'bank_account', 'wallet')),
    constraint instruments_last_four_are_digits check (last_four ~ '^([0-9]{4})?$'),
    constraint instruments_are_no_numbers check (token !~ '^[0-9]{13,19}$'),   -- the second wall
    constraint instruments_removed_by_somebody check (num_nulls(removed_at, removed_by) in (0, 2))
) with (fillfactor = 80);

create index instruments_of_consumer on instruments (bucket, consumer_id, instrument_id);

create function refuse_another_instrument() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if old.removed_at is null
           and (old.bucket, old.instrument_id, old.consumer_id, old.merchant_id, old.processor_id, old.token, old.kind,
                old.last_four, old.expires_on, old.label, old.autopay, old.given_at)
               is not distinct from
               (new.bucket, new.instrument_id, new.consumer_id, new.merchant_id, new.processor_id, new.token, new.kind,
                new.last_four, new.expires_on, new.label, new.autopay, new.given_at)
        then
            return new;
        end if;
    end if;
    raise exception 'an instrument never changes: it is removed' using errcode = 'restrict_violation';
end $$;

create trigger instruments_are_immutable before update or delete on instruments
    for each row execute function refuse_another_instrument();
create trigger instruments_are_kept before truncate on instruments
    for each statement execute function refuse_another_instrument();
revoke delete, truncate on instruments from public;

-- How a plan is collected. Whoever makes or ends a charge of the plan holds this row: so of two one waits, and then sees
-- what the first has booked.
create table collections (
    bucket        smallint         not null,
    plan_id       text collate "C" not null,
    time_zone     text             not null,   -- the plan's: whose midnight begins a due date
    instrument_id text collate "C",            -- what is charged on due dates; null: nothing is
    is_stopped    boolean          not null default false,   -- it is of no use any more; until another is named
    -- the tries for the instalments that fell due until `for_due_on`
    for_due_on    date,                        -- null: none was tried yet
    began_at      timestamptz,                 -- when the first of them was made
    tries         smallint         not null default 0,
    retry_at      timestamptz,                 -- when the next may be made; null: not before another instalment is due
    constraint collections_pk primary key (bucket, plan_id),
    constraint collections_bucket_in_range check (bucket between 0 and 1023),
    constraint collections_plan foreign key (bucket, plan_id) references plans (bucket, plan_id),
    constraint collections_instrument
        foreign key (bucket, instrument_id) references instruments (bucket, instrument_id),
    constraint collections_tries_have_a_beginning check ((began_at is null) = (tries = 0))
) with (fillfactor = 80);

-- Each time we pulled money: written and committed before the processor is called, whose answer it waits for.
create table charges (
    bucket        smallint         not null,
    charge_id     text collate "C" not null,   -- the processor's idempotency key, and its payment's reference
    plan_id       text collate "C" not null,
    merchant_id   text collate "C" not null,
    instrument_id text collate "C" not null,
    processor_id  text collate "C" not null,
    currency      text collate "C" not null,
    amount        bigint           not null,
    origin        text             not null,
    state         text             not null,
    reason        text,                        -- why it was declined, or came back
    made_at       timestamptz      not null,
    made_by       text             not null,   -- in what role somebody asked for it
    ask_at        timestamptz,                 -- while pending: when the processor is asked again
    asked         smallint         not null default 0,   -- how often it was asked
    received_on   date,                        -- the money's value date, as the processor tells it
    payment_id    text collate "C",            -- the fact it became
    ended_at      timestamptz,                 -- when it was no longer pending
    returned_at   timestamptz,                 -- when we heard that it came back
    constraint charges_pk primary key (bucket, charge_id),
    constraint charges_bucket_in_range check (bucket between 0 and 1023),
    constraint charges_plan foreign key (bucket, plan_id) references plans (bucket, plan_id),
    constraint charges_instrument foreign key (bucket, instrument_id) references instruments (bucket, instrument_id),
    constraint charges_amount_positive check (amount > 0),
    constraint charges_origin_is_known check (origin in ('autopay', 'requested')),
    constraint charges_state_is_known check (state in ('pending', 'succeeded', 'declined', 'returned')),
    constraint charges_made_by_is_known
        check (made_by in ('merchant', 'platform', 'consumer', 'operator', 'processor', 'day')),
    constraint charges_reason_is_known check (reason in (
        'insufficient_funds', 'limit_reached', 'declined', 'processor_away', 'authentication_required', 'expired',
        'account_closed', 'blocked', 'revoked')),
    constraint charges_reason_when_it_failed check ((reason is not null) = (state in ('declined', 'returned'))),
    constraint charges_payment_when_it_came check ((payment_id is not null) = (state in ('succeeded', 'returned'))),
    constraint charges_asked_while_pending check ((ask_at is not null) = (state = 'pending')),
    constraint charges_end_once check ((ended_at is null) = (state = 'pending')),
    constraint charges_return_once check ((returned_at is not null) = (state = 'returned'))
) with (fillfactor = 80);

-- Never two open charges for what is due on one plan.
create unique index charges_one_open on charges (bucket, plan_id) where state = 'pending';
create unique index charges_payment_once on charges (bucket, payment_id) where payment_id is not null;
create index charges_of_plan      on charges (bucket, plan_id, charge_id);
create index charges_of_processor on charges (processor_id, charge_id);
create index charges_to_ask       on charges (ask_at) where state = 'pending';
create index lines_unpaid         on lines (due_on) where paid_on is null;   -- what falls due
