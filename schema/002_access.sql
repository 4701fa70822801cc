-- Who calls: the keys to the API, and what the service itself must be able to say to others.

create table keys (
    key_id           text collate "C" not null,
    hmac             bytea            not null,   -- HMAC-SHA256 of the key, which itself is nowhere, under a secret of the service
    secret_mark      text             not null,   -- under which of its secrets (service/access/key.py: mark_of)
    prefix           text             not null,   -- what the key begins with, which tells its kind
    audience         text             not null,
    owner_id         text collate "C" not null,   -- merchant, partner, processor, or the person who is the operator
    scopes           text[]           not null,
    origins          text[]           not null default '{}',   -- of a publishable key: where the pages are that may use it
    replaces         text collate "C",            -- the key that it was made for, when that was rotated
    created_at       timestamptz      not null,
    created_by       text collate "C",            -- a key, here and below; null: made on the machine, with `tenor key`
    created_by_owner text collate "C",            -- whose key that is
    expires_at       timestamptz,
    revoked_at       timestamptz,
    revoked_by       text collate "C",
    revoked_by_owner text collate "C",
    changed_in       bigint           not null,   -- see note_change()
    constraint keys_pk primary key (key_id),
    constraint keys_hmac_once unique (hmac),
    constraint keys_audience_is_known check (audience in ('merchant', 'partner', 'operator', 'processor')),
    constraint keys_of_browsers_are_merchants check (audience = 'merchant' or origins = '{}'),
    constraint keys_allow_something check (cardinality(scopes) > 0),
    constraint keys_persons_have_one_spelling check (audience <> 'operator' or owner_id = normalize(owner_id, nfkc)),
    constraint keys_are_made_by_somebody check (num_nulls(created_by, created_by_owner) in (0, 2)),
    constraint keys_are_revoked_by_somebody
        check (num_nulls(revoked_by, revoked_by_owner) in (0, 2) and (revoked_at is not null or revoked_by is null))
);

create index keys_of_owner on keys (owner_id, key_id);
create index keys_changed  on keys (changed_in);

create trigger keys_note_their_change before insert or update on keys
    for each row execute function note_change();

create trigger keys_change_is_announced after insert or update or delete on keys
    for each statement execute function announce_change();

-- Under which secret of the service keys are stored: a mark of it, so that no process starts with another by mistake. One row.
create table key_secrets (
    only_one boolean     not null default true,
    present  text        not null,
    before   text,                      -- which the present one has taken the place of
    since    timestamptz not null,
    constraint key_secrets_pk primary key (only_one),
    constraint key_secrets_is_one_row check (only_one)
);

-- When a key was last used, to a minute: beside it, so that its row changes only when its rights do.
create table key_uses (
    key_id       text collate "C" not null,
    last_used_at timestamptz      not null,
    constraint key_uses_pk primary key (key_id),
    constraint key_uses_key foreign key (key_id) references keys (key_id)
) with (fillfactor = 50);

-- By what gateways and processors know us: random bits that we send them, and so must be able to read again.
create table known_by (
    owner_id    text collate "C" not null,   -- the gateway, the processor, or the programme whose partner is asked
    sealed      bytea            not null,   -- service/access/known_by.py
    secret_mark text             not null,   -- under which secret of the service
    constraint known_by_pk primary key (owner_id)
);

create trigger known_by_change_is_announced after insert or update or delete on known_by
    for each statement execute function announce_change();
