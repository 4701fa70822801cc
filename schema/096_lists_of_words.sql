-- Lists of words as functions, for the tables that plans and payments are written to.
--
-- PostgreSQL keeps a check as text, and reads that text again for each statement that writes to the table. A list of 58
-- words is 11,000 characters of it, and was a tenth of a millisecond for whoever pays alone. A call of a function is 400,
-- and the list that it returns is read once per statement, not for each row.
--
-- A list grows by `create or replace function`. `not valid` says that rows from before are not looked at again: the same
-- words were asked of them.

create function actor_kinds() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array[
        'merchant', 'platform', 'consumer', 'operator', 'processor', 'day'];
end $$;

create function collection_states() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array[
        'nothing_owed', 'collecting', 'paused', 'collected', 'given_up'];
end $$;

create function ledger_accounts() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array[
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances', 'remittance_receivable', 'consumer_payable', 'merchant_payable',
        'reserve', 'partner_participation', 'partner_accrued', 'deferred_subsidy', 'tax_payable',
        'pool_funds', 'pool_payable', 'partner_payable', 'insurer_payable', 'merchant_fee_income',
        'interest_income', 'servicing_income', 'buy_down_income', 'factoring_income', 'fee_income',
        'penalty_income', 'recoveries', 'sale_result', 'credit_losses', 'goodwill', 'merchant_adjustments',
        'rounding_differences', 'insurance_premium', 'exchange_differences'];
end $$;

create function occasions() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array[
        'promise', 'security', 'purchase', 'merchant_cost', 'levy', 'payment', 'paid_to_merchant', 'refund',
        'credit', 'interest_return', 'fee_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing',
        'principal_share', 'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share',
        'recovery_share', 'recourse', 'loss_cover', 'compensation', 'contribution', 'pool_return',
        'pool_paid_out', 'loss_relief', 'sale', 'buy_back', 'reserve', 'payout', 'payout_paid',
        'payout_returned', 'adjustment', 'fee_billing', 'platform_share', 'split', 'rounding', 'voucher',
        'buy_down', 'buy_down_income', 'buy_down_loss', 'interest_subsidy', 'premium', 'indemnity',
        'insurer_settlement', 'given_back', 'salvage', 'factoring_advance', 'factoring_collection',
        'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss',
        'factoring_recovery'];
end $$;

create function partner_event_types() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array[
        'funding', 'repayment', 'refund', 'early_settlement', 'fee', 'adjustment', 'charge_off', 'recovery',
        'loss', 'sale', 'buy_back'];
end $$;

create function plan_states() returns text[] language plpgsql immutable parallel safe as $$
begin
    return array[
        'authorized', 'in_use', 'part_captured', 'assessing', 'active', 'payment_due', 'paid_off', 'closed',
        'refunded', 'overpaid', 'charged_off', 'recovered', 'forgiven', 'voided', 'expired'];
end $$;

alter table facts
    drop constraint facts_actor_is_known,
    add constraint facts_actor_is_known check (actor = any (actor_kinds())) not valid;

alter table partner_events
    drop constraint partner_events_type_is_known,
    add constraint partner_events_type_is_known check (type = any (partner_event_types())) not valid;

alter table plans
    drop constraint plans_state_is_known,
    drop constraint plans_collection_state_is_known,
    drop constraint plans_changed_by_is_known,
    drop constraint plans_state_by_is_known,
    add constraint plans_state_is_known check (state = any (plan_states())) not valid,
    add constraint plans_collection_state_is_known check (collection_state = any (collection_states())) not valid,
    add constraint plans_changed_by_is_known check (changed_by = any (actor_kinds())) not valid,
    add constraint plans_state_by_is_known check (state_by = any (actor_kinds())) not valid;

alter table transfers
    drop constraint transfers_occasion_is_known,
    drop constraint transfers_debit_is_known,
    drop constraint transfers_credit_is_known,
    add constraint transfers_occasion_is_known check (occasion = any (occasions())) not valid,
    add constraint transfers_debit_is_known check (debit = any (ledger_accounts())) not valid,
    add constraint transfers_credit_is_known check (credit = any (ledger_accounts())) not valid;
