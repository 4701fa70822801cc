-- At whose checkout people buy.

create table merchants (
    merchant_id text collate "C" not null,
    name        text             not null,
    country     text             not null,
    time_zone   text             not null,   -- IANA name: whose midnight ends the merchant's day
    fees        json             not null,   -- service/merchants/fee.py: what we keep, by kind of plan
    platform    json,                                      -- service/merchants/platform.py; null: it is no platform
    platform_id text collate "C",                          -- whose seller it is; null: nobody's
    fee_share_bps int            not null default 0,       -- of our fee: what its platform takes
    volumes     json             not null default '{}',    -- captured in the month until yesterday, by currency
    active      boolean          not null default true,
    created_at  timestamptz      not null,
    is_test     boolean          not null default false,   -- nobody's money: no programme funds its plans
    ahead       interval         not null default '0',     -- of a test merchant: how far its clock was moved on
    changed_in  bigint           not null,                 -- see note_change()
    constraint merchants_pk primary key (merchant_id),
    constraint merchants_platform foreign key (platform_id) references merchants (merchant_id),
    constraint merchants_platform_is_nobodys_seller check (platform is null or platform_id is null),
    constraint merchants_fee_share_in_range check (fee_share_bps between 0 and 10000),
    constraint merchants_fee_is_shared_with_a_platform check (fee_share_bps = 0 or platform_id is not null),
    constraint merchants_country_is_iso check (country ~ '^[A-Z]{2}$'),
    constraint merchants_real_time_is_not_moved check (is_test or ahead = '0'),
    constraint merchants_clock_is_never_behind check (ahead >= '0')
);

create index merchants_of_platform on merchants (platform_id, merchant_id) where platform_id is not null;
create index merchants_changed on merchants (changed_in);

create trigger merchants_note_their_change before insert or update on merchants
    for each row execute function note_change();

create trigger merchants_change_is_announced after insert or update or delete on merchants
    for each statement execute function announce_change();
