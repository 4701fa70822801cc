-- The same tables on several machines (Citus 12 and later). `tenor migrate` runs this after the migrations where the
-- database has the extension; it may be run as often as one likes, and does what new migrations have left to do.
--
--   what a person owns                  distributed by bucket, all tables alike: a person's rows are on one machine, and a
--   (bucket leads the primary key)      transaction about one person is a transaction of one machine
--   the rulebook, and how long the law  a copy on every machine: each decision is held against it, and each row that is
--   wants something kept                old is
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
    distributed := coalesce(distributed, '{}');

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
    if not exists (select from pg_dist_partition where logicalrelid = 'kept_at_least'::regclass) then
        perform create_reference_table('kept_at_least');
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

    -- What came back to a budget is counted a bucket at a time: rows are locked only where the cluster finds one shard.
    if to_regprocedure('count_back(text)') is not null then   -- an older version's database has it not yet
    create or replace function count_back(of_budget text) returns void language plpgsql as $f$
    declare
        here smallint;
        one  record;
        back bigint := 0;
    begin
        for here in select distinct bucket from budget_uses where budget = of_budget and returned <> counted order by 1 loop
            for one in select plan_id, returned, returned - counted as more
                         from budget_uses
                        where bucket = here and budget = of_budget and returned <> counted
                          for update skip locked loop
                update budget_uses set counted = one.returned
                 where bucket = here and plan_id = one.plan_id and budget = of_budget;
                back := back + one.more;
            end loop;
        end loop;
        update budgets set taken = taken - back where budget = of_budget;
    end $f$;
    end if;

    -- What was taken of a lease may have been prepared on its machine when the coordinator died: it is ended before it is
    -- counted, for whoever did it holds the lease's row no more. A role that migrates and is no superuser must be granted
    -- recover_prepared_transactions(); without it the cluster itself ends what was prepared, within a minute.
    create or replace function end_prepared() returns void security definer set search_path = pg_catalog, pg_temp
    language plpgsql as $f$
    begin
        if has_function_privilege('recover_prepared_transactions()', 'execute') then
            perform recover_prepared_transactions();
        end if;
    end $f$;
    if to_regprocedure('close_leases(text, text[])') is not null then
    create or replace function close_leases(of_budget text, leases text[]) returns void language plpgsql as $f$
    declare
        closed text[];
        leased bigint;
        spent  bigint;
    begin
        perform from budget_leases where lease_id = any (leases) and closed_at is null order by lease_id for update;
        if not found then
            return;
        end if;
        perform end_prepared();
        with gone as (
            update budget_leases set closed_at = clock_timestamp()
             where lease_id = any (leases) and budget = of_budget and closed_at is null
            returning lease_id, amount
        )
        select array_agg(lease_id), sum(amount) into closed, leased from gone;
        if closed is not null then
            select coalesce(sum(amount), 0) into spent from budget_uses where lease_id = any (closed);
            update budgets set taken = taken - (leased - spent) where budget = of_budget;
        end if;
    end $f$;
    end if;

    -- A partner's events get their numbers as in `numbering`, each found by its bucket and id: a row's place is one of its
    -- machine alone.
    create or replace function number_partner_events(of_partner text, at_most int) returns int language plpgsql as $f$
    declare
        last  bigint;
        given int;
    begin
        insert into partner_feeds (partner_id) values (of_partner) on conflict do nothing;
        select last_number into last from partner_feeds where partner_id = of_partner for update;
        create temporary table if not exists numbered
               (bucket smallint, event_id text, number bigint, filed_on date, reverses_event_id text) on commit drop;
        delete from numbered;
        insert into numbered
        with next as materialized (
            select bucket, event_id, plan_id, programme_id, business_on, undoes_fact, told
              from partner_events
             where partner_id = of_partner and number is null
             order by told
             limit at_most
        ), undone as materialized (
            select f.bucket, f.fact_id, e.programme_id, min(e.event_id) as event_id
              from next n
              join facts f on f.bucket = n.bucket and f.plan_id = n.plan_id and f.fact_id = n.undoes_fact
              join partner_events e on e.bucket = f.bucket and e.event_id >= f.cause_id and e.event_id < f.cause_id || '.'
             where e.partner_id = of_partner
             group by f.bucket, f.fact_id, e.programme_id
        ), closed as materialized (
            select programme_id, max(business_on) as until from partner_closings where partner_id = of_partner
             group by programme_id
        )
        select next.bucket, next.event_id, last + row_number() over (order by next.told),
               greatest(next.business_on, closed.until + 1), undone.event_id
          from next
          left join closed using (programme_id)
          left join undone on undone.bucket = next.bucket and undone.fact_id = next.undoes_fact
                          and undone.programme_id = next.programme_id;
        get diagnostics given = row_count;
        update partner_events e
           set number = n.number, filed_on = n.filed_on, reverses_event_id = n.reverses_event_id
          from (select * from numbered) n
         where e.bucket = n.bucket and e.event_id = n.event_id;
        update partner_feeds set last_number = last + given where partner_id = of_partner and given > 0;
        return given;
    end $f$;
end $$;
