-- The ledger: one row is a debit and a credit, so it cannot be out of balance.

create table transfers (
    bucket      smallint         not null,
    cause_id    text collate "C" not null,   -- the command that booked it: one event books once
    leg         smallint         not null,
    debit       text             not null,
    credit      text             not null,
    amount      bigint           not null,
    currency    text collate "C" not null,
    plan_id     text collate "C" not null,
    merchant_id text collate "C" not null,
    partner_id  text collate "C",
    booked_on   date             not null,
    booked_at   timestamptz      not null,
    constraint transfers_pk primary key (bucket, cause_id, leg),
    constraint transfers_bucket_in_range check (bucket between 0 and 1023),
    constraint transfers_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint transfers_amount_is_positive check (amount > 0),
    constraint transfers_between_two_accounts check (debit <> credit),
    constraint transfers_accounts_are_known check (array[debit, credit] <@ array[
        'commitment',                -- off balance: what we promised to lend ...
        'commitment_contra',         -- ... and its mirror
        'deposit_held',              -- off balance: security on consumers' cards ...
        'deposit_held_contra',       -- ... and its mirror
        'consumer_receivable',       -- asset: principal consumers owe
        'cash',                      -- asset: money received
        'partner_receivable',        -- asset: the partner's share of what we advanced, due from the partner
        'partner_participation',     -- liability: the partner's share in consumers' principal
        'partner_payable',           -- liability: the partner's share of what consumers paid
        'merchant_payable',          -- liability: what we owe merchants
        'merchant_fee_income',       -- income
        'interest_income',           -- income: our share of interest
        'fee_income'                 -- income: fees paid by consumers
    ])
);

create trigger transfers_are_append_only before update or delete or truncate on transfers
    for each statement execute function refuse_change();
revoke update, delete, truncate on transfers from public;

create index transfers_for_partner on transfers (partner_id, booked_on)
 where partner_id is not null
   and (debit  in ('partner_participation', 'partner_payable')
     or credit in ('partner_participation', 'partner_payable'));
