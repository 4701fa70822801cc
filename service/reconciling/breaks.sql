-- What becomes of a break. An empty text is the cursor before everything.

-- list --
-- Of a partner, or of all; in a state, or in any; `open` is all but resolved.
select b.*, p.time_zone
  from breaks b
  left join lateral (select time_zone from programmes p
                      where p.programme_id = b.programme_id order by version desc limit 1) p on true
 where ($1::text is null or b.partner_id = $1)
   and ($2::text is null or b.state = $2 or ($2 = 'open' and b.state <> 'resolved'))
   and b.break_id > $3
   and ($5::text is null or b.programme_id = $5) and ($6::text is null or b.kind = $6)
   and ($7::text is null or b.owner = $7) and ($8::date is null or b.due_on <= $8)
   and ($9::text is null or b.leg = $9)
 order by b.break_id
 limit $4;

-- one --
select b.*, p.time_zone
  from breaks b
  left join lateral (select time_zone from programmes p
                      where p.programme_id = b.programme_id order by version desc limit 1) p on true
 where b.break_id = $1 and ($2::text is null or b.partner_id = $2);

-- to_tell --
select break_id, partner_id, programme_id, kind, state, amount, currency, owner, due_on
  from breaks
 where break_id = any ($1);

-- hold --
select break_id from breaks where break_id = $1 and ($2::text is null or partner_id = $2) for update;

-- assign --
update breaks set owner = $2 where break_id = $1 and state <> 'resolved';

-- resolve --
update breaks set state = 'resolved', resolved_on = $3, resolved_by = $2 where break_id = $1 and state <> 'resolved';

-- add_step --
insert into break_steps (break_id, what, owner, note, told_by, told_at)
values ($1, $2, $3, $4, $5, $6);

-- results_with_file --
-- What comparisons with file $2 of partner $1 came to: of its programme, from its day on.
select f.type, r.programme_id, r.result
  from received_files f
  join reconciliations r on r.programme_id = f.programme_id and r.partner_id = f.partner_id
                        and r.business_on >= f.business_on
                        and r.manifest -> 'cuts' -> 'their_files' -> f.file_id is not null
 where f.file_id = $2 and f.partner_id = $1;

-- hold_all --
select break_id from breaks where break_id = any ($1) order by break_id for update;

-- first_touched --
-- Of these breaks, the first that a person was at.
select break_id from break_steps where break_id = any ($1) and told_by is not null order by break_id limit 1;

-- steps --
select s.number, s.what, s.kind, s.owner, s.note, s.reconciliation_id, s.bank_message_id, s.told_by, s.told_at
  from break_steps s
  join breaks b using (break_id)
 where s.break_id = $1 and ($2::text is null or b.partner_id = $2) and s.number > $3
 order by s.number
 limit $4;

-- quality --
-- Of each programme and month: the last comparison of each day. An exception is what was found and is not tolerated.
with days as (
    select distinct on (programme_id, partner_id, business_on) *
      from reconciliations
     where ($1::text is null or partner_id = $1) and business_on >= $2 and business_on < $3
     order by programme_id, partner_id, business_on, number desc
), counted as (
    select programme_id, partner_id, verdict, (manifest ->> 'our_items')::bigint as items,
           (select count(*) from json_array_elements(result -> 'found') f
             where f ->> 'kind' not in ('bank_fee', 'rounding') and f ->> 'leg' = 'item') as exceptions,
           (select coalesce(sum(value::bigint), 0) from json_each_text(result -> 'counts')
             where key <> 'suggested') as matches
      from days
)
select c.programme_id, c.partner_id, count(*) as days, count(*) filter (where verdict = 'reconciled') as reconciled,
       count(*) filter (where verdict = 'incomplete') as incomplete, sum(items)::bigint as items,
       sum(exceptions)::bigint as exceptions, sum(matches)::bigint as matches,
       (select count(*) from breaks b where b.programme_id = c.programme_id and b.partner_id = c.partner_id
           and b.state <> 'resolved') as open,
       (select coalesce(sum(abs(b.amount)), 0)::bigint from breaks b
         where b.programme_id = c.programme_id and b.partner_id = c.partner_id and b.state <> 'resolved') as open_amount,
       (select coalesce(sum($4::date - b.opened_on), 0)::bigint from breaks b
         where b.programme_id = c.programme_id and b.partner_id = c.partner_id and b.state <> 'resolved') as open_days
  from counted c
 group by c.programme_id, c.partner_id
 order by c.programme_id, c.partner_id;
