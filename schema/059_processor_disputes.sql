-- Disputes that are read at processors which do not tell us of them: their bank's word, and what came of it here.

-- How far the events of a processor were read; whoever moves `read_at` on reads them.
create table processor_readings (
    processor_id text collate "C" not null,
    read_at      timestamptz      not null,   -- when somebody began to read last
    upto         timestamptz      not null,   -- events until then were read
    constraint processor_readings_pk primary key (processor_id)
);

create table processor_disputes (
    number       bigint           not null generated always as identity,
    processor_id text collate "C" not null,
    reference    text collate "C" not null,   -- the processor's own of the dispute
    payment      text             not null,   -- the processor's own of what is disputed; empty: it does not say
    charge_id    text collate "C",            -- the charge of ours; null: it names none
    plan_id      text collate "C",
    currency     text collate "C" not null,
    amount       bigint           not null,   -- minor units that are disputed
    reason       text             not null,   -- the processor's word for it
    status       text             not null,   -- the processor's word for where it stands
    due_by       timestamptz,                 -- until when evidence is taken; null: none is
    event_id     text             not null,   -- the last event of it that was read
    read_at      timestamptz      not null,   -- when it was read last
    state        text             not null,   -- what came of it here (service/payments/processor_dispute.py)
    note         text             not null default '',   -- why it is stuck, or what an operator is to look into
    handed_at    timestamptz,                 -- when the merchant's answer was taken by the processor
    settled_at   timestamptz,                 -- when the plan's dispute was decided by it
    constraint processor_disputes_pk primary key (processor_id, reference),
    constraint processor_disputes_number_once unique (number),
    constraint processor_disputes_amount_positive check (amount > 0),
    constraint processor_disputes_state_is_known check (state in ('open', 'stuck', 'decided', 'unknown')),
    constraint processor_disputes_unknown_has_no_charge check ((state = 'unknown') = (charge_id is null)),
    constraint processor_disputes_charge_has_a_plan check (num_nulls(charge_id, plan_id) in (0, 2)),
    constraint processor_disputes_stuck_says_why check (state <> 'stuck' or note <> ''),
    constraint processor_disputes_settle_once check ((state = 'decided') = (settled_at is not null))
);

create index processor_disputes_to_do on processor_disputes (number) where state in ('open', 'stuck');
