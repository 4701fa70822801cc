-- Four eyes are two people: whoever holds two keys is still one.

-- The owner of an operator's key is the person who holds it. A signature keeps both, the person and the key.
alter table policies
    add column drafter   identifier,   -- whose key drafted_by is; null: seeded
    add column publisher identifier;   -- whose key published_by is: another person

alter table policies disable trigger policies_are_immutable;
update policies p
   set drafter   = (select owner_id from keys where key_id = p.drafted_by),
       publisher = (select owner_id from keys where key_id = p.published_by);
alter table policies enable trigger policies_are_immutable;

-- Not valid: what was signed before people were told apart stays as it was signed; it never changes, nor can it again.
alter table policies
    drop constraint policies_are_signed_by_two,
    add constraint policies_are_signed_by_two_people check (drafter <> publisher) not valid,
    add constraint policies_name_who_signs check (num_nulls(drafted_by, drafter) in (0, 2)
                                                  and num_nulls(published_by, publisher) in (0, 2));

-- From the draft on a version is what it is; its one change is the signature, and that is given once.
create or replace function refuse_another_policy() returns trigger language plpgsql as $$
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
