-- What tables have besides their rows, to be taken away while they are filled and made again.

-- constraints --
-- Of these tables, and of others that refer to them, in the order in which they can be dropped: keys, checks, references.
-- A key has its index, which can be made before it; not that of a table in partitions.
select t.relname as table, c.conname as name, c.contype::text as kind,
       replace(pg_get_constraintdef(c.oid), ' NOT VALID', '') as definition,
       case when c.contype in ('p', 'u') and t.relkind = 'r' then pg_get_indexdef(c.conindid) end as index
  from pg_constraint c
  join pg_class t on t.oid = c.conrelid
  left join pg_class f on f.oid = c.confrelid and c.contype = 'f'
 where c.contype in ('p', 'u', 'f') and (t.relname = any ($1::text[]) or f.relname = any ($1::text[]))
    or c.contype = 'c' and c.conparentid = 0 and c.coninhcount = 0 and t.relname = any ($1::text[])
 order by c.contype <> 'f', t.relname, c.conname;

-- indexes --
select tablename as table, indexname as name, indexdef as index
  from pg_indexes where schemaname = current_schema and tablename = any ($1::text[]) order by indexname;

-- sizes --
select relname, pg_relation_size(oid) from pg_class where relnamespace = 'public'::regnamespace and relname = any ($1::text[]);
