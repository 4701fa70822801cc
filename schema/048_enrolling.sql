-- Plans are enrolled as they are captured, in the command's own transaction: it locks no row that other captures lock.

alter table enrolments drop constraint enrolments_set;   -- its check would lock the set's row, with every capture

-- Every process knows within a second that a set was frozen, or its arrangement suspended.
create trigger cover_sets_change_is_announced after insert or update on cover_sets
    for each statement execute function announce_change();
create trigger support_capacity_change_is_announced after update of state on support_capacity
    for each statement execute function announce_change();
