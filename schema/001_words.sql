-- Tenor's database, to be read from here to 018 as one document: a file a subject, a table before what refers to it.
--
-- Only what every subject uses stands here: the words, and four functions.
--
--   amount      bigint, in minor units of the currency beside it; "not negative" where it says so
--   *_bps       basis points, hundredths of a per cent
--   *_on, *_at  a date, an instant
--   *_id        text, made in the service (service/ids.py); collate "C", so that ids sort by the time they were made at
--   bucket      0 to 1023, from the person's id; it leads every key of what a person owns, so that one database,
--               partitions by bucket or shards by bucket run this same schema; but for two keys, of promises that are
--               wider than a person: see `idempotency`
--   words       text, and a check that lists them; the service has the same list as an enum, and a test compares them
--
-- All types are PostgreSQL's own, never a domain or an enum: shards do not find a row by a bucket that is a domain, and
-- a client that meets a type of ours first has to look it up.

-- The bucket that an id holds in its letters 11 and 12 (service/ids.py).
create function bucket_of(id text) returns smallint immutable parallel safe language sql as $$
    select cast(32 * strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(id, strpos(id, '_') + 11, 1))
                + strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(id, strpos(id, '_') + 12, 1)) - 33 as smallint)
$$;

-- For triggers on what is only ever added to; and forgotten after years, by a function of the owner's: see
-- 017_retention. The role that serves may delete nothing there itself (grants.sql).
create function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('tenor.forgets', true) = 'on' then
        return null;
    end if;
    raise exception '% is append-only: a correction is a reversal', tg_table_name using errcode = 'restrict_violation';
end $$;

-- For triggers on what every process keeps in memory: a change is announced, and all reload within a moment.
create function announce_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('tenor_changed', tg_table_name);
    return null;
end $$;

-- For triggers on what is kept in memory row by row: in which transaction a row last changed, so that who has read it all
-- once reads only what changed in transactions that were not over then (service/registry/queries.sql).
create function note_change() returns trigger language plpgsql as $$
begin
    new.changed_in := pg_current_xact_id()::text::bigint;
    return new;
end $$;

-- What is acknowledged is on disk. Each transaction that claims an idempotency key asks this of its own session, so
-- that a setting switched off at run time is noticed at the next write, not at the next start.
create function is_durable() returns boolean
    language plpgsql stable
as $$
begin
    if current_setting('fsync') <> 'on'
       or current_setting('full_page_writes') <> 'on'
       or current_setting('synchronous_commit') not in ('on', 'remote_apply') then
        raise exception 'a crash could lose what is acknowledged: fsync, full_page_writes or synchronous_commit is off'
              using errcode = 'operator_intervention';
    end if;
    return true;
end
$$;
