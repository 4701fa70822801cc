-- Assignments: made, ended, and told.

-- insert_assignments --
insert into assignments (assignment_id, receivable_id, mode, assignee_id, amount, recourse, terms, position, state,
                         assigned_on, notified_on, batch_id, made_at)
select assignment_id, receivable_id, mode, assignee_id, amount, recourse, terms, position, state,
       assigned_on, notified_on, batch_id, made_at
  from @made;

-- keep_assignees --
-- What was bought is its assignee's, what was pledged is pledged.
update receivables r
   set purchase_id = case when made.mode = 'purchase' then made.assignment_id else r.purchase_id end,
       pledged = r.pledged + case when made.mode = 'pledge' then made.amount else 0 end
  from @made
 where r.receivable_id = made.receivable_id;

-- insert_steps --
insert into assignment_steps (step_id, assignment_id, number, what, on_day, state, position, payment_id, told_by, told_at)
select step_id, assignment_id, (select count(*) + 1 from assignment_steps b where b.assignment_id = s.assignment_id),
       what, on_day, state, position, payment_id, told_by, told_at
  from @s;

-- keep_assignment --
update assignments set state = $2, position = $3::text::json, ended_on = $4, notified_on = $5 where assignment_id = $1;

-- let_go --
-- The receivable may be assigned again.
update receivables set purchase_id = null where receivable_id = $1;

-- release_pledge --
update receivables set pledged = pledged - $2 where receivable_id = $1;

-- receivable_of --
select receivable_id from assignments where assignment_id = $1;

-- assignment --
-- One, of any assignee, or of one alone.
select a.*, r.merchant_id, r.currency
  from assignments a
  join receivables r using (receivable_id)
 where a.assignment_id = $1 and ($2::text is null or a.assignee_id = $2);

-- list_assignments --
-- Of a merchant, of an assignee, or of all; live ones alone, or all.
select a.*, r.merchant_id, r.currency
  from assignments a
  join receivables r using (receivable_id)
 where ($1::text is null or r.merchant_id = $1) and ($2::text is null or a.assignee_id = $2)
   and a.assignment_id > $3 and (not $4::boolean or a.ended_on is null)
 order by a.assignment_id
 limit $5;

-- register --
-- Every live assignment once: of an assignee, or of all.
select a.assignment_id, a.receivable_id, r.merchant_id, r.kind, b.country as buyer_country, b.number as buyer_number,
       r.channel, r.acquirer, r.reference, r.due_on, r.currency, r.amount as face, a.mode, a.assignee_id, a.amount,
       a.recourse, a.assigned_on, a.notified_on, a.state
  from assignments a
  join receivables r using (receivable_id)
  left join buyers b using (buyer_id)
 where a.ended_on is null and ($1::text is null or a.assignee_id = $1)
 order by r.merchant_id, r.reference, a.assignment_id;

-- is_partner --
select exists (select from partners where partner_id = $1);
