-- What is behind a consumer, counted once: the table `pasts` says what that means.

-- count_past --
-- Of the plans of a person in one bucket and currency, at most so many that are over and are not counted as they are now.
-- Those that somebody holds are left to the next time. A deposit is not counted: what it tells depends on later claims.
with over as materialized (
    select p.bucket, p.plan_id, p.consumer_id, p.state, p.authorized_at, p.past_paid_off,
           p.state in ('paid_off', 'overpaid')
           and not exists (select from unproved_payments u where u.bucket = p.bucket and u.plan_id = p.plan_id)
           as is_paid_off
      from plans p
     where p.bucket = $1 and p.person_id = $2 and p.currency = $3 and p.past_state is distinct from p.state
       and p.closed_at is not null and p.kind <> 'deposit'
     limit $4
       for update of p skip locked
), counted as (
    update plans p
       set past_state = over.state, past_paid_off = over.is_paid_off
      from over
     where p.bucket = over.bucket and p.plan_id = over.plan_id
), sums as materialized (   -- less where one that was counted as paid off is not any more: then the row is there
    select bucket, consumer_id, sum(is_paid_off::int - coalesce(past_paid_off, false)::int) as more,
           min(authorized_at) as first_plan_at
      from over
     group by bucket, consumer_id
), added as (
    insert into pasts (bucket, consumer_id, currency, paid_off_plans, first_plan_at)
    select bucket, consumer_id, $3, greatest(more, 0), first_plan_at
      from sums
     order by bucket, consumer_id
        on conflict on constraint pasts_pk do update
       set paid_off_plans = pasts.paid_off_plans + (select more from sums s
                                                     where s.bucket = pasts.bucket and s.consumer_id = pasts.consumer_id),
           first_plan_at = least(pasts.first_plan_at, excluded.first_plan_at)
)
select count(*) from over;

-- count_proved_anew --
-- Plans after $1, $2 that were counted as paid off on a word which is proved by now: they are counted no more, and so read
-- as they are.
with proved as materialized (
    select p.bucket, p.plan_id
      from plans p
     where p.past_state in ('paid_off', 'overpaid') and not p.past_paid_off and (p.bucket, p.plan_id) > ($1, $2)
       and not exists (select from unproved_payments u where u.bucket = p.bucket and u.plan_id = p.plan_id)
     order by p.bucket, p.plan_id
     limit $3
       for update of p skip locked
)
update plans p
   set past_state = null, past_paid_off = null
  from proved
 where p.bucket = proved.bucket and p.plan_id = proved.plan_id
returning p.bucket, p.plan_id;

-- count_plan_anew --
-- The same of one, of which a word was proved.
update plans
   set past_state = null, past_paid_off = null
 where bucket = $1 and plan_id = $2 and past_state in ('paid_off', 'overpaid') and not past_paid_off;
