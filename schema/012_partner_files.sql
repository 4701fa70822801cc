-- The finance partner's proof: the daily file of each programme.
--
-- All amounts here are the partner's share, in minor units. A file holds every booking of business days up to its own
-- that no file before it held, so one that commits late, on a day whose file has left, goes into the next file: never
-- lost, never twice.

-- What a ledger row means to the partner: its occasion says so. A row that takes back an earlier one counts negative.
create view partner_bookings as
select bucket, cause_id, leg, plan_id, partner_id, currency, booked_on,
       case when occasion = 'drawing' then
            case debit when 'partner_receivable' then amount else - amount end else 0 end as drawn,
       case when occasion = 'principal_share' then
            case credit when 'partner_payable' then amount else - amount end else 0 end as principal_repaid,
       case when occasion = 'interest_share' then
            case when credit = 'partner_payable' then amount when debit = 'partner_payable' then - amount else 0 end
            else 0 end as interest_repaid
  from transfers
 where partner_id is not null and occasion in ('drawing', 'principal_share', 'interest_share');

-- Our files -----------------------------------------------------------------------------------------------------------

-- A file as it was made, once.
create table partner_files (
    file_id          text collate "C" not null,
    partner_id       text collate "C" not null,
    programme_id     text collate "C" not null,
    number           int              not null,   -- 1, 2, 3 ... per programme, without gaps
    business_on      date             not null,   -- in the programme's time zone
    currency         text collate "C" not null,
    rows             int              not null,
    opening          bigint           not null,   -- the outstanding total of the file before
    drawn            bigint           not null,
    principal_repaid bigint           not null,
    interest_repaid  bigint           not null,
    outstanding      bigint           not null,
    sha256           bytea            not null,   -- of content
    previous_sha256  bytea,                       -- of the content of number - 1
    content          bytea            not null,
    made_at          timestamptz      not null,
    constraint partner_files_pk primary key (file_id),
    constraint partner_files_partner foreign key (partner_id) references partners (partner_id),
    constraint partner_files_number_once unique (programme_id, number),
    constraint partner_files_day_once unique (programme_id, business_on),
    constraint partner_files_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint partner_files_roll_forward check (opening + drawn - principal_repaid = outstanding),
    constraint partner_files_chained check (number >= 1 and (number = 1) = (previous_sha256 is null))
);

create index partner_files_of_partner on partner_files (partner_id, file_id);

create trigger partner_files_are_append_only before update or delete or truncate on partner_files
    for each statement execute function refuse_change();
revoke update, delete, truncate on partner_files from public;

-- What goes with the file: all but its bytes.
create view partner_manifests as
select f.file_id, f.partner_id, f.programme_id, f.number, f.business_on, before.business_on as previous_business_on,
       f.currency, f.rows, f.opening, f.drawn, f.principal_repaid, f.interest_repaid, f.outstanding,
       f.sha256, f.previous_sha256, f.made_at
  from partner_files f
  left join partner_files before on before.programme_id = f.programme_id and before.number = f.number - 1;

-- Which file told the partner of a booking: its key is why none is told twice.
create table partner_file_transfers (
    bucket   smallint         not null,
    cause_id text collate "C" not null,
    leg      smallint         not null,
    file_id  text collate "C" not null,
    constraint partner_file_transfers_pk primary key (bucket, cause_id, leg),
    constraint partner_file_transfers_bucket_in_range check (bucket between 0 and 1023)
);

create trigger partner_file_transfers_are_append_only before update or delete or truncate on partner_file_transfers
    for each statement execute function refuse_change();
revoke update, delete, truncate on partner_file_transfers from public;

-- How many of the partner's bookings a business day had when the programme's last file was made. A day that has more
-- by now was booked on late and is looked through again; no other day needs to be.
create table partner_days (
    programme_id text collate "C" not null,
    booked_on    date             not null,
    bookings     bigint           not null,
    constraint partner_days_pk primary key (programme_id, booked_on)
);

-- What the files have told of each plan: in all, and in the last file that told anything.
create table partner_positions (
    bucket                smallint         not null,
    plan_id               text collate "C" not null,
    partner_id            text collate "C" not null,
    programme_id          text collate "C" not null,
    currency              text collate "C" not null,
    drawn                 bigint           not null,
    principal_repaid      bigint           not null,
    interest_repaid       bigint           not null,
    outstanding           bigint           not null generated always as (drawn - principal_repaid) stored,
    file_id               text collate "C" not null,
    file_drawn            bigint           not null,
    file_principal_repaid bigint           not null,
    file_interest_repaid  bigint           not null,
    constraint partner_positions_pk primary key (bucket, plan_id),
    constraint partner_positions_bucket_in_range check (bucket between 0 and 1023),
    constraint partner_positions_currency_is_iso check (currency ~ '^[A-Z]{3}$')
) with (fillfactor = 80);

create index partner_positions_of_partner on partner_positions (partner_id, plan_id);
