-- What our banks tell: our accounts for partners' money, the messages that came, and the payments in them.

-- An account of ours, on which a programme is settled.
create table bank_accounts (
    iban         text collate "C" not null,
    programme_id text collate "C" not null,
    currency     text collate "C" not null,
    holder       text             not null,   -- our name at the bank
    bic          text collate "C",
    opened_at    timestamptz      not null,
    constraint bank_accounts_pk primary key (iban),
    constraint bank_accounts_programme_once unique (programme_id, currency),
    constraint bank_accounts_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

create trigger bank_accounts_are_append_only before update or delete or truncate on bank_accounts
    for each statement execute function refuse_change();
revoke update, delete, truncate on bank_accounts from public;

-- A message that came: loaded whole, or refused and nothing of it loaded. One that comes again is not kept again.
create table bank_messages (
    bank_message_id text collate "C" not null,
    kind            text,                        -- null: it could not be told
    message_id      text collate "C",            -- the bank's
    sha256          bytea            not null,   -- of what came
    refused_code    text collate "C",            -- null: it was loaded
    refused_detail  text,
    received_by     text collate "C" not null,   -- the key
    received_at     timestamptz      not null,
    constraint bank_messages_pk primary key (bank_message_id),
    constraint bank_messages_kind_is_known check (kind in ('statement', 'notification')),
    constraint bank_messages_refused_with_a_sentence check ((refused_code is null) = (refused_detail is null)),
    constraint bank_messages_loaded_by_their_id
        check (refused_code is not null or (kind is not null and message_id is not null))
);

create unique index bank_messages_refused_once on bank_messages (sha256, refused_code) where refused_code is not null;

create trigger bank_messages_are_append_only before update or delete or truncate on bank_messages
    for each statement execute function refuse_change();
revoke update, delete, truncate on bank_messages from public;

-- What a message says of one account. `opening` and `closing` are minor units.
create table bank_statements (
    bank_message_id text collate "C" not null,
    iban            text collate "C" not null,
    kind            text             not null,
    message_id      text collate "C" not null,
    statement_id    text collate "C" not null,   -- the bank's
    number          bigint           generated always as identity,   -- counts on through all statements
    sequence        bigint,                      -- the bank's own count
    missing         bigint           not null,   -- statements of that count that never came before this one: an alarm
    opening         bigint,
    closing         bigint,
    entries         int              not null,
    constraint bank_statements_pk primary key (iban, kind, message_id, statement_id),
    constraint bank_statements_message foreign key (bank_message_id) references bank_messages (bank_message_id),
    constraint bank_statements_account foreign key (iban) references bank_accounts (iban),
    constraint bank_statements_have_balances
        check ((opening is not null) = (kind = 'statement') and (closing is not null) = (kind = 'statement')),
    constraint bank_statements_missing_not_negative check (missing >= 0)
);

create unique index bank_statements_number on bank_statements (number);

create trigger bank_statements_are_append_only before update or delete or truncate on bank_statements
    for each statement execute function refuse_change();
revoke update, delete, truncate on bank_statements from public;

-- One payment on an account: once, though the bank tells it during the day and again at its end.
create table bank_entries (
    entry_id    text collate "C" not null,
    iban        text collate "C" not null,
    reference   text collate "C" not null,   -- the bank's, and which of its entries of that reference it is
    number      bigint           not null,   -- of the statement that told it first
    amount      bigint           not null,   -- minor units: + is what we got
    booked_on   date             not null,
    value_on    date             not null,
    is_reversal boolean          not null,
    names       text[]           not null,   -- end-to-end ids, and ids of settlements in its text
    reason      text,                        -- why it came back, in the bank's code
    constraint bank_entries_pk primary key (entry_id),
    constraint bank_entries_once unique (iban, reference),
    constraint bank_entries_account foreign key (iban) references bank_accounts (iban)
);

create index bank_entries_of_account on bank_entries (iban, number);

create trigger bank_entries_are_append_only before update or delete or truncate on bank_entries
    for each statement execute function refuse_change();
revoke update, delete, truncate on bank_entries from public;
