-- load_snapshots --
-- One statement, one moment: the account's version tells which commands the other facts have seen.
select c.consumer_id, k.currency, c.merchant_id, m.time_zone, c.version as consumer_version, c.attributes,
       coalesce(a.version, 0) as account_version, a."limit", coalesce(a.reserved, 0) as reserved,
       coalesce(a.used, 0) as used, h.open_plans, h.paid_off_plans, h.next_due_on, h.first_plan_at, h.clean_deposits
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, consumer_id, currency)
  join consumers c using (bucket, consumer_id)
  join merchants m using (merchant_id)
  left join accounts a
    on a.bucket = k.bucket and a.consumer_id = k.consumer_id and a.currency = k.currency
 cross join lateral (
    select count(*) filter (where p.state in ('authorized', 'part_captured', 'active', 'payment_due')) as open_plans,
           count(*) filter (where p.state = 'paid_off')                                               as paid_off_plans,
           min(p.authorized_at)                                                                       as first_plan_at,
           count(*) filter (where p.kind = 'deposit' and p.state = 'closed' and p.captured = 0
                              and coalesce(p.closed_at > p.last_claim_at, true))                      as clean_deposits,
           min((select min(i.due_on) from instalments i
                 where i.bucket = p.bucket and i.plan_id = p.plan_id and i.paid_on is null))          as next_due_on
      from (select p.*, max(p.claimed_at) over () as last_claim_at from plans p
             where p.bucket = k.bucket and p.consumer_id = k.consumer_id and p.currency = k.currency) p
     where a.version > 1
 ) h;
