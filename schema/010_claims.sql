-- A claim sets the ladder of deposits back: what counts as clean is what came back whole after it.
alter table plans add column claimed_at timestamptz;   -- of a deposit: the last claim; null: none

update plans p
   set claimed_at = e.at
  from (select bucket, plan_id, max(at) as at from events where type = 'deposit.claimed' group by bucket, plan_id) e
 where p.bucket = e.bucket and p.plan_id = e.plan_id;

alter table plans
    add constraint plans_claimed_are_deposits check ((claimed_at is not null) = (kind = 'deposit' and captured > 0));
