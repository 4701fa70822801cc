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
