-- A participation is not sold to a partner that left its programme, or was suspended, before the settlement day was closed.

alter table ownership_transfers drop constraint ownership_transfers_reason_is_known;
alter table ownership_transfers add constraint ownership_transfers_reason_is_known check (reason in (
    'balance_zero', 'balance_negative', 'not_held', 'buyer_left', 'buyer_suspended', 'same_day', 'requested'));
