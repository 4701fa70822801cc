-- Compensation pools: whose money each is, what moved of it, and where it stops.

create table pool_funders (
    funder_id      text collate "C" not null,   -- the owner of its place in the ledger
    arrangement_id text collate "C" not null,
    party_id       text collate "C" not null,
    constraint pool_funders_pk primary key (funder_id),
    constraint pool_funders_once unique (arrangement_id, party_id),
    constraint pool_funders_party foreign key (party_id) references support_parties (party_id)
);

create table pool_movements (
    arrangement_id text collate "C" not null,
    funder_id      text collate "C" not null,
    cause_id       text collate "C" not null,   -- as the ledger has it
    kind           text             not null,   -- service/support/pool_flow.py
    loss_id        text collate "C",            -- null: a contribution
    amount         bigint           not null,   -- below zero: it was undone
    booked_on      date             not null,
    moved_at       timestamptz      not null,
    constraint pool_movements_pk primary key (funder_id, cause_id, kind),
    constraint pool_movements_funder foreign key (funder_id) references pool_funders (funder_id),
    constraint pool_movements_kind_is_known check (kind in ('contribution', 'compensation', 'return', 'paid_out')),
    constraint pool_movements_move_something check (amount <> 0),
    constraint pool_movements_of_a_loss check ((loss_id is null) = (kind = 'contribution'))
);

create index pool_movements_of_loss on pool_movements (arrangement_id, loss_id);
create index pool_movements_of_day on pool_movements (arrangement_id, booked_on);

create trigger pool_movements_are_append_only before update or delete or truncate on pool_movements
    for each statement execute function refuse_change();
revoke update, delete, truncate on pool_movements from public;

-- Where a pool stood when it was last looked at.
create table pool_watches (
    arrangement_id text collate "C" not null,
    alarmed_at     timestamptz,                  -- null: it is below its line of alarm
    stopped_at     timestamptz,                  -- null: it is below its line of stopping
    repaid         bigint           not null,   -- principal that was covered and is not owed any more
    watched_at     timestamptz      not null,
    constraint pool_watches_pk primary key (arrangement_id)
);

create trigger pool_watches_change_is_announced after insert or update of repaid on pool_watches
    for each statement execute function announce_change();

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'recourse',
        'loss_cover', 'compensation', 'contribution', 'pool_return', 'pool_paid_out', 'loss_relief', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'salvage', 'factoring_advance', 'factoring_collection',
        'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss'));
alter table transfers drop constraint transfers_debit_is_known, add constraint transfers_debit_is_known
    check (debit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash', 'merchant_receivable',
        'partner_receivable', 'scheme_receivable', 'guarantor_receivable', 'insurer_receivable', 'advances',
        'remittance_receivable', 'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation',
        'partner_accrued', 'deferred_subsidy', 'tax_payable', 'pool_funds', 'pool_payable', 'partner_payable',
        'insurer_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'buy_down_income',
        'factoring_income', 'fee_income', 'penalty_income', 'recoveries', 'sale_result', 'credit_losses', 'goodwill',
        'merchant_adjustments', 'rounding_differences', 'insurance_premium', 'exchange_differences'));
alter table transfers drop constraint transfers_credit_is_known, add constraint transfers_credit_is_known
    check (credit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash', 'merchant_receivable',
        'partner_receivable', 'scheme_receivable', 'guarantor_receivable', 'insurer_receivable', 'advances',
        'remittance_receivable', 'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation',
        'partner_accrued', 'deferred_subsidy', 'tax_payable', 'pool_funds', 'pool_payable', 'partner_payable',
        'insurer_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'buy_down_income',
        'factoring_income', 'fee_income', 'penalty_income', 'recoveries', 'sale_result', 'credit_losses', 'goodwill',
        'merchant_adjustments', 'rounding_differences', 'insurance_premium', 'exchange_differences'));
