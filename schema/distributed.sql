-- The same tables on several machines (Citus 12 and later). `tenor migrate` runs this after the migrations where the
-- database has the extension; it may be run as often as one likes, and does what new migrations have left to do.
--
--   what a person owns                  distributed by bucket, all tables alike: a person's rows are on one machine, and a
--   (bucket leads the primary key)      transaction about one person is a transaction of one machine
--   the rulebook                        a copy on every machine: each decision is held against it
--   all else (merchants, partners,      stays on the coordinator; every process keeps in memory what the hot path asks of it
--   policies, files, ...)
--
-- What differs from one machine:
--   * A unique key must contain the bucket. So those of `idempotency` and `merchant_references` hold for one consumer:
--     that another consumer's request has used the same one is not seen.
--   * What is append-only is so by privilege (grants.sql), not by trigger, as far as it is distributed.
--   * A foreign key from what is distributed to what is not is left out.

do $$
declare
    one record;
    distributed text[];
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    set local citus.multi_shard_modify_mode = 'sequential';
    set local client_min_messages = warning;

    select array_agg(c.relname::text order by c.relname) into distributed
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'bucket' and not a.attisdropped
      join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
       and (a.attnum = k.conkey[1] or c.relname in ('idempotency', 'merchant_references'))
       and not exists (select from pg_dist_partition p where p.logicalrelid = c.oid);
    if distributed is null then
        return;
    end if;

    -- Promises that are wider than a consumer.
    if 'idempotency' = any (distributed) then
        alter table idempotency drop constraint idempotency_pk, add constraint idempotency_pk
            primary key (bucket, owner_id, key);
        alter table merchant_references drop constraint merchant_references_pk, add constraint merchant_references_pk
            primary key (bucket, merchant_id, merchant_reference);
    end if;

    -- What refers to what, to be put back between tables that are distributed both.
    create temporary table put_back on commit drop as
    select k.conrelid::regclass::text as of_table, k.conname as name, pg_get_constraintdef(k.oid) as meaning,
           k.confrelid::regclass::text as refers_to
      from pg_constraint k
     where k.contype = 'f'
       and (k.conrelid::regclass::text = any (distributed) or k.confrelid::regclass::text = any (distributed));
    for one in select * from put_back loop
        execute format('alter table %I drop constraint %I', one.of_table, one.name);
    end loop;

    for one in select t.tgrelid::regclass::text as of_table, t.tgname as name, p.proname = 'refuse_change' as refuses
                 from pg_trigger t
                 join pg_proc p on p.oid = t.tgfoid
                where not t.tgisinternal and t.tgrelid::regclass::text = any (distributed) loop
        execute format('drop trigger %I on %I', one.name, one.of_table);
        if one.refuses then
            execute format('comment on table %I is %L', one.of_table, 'append-only');
        end if;
    end loop;

    for one in select unnest(array['bucket_of(text)', 'is_durable()', 'require_unmoved(boolean, boolean, boolean)']) as name loop
        perform create_distributed_function(one.name::regprocedure);
    end loop;
    if not exists (select from pg_dist_partition where logicalrelid = 'rulebook'::regclass) then
        perform create_reference_table('rulebook');
    end if;
    if not exists (select from pg_dist_partition where logicalrelid = 'people'::regclass) then
        perform create_distributed_table('people', 'bucket', colocate_with => 'none');
    end if;
    for one in select unnest(distributed) as name loop
        if one.name <> 'people' then
            perform create_distributed_table(one.name, 'bucket', colocate_with => 'people');
        end if;
    end loop;

    for one in select * from put_back b
                where exists (select from pg_dist_partition p where p.logicalrelid = b.of_table::regclass)
                  and exists (select from pg_dist_partition p where p.logicalrelid = b.refers_to::regclass) loop
        execute format('alter table %I add constraint %I %s', one.of_table, one.name, one.meaning);
    end loop;
end $$;
