-- What is read without a lock is checked when what was made of it is written.

-- Fails as two transactions fail that cannot be put in order: unless all keys of a batch were new, and its accounts and
-- plans are as they were read (service/plans/unlocked.sql). Nothing of the batch is written then.
create function require_unmoved(keys boolean, accounts boolean, plans boolean) returns boolean
    language plpgsql immutable
as $$
begin
    if (keys and accounts and plans) is not true then
        raise exception 'what was read has changed' using errcode = 'serialization_failure';
    end if;
    return true;
end $$;
