-- Acts that wait for a second person.

-- insert_approval --
insert into approvals (approval_id, act, thing, thing_id, payload, proposed_by, proposed_key, proposed_at, expires_at,
                       state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending');

-- load_approval --
select approval_id, act, thing, thing_id, payload, proposed_by, proposed_key, proposed_at, expires_at, state,
       decided_by, decided_key, decided_at
  from approvals
 where approval_id = $1;

-- lock_approval --
select approval_id, act, thing, thing_id, payload, proposed_by, proposed_key, proposed_at, expires_at, state,
       decided_by, decided_key, decided_at
  from approvals
 where approval_id = $1
   for update;

-- decide_approval --
update approvals
   set state = $2, decided_by = $3, decided_key = $4, decided_at = $5
 where approval_id = $1 and state = 'pending';

-- list_approvals --
select approval_id, act, thing, thing_id, payload, proposed_by, proposed_key, proposed_at, expires_at, state,
       decided_by, decided_key, decided_at
  from approvals
 where approval_id > $1 and ($3::text is null or state = $3)
 order by approval_id
 limit $2;
