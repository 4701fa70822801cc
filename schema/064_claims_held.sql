-- A claim with what its arrangement holds for the loss and bears of it now, and what earlier claims of it were granted.
create view claims_held as
select c.*, coalesce(h.reserved, 0) as held, coalesce(a.amount, 0) as bears,
       (select coalesce(sum(e.approved), 0)::bigint
          from loss_claims e
         where e.loss_id = c.loss_id and e.arrangement_id = c.arrangement_id and e.state = 'closed'
           and e.claim_id <> c.claim_id) as earlier
  from loss_claims c
  left join capacity_holds h on h.arrangement_id = c.arrangement_id and h.held_for = c.loss_id
  left join losses l on l.bucket = bucket_of(c.loss_id) and l.loss_id = c.loss_id
  left join loss_allocations a on a.bucket = l.bucket and a.loss_id = l.loss_id and a.version = l.version
                              and a.arrangement_id = c.arrangement_id;
