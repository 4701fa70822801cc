-- How often a bank told of a payment to which it gives no reference, by what it says of it: as often as it was told by
-- statements, and as often as by notifications. Two of one day that are alike are two payments, though each statement has one.
create table bank_unnamed (
    iban  text collate "C" not null,
    kind  text             not null,   -- of the messages
    name  text collate "C" not null,   -- its references, amount and day
    times int              not null,
    constraint bank_unnamed_pk primary key (iban, kind, name),
    constraint bank_unnamed_account foreign key (iban) references bank_accounts (iban),
    constraint bank_unnamed_kind_is_known check (kind in ('statement', 'notification')),
    constraint bank_unnamed_times_positive check (times > 0)
);
