-- A merchant reference is taken by its plan until that is voided or expired, when nothing was ever captured: then the
-- same order may be paid with a new plan. merchant_references holds those taken, this table those given free again.
create table former_references (
    bucket             bucket     not null,
    merchant_id        identifier not null,
    merchant_reference text       not null,
    plan_id            identifier not null,
    constraint former_references_pk primary key (bucket, merchant_id, merchant_reference, plan_id)
);

with given_free as (
    delete from merchant_references r
     using plans p
     where p.plan_id = r.plan_id and p.state in ('voided', 'expired')
    returning r.bucket, r.merchant_id, r.merchant_reference, r.plan_id
)
insert into former_references (bucket, merchant_id, merchant_reference, plan_id) select * from given_free;
