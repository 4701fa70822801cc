-- Endpoints of partners, and of platforms, which hear what happens to each of their sellers.
--
-- An endpoint hears its owner's feed, and may hear others: a platform's each seller's, a partner's its sub-ledger
-- (019_partner_events.sql). `merchant_id` of an endpoint, a feed or an event is its owner's id: a merchant's or a partner's.

alter table endpoints
    drop constraint endpoints_merchant,
    add column audience   text    not null default 'merchant',
    add column of_sellers boolean not null default false,   -- of a platform: what happens to its sellers is sent, too
    add constraint endpoints_audience_is_known check (audience in ('merchant', 'partner')),
    add constraint endpoints_of_sellers_of_a_merchant check (audience = 'merchant' or not of_sellers);

alter table feeds drop constraint feeds_merchant;

-- Up to where deliveries were made of what an endpoint hears besides its owner's feed. No row: from the first on.
create table endpoint_feeds (
    endpoint_id text collate "C" not null,
    feed        text collate "C" not null,   -- a seller's id, or `ledger`
    taken_until bigint           not null,   -- number of the last event that deliveries were made of, or that came before
    constraint endpoint_feeds_pk primary key (endpoint_id, feed),
    constraint endpoint_feeds_endpoint foreign key (endpoint_id) references endpoints (endpoint_id)
) with (fillfactor = 80);

alter table delivery_attempts
    drop constraint delivery_attempts_delivery,
    drop constraint delivery_attempts_pk,
    add column feed text collate "C" not null default '',
    add constraint delivery_attempts_pk primary key (endpoint_id, feed, number, at);

alter table deliveries
    drop constraint deliveries_pk,
    add column feed text collate "C" not null default '',   -- in which `number` counts; empty: the owner's own
    add constraint deliveries_pk primary key (endpoint_id, feed, number);

alter table delivery_attempts
    add constraint delivery_attempts_delivery foreign key (endpoint_id, feed, number)
        references deliveries (endpoint_id, feed, number) on delete cascade;
