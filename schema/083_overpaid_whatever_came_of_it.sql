-- What was paid too much goes back whatever came of the plan: also where it was let go, recovered or voided.
drop index plans_overpaid;
create index plans_to_pay_back on plans (bucket, plan_id) where overpaid > 0 and closed_at is not null;
