-- Whose word a payment is. What a processor or the lender says of money is proved by it; what a merchant says is its word,
-- and lifts nobody's limit, until it is proved:
--
--   the merchant has it itself          a settlement took it off, and that one or a later one left the merchant owing nothing
--   it is on its way to the lender      an operator has seen it come

-- That an operator has seen a payment come which a merchant had told of.
create table payment_proofs (
    bucket     smallint         not null,
    plan_id    text collate "C" not null,
    payment_id text collate "C" not null,
    evidence   text             not null,   -- by what it is found at the bank or the processor: no words about a person
    proved_by  text collate "C" not null,   -- the key
    proved_at  timestamptz      not null,
    constraint payment_proofs_pk primary key (bucket, plan_id, payment_id),
    constraint payment_proofs_bucket_in_range check (bucket between 0 and 1023)
);

create trigger payment_proofs_are_append_only before update or delete or truncate on payment_proofs
    for each statement execute function refuse_change();
revoke update, delete, truncate on payment_proofs from public;

-- Payments to a merchant that it has borne.
create view payments_borne as
select l.cause_bucket as bucket, l.cause_id
  from settlement_lines l
  join settlements s on s.settlement_id = l.settlement_id
 where l.kind = 'paid_to_merchant'
   and exists (select from settlements t
                where t.merchant_id = s.merchant_id and t.currency = s.currency and t.number >= s.number
                  and t.closing >= 0);

-- What merchants have told of and nothing proves; a payment that the bank returned never was.
create view unproved_payments as
select f.bucket, f.plan_id, f.fact_id as payment_id
  from facts f
 where f.fact = 'paid' and f.actor in ('merchant', 'platform')
   and not exists (select from payment_proofs x
                    where x.bucket = f.bucket and x.plan_id = f.plan_id and x.payment_id = f.fact_id)
   and not exists (select from payments_borne b where b.bucket = f.bucket and b.cause_id = f.cause_id)
   and not exists (select from facts r
                    where r.bucket = f.bucket and r.plan_id = f.plan_id and r.fact = 'payment_returned'
                      and r.body ->> 'payment_id' = f.fact_id);
