-- Many plans out of a few. A few are really opened, captured and paid through the service; every copy of one has all its
-- rows, with ids of its own. An id keeps its time and the last letters of its chance, and gets the copy's bucket and number
-- between them.

-- retire_programmes --
-- All the money is ours: a day's files of what partners funded in the past are another thing to measure.
update programmes set active = false;

-- make_models --
create table models as
select number, bucket, plan_id, consumer_id, consumer_id as key_id, person_id, decision_id, share
  from unnest($1::text[], $2::int[]) with ordinality as k (plan_id, share, number)
  join plans using (plan_id);

-- load_packed --
select p.plan_id, p.accepted, p.standing from models join plans p using (bucket, plan_id);

-- unpack --
update plans set accepted = $2, standing = $3 where plan_id = $1;

-- make_letters --
create function letter(number int) returns text language sql immutable parallel safe as $$
    select substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + number, 1)
$$;

-- make_copies --
-- Which copy is of which model, as its share of a thousand says; all models in all buckets. They stand as plans come, in any
-- bucket; but of $2 at once those of a bucket stand together.
create table copies as
with shares as (
    select number as model, sum(share) over (order by number) - share as least, sum(share) over (order by number) as most
      from models
), counted as (
    select number, (number * 7919 % 1024)::smallint as bucket, number * 617 % 1000 as share
      from generate_series(1, $1::bigint) as number
)
select row_number() over (order by (number - 1) / $2::bigint, bucket, number) as place, model, bucket,
       letter(bucket >> 5) || letter(bucket & 31) || lpad(number::text, 8, '0') as stem
  from counted
  join shares on share >= least and share < most
 order by place;

-- index_copies --
create unique index on copies (place);

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
