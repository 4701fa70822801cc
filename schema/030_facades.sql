-- Facades: what is bought through another provider's client, and what that client is told of it again.

-- A purchase as the shop asks for it. What of it is credit stands in decisions and plans: this is the rest.
create table facade_orders (
    bucket      smallint         not null,
    merchant_id text collate "C" not null,
    facade      text             not null,
    reference   text collate "C" not null,   -- by which the shop asks for it: our decision's id, or a number of its own
    consumer_id text collate "C" not null,
    key_id      text collate "C" not null,   -- the shop's key, in whose name its consumer goes on
    digest      bytea            not null,   -- SHA-256 of the request: the same request is the same purchase
    told        bytea            not null,   -- sealed: what the client is told again, JSON
    made_at     timestamptz      not null,
    ends_at     timestamptz      not null,   -- until when its consumer may agree
    offer_id    text collate "C",            -- which offer the consumer has taken; null: none yet
    agreed_at   timestamptz,
    plan_id     text collate "C",            -- what it became; null: nothing yet
    version     int              not null default 1,
    constraint facade_orders_pk primary key (bucket, merchant_id, facade, reference),
    constraint facade_orders_bucket_in_range check (bucket between 0 and 1023),
    constraint facade_orders_agreed_to_an_offer check (num_nulls(offer_id, agreed_at) in (0, 2)),
    constraint facade_orders_plan_was_agreed check (plan_id is null or offer_id is not null)
) with (fillfactor = 80);

create index facade_orders_of_merchant on facade_orders (merchant_id, facade, reference);
create index facade_orders_of_digest on facade_orders (merchant_id, facade, digest);
