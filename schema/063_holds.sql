-- Deposits that are held with what a consumer pays with: which are looked after, and each hold at a processor.

-- A deposit that is looked after, until nothing of it is left. Whoever looks holds the row.
create table deposit_holdings (
    bucket       smallint         not null,
    plan_id      text collate "C" not null,
    merchant_id  text collate "C" not null,
    seen_version integer          not null default 0,   -- of the plan, when it was looked at last
    look_at      timestamptz,                           -- when it is to be looked at at the latest; null: nothing is left
    constraint deposit_holdings_pk primary key (bucket, plan_id),
    constraint deposit_holdings_bucket_in_range check (bucket between 0 and 1023),
    constraint deposit_holdings_plan foreign key (bucket, plan_id) references plans (bucket, plan_id)
) with (fillfactor = 80);

create index deposit_holdings_to_look on deposit_holdings (bucket, plan_id) where look_at is not null;

-- Each hold: written and committed before the processor is called, whose answer it waits for. Instants are real ones.
create table holds (
    bucket        smallint         not null,
    hold_id       text collate "C" not null,   -- the processor's idempotency key
    plan_id       text collate "C" not null,
    merchant_id   text collate "C" not null,
    instrument_id text collate "C" not null,
    processor_id  text collate "C" not null,
    currency      text collate "C" not null,
    amount        bigint           not null,
    state         text             not null,
    captured      bigint           not null default 0,    -- what was taken, or is to be
    reason        text,                        -- why it was declined
    payment       text             not null default '',   -- the processor's own name of it, where it has one
    made_at       timestamptz      not null,
    ask_at        timestamptz,                 -- while an answer is waited for: when the processor is asked again
    asked         smallint         not null default 0,    -- how often it was asked
    expires_at    timestamptz,                 -- as the processor says
    ended_at      timestamptz,
    constraint holds_pk primary key (bucket, hold_id),
    constraint holds_bucket_in_range check (bucket between 0 and 1023),
    constraint holds_plan foreign key (bucket, plan_id) references plans (bucket, plan_id),
    constraint holds_instrument foreign key (bucket, instrument_id) references instruments (bucket, instrument_id),
    constraint holds_amount_positive check (amount > 0),
    constraint holds_state_is_known check (state in (
        'asked', 'held', 'capturing', 'releasing', 'declined', 'captured', 'released', 'expired')),
    constraint holds_reason_is_known check (reason in (
        'insufficient_funds', 'limit_reached', 'declined', 'processor_away', 'authentication_required', 'expired',
        'account_closed', 'blocked', 'revoked')),
    constraint holds_reason_when_declined check ((reason is not null) = (state = 'declined')),
    constraint holds_take_what_is_held check (
        captured between 0 and amount and (captured > 0) = (state in ('capturing', 'captured'))),
    constraint holds_asked_while_waiting check ((ask_at is not null) = (state in ('asked', 'capturing', 'releasing'))),
    constraint holds_end_once check (
        (ended_at is not null) = (state in ('declined', 'captured', 'released', 'expired')))
) with (fillfactor = 80);

-- Never two questions about one deposit at once.
create unique index holds_one_waits on holds (bucket, plan_id) where state in ('asked', 'capturing', 'releasing');
create index holds_of_plan on holds (bucket, plan_id, hold_id);
create index holds_to_ask  on holds (ask_at) where state in ('asked', 'capturing', 'releasing');
