-- At whose checkout people buy.

create table merchants (
    merchant_id text collate "C" not null,
    name        text             not null,
    country     text             not null,
    time_zone   text             not null,   -- IANA name: whose midnight ends the merchant's day
    fees        json             not null,   -- service/merchants/terms.py: what we keep, by kind of plan
    active      boolean          not null default true,
    created_at  timestamptz      not null,
    constraint merchants_pk primary key (merchant_id),
    constraint merchants_country_is_iso check (country ~ '^[A-Z]{2}$')
);

create trigger merchants_change_is_announced after insert or update or delete on merchants
    for each statement execute function announce_change();
