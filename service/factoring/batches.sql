-- Batches of receivables that are bought at once.

-- insert_batch --
insert into assignment_batches (batch_id, external_id, merchant_id, currency, wanted, state, items_total, made_at)
values ($1, $2, $3, $4, $5::text::json, 'open', $6, $7)
    on conflict on constraint assignment_batches_external_once do nothing
returning *;

-- insert_items --
insert into assignment_batch_items (batch_id, number, receivable_id)
select $1, number, receivable_id from unnest($2::text[]) with ordinality as i (receivable_id, number);

-- lock_batch --
select * from assignment_batches where batch_id = $1 for update;

-- batch --
select * from assignment_batches where batch_id = $1;

-- list_batches --
select * from assignment_batches where batch_id > $1 order by batch_id limit $2;

-- items_of --
select number, receivable_id, reason, assignment_id, price
  from assignment_batch_items
 where batch_id = $1
 order by number;

-- keep_items --
-- What became of each.
update assignment_batch_items i
   set reason = kept.reason, assignment_id = kept.assignment_id, price = kept.price
  from @kept
 where i.batch_id = kept.batch_id and i.number = kept.number;

-- keep_state --
update assignment_batches set state = $2, items_kept = $3, price = $4, ended_at = $5 where batch_id = $1 returning *;
