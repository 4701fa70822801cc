-- Accounts of ours from which merchants are paid, and what a bank's statement says of their payouts.

alter table bank_accounts alter column programme_id drop not null;   -- null: payouts to merchants leave from it
alter table bank_accounts drop constraint bank_accounts_programme_once;
create unique index bank_accounts_programme_once on bank_accounts (programme_id, currency) nulls not distinct;

-- Whose word a payout's state is, and a step: service/merchants/payout.py; null: nobody's yet, or a test merchant's day.
alter table payouts add column word_of text;
alter table payouts add constraint payouts_word_is_known check (word_of in ('bank', 'operator'));
alter table payout_steps add column word_of text;
alter table payout_steps add constraint payout_steps_word_is_known check (word_of in ('bank', 'operator'));

create index payouts_of_order on payouts (order_id) where state = 'ordered';

-- A payment on such an account that is not what was ordered. It is open until a person says what it was.
create table payout_findings (
    entry_id  text collate "C" not null,   -- as the bank shows it
    kind      text             not null,   -- service/reconciling/payouts.py
    amount    bigint           not null,   -- minor units: what the bank moved less what was to be moved; + is what we have more
    payouts   text[]           not null,   -- that it names
    found_at  timestamptz      not null,
    note      text,                        -- what it was
    ended_by  text collate "C",            -- the person
    ended_at  timestamptz,
    constraint payout_findings_pk primary key (entry_id),
    constraint payout_findings_entry foreign key (entry_id) references bank_entries (entry_id),
    constraint payout_findings_kind_is_known check (kind in ('unknown', 'amount_differs', 'out_of_turn')),
    constraint payout_findings_ended_with_a_note
        check ((note is null) = (ended_at is null) and (ended_by is null) = (ended_at is null))
);

create index payout_findings_open on payout_findings (entry_id) where ended_at is null;
