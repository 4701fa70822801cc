-- Who did what: every act of a person and every change of configuration, reads of personal data, and keys refused.
--
-- An act's entry is written in the transaction of the act, with a mark made under a secret that is not in the database.
-- After the commit it gets its number, without gaps, and a seal over itself and all before it: see
-- service/audit/chain.py. So whoever can write here, and has not the secret, can change nothing unnoticed.

create table audit_entries (
    entry_id   text collate "C" not null,
    at         timestamptz      not null,
    audience   text             not null,   -- of the key; database: somebody at the command line
    owner_id   text collate "C" not null,   -- the merchant, the partner, or the person; empty: not known
    key_id     text collate "C",
    verb       text             not null,
    thing      text             not null,
    thing_id   text collate "C" not null,
    before     json,                        -- personal data are named here, and never told
    after      json,
    request_id text,                        -- the idempotency key, if there was one
    mark       bytea            not null,
    written    bigint           generated always as identity,   -- the order in which they were written
    number     bigint,                      -- 1, 2, 3 ... without gaps; null: not sealed yet
    seal       bytea,
    constraint audit_entries_pk primary key (entry_id),
    constraint audit_entries_number_once unique (number),
    constraint audit_entries_numbered_when_sealed check ((number is null) = (seal is null)),
    constraint audit_entries_verb_is_known check (verb in (
        'approved', 'assigned', 'changed', 'closed', 'commented', 'ended', 'erased', 'made', 'proposed', 'published',
        'read', 'rejected', 'refused', 'resolved', 'retired', 'reviewed', 'revoked', 'rolled_back', 'rotated')),
    constraint audit_entries_thing_is_known check (thing in (
        'account', 'break', 'clock', 'consent', 'consumer', 'day', 'decision', 'endpoint', 'file', 'gateway', 'instrument',
        'key', 'merchant', 'operator', 'partner', 'payout', 'permission', 'person', 'plan', 'policy', 'processor', 'programme',
        'reconciliation', 'route', 'scheme', 'trial'))
);

create index audit_entries_unsealed on audit_entries (written) where number is null;
create index audit_entries_of_thing on audit_entries (thing_id, number);
create index audit_entries_of_owner on audit_entries (owner_id, number);
create index audit_entries_by_time on audit_entries (at, number);

-- Where the log begins, once its first entries are not kept any more: with the seal of the last of them, from which the
-- next goes on. The proof is made under the same secret, so nobody else makes the log begin anywhere.
create table audit_beginnings (
    number       bigint      not null,   -- of the last entry that is gone
    seal         bytea       not null,   -- its seal
    first_number bigint      not null,   -- of the first entry that went with it
    until_at     timestamptz not null,   -- the latest instant of those
    forgotten_at timestamptz not null,
    proof        bytea       not null,
    constraint audit_beginnings_pk primary key (number),
    constraint audit_beginnings_of_some check (first_number between 1 and number)
);

create trigger audit_beginnings_are_append_only before update or delete or truncate on audit_beginnings
    for each statement execute function refuse_change();
revoke update, delete, truncate on audit_beginnings from public;

-- The one change there is: an entry without a number gets its number and its seal.
create function refuse_all_but_a_seal() returns trigger language plpgsql as $$
declare
    had_none boolean := old.number is null and new.number is not null;
begin
    old.number := new.number;
    old.seal   := new.seal;
    if not had_none or old::text is distinct from new::text then
        raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create trigger audit_entries_are_only_sealed before update on audit_entries
    for each row execute function refuse_all_but_a_seal();
create trigger audit_entries_are_append_only before delete or truncate on audit_entries
    for each statement execute function refuse_change();
revoke update, delete, truncate on audit_entries from public;
