-- Losses, who bears them, and what arrangements have for it: cover sets, enrolled plans, capacity, allocations, recoveries.

alter table audit_entries
    drop constraint audit_entries_thing_is_known,
    add constraint audit_entries_thing_is_known check (thing in (
        'account', 'arrangement', 'assignment', 'break', 'clock', 'consent', 'consumer', 'cover_set', 'day',
        'decision', 'endpoint', 'file', 'gateway', 'instrument', 'insurance', 'key', 'loss', 'merchant', 'operator',
        'partner', 'party', 'payout', 'permission', 'person', 'plan', 'policy', 'processor', 'programme',
        'receivable', 'reconciliation', 'route', 'scheme', 'trial', 'waterfall'));

-- What an arrangement has to pay with. What is reserved, paid and returned is the sum of its holds, which are changed
-- under this row's lock. No checkout touches it.
create table support_capacity (
    arrangement_id  text collate "C" not null,
    state           text             not null default 'open',   -- service/support/capacity.py
    is_funded       boolean          not null,                  -- it pays from what was paid in, and no more than that
    is_reinstatable boolean          not null,                  -- what is returned can be paid out again
    funded          bigint           not null default 0,
    reserved        bigint           not null default 0,        -- for losses and claims that are not paid yet
    paid            bigint           not null default 0,
    returned        bigint           not null default 0,        -- of what was paid
    available       bigint           generated always as
                    (funded + case when is_reinstatable then returned else 0 end - reserved - paid) stored,
    constraint support_capacity_pk primary key (arrangement_id),
    constraint support_capacity_state_is_known check (state in ('open', 'suspended', 'closed')),
    constraint support_capacity_amounts_not_negative check (least(funded, reserved, paid, returned) >= 0),
    constraint support_capacity_returns_what_was_paid check (returned <= paid),
    constraint support_capacity_available_not_negative
        check (not is_funded or funded + case when is_reinstatable then returned else 0 end - reserved - paid >= 0)
);

insert into support_capacity (arrangement_id, is_funded, is_reinstatable)
select distinct on (arrangement_id) arrangement_id, (document ->> 'funded')::boolean, false
  from support_arrangements
 order by arrangement_id, version desc;

-- What of it is held for one loss, or for a claim that is of no loss here.
create table capacity_holds (
    arrangement_id text collate "C" not null,
    held_for       text collate "C" not null,   -- a loss, or a claim
    reserved       bigint           not null default 0,
    paid           bigint           not null default 0,
    returned       bigint           not null default 0,
    decided        bigint,                       -- the most that its claim was granted; null: nothing is decided
    changed_at     timestamptz      not null,
    constraint capacity_holds_pk primary key (arrangement_id, held_for),
    constraint capacity_holds_capacity foreign key (arrangement_id) references support_capacity (arrangement_id),
    constraint capacity_holds_amounts_not_negative check (least(reserved, paid, returned) >= 0),
    constraint capacity_holds_return_what_was_paid check (returned <= paid)
);

-- What was paid in, or taken out again.
create table support_fundings (
    funding_id     text collate "C" not null,
    arrangement_id text collate "C" not null,
    amount         bigint           not null,   -- below zero: taken out
    reference      text             not null,
    made_by        text collate "C" not null,   -- a key
    made_at        timestamptz      not null,
    constraint support_fundings_pk primary key (funding_id),
    constraint support_fundings_capacity foreign key (arrangement_id) references support_capacity (arrangement_id),
    constraint support_fundings_move_something check (amount <> 0)
);

create trigger support_fundings_are_append_only before update or delete or truncate on support_fundings
    for each statement execute function refuse_change();
revoke update, delete, truncate on support_fundings from public;

-- Plans that an arrangement covers: an arrangement with a set bears losses of its plans alone.
create table cover_sets (
    cover_set_id   text collate "C" not null,
    arrangement_id text collate "C" not null,
    name           text             not null,
    mode           text             not null,   -- service/support/cover_set.py
    currency       text collate "C" not null,
    sanctioned     bigint           not null,   -- the most principal that it takes, ever
    frozen_at      timestamptz,                 -- nothing is enrolled any more
    made_at        timestamptz      not null,
    constraint cover_sets_pk primary key (cover_set_id),
    constraint cover_sets_arrangement foreign key (arrangement_id) references support_capacity (arrangement_id),
    constraint cover_sets_mode_is_known check (mode in ('static', 'dynamic')),
    constraint cover_sets_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint cover_sets_sanctioned_is_positive check (sanctioned > 0)
);

create index cover_sets_of_arrangement on cover_sets (arrangement_id);

create table enrolments (
    bucket         smallint         not null,
    plan_id        text collate "C" not null,
    cover_set_id   text collate "C" not null,
    arrangement_id text collate "C" not null,
    version        int              not null,   -- of the arrangement's document, by which it is covered
    principal      bigint           not null,   -- that was lent when it was enrolled
    currency       text collate "C" not null,
    state          text             not null,   -- service/support/cover_set.py
    reason         text             not null default '',   -- why it is void
    enrolled_at    timestamptz      not null,
    constraint enrolments_pk primary key (bucket, plan_id, cover_set_id),
    constraint enrolments_set foreign key (cover_set_id) references cover_sets (cover_set_id),
    constraint enrolments_bucket_in_range check (bucket between 0 and 1023),
    constraint enrolments_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint enrolments_state_is_known check (state in ('active', 'claimed', 'released', 'void')),
    constraint enrolments_void_for_a_reason check ((state = 'void') = (reason <> ''))
);

create index enrolments_of_set on enrolments (cover_set_id, bucket, plan_id);
create index enrolments_of_arrangement on enrolments (arrangement_id) include (principal, state);

-- A plan is covered by one arrangement of each class at most.
create table enrolment_classes (
    bucket         smallint         not null,
    plan_id        text collate "C" not null,
    class          text             not null,
    arrangement_id text collate "C" not null,
    constraint enrolment_classes_pk primary key (bucket, plan_id, class),
    constraint enrolment_classes_bucket_in_range check (bucket between 0 and 1023)
);

-- What a plan owed when it was given up.
create table losses (
    bucket      smallint         not null,
    loss_id     text collate "C" not null,
    plan_id     text collate "C" not null,
    merchant_id text collate "C" not null,
    currency    text collate "C" not null,
    cause       text             not null,   -- service/support/arrangement.py
    lost_on     date             not null,
    state       text             not null,   -- service/support/loss.py
    version     int              not null default 0,   -- the last of loss_versions; 0: nobody bears it yet
    seen        int              not null default 0,   -- the plan's version when it was quantified; 0: look again
    opened_at   timestamptz      not null,
    constraint losses_pk primary key (bucket, loss_id),
    constraint losses_plan_once unique (bucket, plan_id),
    constraint losses_bucket_in_range check (bucket between 0 and 1023),
    constraint losses_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint losses_cause_is_known check (cause in ('credit', 'fraud', 'dispute', 'deceased', 'merchant_failure', 'political')),
    constraint losses_state_is_known check (state in ('open', 'allocated', 'closed')),
    constraint losses_allocated_with_a_version check ((state = 'open') = (version = 0))
);

create index losses_by_id on losses (loss_id);
create index losses_open on losses (bucket, loss_id) where state <> 'closed';

-- Each time that somebody looked at a loss and something was to be booked: the cause of it.
create table loss_steps (
    bucket    smallint         not null,
    step_id   text collate "C" not null,
    loss_id   text collate "C" not null,
    booked_at timestamptz      not null,
    constraint loss_steps_pk primary key (bucket, step_id),
    constraint loss_steps_loss foreign key (bucket, loss_id) references losses (bucket, loss_id),
    constraint loss_steps_bucket_in_range check (bucket between 0 and 1023)
);

create trigger loss_steps_are_append_only before update or delete or truncate on loss_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on loss_steps from public;

-- Who bears it, each time that it was quantified: a further version takes the place of the one before.
create table loss_versions (
    bucket            smallint         not null,
    loss_id           text collate "C" not null,
    version           int              not null,   -- 1, 2, 3 ...
    step_id           text collate "C" not null,
    waterfall_id      text collate "C" not null,
    waterfall_version int              not null,
    loss              json             not null,   -- service/support/loss.py
    tiers             json             not null,   -- the arrangements with their documents, in order
    allocation        json             not null,   -- service/support/waterfall.py; its bytes have the digest
    sha256            text             not null,
    allocated_at      timestamptz      not null,
    constraint loss_versions_pk primary key (bucket, loss_id, version),
    constraint loss_versions_step foreign key (bucket, step_id) references loss_steps (bucket, step_id),
    constraint loss_versions_loss foreign key (bucket, loss_id) references losses (bucket, loss_id),
    constraint loss_versions_bucket_in_range check (bucket between 0 and 1023)
);

create trigger loss_versions_are_append_only before update or delete or truncate on loss_versions
    for each statement execute function refuse_change();
revoke update, delete, truncate on loss_versions from public;

-- What each tier bears, by version: of the last one of each loss, what arrangements have used of their limits.
create table loss_allocations (
    bucket         smallint         not null,
    loss_id        text collate "C" not null,
    version        int              not null,
    tier           int              not null,   -- 1, 2, 3 ... of the waterfall
    arrangement_id text collate "C" not null,
    bearer_id      text collate "C" not null,
    debtor         text             not null,   -- by whom limits of one debtor count
    year           int              not null,   -- of the loss
    insured        bigint           not null,   -- what of it counted
    first_loss     bigint           not null,   -- what it used up of an aggregate attachment
    amount         bigint           not null,   -- that it bears
    "limit"        text,                        -- why it is less than its terms say; null: it is not
    constraint loss_allocations_pk primary key (bucket, loss_id, version, tier),
    constraint loss_allocations_version foreign key (bucket, loss_id, version)
        references loss_versions (bucket, loss_id, version),
    constraint loss_allocations_bucket_in_range check (bucket between 0 and 1023),
    constraint loss_allocations_amounts_not_negative check (least(insured, first_loss, amount) >= 0)
);

create index loss_allocations_of_arrangement on loss_allocations (arrangement_id, debtor);

create trigger loss_allocations_are_append_only before update or delete or truncate on loss_allocations
    for each statement execute function refuse_change();
revoke update, delete, truncate on loss_allocations from public;

-- What came after it was borne.
create table loss_recoveries (
    bucket      smallint         not null,
    loss_id     text collate "C" not null,
    number      int              not null,   -- 1, 2, 3 ... of the loss
    step_id     text collate "C" not null,
    gross       bigint           not null,
    cost        bigint           not null,   -- of getting it
    net         bigint           not null,
    source      text             not null,   -- service/support/recovering.py
    received_on date             not null,
    shared      json             not null,   -- service/support/recovering.py
    shared_at   timestamptz      not null,
    reversed_at timestamptz,                 -- it did not come after all, or was shared anew
    constraint loss_recoveries_pk primary key (bucket, loss_id, number),
    constraint loss_recoveries_step foreign key (bucket, step_id) references loss_steps (bucket, step_id),
    constraint loss_recoveries_loss foreign key (bucket, loss_id) references losses (bucket, loss_id),
    constraint loss_recoveries_bucket_in_range check (bucket between 0 and 1023),
    constraint loss_recoveries_source_is_known check (source in ('consumer', 'collection', 'security', 'insolvency', 'sale')),
    constraint loss_recoveries_net_of_cost check (net = gross - cost and gross > 0 and cost >= 0 and net >= 0)
);

-- Who got what of it; who bore it stands in the version that was in force.
create table recovery_shares (
    bucket         smallint         not null,
    loss_id        text collate "C" not null,
    number         int              not null,   -- of the recovery
    place          int              not null,   -- 1, 2, 3 ... of the recovery
    bearer_id      text collate "C",            -- null: we
    arrangement_id text collate "C",            -- null: a partner's own share, or ours
    amount         bigint           not null,
    constraint recovery_shares_pk primary key (bucket, loss_id, number, place),
    constraint recovery_shares_recovery foreign key (bucket, loss_id, number)
        references loss_recoveries (bucket, loss_id, number),
    constraint recovery_shares_bucket_in_range check (bucket between 0 and 1023),
    constraint recovery_shares_amount_is_positive check (amount > 0)
);

create trigger recovery_shares_are_append_only before update or delete or truncate on recovery_shares
    for each statement execute function refuse_change();
revoke update, delete, truncate on recovery_shares from public;
