-- The finance partner's proof: the daily file of each programme, and what came of comparing it with the partner's own.
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

-- Comparing -----------------------------------------------------------------------------------------------------------

-- One file of the partner's held against one of ours. A corrected file is a further number; one that comes again after
-- another corrects that one. Columns of theirs that nobody compares are left alone, and stand in the content.
create table reconciliations (
    reconciliation_id text collate "C" not null,
    partner_id        text collate "C" not null,
    file_id           text collate "C" not null,   -- ours
    number            int              not null,   -- 1, 2, 3 ... per file of ours
    outcome           text             not null,
    our_rows          int              not null,
    their_rows        int              not null,
    our_totals        json             not null,   -- by currency: the sums of all components
    their_totals      json             not null,
    counts            json             not null,   -- of breaks, by kind
    sha256            bytea            not null,   -- of content
    content           bytea            not null,   -- theirs, as it came
    received_at       timestamptz      not null,
    constraint reconciliations_pk primary key (reconciliation_id),
    constraint reconciliations_file foreign key (file_id) references partner_files (file_id),
    constraint reconciliations_number_once unique (file_id, number),
    constraint reconciliations_outcome_is_known check (outcome in ('matched', 'breaks'))
);

create index reconciliations_of_partner on reconciliations (partner_id, reconciliation_id);

create trigger reconciliations_are_append_only before update or delete or truncate on reconciliations
    for each statement execute function refuse_change();
revoke update, delete, truncate on reconciliations from public;

-- What it came to: all but the bytes.
create view partner_reconciliations as
select r.reconciliation_id, r.partner_id, f.programme_id, f.business_on, r.file_id, r.number, r.outcome, r.our_rows,
       r.their_rows, r.our_totals, r.their_totals, r.counts, r.sha256, r.received_at
  from reconciliations r
  join partner_files f using (file_id);

-- A plan that is wrong, in the files of one day or of several: who must act on it, and since when.
create table breaks (
    break_id       text collate "C" not null,
    partner_id     text collate "C" not null,
    programme_id   text collate "C" not null,
    plan_id        text             not null,   -- as the file has it: it need not be a plan of ours
    kind           text             not null,
    their_currency text collate "C",
    owner          text             not null,   -- who must act
    state          text             not null,
    opened_on      date             not null,   -- its age counts from here, through all days and corrected files that have it
    resolved_on    date,
    note           text,                        -- why an operator resolved it last; else that a corrected file did
    constraint breaks_pk primary key (break_id),
    constraint breaks_kind_is_known
        check (kind in ('missing_at_partner', 'missing_here', 'currency_differs', 'amount_differs', 'duplicate')),
    constraint breaks_state_is_known check (state in ('open', 'resolved')),
    constraint breaks_currency_is_iso check (their_currency ~ '^[A-Z]{3}$'),
    constraint breaks_resolved_on_when_resolved check ((resolved_on is not null) = (state = 'resolved')),
    constraint breaks_have_an_owner check (owner <> '')
);

create unique index breaks_open_once on breaks (programme_id, plan_id, kind, their_currency)
    nulls not distinct where state = 'open';
create index breaks_of_partner on breaks (partner_id, break_id);
create index breaks_of_plan on breaks (programme_id, plan_id);

-- What the file of each day says of a break.
create table break_days (
    break_id          text collate "C" not null,
    file_id           text collate "C" not null,   -- ours of that day
    reconciliation_id text collate "C" not null,   -- the last of the day that found it
    our_currency      text collate "C",
    differences       json             not null,   -- component, ours, theirs, difference
    stands            boolean          not null,   -- false: a corrected file of the day no longer has it
    constraint break_days_pk primary key (break_id, file_id),
    constraint break_days_break foreign key (break_id) references breaks (break_id),
    constraint break_days_reconciliation foreign key (reconciliation_id) references reconciliations (reconciliation_id),
    constraint break_days_currency_is_iso check (our_currency ~ '^[A-Z]{3}$')
);

create index break_days_of_file on break_days (file_id) where stands;

-- What was said and done about a break, by an operator or because of a file: nothing of it is ever overwritten.
create table break_notes (
    number   bigint           generated always as identity,
    break_id text collate "C" not null,
    what     text             not null,
    owner    text,                        -- of an assignment: who must act from then on
    note     text,                        -- in words
    noted_by text collate "C",            -- the person; null: a partner's file
    noted_at timestamptz      not null,
    constraint break_notes_pk primary key (number),
    constraint break_notes_break foreign key (break_id) references breaks (break_id),
    constraint break_notes_what_is_known check (what in ('assigned', 'commented', 'resolved', 'reopened')),
    constraint break_notes_assign_to_somebody check ((what = 'assigned') = (owner is not null)),
    constraint break_notes_say_something check (note is not null or what in ('assigned', 'reopened'))
);

create index break_notes_of_break on break_notes (break_id, number);

create trigger break_notes_are_append_only before update or delete or truncate on break_notes
    for each statement execute function refuse_change();
revoke update, delete, truncate on break_notes from public;

-- A break as the last day says that has it (or had it), with the first such day, and whose midnight its age is counted by.
create view partner_breaks as
select b.*, days.first_business_on, d.business_on, d.file_id, d.reconciliation_id, d.our_currency, d.differences,
       p.time_zone
  from breaks b
  join lateral (select d.*, f.business_on
                  from break_days d join partner_files f using (file_id)
                 where d.break_id = b.break_id
                 order by d.stands desc, f.business_on desc limit 1) d on true
  join lateral (select min(f.business_on) as first_business_on
                  from break_days d join partner_files f using (file_id)
                 where d.break_id = b.break_id) days on true
  join lateral (select time_zone from programmes p
                 where p.programme_id = b.programme_id order by version desc limit 1) p on true;
