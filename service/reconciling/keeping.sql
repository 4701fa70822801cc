-- What comparisons find is kept as breaks.

-- keep_found --
-- What a comparison found: new, the same as before, or back again.
with before as (
    select b.break_id, b.state, b.kind from breaks b join @found using (break_id)
), kept as (
    insert into breaks (break_id, partner_id, programme_id, leg, key, currency, plan_id, kind, priority, amount,
                        differences, state, owner, opened_on, due_on, last_on, reconciliation_id, bank_message_id)
    select break_id, run.partner_id, run.programme_id, leg, key, currency, plan_id, kind, priority, amount, differences,
           'new', owner, run.business_on, run.business_on + waits, run.business_on, run.reconciliation_id,
           run.bank_message_id
      from @found
     cross join @run
        on conflict (break_id) do update
       set kind = excluded.kind, priority = excluded.priority, amount = excluded.amount, plan_id = excluded.plan_id,
           differences = excluded.differences, last_on = excluded.last_on, reconciliation_id = excluded.reconciliation_id,
           bank_message_id = excluded.bank_message_id,
           state = case when breaks.state = 'resolved' then 'reopened'
                        when breaks.last_on < excluded.last_on then 'persisting' else breaks.state end,
           opened_on = case when breaks.state = 'resolved' then excluded.opened_on else breaks.opened_on end,
           due_on = case when breaks.state = 'resolved' then excluded.due_on
                         else breaks.opened_on + (excluded.due_on - excluded.opened_on) end,
           resolved_on = null, resolved_by = null
)
insert into break_steps (break_id, what, kind, reconciliation_id, bank_message_id, told_at)
select found.break_id,
       case when before.break_id is null then 'opened' when before.state = 'resolved' then 'reopened'
            else 'reclassified' end,
       found.kind, run.reconciliation_id, run.bank_message_id, run.made_at
  from @found
 cross join @run
  left join before using (break_id)
 where before.break_id is null or before.state = 'resolved' or before.kind <> found.kind
returning break_id, what;
