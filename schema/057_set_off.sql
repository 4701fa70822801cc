-- What came back to who bears a loss before it had paid is set off: it counts as paid and as returned, and is kept apart,
-- so that it is neither once the money did not come after all.
alter table capacity_holds add column set_off bigint not null default 0;   -- of what is paid, and of what is returned

update capacity_holds h
   set set_off = greatest(least(h.returned, h.paid - coalesce(
           (select sum(c.paid - c.clawed_back)
              from loss_claims c
             where c.loss_id = h.held_for and c.arrangement_id = h.arrangement_id), 0)), 0)
 where h.returned > 0
   and not exists (select from losses l
                     join loss_allocations a on a.bucket = l.bucket and a.loss_id = l.loss_id and a.version = l.version
                    where l.loss_id = h.held_for and a.arrangement_id = h.arrangement_id and a.bearer_id = l.merchant_id);

alter table capacity_holds add constraint capacity_holds_set_off_what_came_back
    check (set_off between 0 and least(paid, returned));
