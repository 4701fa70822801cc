-- What tells whether the work of time gets done, and how much money is out.

-- money --
-- What consumers may owe, were promised and owe, by currency: minor units.
select currency, sum("limit")::bigint as may_owe, sum(reserved)::bigint as reserved, sum(used)::bigint as used
  from accounts
 group by currency;

-- oldest_undelivered --
-- The oldest event that an endpoint in use waits for: one on its way, or one that nobody has taken up yet.
select event_id
  from (select d.event_id
          from deliveries d
          join endpoints e on e.endpoint_id = d.endpoint_id
         where d.state = 'waiting' and e.state = 'active'
        union all
        select v.event_id
          from endpoints e
          join events v on v.merchant_id = e.merchant_id and v.number = e.taken_until + 1
         where e.state = 'active') waiting
 order by substr(event_id, 4)   -- by its time: those of a partner's sub-ledger have another prefix
 limit 1;

-- oldest_break --
select min(opened_on) as opened_on, count(*) as open from breaks where state <> 'resolved';
