-- Notices: what another provider's client is called for, at the address that it gave with its order.

alter table facade_signers
    add column apiv3_key bytea;   -- sealed: the shop's, by which what it is told is encrypted; null: it is told nothing

-- Up to where notices were made of what happens to a shop that buys through a facade.
create table facade_feeds (
    merchant_id text collate "C" not null,
    taken_until bigint           not null,   -- number of the last event that was looked at, or that came before
    constraint facade_feeds_pk primary key (merchant_id)
) with (fillfactor = 80);

insert into facade_feeds (merchant_id, taken_until)
select f.merchant_id, f.last_number
  from feeds f
 where f.merchant_id in (select merchant_id from facade_orders);

create table facade_notices (
    merchant_id text collate "C" not null,
    facade      text             not null,
    bucket      smallint         not null,
    reference   text collate "C" not null,   -- of the order, whose address is called
    source_id   text collate "C" not null,   -- of the event or fact that it tells of
    what        text             not null,
    made_at     timestamptz      not null,
    state       text             not null,
    attempts    smallint         not null default 0,
    due_at      timestamptz      not null,
    held_until  timestamptz,                 -- somebody is sending it; if nothing is heard of them by then, it is sent again
    status      smallint,                    -- of the last answer; null: none was heard
    ended_at    timestamptz,
    constraint facade_notices_pk primary key (bucket, source_id, what),
    constraint facade_notices_bucket_in_range check (bucket between 0 and 1023),
    constraint facade_notices_order foreign key (bucket, merchant_id, facade, reference)
        references facade_orders (bucket, merchant_id, facade, reference),
    constraint facade_notices_state_is_known check (state in ('waiting', 'delivered', 'parked')),
    constraint facade_notices_ended_at_when_ended check ((ended_at is null) = (state = 'waiting'))
) with (fillfactor = 80);

create index facade_notices_waiting on facade_notices (merchant_id, due_at) where state = 'waiting';
create index facade_notices_of_order on facade_notices (merchant_id, facade, reference, made_at) where state = 'waiting';
create index facade_notices_ended on facade_notices (ended_at) where state <> 'waiting';
create index facade_orders_of_plan on facade_orders (merchant_id, plan_id) where plan_id is not null;
