-- Our accounts, and what banks tell of them. An empty text is the cursor before everything.

-- insert_account --
insert into bank_accounts (iban, programme_id, currency, holder, bic, opened_at)
values ($1, $2, $3, $4, $5, $6);

-- accounts --
select iban, programme_id, currency, holder, bic, opened_at
  from bank_accounts
 where iban > $1
 order by iban
 limit $2;

-- programme_is_there --
select exists (select from programmes where programme_id = $1);

-- currencies --
-- Of those accounts that are ours.
select iban, currency, programme_id from bank_accounts where iban = any ($1::text[]);

-- account --
select programme_id, currency from bank_accounts where iban = $1;

-- lock --
select pg_advisory_xact_lock(hashtextextended('bank: ' || iban, 0))
  from unnest($1::text[]) as iban
 order by iban;

-- known_message --
-- The message that has the first of these statements.
select m.bank_message_id, m.kind, m.message_id, m.sha256, m.refused_code, m.refused_detail, m.received_at
  from bank_statements s
  join bank_messages m using (bank_message_id)
 where s.iban = $1 and s.kind = $2 and s.message_id = $3
 limit 1;

-- insert_message --
insert into bank_messages (bank_message_id, kind, message_id, sha256, refused_code, refused_detail, received_by, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict do nothing;

-- last_sequence --
select max(sequence) from bank_statements where iban = $1 and kind = $2;

-- follows_on_nothing --
-- Whether there are statements of an account, and none of them closes with $3.
select coalesce(not bool_or(closing = $3), false) from bank_statements where iban = $1 and kind = $2;

-- insert_statement --
insert into bank_statements (bank_message_id, iban, kind, message_id, statement_id, sequence, missing, opening, closing, entries)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
returning number;

-- times_told_as --
-- How often a statement of this id, with these balances and so many entries, was told.
select count(*)
  from bank_statements
 where iban = $1 and kind = $2 and statement_id = $3 and opening is not distinct from $4 and closing is not distinct from $5
   and entries = $6;

-- tell_unnamed --
-- So often more each of these payments without a reference was told; how often in all.
insert into bank_unnamed (iban, kind, name, times)
select $1, $2, told.name, told.times
  from unnest($3::text[], $4::int[]) as told (name, times)
    on conflict (iban, kind, name) do update set times = bank_unnamed.times + excluded.times
returning name, times;

-- differing --
-- What the bank told before with another amount.
select b.reference
  from bank_entries b
  join @told using (iban, reference)
 where b.amount <> told.amount
 limit 1;

-- insert_entries --
insert into bank_entries (entry_id, iban, reference, number, amount, booked_on, value_on, is_reversal, names, reason)
select entry_id, iban, reference, number, amount, booked_on, value_on, is_reversal, string_to_array(names, ' '), reason
  from @told
    on conflict (iban, reference) do nothing
returning entry_id;

-- message --
select bank_message_id, kind, message_id, sha256, refused_code, refused_detail, received_at
  from bank_messages
 where bank_message_id = $1;

-- messages --
select m.bank_message_id, m.kind, m.message_id, m.sha256, m.refused_code, m.refused_detail, m.received_at
  from bank_messages m
 where m.bank_message_id > $1
 order by m.bank_message_id
 limit $2;

-- statements_of --
select s.bank_message_id, s.iban, s.statement_id, s.sequence, s.missing, s.opening, s.closing, s.entries, a.currency
  from bank_statements s
  join bank_accounts a using (iban)
 where s.bank_message_id = any ($1::text[])
 order by s.bank_message_id, s.number;
