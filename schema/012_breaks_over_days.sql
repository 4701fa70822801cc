-- A plan that is wrong in the files of several days is one break: who must act on it, and since when. What each day's
-- file says of it stands in break_days.

create table break_days (
    break_id          identifier not null,
    file_id           identifier not null,   -- ours of that day
    reconciliation_id identifier not null,   -- the last of the day that found it
    our_currency      currency,
    differences       json       not null,   -- component, ours, theirs, difference
    stands            boolean    not null,   -- false: a corrected file of the day no longer has it
    constraint break_days_pk primary key (break_id, file_id),
    constraint break_days_reconciliation foreign key (reconciliation_id) references reconciliations (reconciliation_id)
);

create index break_days_of_file on break_days (file_id) where stands;

drop view partner_breaks;
alter table breaks drop constraint breaks_once, drop constraint breaks_reconciliation;
alter table breaks add column programme_id identifier;
update breaks b set programme_id = f.programme_id from partner_files f where f.file_id = b.file_id;

-- Open breaks of several days become the first of them.
insert into break_days (break_id, file_id, reconciliation_id, our_currency, differences, stands)
select case b.state
            when 'open' then first_value(b.break_id) over (
                 partition by b.programme_id, b.plan_id, b.kind, b.their_currency, b.state
                     order by b.opened_on, b.break_id)
            else b.break_id end,
       b.file_id, b.reconciliation_id, b.our_currency, b.differences,
       not exists (select from reconciliations later
                    where later.file_id = b.file_id and later.number > r.number)
  from breaks b
  join reconciliations r using (reconciliation_id);

delete from breaks b
 where not exists (select from break_days d where d.break_id = b.break_id);

alter table breaks
    alter column programme_id set not null,
    drop column file_id,
    drop column reconciliation_id,
    drop column our_currency,
    drop column differences;
alter table break_days add constraint break_days_break foreign key (break_id) references breaks (break_id);

create unique index breaks_open_once on breaks (programme_id, plan_id, kind, their_currency)
    nulls not distinct where state = 'open';
create index breaks_of_plan on breaks (programme_id, plan_id);

-- A break as the last day says that has it (or had it), with the first such day, and whose midnight its age is counted by.
create view partner_breaks as
select b.*, days.first_business_on, d.business_on, d.file_id, d.reconciliation_id, d.our_currency, d.differences,
       p.time_zone
  from breaks b
  join lateral (select d.*, f.business_on
                  from break_days d join partner_files f using (file_id)
                 where d.break_id = b.break_id
                 order by d.stands desc, f.business_on desc limit 1) d on true
  join lateral (select min(f.business_on) as first_business_on
                  from break_days d join partner_files f using (file_id)
                 where d.break_id = b.break_id) days on true
  join lateral (select time_zone from programmes p
                 where p.programme_id = b.programme_id order by version desc limit 1) p on true;

-- The columns that nobody compares are told to the sender of a file, and stand in its content.
drop view partner_reconciliations;
alter table reconciliations drop column unknown_columns;
create view partner_reconciliations as
select r.reconciliation_id, r.partner_id, f.programme_id, f.business_on, r.file_id, r.number, r.outcome, r.our_rows,
       r.their_rows, r.our_totals, r.their_totals, r.counts, r.sha256, r.received_at
  from reconciliations r
  join partner_files f using (file_id);
