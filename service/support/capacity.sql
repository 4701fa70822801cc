-- What arrangements have to pay with, and what of it is held for which loss.

-- open_capacity --
-- An arrangement's capacity follows its newest document.
insert into support_capacity (arrangement_id, is_funded, is_reinstatable) values ($1, $2, $3)
    on conflict (arrangement_id) do update set is_funded = excluded.is_funded,
                                               is_reinstatable = excluded.is_reinstatable;

-- lock_capacities --
-- In the order of their ids; changed by one at a time.
select arrangement_id, state, is_funded, is_reinstatable, funded, reserved, paid, returned, available
  from support_capacity
 where arrangement_id = any ($1::text[])
 order by arrangement_id
   for no key update;

-- load_capacity --
select arrangement_id, state, is_funded, is_reinstatable, funded, reserved, paid, returned, available
  from support_capacity
 where arrangement_id = $1;

-- load_hold --
select reserved, paid, returned, set_off, decided from capacity_holds where arrangement_id = $1 and held_for = $2;

-- save_hold --
insert into capacity_holds (arrangement_id, held_for, reserved, paid, returned, set_off, changed_at)
values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (arrangement_id, held_for) do update set reserved = excluded.reserved, paid = excluded.paid,
                                                         returned = excluded.returned, set_off = excluded.set_off,
                                                         changed_at = excluded.changed_at;

-- move_capacity --
-- By what a hold has changed.
update support_capacity set reserved = reserved + $2, paid = paid + $3, returned = returned + $4
 where arrangement_id = $1
returning arrangement_id, state, is_funded, is_reinstatable, funded, reserved, paid, returned, available;

-- insert_funding --
insert into support_fundings (funding_id, arrangement_id, amount, reference, made_by, made_at)
values ($1, $2, $3, $4, $5, $6);

-- fund --
update support_capacity set funded = funded + $2
 where arrangement_id = $1
returning arrangement_id, state, is_funded, is_reinstatable, funded, reserved, paid, returned, available;

-- set_state --
update support_capacity set state = $2
 where arrangement_id = $1
returning arrangement_id, state, is_funded, is_reinstatable, funded, reserved, paid, returned, available;

-- decide --
insert into capacity_holds (arrangement_id, held_for, decided, changed_at) values ($1, $2, $3, $4)
    on conflict (arrangement_id, held_for) do update set decided = excluded.decided, changed_at = excluded.changed_at;

-- look_again --
update losses set seen = 0 where bucket = $1 and loss_id = $2;
