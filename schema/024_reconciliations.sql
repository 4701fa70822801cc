-- Three sides held against one another, day by day: our ledger, the partner's files, and the bank. And what comes of what
-- does not match.

-- A day of a programme, compared. A day that is compared again, with a file or a statement that came later, is a further
-- number. Amounts are minor units, seen from the partner.
create table reconciliations (
    reconciliation_id text collate "C" not null,
    partner_id        text collate "C" not null,
    programme_id      text collate "C" not null,
    business_on       date             not null,
    number            int              not null,   -- 1, 2, 3 ... of the day
    since             date             not null,   -- the first day whose items were compared: no complete day is left out
    verdict           text             not null,
    result            json             not null,   -- service/reconciling/verdict.py: all that it came to
    bank_number       bigint           not null,   -- the last bank statement that was looked at
    rounded           json             not null,   -- by currency: what was booked as rounding
    manifest          json             not null,   -- what it was made of, signed
    sha256            bytea            not null,   -- of the manifest, which the next one names
    made_by           text collate "C",            -- the key; null: the close of the day
    made_at           timestamptz      not null,
    constraint reconciliations_pk primary key (reconciliation_id),
    constraint reconciliations_partner foreign key (partner_id) references partners (partner_id),
    constraint reconciliations_number_once unique (programme_id, partner_id, business_on, number),
    constraint reconciliations_verdict_is_known
        check (verdict in ('incomplete', 'breaks', 'warnings', 'pending', 'reconciled')),
    constraint reconciliations_since_a_day_before check (since <= business_on)
);

create index reconciliations_of_partner on reconciliations (partner_id, reconciliation_id);

create trigger reconciliations_are_append_only before update or delete or truncate on reconciliations
    for each statement execute function refuse_change();
revoke update, delete, truncate on reconciliations from public;

-- An item by which the partner's file is some cents off ours, within the tolerance: theirs less ours.
create table roundings (
    reconciliation_id text collate "C" not null,
    event_id          text collate "C" not null,
    plan_id           text collate "C" not null,
    currency          text collate "C" not null,
    amount            bigint           not null,
    principal         bigint           not null,   -- of it
    constraint roundings_pk primary key (reconciliation_id, event_id, currency),
    constraint roundings_reconciliation foreign key (reconciliation_id) references reconciliations (reconciliation_id)
);

create index roundings_of_plan on roundings (plan_id);

create trigger roundings_are_append_only before update or delete or truncate on roundings
    for each statement execute function refuse_change();
revoke update, delete, truncate on roundings from public;

-- What does not match, for its whole life: its id follows from the programme, the partner, the leg, the key and the
-- currency. So it is the same on the next day, a day older, and the same again when it comes back.
create table breaks (
    break_id          text collate "C" not null,
    partner_id        text collate "C" not null,
    programme_id      text collate "C" not null,
    leg               text             not null,
    key               text collate "C" not null,   -- an event, a plan, an end-to-end id or an entry of the bank
    currency          text collate "C" not null,
    plan_id           text collate "C",            -- as the file has it: it need not be a plan of ours
    kind              text             not null,
    priority          smallint         not null,
    amount            bigint           not null,   -- theirs less ours
    differences       json             not null,
    state             text             not null,
    owner             text             not null,   -- who must act
    opened_on         date             not null,   -- its age counts from here
    due_on            date             not null,   -- until then it may come right by itself
    last_on           date             not null,   -- the last day that has it
    reconciliation_id text collate "C" not null,   -- ... and what compared it
    resolved_on       date,
    resolved_by       text,                        -- the event that ended it, or why a person did
    constraint breaks_pk primary key (break_id),
    constraint breaks_leg_is_known check (leg in ('item', 'position', 'cash')),
    constraint breaks_kind_is_known check (kind in (
        'missing_in_ledger', 'status_divergence', 'cash_unexplained', 'cash_short', 'amount_diff', 'duplicate',
        'fx_diff', 'missing_in_partner', 'timing_value_date', 'bank_fee', 'rounding')),
    constraint breaks_state_is_known check (state in ('new', 'persisting', 'reopened', 'resolved')),
    constraint breaks_priority_in_range check (priority between 1 and 4),
    constraint breaks_resolved_on_when_resolved check ((resolved_on is not null) = (state = 'resolved')),
    constraint breaks_have_an_owner check (owner <> '')
);

create index breaks_of_partner on breaks (partner_id, break_id);
create index breaks_open on breaks (programme_id, break_id) where state <> 'resolved';

-- What happened to a break, and what was said about it: nothing of it is ever overwritten.
create table break_steps (
    number            bigint           generated always as identity,
    break_id          text collate "C" not null,
    what              text             not null,
    kind              text,                        -- as it was found
    owner             text,                        -- of an assignment: who must act from then on
    note              text,                        -- in words
    reconciliation_id text collate "C",            -- which found it, or no longer did
    told_by           text collate "C",            -- who said it; null: a comparison did
    told_at           timestamptz      not null,
    constraint break_steps_pk primary key (number),
    constraint break_steps_break foreign key (break_id) references breaks (break_id),
    constraint break_steps_what_is_known
        check (what in ('opened', 'reopened', 'reclassified', 'assigned', 'commented', 'resolved')),
    constraint break_steps_assign_to_somebody check ((what = 'assigned') = (owner is not null)),
    constraint break_steps_by_somebody check (told_by is not null or reconciliation_id is not null)
);

create index break_steps_of_break on break_steps (break_id, number);

create trigger break_steps_are_append_only before update or delete or truncate on break_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on break_steps from public;
