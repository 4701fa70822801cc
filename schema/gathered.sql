-- On a cluster a view of each table that is spread out, and of each view that reads one, as one table: for statements whose
-- joins the cluster does not plan (service/clusters.py). `tenor migrate` runs this after distributed.sql. The offset keeps
-- a view apart: it is read by itself, and what the statement does with it is done where it was asked.

do $$
declare
    one record;
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    set local client_min_messages = warning;
    if not exists (
        with recursive spread (relation) as (
            select c.oid from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid where p.partmethod = 'h'
             union
            select r.ev_class from spread s join pg_depend d on d.refobjid = s.relation join pg_rewrite r on r.oid = d.objid
        )
        select 1
          from spread
          join pg_class c on c.oid = relation and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          left join pg_class v on v.relnamespace = to_regnamespace('gathered') and v.relname = c.relname
          left join pg_attribute w on w.attrelid = v.oid and w.attname = a.attname
         where w.attname is null
    ) then
        return;   -- each has all columns: nothing is taken from those who read them at this moment
    end if;
    drop schema if exists gathered cascade;
    create schema gathered;
    for one in
        with recursive spread (relation) as (
            select c.oid from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid where p.partmethod = 'h'
             union
            select r.ev_class from spread s join pg_depend d on d.refobjid = s.relation join pg_rewrite r on r.oid = d.objid
        )
        select c.relname as name from spread join pg_class c on c.oid = relation
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
    loop
        execute format('create view gathered.%I with (security_invoker) as select * from public.%I offset 0',
                       one.name, one.name);
    end loop;
end $$;
