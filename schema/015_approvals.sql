-- Operators, who are people, and the acts that wait for a second one of them.

-- A person who may act for the lender. Enrolled by two others: one proposes, another approves; the first two by whoever
-- has the database's password (`tenor key`). A name is one person for ever, whoever has left.
create table operators (
    person       text collate "C" not null,   -- the one spelling of the name (service/operators/person.py)
    email        text,
    issuer       text,                        -- the OpenID Connect provider that knows the person, if one does
    subject      text,                        -- and as whom
    scopes       text[]           not null,   -- of who comes by the provider; a key has its own
    enrolled_by  text collate "C",            -- null: at the database
    confirmed_by text collate "C",            -- null: at the database
    enrolled_at  timestamptz      not null,
    ended_by     text collate "C",
    ended_at     timestamptz,
    constraint operators_pk primary key (person),
    constraint operators_subject_once unique (issuer, subject),
    constraint operators_are_known_by_issuer_and_subject check ((issuer is null) = (subject is null)),
    constraint operators_are_enrolled_by_two check (
        (enrolled_by is null) = (confirmed_by is null)
        and enrolled_by <> confirmed_by and person <> all (array[enrolled_by, confirmed_by])),
    constraint operators_ended_by_somebody check ((ended_by is null) = (ended_at is null))
);

create trigger operators_change_is_announced after insert or update or delete on operators
    for each statement execute function announce_change();

-- An act as one operator proposed it. It is done in the transaction in which another approves it.
create table approvals (
    approval_id  text collate "C" not null,
    act          text             not null,   -- which; what does it stands in service/api/two_people.py
    thing        text             not null,   -- what it is about, as in audit_entries
    thing_id     text collate "C" not null,
    payload      json             not null,   -- what the act is to do; no personal data
    proposed_by  text collate "C" not null,   -- the person
    proposed_key text collate "C" not null,
    proposed_at  timestamptz      not null,
    expires_at   timestamptz      not null,   -- afterwards it has lapsed
    state        text             not null,
    decided_by   text collate "C",            -- the person
    decided_key  text collate "C",
    decided_at   timestamptz,
    constraint approvals_pk primary key (approval_id),
    constraint approvals_state_is_known check (state in ('pending', 'approved', 'rejected')),
    constraint approvals_are_decided_once check (
        num_nulls(decided_by, decided_key, decided_at) = case state when 'pending' then 3 else 0 end),
    constraint approvals_are_by_two check (state <> 'approved' or decided_by <> proposed_by),
    constraint approvals_are_decided_in_time check (decided_at < expires_at)
);

-- The one change there is: it is decided.
create function refuse_all_but_a_decision() returns trigger language plpgsql as $$
declare
    was_pending boolean := old.state = 'pending';
begin
    old.state       := new.state;
    old.decided_by  := new.decided_by;
    old.decided_key := new.decided_key;
    old.decided_at  := new.decided_at;
    if not was_pending or old::text is distinct from new::text then
        raise exception 'an approval is only decided, and once' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create trigger approvals_are_only_decided before update on approvals
    for each row execute function refuse_all_but_a_decision();
create trigger approvals_are_append_only before delete or truncate on approvals
    for each statement execute function refuse_change();
