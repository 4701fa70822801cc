-- What comes by the day in masses leaves by the month: the positions of each day, the bytes of our files, and what
-- partners sent. A million rows that are deleted one by one are all written ahead once more, and then swept up;
-- a month that is dropped writes a few pages, and costs the same with any number of rows.
--
--   daily_positions                      a partition a month:   daily_positions_first   all that was there before this
--   daily_file_pieces                                           daily_positions_2027_01
--   partner_their_*, partner_acks                               daily_positions_2027_02 ...
--
-- A file's id begins with the time at which it was made (service/ids.py), so the month follows from the key as it is. The
-- month of a file is made before its first row is written; `tenor worker` makes next month's ahead. What the manifests of
-- files say (daily_files, received_files) is kept for good: of a file that is not kept it is known what it was.
--
-- What else comes in masses is not partitioned by time, and why not stands in service/guide/production.md.

-- The first id that a file made at this instant may have; as `lowest` in service/ids.py. Before
-- 1970 there is none.
create function file_id_at(at timestamptz) returns text stable strict language sql as $$
    select 'fi_' || string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((ms >> (5 * place)) & 31)::int + 1, 1), ''
                               order by place desc)
      from (select greatest(floor(extract(epoch from at) * 1000)::bigint, 0) as ms) t
     cross join generate_series(0, 9) as place
$$;

-- When a file was made, by its id.
create function file_made_at(file_id text) returns timestamptz stable strict language sql as $$
    select to_timestamp(sum((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(file_id, 13 - place, 1)) - 1)::bigint
                            << (5 * place)) / 1000.0)
      from generate_series(0, 9) as place
$$;

-- Which table leaves with which: `what` is one of the words of `months_gone`.
create function leaves_by_month() returns table (what text, of_table text) immutable language sql as $$
    values ('positions', 'daily_positions'), ('files', 'daily_file_pieces'), ('received', 'partner_their_events'),
           ('received', 'partner_their_positions'), ('received', 'partner_their_legs'),
           ('received', 'partner_their_changes'), ('received', 'partner_acks')
$$;

-- Up to where rows were dropped: of files whose ids are below it only the manifest is left.
create table months_gone (
    what     text             not null,
    until_id text collate "C" not null,
    gone_at  timestamptz      not null,
    constraint months_gone_pk primary key (what),
    constraint months_gone_what_is_known check (what in ('positions', 'files', 'received'))
);

-- The first id of a file whose rows may be there.
create function kept_from(of_what text) returns text stable language sql as $$
    select coalesce((select until_id from months_gone where what = of_what), '')
$$;

alter table kept_at_least drop constraint kept_at_least_what_is_known, add constraint kept_at_least_what_is_known
    check (what in ('decisions', 'enquiries', 'audit', 'positions', 'files', 'received'));

-- The months that are there.
create view months as
select w.what, w.of_table, c.relname::text as name, coalesce(bound[2], '') as from_id, bound[3] as until_id
  from leaves_by_month() w
  join pg_inherits i on i.inhparent = to_regclass(w.of_table)
  join pg_class c on c.oid = i.inhrelid
 cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid),
                                 $$FROM \((MINVALUE|'([^']+)')\) TO \('([^']+)'\)$$) as bound;

-- Makes the month of a file, where it is missing. Without a lock on who reads or writes other months.
create function make_month_of(of_file text) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    at      timestamp := date_trunc('month', file_made_at(of_file) at time zone 'UTC');
    until   text      := file_id_at((at + interval '1 month') at time zone 'UTC');
    one     record;
    of_name text;
begin
    if (select count(*) from months where from_id <= of_file collate "C" and of_file collate "C" < until_id)
       = (select count(*) from leaves_by_month()) then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('months', 0));
    for one in
        select w.of_table, max(m.until_id) filter (where m.until_id <= of_file collate "C") as before
          from leaves_by_month() w
          left join months m using (of_table)
         group by w.of_table
        having not coalesce(bool_or(m.from_id <= of_file collate "C" and of_file collate "C" < m.until_id), false)
    loop
        of_name := format('%s_%s', one.of_table, to_char(at, 'YYYY_MM'));
        execute format('create table %I (like %I including defaults including constraints including storage)',
                       of_name, one.of_table);
        if exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                    where t.tgrelid = to_regclass(one.of_table) and p.proname = 'refuse_change') then
            execute format('create trigger %I before update or delete or truncate on %I'
                           ' for each statement execute function refuse_change()',
                           of_name || '_is_append_only', of_name);
        end if;
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', one.of_table, of_name,
                       greatest(file_id_at(at at time zone 'UTC'), one.before), until);
    end loop;
end $$;

revoke execute on function make_month_of from public;

-- Drops the first month that is older than `before`, and than this database may forget; returns to how many tables. The
-- last positions of each partner's programme stay: those of the next day begin with them. Waits half a second for
-- whoever reads, and then gives up: it is done another day.
create function forget_month(of_what text, before timestamptz) returns int
    language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '500ms' as $$
declare
    floor_at timestamptz := forgettable_before(of_what);
    bound    text;
    first    text;
    one      record;
    gone     int := 0;
begin
    if floor_at is null then
        return 0;
    end if;
    bound := file_id_at(least(before, floor_at));
    if of_what = 'positions' then
        select least(bound collate "C", min(file_id)) into bound
          from (select distinct on (programme_id, partner_id) file_id
                  from daily_files
                 where type = 'POS'
                 order by programme_id, partner_id, business_on desc) last;
    end if;
    select min(until_id collate "C") into first from months where what = of_what and until_id <= bound collate "C";
    for one in select name from months where what = of_what and until_id = first loop
        execute format('drop table %I', one.name);
        gone := gone + 1;
    end loop;
    if gone > 0 then
        insert into months_gone (what, until_id, gone_at) values (of_what, first, now())
            on conflict (what) do update
           set until_id = greatest(months_gone.until_id, excluded.until_id), gone_at = excluded.gone_at;
    end if;
    return gone;
end $$;

revoke execute on function forget_month from public;

-- A table of the caller's own session never stands in for one of ours.
alter function forget_decisions(smallint, text, text, int) set search_path = public, pg_temp;
alter function forget_enquiries(smallint, text, text, int) set search_path = public, pg_temp;
alter function forget_audit_entries(bigint, bytea, bigint, timestamptz, timestamptz, bytea) set search_path = public, pg_temp;

-- What is there becomes the first partition of each, until the month after its last file; it is read through once to see
-- that it holds nothing else. What is empty is not kept.
alter table partner_acks drop constraint partner_acks_file;   -- ours are never deleted, and looked up as answers come

do $$
declare
    one   record;
    until record;
    key   text;
begin
    create temporary table found (what text, last text) on commit drop;
    for one in select * from leaves_by_month() loop
        execute format('insert into found select %L, max(file_id) from %I', one.what, one.of_table);
    end loop;
    for one in select w.what, w.of_table,
                      (select file_id_at((date_trunc('month', file_made_at(max(f.last)) at time zone 'UTC')
                                          + interval '1 month') at time zone 'UTC')
                         from found f where f.what = w.what and f.last is not null) as until_id
                 from leaves_by_month() w loop
        select pg_get_constraintdef(oid) into key
          from pg_constraint where conrelid = to_regclass(one.of_table) and contype = 'p';
        execute format('alter table %I rename to %I', one.of_table, one.of_table || '_first');
        execute format('alter table %I rename constraint %I to %I', one.of_table || '_first', one.of_table || '_pk',
                       one.of_table || '_first_pk');
        execute format('create table %I (like %I including defaults including constraints including storage)'
                       ' partition by range (file_id)', one.of_table, one.of_table || '_first');
        execute format('alter table %I add constraint %I %s', one.of_table, one.of_table || '_pk', key);
        if one.until_id is null then
            execute format('drop table %I', one.of_table || '_first');
        else
            execute format('alter table %I attach partition %I for values from (minvalue) to (%L)', one.of_table,
                           one.of_table || '_first', one.until_id);
        end if;
    end loop;
end $$;

create trigger daily_positions_are_append_only before update or delete or truncate on daily_positions
    for each statement execute function refuse_change();
revoke update, delete, truncate on daily_positions from public;

create trigger daily_file_pieces_are_append_only before update or delete or truncate on daily_file_pieces
    for each statement execute function refuse_change();
revoke update, delete, truncate on daily_file_pieces from public;
