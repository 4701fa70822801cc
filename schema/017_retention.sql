-- What is kept for some time and then forgotten: `tenor worker` does it once a day, some thousand rows at a time
-- (service/jobs/retention.py). A row is found by what it is kept under, so that leaving costs what coming cost, and
-- nothing is read that stays.
--
-- Not by dropping partitions of a day: an idempotency key is unique by owner and key whatever the day, an event by its
-- merchant's number, and a unique key of a partitioned table must hold the column it is partitioned by.

-- Keys leave in the order they came. The index grows at its right end alone.
create index idempotency_by_age on idempotency (created_at);

-- How long the law wants something kept, whatever was set: `tenor migrate` writes it down from service/law/law.json. Where
-- nothing is written, nothing is forgotten. The role that serves may not change it.
create table kept_at_least (
    what   text not null,
    months int  not null,
    source text not null,   -- which law
    constraint kept_at_least_pk primary key (what),
    constraint kept_at_least_what_is_known check (what in ('decisions', 'enquiries', 'audit')),
    constraint kept_at_least_some_time check (months > 0)
);

-- What came before this instant of the database's own clock may be forgotten.
create function forgettable_before(of_what text) returns timestamptz stable language sql as $$
    select now() - make_interval(months => months) from kept_at_least where what = of_what
$$;

-- The role that serves may not delete decisions: it may have old ones forgotten, that opened no plan, and by this
-- function alone. None is younger than the law wants it. What a person made of a referral goes with it, and what a trial
-- compared.
--
-- Looks at the decisions of a bucket after an id and before another, at most so many; returns to where it came, and how
-- many were forgotten. No row: there are no more.
create function forget_decisions(of_bucket smallint, after_id text, before_id text, at_most int)
    returns table (looked_at text, forgotten int)
    language plpgsql security definer set search_path = public as $$
declare
    seen text[];
    old  text[];
begin
    select array_agg(d.decision_id), max(d.decision_id) into seen, looked_at
      from (select decision_id
              from decisions
             where bucket = of_bucket and decision_id > after_id and decision_id < before_id
               and decided_at < forgettable_before('decisions')
             order by decision_id
             limit at_most) d;
    if seen is null then
        return;
    end if;
    select coalesce(array_agg(s.decision_id), '{}') into old
      from unnest(seen) as s (decision_id)
      left join reviews r on r.bucket = of_bucket and r.decision_id = s.decision_id
     where not exists (select from plans p
                        where p.bucket = of_bucket and p.decision_id in (s.decision_id, r.made_id))
       and coalesce(r.made_id < before_id, true);
    perform set_config('tenor.forgets', 'on', true);
    delete from reviews r where r.bucket = of_bucket and r.decision_id = any (old);
    delete from trial_differences t where t.bucket = of_bucket and t.decision_id = any (old);
    delete from decisions d where d.bucket = of_bucket and d.decision_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    forgotten := cardinality(old);
    return next;
end $$;

revoke execute on function forget_decisions from public;

-- What others were asked for a consumer, and what they answered, once the decision that it was asked for is gone. Looks
-- at the enquiries of a bucket as the function above looks at decisions.
create function forget_enquiries(of_bucket smallint, after_id text, before_id text, at_most int)
    returns table (looked_at text, forgotten int)
    language plpgsql security definer set search_path = public as $$
declare
    seen text[];
    old  text[];
begin
    select array_agg(e.enquiry_id), max(e.enquiry_id) into seen, looked_at
      from (select enquiry_id
              from enquiries
             where bucket = of_bucket and enquiry_id > after_id and enquiry_id < before_id
               and asked_at < forgettable_before('enquiries')
             order by enquiry_id
             limit at_most) e;
    if seen is null then
        return;
    end if;
    select coalesce(array_agg(e.enquiry_id), '{}') into old
      from enquiries e
     where e.bucket = of_bucket and e.enquiry_id = any (seen)
       and not exists (select from decisions d where d.bucket = of_bucket and d.decision_id = e.decision_id);
    perform set_config('tenor.forgets', 'on', true);
    delete from reports r where r.bucket = of_bucket and r.enquiry_id = any (old);
    delete from enquiries e where e.bucket = of_bucket and e.enquiry_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    forgotten := cardinality(old);
    return next;
end $$;

revoke execute on function forget_enquiries from public;

-- The first entries of the audit log, up to one that is named with its seal: the log begins after it from then on. Whoever
-- calls this proves under the secret of the log where that is; without the secret the next proof of the log fails.
create function forget_audit_entries(upto bigint, its_seal bytea, first bigint, until timestamptz, at timestamptz, its_proof bytea)
    returns int
    language plpgsql security definer set search_path = public as $$
declare
    gone int;
begin
    if not (select coalesce(bool_and(e.at < forgettable_before('audit')), false)
              from audit_entries e where e.number <= upto) then
        raise exception 'the law wants these entries kept' using errcode = 'restrict_violation';
    end if;
    insert into audit_beginnings (number, seal, first_number, until_at, forgotten_at, proof)
    values (upto, its_seal, first, until, at, its_proof);
    perform set_config('tenor.forgets', 'on', true);
    delete from audit_entries e where e.number <= upto;
    get diagnostics gone = row_count;
    perform set_config('tenor.forgets', 'off', true);
    return gone;
end $$;

revoke execute on function forget_audit_entries from public;
