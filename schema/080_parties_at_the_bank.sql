-- What insurers, guarantors and funders of pools are owed is ordered from our bank, and paid by what its statement shows; so
-- is what they owe us. What came back of losses of plans is settled with the rest.

alter table support_parties add column accounts json not null default '{}';   -- where it is paid, by currency

alter table insurer_settlements drop column net;
alter table insurer_settlements add column given_back bigint not null default 0;   -- of losses of plans and of its pools: what it
                                                                                   -- paid and is owed again
alter table insurer_settlements add column backs json not null default '[]';       -- the same by the places that owed it
alter table insurer_settlements add column net bigint                              -- below zero: it owes us
    generated always as (premium + salvage + given_back - indemnity) stored;
alter table insurer_settlements add column state text not null default 'due';      -- service/merchants/payout.py
alter table insurer_settlements add column tries int not null default 0;           -- how often it was ordered from our bank
alter table insurer_settlements add column order_id text collate "C";              -- the last order with it
alter table insurer_settlements add column word_of text;                           -- whose word its state is; null: nobody's yet
alter table insurer_settlements add constraint insurer_settlements_state_is_known
    check (state in ('due', 'ordered', 'paid', 'given_up'));
alter table insurer_settlements add constraint insurer_settlements_word_is_known check (word_of in ('bank', 'operator'));

-- What happened to one; the order is one of payment_orders.
create table insurer_settlement_steps (
    settlement_id text collate "C" not null,
    number        int              not null,   -- 1, 2, 3 ... of the settlement
    step_id       text collate "C" not null,   -- the cause of what it books
    step          text             not null,   -- service/merchants/payout.py
    order_id      text collate "C",            -- of what was ordered
    reference     text,                        -- of the bank
    word_of       text,                        -- whose word it is; null: our own
    told_by       text collate "C" not null,
    told_at       timestamptz      not null,
    constraint insurer_settlement_steps_pk primary key (settlement_id, number),
    constraint insurer_settlement_steps_settlement foreign key (settlement_id) references insurer_settlements (settlement_id),
    constraint insurer_settlement_steps_step_is_known check (step in ('ordered', 'paid', 'returned')),
    constraint insurer_settlement_steps_word_is_known check (word_of in ('bank', 'operator')),
    constraint insurer_settlement_steps_ordered_by_an_order check ((step = 'ordered') = (order_id is not null))
);

create unique index insurer_settlement_steps_once on insurer_settlement_steps (step_id);

insert into insurer_settlement_steps (settlement_id, number, step_id, step, reference, word_of, told_by, told_at)
select settlement_id, 1, payment_id, 'paid', reference, 'operator', made_by, made_at
  from insurer_settlements where paid_on is not null;
update insurer_settlements set state = 'paid', word_of = 'operator' where paid_on is not null;

create trigger insurer_settlement_steps_are_append_only before update or delete or truncate on insurer_settlement_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on insurer_settlement_steps from public;

alter table insurer_settlements drop constraint insurer_settlements_paid_by_something;
alter table insurer_settlements drop column payment_id;
alter table insurer_settlements add constraint insurer_settlements_paid_on_a_day check ((state = 'paid') = (paid_on is not null));
create index insurer_settlements_of_order on insurer_settlements (order_id) where state = 'ordered';

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'recourse',
        'loss_cover', 'compensation', 'contribution', 'pool_return', 'pool_paid_out', 'loss_relief', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'insurer_settlement', 'given_back', 'salvage', 'factoring_advance',
        'factoring_collection', 'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss',
        'factoring_recovery'));
