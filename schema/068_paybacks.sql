-- Paybacks: what was paid too much goes back to what it was paid with, through its processor.

create table paybacks (
    bucket        smallint         not null,
    payback_id    text collate "C" not null,   -- the processor's idempotency key
    plan_id       text collate "C" not null,
    merchant_id   text collate "C" not null,
    source_id     text collate "C" not null,   -- the charge or the hold that it goes back on
    instrument_id text collate "C" not null,
    processor_id  text collate "C" not null,
    currency      text collate "C" not null,
    amount        bigint           not null,
    state         text             not null,
    reason        text,                        -- why it failed
    payment       text             not null default '',   -- the processor's own name of the source, where it has one
    made_at       timestamptz      not null,
    ask_at        timestamptz,                 -- when it goes on, or is looked at again; null: no more
    asked         smallint         not null default 0,    -- how often, in this state
    ended_at      timestamptz,                 -- when it was paid, failed, or was dropped
    constraint paybacks_pk primary key (bucket, payback_id),
    constraint paybacks_bucket_in_range check (bucket between 0 and 1023),
    constraint paybacks_plan foreign key (bucket, plan_id) references plans (bucket, plan_id),
    constraint paybacks_instrument foreign key (bucket, instrument_id) references instruments (bucket, instrument_id),
    constraint paybacks_amount_positive check (amount > 0),
    constraint paybacks_state_is_known check (state in ('ordered', 'pending', 'paid', 'failed', 'dropped')),
    constraint paybacks_reason_is_known check (reason in (
        'insufficient_funds', 'limit_reached', 'declined', 'processor_away', 'authentication_required', 'expired',
        'account_closed', 'blocked', 'revoked')),
    constraint paybacks_reason_when_failed check ((reason is not null) = (state = 'failed')),
    constraint paybacks_asked_while_open check (
        case when state in ('ordered', 'pending') then ask_at is not null
             when state in ('failed', 'dropped') then ask_at is null else true end),
    constraint paybacks_end_once check ((ended_at is null) = (state in ('ordered', 'pending')))
) with (fillfactor = 80);

-- Never two open paybacks of one plan, so that none goes back twice.
create unique index paybacks_one_open on paybacks (bucket, plan_id) where state in ('ordered', 'pending');
create index paybacks_of_plan on paybacks (bucket, plan_id, payback_id);
create index paybacks_to_ask  on paybacks (ask_at) where ask_at is not null;

-- Those that owe something to their consumer: few, and looked through often.
create index plans_overpaid on plans (bucket, plan_id) where state = 'overpaid';
