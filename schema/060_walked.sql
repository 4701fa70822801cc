-- What is kept for good is looked at once. A decision that opened a plan stays, and so does what was asked for it: whoever
-- forgets goes on after the last of them, so that old rows cost nothing on the days after (017_retention.sql).

-- Up to which id a bucket was walked: of those up to there, what is left is never forgotten.
create table forgetting_marks (
    what         text             not null,   -- which table
    bucket       smallint         not null,
    walked_until text collate "C" not null,
    constraint forgetting_marks_pk primary key (what, bucket),
    constraint forgetting_marks_bucket_in_range check (bucket between 0 and 1023)
);

create function forgetting_mark(of_what text, of_bucket smallint) returns text stable language sql as $$
    select coalesce((select walked_until from forgetting_marks where what = of_what and bucket = of_bucket), '')
$$;

-- Sets the mark to the last of these ids before the first that is still to be decided on, if the walk began at the mark.
create function move_forgetting_mark(of_what text, of_bucket smallint, began text, walked text[], open_id text) returns void
    language sql as $$
    insert into forgetting_marks as m (what, bucket, walked_until)
    select of_what, of_bucket, max(id)
      from unnest(walked) as w (id)
     where (open_id is null or id < open_id collate "C") and began = forgetting_mark(of_what, of_bucket)
    having max(id) is not null
        on conflict (what, bucket) do update set walked_until = greatest(m.walked_until, excluded.walked_until)
$$;

revoke execute on function move_forgetting_mark from public;

create or replace function forget_decisions(of_bucket smallint, after_id text, before_id text, at_most int)
    returns table (looked_at text, forgotten int)
    language plpgsql security definer set search_path = public as $$
declare
    began   text := greatest(after_id collate "C", forgetting_mark('decisions', of_bucket));
    seen    text[];
    old     text[];
    open_id text;   -- the first that may be forgotten another day
begin
    select array_agg(d.decision_id), max(d.decision_id) into seen, looked_at
      from (select decision_id
              from decisions
             where bucket = of_bucket and decision_id > began and decision_id < before_id
               and decided_at < forgettable_before('decisions')
             order by decision_id
             limit at_most) d;
    if seen is null then
        return;
    end if;
    select coalesce(array_agg(s.decision_id) filter (where not has_plan and is_over), '{}'),
           min(s.decision_id collate "C") filter (where not has_plan and not is_over)
      into old, open_id
      from (select s.decision_id, coalesce(r.made_id < before_id, true) as is_over,
                   exists (select from plans p
                            where p.bucket = of_bucket and p.decision_id in (s.decision_id, r.made_id)) as has_plan
              from unnest(seen) as s (decision_id)
              left join reviews r on r.bucket = of_bucket and r.decision_id = s.decision_id) s;
    -- a clock that was moved on dates some later than their ids
    select least(open_id collate "C", min(decision_id)) into open_id
      from decisions
     where bucket = of_bucket and decision_id > began and decision_id < looked_at
       and decided_at >= forgettable_before('decisions');
    perform set_config('tenor.forgets', 'on', true);
    delete from reviews r where r.bucket = of_bucket and r.decision_id = any (old);
    delete from trial_differences t where t.bucket = of_bucket and t.decision_id = any (old);
    delete from decisions d where d.bucket = of_bucket and d.decision_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    perform move_forgetting_mark('decisions', of_bucket, began, seen, open_id);
    forgotten := cardinality(old);
    return next;
end $$;

create or replace function forget_enquiries(of_bucket smallint, after_id text, before_id text, at_most int)
    returns table (looked_at text, forgotten int)
    language plpgsql security definer set search_path = public as $$
declare
    began   text := greatest(after_id collate "C", forgetting_mark('enquiries', of_bucket));
    seen    text[];
    old     text[];
    open_id text;
begin
    select array_agg(e.enquiry_id), max(e.enquiry_id) into seen, looked_at
      from (select enquiry_id
              from enquiries
             where bucket = of_bucket and enquiry_id > began and enquiry_id < before_id
               and asked_at < forgettable_before('enquiries')
             order by enquiry_id
             limit at_most) e;
    if seen is null then
        return;
    end if;
    -- one whose decision is there stays; for good, where that was walked and stayed
    select coalesce(array_agg(s.enquiry_id) filter (where s.decision_id is null), '{}'),
           min(s.enquiry_id) filter (where s.decision_id > forgetting_mark('decisions', of_bucket))
      into old, open_id
      from (select e.enquiry_id, d.decision_id
              from enquiries e
              left join decisions d on d.bucket = of_bucket and d.decision_id = e.decision_id
             where e.bucket = of_bucket and e.enquiry_id = any (seen)) s;
    select least(open_id collate "C", min(enquiry_id)) into open_id
      from enquiries
     where bucket = of_bucket and enquiry_id > began and enquiry_id < looked_at
       and asked_at >= forgettable_before('enquiries');
    perform set_config('tenor.forgets', 'on', true);
    delete from reports r where r.bucket = of_bucket and r.enquiry_id = any (old);
    delete from enquiries e where e.bucket = of_bucket and e.enquiry_id = any (old);
    perform set_config('tenor.forgets', 'off', true);
    perform move_forgetting_mark('enquiries', of_bucket, began, seen, open_id);
    forgotten := cardinality(old);
    return next;
end $$;
