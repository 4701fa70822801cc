-- What the role that serves may do. `tenor migrate` runs this after the migrations, and may run it as often as it likes.
--
-- The role that migrates owns the tables, and can do everything with them. The one that serves, tenor_service, reads and
-- adds; it changes what is not append-only, and deletes where somebody's work needs it. It cannot alter a table, switch
-- off a trigger or truncate: what is append-only is so for whoever steals its password, too.
--
-- The role is made here if it is missing and this role may make one; a password is given by hand.

do $$
declare
    one record;
begin
    if not exists (select from pg_roles where rolname = 'tenor_service') then
        begin
            create role tenor_service login;
        exception when insufficient_privilege then
            return;   -- `tenor migrate` says what is to be run
        end;
    end if;
    grant usage on schema public to tenor_service;
    for one in
        select c.relname, c.relkind = 'v' as is_view, c.relispartition as is_part,
               exists (select from pg_trigger t
                         join pg_proc p on p.oid = t.tgfoid
                        where t.tgrelid = c.oid and p.proname = 'refuse_change'
                          and t.tgtype & 16 <> 0)   -- 16: before an update
               or coalesce(obj_description(c.oid) = 'append-only', false) as is_append_only   -- see distributed.sql
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p', 'v') and c.relname <> 'schema_migrations'
    loop
        execute format('revoke all on %I from tenor_service', one.relname);
        continue when one.is_part;   -- a month is reached by its table alone
        execute format('grant select on %I to tenor_service', one.relname);
        if not one.is_view then
            execute format('grant insert on %I to tenor_service', one.relname);
        end if;
        if not (one.is_view or one.is_append_only) then
            execute format('grant update on %I to tenor_service', one.relname);
        end if;
    end loop;
    grant delete on idempotency, events, lines, merchant_references, former_references, consumer_references,
                    consumer_identifiers, person_marks, plan_pauses, passkeys, deliveries, delivery_attempts,
                    facade_notices, held_words
       to tenor_service;
    revoke insert, update on kept_at_least, forgetting_marks, months_gone from tenor_service;
    grant execute on function forget_decisions, forget_enquiries, forget_audit_entries, make_month_of, forget_month
       to tenor_service;
    grant select on schema_migrations to tenor_service;
    if to_regnamespace('gathered') is not null then   -- see distributed.sql
        grant usage on schema gathered to tenor_service;
        grant select on all tables in schema gathered to tenor_service;
    end if;
end $$;
