-- The partner's own files: held against ours, and what becomes of their breaks. An empty text is the cursor before
-- everything.

-- lock --
-- One at a time for what $1 names, until the end of the transaction; the statements after it see what went before.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- file_of_day --
select f.file_id, f.content, p.time_zone
  from partner_files f
  join programmes p using (programme_id)
 where f.partner_id = $1 and f.programme_id = $2 and f.business_on = $3
 order by p.version desc
 limit 1;

-- day_alike --
-- $1 programme, and a file's currency, count and sums: the last day of which our file has the same.
select business_on
  from partner_files
 where programme_id = $1 and currency = $2 and rows = $3
   and drawn = $4 and principal_repaid = $5 and interest_repaid = $6 and outstanding = $7
 order by business_on desc
 limit 1;

-- next_number --
select coalesce(max(number), 0) + 1 from reconciliations where file_id = $1;

-- insert_reconciliation --
insert into reconciliations (reconciliation_id, partner_id, file_id, number, outcome, our_rows, their_rows, our_totals,
                             their_totals, counts, sha256, content, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- find_breaks --
-- $1 partner, $2 programme, $3 our file, $4 the reconciliation, $5 today, and what it found. A plan's break that is open
-- goes on, whichever day's file had it first: it keeps its id, owner and age. One that this day's file had before, and
-- that was resolved, is open again and its age begins anew; the last word on it stays. $13 now.
with found as (
    select k.*,
           coalesce((select b.break_id from breaks b
                      where b.programme_id = $2 and b.plan_id = k.plan_id and b.kind = k.kind
                        and b.their_currency is not distinct from k.their_currency and b.state = 'open'),
                    (select b.break_id from breaks b join break_days d using (break_id)
                      where b.programme_id = $2 and b.plan_id = k.plan_id and b.kind = k.kind
                        and b.their_currency is not distinct from k.their_currency and d.file_id = $3
                      order by b.break_id desc limit 1),
                    k.new_id) as break_id
      from unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::json[], $12::text[])
           as k (new_id, plan_id, kind, our_currency, their_currency, differences, owner)
), reopened as (
    insert into break_notes (break_id, what, noted_at)
    select b.break_id, 'reopened', $13 from breaks b join found using (break_id) where b.state = 'resolved'
), opened as (
    insert into breaks as known (break_id, partner_id, programme_id, plan_id, kind, their_currency, owner, state,
                                 opened_on)
    select break_id, $1, $2, plan_id, kind, their_currency, owner, 'open', $5 from found
        on conflict (break_id) do update
       set opened_on   = case known.state when 'open' then known.opened_on else excluded.opened_on end,
           state       = 'open',
           resolved_on = null
)
insert into break_days (break_id, file_id, reconciliation_id, our_currency, differences, stands)
select break_id, $3, $4, our_currency, differences, true from found
    on conflict (break_id, file_id) do update
   set reconciliation_id = excluded.reconciliation_id,
       our_currency      = excluded.our_currency,
       differences       = excluded.differences,
       stands            = true;

-- end_breaks --
-- $1 our file, $2 the reconciliation, $3 today, $4 now. What it no longer has stands on this day no more, and what
-- stands on no day is resolved.
with ended as (
    update break_days
       set stands = false
     where file_id = $1 and reconciliation_id <> $2 and stands
 returning break_id
), resolved as (
    update breaks b
       set state = 'resolved', resolved_on = $3, note = coalesce(b.note, 'A corrected file no longer has it.')
      from ended
     where b.break_id = ended.break_id and b.state = 'open'
       and not exists (select from break_days d
                        where d.break_id = b.break_id and d.stands and (d.file_id <> $1 or d.reconciliation_id = $2))
 returning b.break_id
)
insert into break_notes (break_id, what, note, noted_at)
select break_id, 'resolved', 'A corrected file no longer has it.', $4 from resolved;

-- last_reconciliation --
select * from partner_reconciliations where file_id = $1 order by number desc limit 1;

-- reconciliations --
select * from partner_reconciliations
 where partner_id = $1 and reconciliation_id > $2
 order by reconciliation_id limit $3;

-- breaks --
-- $1 now; the breaks of partner $2, in state $3, where null is all of them; $4 cursor, $5 how many.
select b.*, coalesce(b.resolved_on, ($1::timestamptz at time zone b.time_zone)::date) - b.opened_on as age_days
  from partner_breaks b
 where ($2::text is null or b.partner_id = $2)
   and ($3::text is null or b.state = $3)
   and b.break_id > $4
 order by b.break_id
 limit $5;

-- break_of_id --
select b.*, coalesce(b.resolved_on, ($2::timestamptz at time zone b.time_zone)::date) - b.opened_on as age_days
  from partner_breaks b
 where b.break_id = $1;

-- assign_break --
update breaks set owner = $2 where break_id = $1 and state = 'open';

-- resolve_break --
update breaks b
   set state = 'resolved', note = $2, resolved_on = ($3::timestamptz at time zone p.time_zone)::date
  from partner_breaks p
 where b.break_id = $1 and p.break_id = b.break_id and b.state = 'open';

-- hold_break --
select break_id from breaks where break_id = $1 for update;

-- note_break --
insert into break_notes (break_id, what, owner, note, noted_by, noted_at) values ($1, $2, $3, $4, $5, $6);

-- break_notes --
select number, what, owner, note, noted_by, noted_at
  from break_notes
 where break_id = $1 and number > $2
 order by number
 limit $3;
