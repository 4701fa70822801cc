-- The daily files of a partner's programme: what happened, where each plan stands, what is paid, what became another.
--
-- A file is made once, of a day that was closed (019_partner_events.sql), and signed. Its bytes are kept in pieces.

create table daily_files (
    file_id         text collate "C" not null,
    partner_id      text collate "C" not null,
    programme_id    text collate "C" not null,
    type            text             not null,
    number          int              not null,   -- 1, 2, 3 ... of the partner's files of this type, without gaps
    business_on     date             not null,
    records         int              not null,
    sha256          bytea            not null,   -- of all pieces in their order
    previous_sha256 bytea,                       -- of number - 1
    manifest        json             not null,   -- what goes with the file, signed
    constraint daily_files_pk primary key (file_id),
    constraint daily_files_partner foreign key (partner_id) references partners (partner_id),
    constraint daily_files_number_once unique (partner_id, type, number),
    constraint daily_files_day_once unique (programme_id, partner_id, type, business_on),
    constraint daily_files_type_is_known check (type in ('TXN', 'POS', 'STL', 'CHG')),
    constraint daily_files_chained check (number >= 1 and (number = 1) = (previous_sha256 is null))
);

create index daily_files_of_partner on daily_files (partner_id, file_id);

create trigger daily_files_are_append_only before update or delete or truncate on daily_files
    for each statement execute function refuse_change();
revoke update, delete, truncate on daily_files from public;

-- Whole lines, some thousand at a time.
create table daily_file_pieces (
    file_id text collate "C" not null,
    piece   int              not null,   -- 1, 2, 3 ...
    content bytea            not null,
    constraint daily_file_pieces_pk primary key (file_id, piece)
);

alter table daily_file_pieces alter column content set storage external;

create trigger daily_file_pieces_are_append_only before update or delete or truncate on daily_file_pieces
    for each statement execute function refuse_change();
revoke update, delete, truncate on daily_file_pieces from public;

-- The rows of POS: where each plan stood at the end of the day, seen from the partner.
create table daily_positions (
    file_id          text collate "C" not null,
    bucket           smallint         not null,
    plan_id          text collate "C" not null,
    partner_id       text collate "C" not null,
    programme_id     text collate "C" not null,
    business_on      date             not null,
    owner            text collate "C" not null,   -- whose share it is
    share_bps        int              not null,   -- of principal
    opening          bigint           not null,
    funded           bigint           not null,
    repaid           bigint           not null,
    refunded         bigint           not null,
    adjusted         bigint           not null,
    charged_off      bigint           not null,
    closing          bigint           not null,
    accrued_interest bigint           not null,
    next_due_on      date,
    days_past_due    int              not null,
    age_bucket       text             not null,
    status           text             not null,
    currency         text collate "C" not null,
    constraint daily_positions_pk primary key (file_id, plan_id),
    constraint daily_positions_bucket_in_range check (bucket between 0 and 1023),
    constraint daily_positions_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint daily_positions_roll_forward
        check (closing = opening + funded - repaid - refunded + adjusted - charged_off)
);

create trigger daily_positions_are_append_only before update or delete or truncate on daily_positions
    for each statement execute function refuse_change();
revoke update, delete, truncate on daily_positions from public;

-- The rows of STL: what the events of each type come to, which is paid together.
create table daily_legs (
    file_id        text collate "C" not null,
    leg            text             not null,   -- the type of its events
    settlement_id  text collate "C" not null,
    end_to_end_id  text collate "C" not null,
    amount         bigint           not null,   -- above nothing is due to the partner
    count          int              not null,
    first_event_id text collate "C" not null,
    last_event_id  text collate "C" not null,
    currency       text collate "C" not null,
    constraint daily_legs_pk primary key (file_id, leg, currency),
    constraint daily_legs_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

create trigger daily_legs_are_append_only before update or delete or truncate on daily_legs
    for each statement execute function refuse_change();
revoke update, delete, truncate on daily_legs from public;
