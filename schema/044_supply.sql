-- Credit insurance: debtors of whom the insurer is told that they are overdue, and proof that supply was stopped.

-- A debtor is told of once for each due date since which it is overdue.
create table overdue_notices (
    debtor_id  text collate "C" not null,
    due_on     date             not null,   -- the earliest that was not paid
    policy_id  text collate "C" not null,
    currency   text collate "C" not null,
    amount     bigint           not null,   -- overdue on that day
    noticed_on date             not null,   -- the day the insurer was told
    made_at    timestamptz      not null,
    constraint overdue_notices_pk primary key (debtor_id, due_on),
    constraint overdue_notices_debtor foreign key (debtor_id) references insured_debtors (debtor_id),
    constraint overdue_notices_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint overdue_notices_amount_is_positive check (amount > 0)
);

create index overdue_notices_of_policy on overdue_notices (policy_id, noticed_on, debtor_id, due_on);

create trigger overdue_notices_are_append_only before update or delete or truncate on overdue_notices
    for each statement execute function refuse_change();
revoke update, delete, truncate on overdue_notices from public;

-- The decisions by which supply had been stopped before the loss.
alter table insured_losses add column stops text[] not null default '{}';
