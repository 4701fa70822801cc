-- Which tables stand in buckets.

-- in_buckets --
-- But for references and marks: one stands where what is made of its text falls, and not beside whose it is.
select c.relname as name
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'bucket' and not a.attisdropped
 where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname not in ('consumer_references', 'person_marks');

-- tables --
select relname as name
  from pg_class where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace;
