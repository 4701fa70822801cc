-- Disputes that are read at processors which do not tell us of them.

-- begin_reading --
-- Whoever gets the row reads: the others, and who comes too early, get none.
insert into processor_readings as r (processor_id, read_at, upto) values ($1, $2, $3)
    on conflict (processor_id) do update set read_at = excluded.read_at where r.read_at <= $4
returning upto;

-- end_reading --
update processor_readings set upto = greatest(upto, $2) where processor_id = $1;

-- known_news --
select reference, event_id from processor_disputes where processor_id = $1 and reference = any($2);

-- keep_dispute --
-- As it stands now; what has an end here stays as it is, and so does what we read later than this.
insert into processor_disputes as d (processor_id, reference, payment, charge_id, plan_id, currency, amount, reason,
                                     status, due_by, event_id, read_at, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, case when $4::text is null then 'unknown' else 'open' end)
    on conflict (processor_id, reference) do update
   set amount = excluded.amount, status = excluded.status, reason = excluded.reason, due_by = excluded.due_by,
       event_id = excluded.event_id, read_at = excluded.read_at,
       handed_at = case when excluded.status = 'needs_response' and d.status like 'warning%' then null
                        else d.handed_at end   -- what was said to an inquiry is said again to the dispute it became
 where d.read_at <= excluded.read_at;

-- find_unsettled --
select number, processor_id, reference, payment, charge_id, currency, amount, reason, status, due_by, handed_at
  from processor_disputes
 where state in ('open', 'stuck') and number > $1
 order by number
 limit $2;

-- move_dispute --
update processor_disputes
   set state = $3, note = $4, settled_at = case when $3 = 'decided' then $5::timestamptz end
 where processor_id = $1 and reference = $2 and state in ('open', 'stuck') and (state, note) <> ($3, $4);

-- hand_over --
update processor_disputes set handed_at = $3 where processor_id = $1 and reference = $2 and handed_at is null;

-- list_found --
select number, processor_id, reference, payment, charge_id, plan_id, currency, amount, reason, status, due_by, state,
       note, handed_at, settled_at, read_at
  from processor_disputes
 where number > $1 and ($2::text is null or state = $2)
 order by number
 limit $3;
