-- What is allowed: policies, a second one on trial, and the number that says which of them decide.

-- Drafted, signed by a second person, in force from an instant. The owner of an operator's key is the person who holds
-- it; a signature keeps both, the person and the key.
create table policies (
    policy_id    text collate "C" not null,
    version      int              not null,
    document     json             not null,                -- service/policies/document.py
    faults       json             not null default '[]',   -- service/policies/fault.py: found when it was drafted
    restores     int,                -- a rollback: the version whose document this is again
    drafted_by   text collate "C",   -- a key; null: seeded
    drafter      text collate "C",   -- whose key that is
    drafted_at   timestamptz,
    published_by text collate "C",   -- another key ...
    publisher    text collate "C",   -- ... of another person
    published_at timestamptz,        -- null: a draft
    active_from  timestamptz,
    constraint policies_pk primary key (policy_id, version),
    constraint policies_are_signed_by_two_people check (drafter <> publisher),
    constraint policies_name_who_signs check (num_nulls(drafted_by, drafter) in (0, 2)
                                              and num_nulls(published_by, publisher) in (0, 2)),
    constraint policies_begin_when_published check (num_nulls(published_at, active_from) in (0, 2)),
    constraint policies_with_faults_stay_drafts check (published_at is null or faults::text = '[]')
);

create trigger policies_change_is_announced after insert or update or delete on policies
    for each statement execute function announce_change();

-- From the draft on a version is what it is; its one change is the signature, and that is given once.
create function refuse_another_policy() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if old.published_at is null and new.published_at is not null
           and (old.policy_id, old.version, old.document::text, old.drafted_by, old.drafter, old.drafted_at, old.restores)
               is not distinct from
               (new.policy_id, new.version, new.document::text, new.drafted_by, new.drafter, new.drafted_at, new.restores)
        then
            return new;
        end if;
    end if;
    raise exception 'a version of a policy never changes: draft another' using errcode = 'restrict_violation';
end $$;

create trigger policies_are_immutable before update or delete on policies
    for each row execute function refuse_another_policy();
create trigger policies_are_kept before truncate on policies
    for each statement execute function refuse_another_policy();
revoke delete, truncate on policies from public;

-- A second policy on trial.
create table trials (
    trial_id   text collate "C" not null,
    policy_id  text collate "C" not null,   -- the challenger; the champion is whichever policy is in force
    version    int              not null,
    share_bps  int              not null,   -- of all consumers, by their id; 0: it decides in the shadow, and answers nobody
    started_by text collate "C" not null,
    started_at timestamptz      not null,
    ended_by   text collate "C",
    ended_at   timestamptz,
    constraint trials_pk primary key (trial_id),
    constraint trials_policy foreign key (policy_id, version) references policies (policy_id, version),
    constraint trials_take_a_share check (share_bps between 0 and 10000),
    constraint trials_end_once check (num_nulls(ended_by, ended_at) in (0, 2))
);

create unique index trials_run_one_at_a_time on trials ((true)) where ended_at is null;

create trigger trials_change_is_announced after insert or update or delete on trials
    for each statement execute function announce_change();

-- Which policies decide, as one number: it goes up with every publication, and with every trial begun or ended.
-- A process decides from memory. The decision says which number it knew, and is logged only while that is the present
-- one: so nobody who has not heard of a new policy yet decides by the old one.
create table rulebook (
    revision bigint  not null,
    is_only  boolean not null default true,
    constraint rulebook_pk primary key (is_only),
    constraint rulebook_is_one check (is_only)
);

insert into rulebook (revision) values (1);

create function turn_page() returns trigger language plpgsql as $$
begin
    update rulebook set revision = revision + 1;
    return null;
end $$;

create trigger policies_turn_page after insert or update on policies
    for each row when (new.active_from is not null) execute function turn_page();
create trigger trials_turn_page after insert or update on trials
    for each statement execute function turn_page();
