-- Participations that are sold, bought back or given to another partner: each whole, at the close of a day.

create table ownership_transfers (
    transfer_id   text collate "C" not null,
    bucket        smallint         not null,
    plan_id       text collate "C" not null,
    kind          text             not null,
    seller_id     text collate "C" not null,   -- a partner; empty: ours
    buyer_id      text collate "C" not null,   -- the same
    programme_id  text collate "C",            -- under whose contract the buyer has it; null: it is ours
    price_ratio   text             not null,   -- of principal, as decimal text
    with_interest boolean          not null,   -- interest that was earned and not paid is paid for, too
    settlement_on date             not null,   -- the last day of the one who has it
    status        text             not null default 'pending',
    reason        text,                         -- why it was declined or cancelled
    currency      text collate "C" not null,
    principal     bigint,                       -- that was held at the close of that day; null: it has not changed hands
    interest      bigint,                       -- ... earned and not paid
    price         bigint,
    asked_by      text collate "C" not null,
    asked_at      timestamptz      not null,
    ended_at      timestamptz,
    constraint ownership_transfers_pk primary key (bucket, transfer_id),
    constraint ownership_transfers_bucket_in_range check (bucket between 0 and 1023),
    constraint ownership_transfers_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint ownership_transfers_kind_is_known check (kind in ('sale', 'buy_back', 'substitution')),
    constraint ownership_transfers_status_is_known check (status in (
        'pending', 'active', 'bought_back', 'declined', 'cancelled')),
    constraint ownership_transfers_reason_is_known check (reason in (
        'balance_zero', 'balance_negative', 'not_held', 'same_day', 'requested')),
    constraint ownership_transfers_say_why check ((reason is not null) = (status in ('declined', 'cancelled'))),
    constraint ownership_transfers_have_a_price check ((price is not null) = (status in ('active', 'bought_back'))),
    constraint ownership_transfers_between_two check (seller_id <> buyer_id)
);

create unique index ownership_transfers_pending_once on ownership_transfers (bucket, plan_id, seller_id)
 where status = 'pending';
create index ownership_transfers_in_order on ownership_transfers (transfer_id);
create index ownership_transfers_of_plan on ownership_transfers (plan_id, transfer_id);
create index ownership_transfers_of_seller on ownership_transfers (seller_id, transfer_id);
create index ownership_transfers_of_buyer on ownership_transfers (buyer_id, transfer_id);
create index ownership_transfers_due on ownership_transfers (settlement_on, transfer_id) where status = 'pending';
