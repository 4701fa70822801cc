-- A day of a programme, compared and kept.

-- lock --
select pg_advisory_xact_lock(hashtextextended('reconciling: ' || $1, 0));

-- programme --
-- Its last version, and whether $2 takes part in it, or took part in an earlier one: its plans go on. An empty text is
-- its first partner, who is settled on its account.
select programme_id, partner_id as first_partner, time_zone, terms -> 'tolerance' as tolerance,
       case $2 when '' then partner_id
            else (select one ->> 'partner_id'
                    from programmes v
                   cross join lateral json_array_elements(v.terms -> 'participants') one
                   where v.programme_id = p.programme_id and one ->> 'partner_id' = $2
                   limit 1) end as partner_id
  from programmes p
 where programme_id = $1
 order by version desc
 limit 1;

-- last_run --
-- The last of any day, complete or not.
select business_on, number, sha256 from reconciliations
 where programme_id = $1 and partner_id = $2
 order by business_on desc, number desc
 limit 1;

-- rounded_that_day --
select rounded from reconciliations where programme_id = $1 and partner_id = $2 and business_on = $3;

-- next_number --
select coalesce(max(number), 0) + 1
  from reconciliations
 where programme_id = $1 and partner_id = $2 and business_on = $3;

-- insert_run --
insert into reconciliations (reconciliation_id, partner_id, programme_id, business_on, number, since, verdict, result,
                             bank_number, rounded, manifest, sha256, made_by, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- keep_roundings --
insert into roundings (reconciliation_id, event_id, plan_id, currency, amount, principal)
select reconciliation_id, event_id, plan_id, currency, amount, principal from @rounded;

-- end_missing --
-- What was open and is not found any more, ended by the event that is named, or by the comparison.
with ended as (
    update breaks b
       set state = 'resolved', resolved_on = run.business_on,
           resolved_by = coalesce((select ending.event_id from @ending where ending.key = b.key and b.leg = 'item'),
                                  run.reconciliation_id)
      from @run
     where b.programme_id = run.programme_id and b.partner_id = run.partner_id and b.state <> 'resolved'
       and b.reconciliation_id <> run.reconciliation_id
    returning b.break_id, b.kind, b.resolved_by, run.reconciliation_id, run.made_at
)
insert into break_steps (break_id, what, kind, note, reconciliation_id, told_at)
select break_id, 'resolved', kind, resolved_by, reconciliation_id, made_at from ended
returning break_id, what;

-- run --
select reconciliation_id, partner_id, programme_id, business_on, number, since, verdict, result, bank_number, manifest,
       sha256, made_at
  from reconciliations
 where reconciliation_id = $1 and ($2::text is null or partner_id = $2);

-- runs --
-- A partner's, or everybody's; of a day, or of all.
select reconciliation_id, partner_id, programme_id, business_on, number, since, verdict, result, bank_number, manifest,
       sha256, made_at
  from reconciliations
 where ($1::text is null or partner_id = $1) and ($2::date is null or business_on = $2) and reconciliation_id > $3
 order by reconciliation_id
 limit $4;
