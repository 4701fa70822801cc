-- Whose money is lent: finance partners and their contracts.

create table partners (
    partner_id text collate "C" not null,
    name       text             not null,
    created_at timestamptz      not null,
    constraint partners_pk primary key (partner_id)
);

-- A programme is a contract: a new version of it is a new row, the old one stays what it was.
create table programmes (
    programme_id text collate "C" not null,
    version      int              not null,
    partner_id   text collate "C" not null,
    name         text             not null,
    kinds        text[]           not null,   -- the kinds of plan it funds
    currency     text collate "C" not null,
    funding_bps  int              not null,   -- the partner's share of principal and interest
    time_zone    text             not null,
    active       boolean          not null default true,
    created_at   timestamptz      not null,
    constraint programmes_pk primary key (programme_id, version),
    constraint programmes_partner foreign key (partner_id) references partners (partner_id),
    constraint programmes_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint programmes_funding_is_a_share check (funding_bps between 0 and 10000)
);

create trigger programmes_change_is_announced after insert or update or delete on programmes
    for each statement execute function announce_change();
