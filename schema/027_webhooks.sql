-- Webhooks: a merchant's endpoints, and each event on its way to each of them.

create table endpoints (
    endpoint_id text collate "C" not null,
    merchant_id text collate "C" not null,
    url         text             not null,
    types       text[]           not null,   -- what is sent; empty: everything
    state       text             not null,
    off_because text,                        -- null: in use, or its merchant has switched it off
    made_by     text collate "C" not null,   -- the key
    made_at     timestamptz      not null,
    taken_until bigint           not null,   -- number of the last event that deliveries were made of, or that came before
    next_at     timestamptz,                 -- when something may be sent; null: nothing waits
    constraint endpoints_pk primary key (endpoint_id),
    constraint endpoints_merchant foreign key (merchant_id) references merchants (merchant_id),
    constraint endpoints_state_is_known check (state in ('active', 'off'))
);

create index endpoints_of_merchant on endpoints (merchant_id, endpoint_id);
create index endpoints_due on endpoints (next_at) where state = 'active';

-- What signs the messages of an endpoint: one, or two while one takes the other's place. The secret itself is in
-- `known_by`, under the same id.
create table endpoint_secrets (
    secret_id   text collate "C" not null,
    endpoint_id text collate "C" not null,
    made_at     timestamptz      not null,
    ends_at     timestamptz,                 -- null: until another takes its place
    constraint endpoint_secrets_pk primary key (secret_id),
    constraint endpoint_secrets_endpoint foreign key (endpoint_id) references endpoints (endpoint_id)
);

create index endpoint_secrets_of_endpoint on endpoint_secrets (endpoint_id, made_at);

create table deliveries (
    endpoint_id  text collate "C" not null,
    number       bigint           not null,   -- the event's, of its merchant
    event_bucket smallint         not null,
    event_id     text collate "C" not null,
    subject      text collate "C" not null,   -- what the event is about: of one subject they are sent one after the other
    state        text             not null,
    attempts     smallint         not null default 0,   -- since it was asked for last
    due_at       timestamptz      not null,
    held_until   timestamptz,                 -- somebody is sending it; if nothing is heard of them by then, it is sent again
    ended_at     timestamptz,
    constraint deliveries_pk primary key (endpoint_id, number),
    constraint deliveries_endpoint foreign key (endpoint_id) references endpoints (endpoint_id),
    constraint deliveries_state_is_known check (state in ('waiting', 'delivered', 'parked')),
    constraint deliveries_ended_at_when_ended check ((ended_at is null) = (state = 'waiting'))
) with (fillfactor = 80);

create index deliveries_waiting on deliveries (endpoint_id, subject, number) where state = 'waiting';
create index deliveries_due on deliveries (endpoint_id, due_at, number) where state = 'waiting';
create index deliveries_ended on deliveries (ended_at) where state <> 'waiting';

-- Each time that one was sent.
create table delivery_attempts (
    endpoint_id text collate "C" not null,
    number      bigint           not null,
    at          timestamptz      not null,
    took_ms     int              not null,
    status      smallint,                     -- of the answer; null: none was heard
    constraint delivery_attempts_pk primary key (endpoint_id, number, at),
    constraint delivery_attempts_delivery foreign key (endpoint_id, number) references deliveries (endpoint_id, number)
        on delete cascade
);
