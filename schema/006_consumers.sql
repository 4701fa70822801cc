-- Who buys: people, and consumers, which are merchants' references to them.

-- A human being. What somebody owes, and may still owe, is counted by person. The bucket is drawn by lot, so that the
-- ids of what a person owns, which hold it, tell nothing of who that is.
create table people (
    bucket       smallint         not null,
    person_id    text collate "C" not null,
    created_at   timestamptz      not null,
    more_buckets smallint[]       not null default '{}',   -- where else consumers and plans of this person stand
    merged_into  text collate "C",                         -- who this person was found to be; null: nobody else
    constraint people_pk primary key (bucket, person_id),
    constraint people_bucket_in_range check (bucket between 0 and 1023)
);

-- The key that all is sealed with that is personal of one consumer, or of one person (service/data_key.py). Whoever
-- destroys it has erased all of that, wherever it lies; a key that was destroyed never comes back.
create table data_keys (
    bucket    smallint         not null,
    key_id    text collate "C" not null,   -- the consumer's id, or the person's
    wrapped   bytea,                       -- under TENOR_DATA_SECRET; null: destroyed
    erased_at timestamptz,
    erased_by text collate "C",            -- a key
    constraint data_keys_pk primary key (bucket, key_id),
    constraint data_keys_bucket_in_range check (bucket between 0 and 1023),
    constraint data_keys_are_erased_by_somebody
        check (num_nulls(erased_at, erased_by) = case when wrapped is null then 0 else 2 end)
) with (fillfactor = 90);

create function refuse_another_data_key() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if old.wrapped is not null and (old.bucket, old.key_id) = (new.bucket, new.key_id) then
            return new;
        end if;
    end if;
    raise exception 'a data key is wrapped anew, or destroyed' using errcode = 'restrict_violation';
end $$;

create trigger data_keys_are_kept before update or delete on data_keys
    for each row execute function refuse_another_data_key();
create trigger data_keys_stay before truncate on data_keys
    for each statement execute function refuse_another_data_key();
revoke delete, truncate on data_keys from public;

-- One merchant's reference to a person. It is made in the person's bucket, so that all a purchase reads and writes is
-- there, and stays in that bucket should the person be found to be another one.
create table consumers (
    bucket      smallint         not null,
    consumer_id text collate "C" not null,
    person_id   text collate "C" not null,   -- in the bucket that this id holds
    merchant_id text collate "C" not null,
    reference   bytea            not null,   -- sealed: the merchant's name for this person
    attributes  bytea            not null,   -- sealed: what a policy may use, JSON
    persona     text,                        -- of a test merchant's, by the reference: service/checkout/persona.py
    version     int              not null default 1,
    created_at  timestamptz      not null,
    updated_at  timestamptz      not null,
    constraint consumers_pk primary key (bucket, consumer_id),
    constraint consumers_bucket_in_range check (bucket between 0 and 1023)
);

create index consumers_of_person on consumers (bucket, person_id);

-- A merchant calls one person by one reference, once. The bucket is the reference's, not the person's: it is claimed
-- before anybody knows who that is.
create table consumer_references (
    bucket      smallint         not null,
    merchant_id     text collate "C" not null,
    reference_index bytea            not null,   -- blind (service/data_key.py): what it says, only the consumer's row tells
    consumer_id     text collate "C" not null,
    constraint consumer_references_pk primary key (bucket, merchant_id, reference_index),
    constraint consumer_references_bucket_in_range check (bucket between 0 and 1023)
);

-- What a consumer was registered with, by which a person is known again: found by a blind index, an HMAC of what it is
-- under a secret of the service, from which nothing can be read. What it is, is sealed with the consumer's data key.
create table consumer_identifiers (
    bucket      smallint         not null,
    consumer_id text collate "C" not null,
    mark        bytea            not null,   -- the blind index
    kind        text             not null,
    counts      boolean          not null,   -- who has it is the same person
    verified    boolean          not null,   -- the merchant has made sure that it is this person's
    kept_at     timestamptz      not null,
    sealed      bytea            not null,
    constraint consumer_identifiers_pk primary key (bucket, consumer_id, mark),
    constraint consumer_identifiers_bucket_in_range check (bucket between 0 and 1023),
    constraint consumer_identifiers_consumer foreign key (bucket, consumer_id) references consumers (bucket, consumer_id),
    constraint consumer_identifiers_kind_is_known
        check (kind in ('national_id', 'operator_id', 'email', 'phone'))
);

-- The bucket in which `person_marks` has a mark.
create function bucket_of_mark(mark bytea) returns smallint immutable parallel safe language sql as $$
    select cast((256 * get_byte(mark, 0) + get_byte(mark, 1)) % 1024 as smallint)
$$;

create index consumer_identifiers_by_mark on consumer_identifiers (mark);

-- Whom an identifier that counts names: one person. The bucket is the mark's own; the primary key decides where two
-- merchants register one person in the same instant.
create table person_marks (
    bucket    smallint         not null,
    mark      bytea            not null,
    person_id text collate "C" not null,
    constraint person_marks_pk primary key (bucket, mark),
    constraint person_marks_bucket_in_range check (bucket between 0 and 1023)
);

-- Two people who may be one: a registration was known by identifiers of both. An operator makes them one, or says that
-- they are two. Each two are asked about once.
create table person_doubts (
    bucket      smallint         not null,   -- the first person's
    doubt_id    text collate "C" not null,
    person_id   text collate "C" not null,
    other_id    text collate "C" not null,
    consumer_id text collate "C" not null,   -- whose registration it was
    found_at    timestamptz      not null,
    outcome     text,                        -- null: nobody has said yet
    settled_at  timestamptz,
    settled_by  text collate "C",            -- a key
    constraint person_doubts_pk primary key (bucket, doubt_id),
    constraint person_doubts_bucket_in_range check (bucket between 0 and 1023),
    constraint person_doubts_once unique (bucket, person_id, other_id),
    constraint person_doubts_are_about_two check (person_id < other_id),
    constraint person_doubts_outcome_is_known check (outcome in ('one', 'two')),
    constraint person_doubts_settled_by_somebody check (num_nulls(outcome, settled_at, settled_by) in (0, 3))
);

create index person_doubts_open on person_doubts (doubt_id) where outcome is null;

-- Collection from a person rests, at every merchant: the plans follow (plan_pauses). Said once until it ends; ended by
-- nobody, the person was found to be another one, who has it now.
create table person_pauses (
    bucket    smallint         not null,
    person_id text collate "C" not null,
    why       text             not null,
    begins_on date             not null,
    said_at   timestamptz      not null,
    said_by   text collate "C" not null,   -- the operator, here and below: a person
    ended_at  timestamptz,
    ended_by  text collate "C",
    constraint person_pauses_pk primary key (bucket, person_id, why, said_at),
    constraint person_pauses_bucket_in_range check (bucket between 0 and 1023),
    constraint person_pauses_why_is_known check (why in ('hardship', 'death')),
    constraint person_pauses_end_once check (ended_by is null or ended_at is not null)
);

create unique index person_pauses_once on person_pauses (bucket, person_id, why) where ended_at is null;

-- Consumers that came to another person: two people were found to be one, or one to be two. Both histories are kept.
create table person_moves (
    bucket       smallint         not null,   -- of the person they came from
    move_id      text collate "C" not null,
    from_id      text collate "C" not null,
    to_id        text collate "C" not null,
    consumer_ids text[]           not null,
    reason       text             not null,
    note         text,                        -- sealed with a key of the person they came from (service/private_text.py)
    asked_by     text collate "C",            -- a key; null: nobody, a registration matched
    approved_by  text collate "C",            -- the key of another person
    moved_at     timestamptz      not null,
    constraint person_moves_pk primary key (bucket, move_id),
    constraint person_moves_bucket_in_range check (bucket between 0 and 1023),
    constraint person_moves_reason_is_known check (reason in ('matched', 'merged', 'split')),
    constraint person_moves_go_somewhere check (from_id <> to_id),
    constraint person_moves_are_made_by_two
        check (num_nulls(note, asked_by, approved_by) = case reason when 'matched' then 3 else 0 end
               and asked_by <> approved_by)
);

create index person_moves_to on person_moves (to_id);

create trigger person_moves_are_append_only before update or delete or truncate on person_moves
    for each statement execute function refuse_change();
revoke update, delete, truncate on person_moves from public;
