-- What is reserved of a claim is what its arrangement holds for the loss, which moves with the loss: it is not kept twice.
alter table loss_claims drop column reserved;   -- with the check that names it
alter table loss_claims add constraint loss_claims_amounts_not_negative
    check (least(claimed, approved, paid, clawed_back) >= 0);
