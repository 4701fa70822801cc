-- What the partner sends: its own files of a day, row by row as they stood in them, and what it says to ours.
--
-- Rows are those of files that were loaded; a refused file has none. One that was corrected or withdrawn keeps its rows,
-- and no longer counts: what counts is the file that is loaded, of a programme, type and day at most one.

create table received_files (
    file_id      text collate "C" not null,
    partner_id   text collate "C" not null,
    programme_id text collate "C" not null,   -- as it was sent: of a refused file it need not be one
    type         text             not null,
    business_on  date             not null,
    number       int,                         -- 1, 2, 3 ... as the partner counts its files of this type; null: it does not
    state        text             not null,
    fault        text,                        -- of a refused file: the code of the refusal
    detail       text,                        -- ... and its sentence
    rows         int              not null,
    sums         json             not null,   -- by currency and column, in minor units
    sha256       bytea            not null,
    bytes        bigint           not null,
    received_at  timestamptz      not null,
    ended_at     timestamptz,                 -- when another one took its place, or it was withdrawn
    constraint received_files_pk primary key (file_id),
    constraint received_files_partner foreign key (partner_id) references partners (partner_id),
    constraint received_files_type_is_known check (type in ('TXN', 'POS', 'STL', 'CHG', 'ACK')),
    constraint received_files_state_is_known check (state in ('loaded', 'refused', 'superseded', 'withdrawn')),
    constraint received_files_fault_when_refused
        check ((state = 'refused') = (fault is not null) and (fault is null) = (detail is null)),
    constraint received_files_ended_when_over check ((state in ('superseded', 'withdrawn')) = (ended_at is not null))
);

create unique index received_files_loaded_once on received_files (programme_id, partner_id, type, business_on)
 where state = 'loaded' and type <> 'ACK';
create index received_files_of_partner on received_files (partner_id, file_id);

create table partner_their_events (
    file_id           text collate "C" not null,
    line              int              not null,   -- of the file, the line of names is 1
    event_id          text collate "C" not null,
    plan_id           text collate "C" not null,
    partner_reference text,
    type              text             not null,
    business_on       date             not null,
    value_on          date             not null,
    principal         bigint           not null,
    interest          bigint           not null,
    fee               bigint           not null,
    penalty           bigint           not null,
    subsidy           bigint           not null,
    currency          text collate "C" not null,
    reverses_event_id text collate "C",
    settlement_id     text collate "C",
    constraint partner_their_events_pk primary key (file_id, line),
    constraint partner_their_events_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

create table partner_their_positions (
    file_id          text collate "C" not null,
    line             int              not null,
    plan_id          text collate "C" not null,
    owner            text             not null,
    share_bps        int              not null,
    opening          bigint           not null,
    funded           bigint           not null,
    repaid           bigint           not null,
    refunded         bigint           not null,
    adjusted         bigint           not null,
    charged_off      bigint           not null,
    closing          bigint           not null,   -- as they say: it need not follow from the others
    accrued_interest bigint           not null,
    next_due_on      date,
    days_past_due    int              not null,
    age_bucket       text             not null,
    status           text             not null,
    currency         text collate "C" not null,
    constraint partner_their_positions_pk primary key (file_id, line),
    constraint partner_their_positions_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

create table partner_their_legs (
    file_id        text collate "C" not null,
    line           int              not null,
    settlement_id  text collate "C" not null,
    end_to_end_id  text collate "C" not null,
    leg            text             not null,
    amount         bigint           not null,
    count          int              not null,
    first_event_id text collate "C",
    last_event_id  text collate "C",
    currency       text collate "C" not null,
    constraint partner_their_legs_pk primary key (file_id, line),
    constraint partner_their_legs_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

create table partner_their_changes (
    file_id      text collate "C" not null,
    line         int              not null,
    plan_id      text collate "C" not null,
    field        text             not null,
    old          text,
    new          text,
    reason       text             not null,
    effective_on date             not null,
    constraint partner_their_changes_pk primary key (file_id, line)
);

-- What the partner says to our files: a line of it, taken or not, and the value that it has itself.
create table partner_acks (
    file_id       text collate "C" not null,
    line          int              not null,
    of_file       text collate "C" not null,   -- ours
    of_line       int,                         -- null: the whole file
    code          text             not null,
    partner_value text,
    constraint partner_acks_pk primary key (file_id, line),
    constraint partner_acks_file foreign key (of_file) references daily_files (file_id)
);
