-- Many plans out of a few. A few are really opened, captured and paid through the service; every copy of one has all its
-- rows, with ids of its own. An id keeps its time and the last letters of its chance, and gets the copy's bucket and number
-- between them: 10 letters that are counted, instead of 10 that say where and which.

-- retire_programmes --
-- All the money is ours: a day's files of what partners funded in the past are another thing to measure.
update programmes set active = false;

-- make_models --
create table models as
select number, bucket, plan_id, consumer_id, person_id, decision_id, share
  from unnest($1::text[], $2::int[]) with ordinality as k (plan_id, share, number)
  join plans using (plan_id);

-- make_letters --
create function letters(number bigint, length int) returns text language sql immutable parallel safe as $$
    select string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + (number >> 5 * place & 31)::int, 1), ''
                      order by place desc)
      from generate_series(0, length - 1) as place
$$;

-- make_copies --
-- Which copy is of which model, as its share of a thousand says; all models in all buckets.
create table copies as
with shares as (
    select number as model, sum(share) over (order by number) - share as least, sum(share) over (order by number) as most
      from models
), counted as (
    select number, (number * 7919 % 1024)::smallint as bucket, number * 617 % 1000 as place
      from generate_series(1, $1::bigint) as number
)
select number, model, bucket, letters(bucket, 2) || letters(number, 8) as stem
  from counted
  join shares on place >= least and place < most;

-- load_models --
select d.consumer_id, d.decision_id, c.attributes, d.request, d.snapshot, k.wrapped
  from models m
  join decisions d using (bucket, decision_id)
  join consumers c on c.bucket = m.bucket and c.consumer_id = m.consumer_id
  join data_keys k on k.bucket = m.bucket and k.key_id = m.consumer_id
 order by m.number;

-- load_copies --
select number, bucket, model, stem from copies where number between $1 and $2;

-- constraints --
-- Of these tables, and of others that refer to them, in the order in which they can be dropped.
select t.relname as table, c.conname as name, pg_get_constraintdef(c.oid) as definition
  from pg_constraint c
  join pg_class t on t.oid = c.conrelid
  left join pg_class f on f.oid = c.confrelid and c.contype = 'f'
 where c.contype in ('p', 'u', 'f')
   and (t.relname = any ($1::text[]) or f.relname = any ($1::text[]))
 order by c.contype <> 'f', t.relname, c.conname;

-- indexes --
select indexname as name, indexdef as definition
  from pg_indexes where schemaname = current_schema and tablename = any ($1::text[]) order by indexname;

-- make_sealed --
create temporary table sealed (number bigint, reference bytea, reference_index bytea, attributes bytea, request bytea,
                               snapshot bytea);

-- index_copies --
create unique index on copies (number);

-- columns --
select column_name as name, data_type as type
  from information_schema.columns
 where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' and is_identity = 'NO'
 order by ordinal_position;

-- count_done --
-- Plans of which a day is still to be passed by now; plans that today was passed on; charges that succeeded.
select (select count(*) from plans where day_at <= $1),
       (select count(distinct plan_id) from events
         where type in ('instalment.due', 'instalment.overdue', 'plan.aged') and at >= $1 - interval '1 day'),
       (select count(*) from charges where state = 'succeeded');
