-- load_keys --
select hmac, key_id, audience::text, owner_id, scopes from keys where revoked_at is null;

-- load_merchants --
select merchant_id, name, country, time_zone, fees, active from merchants;

-- load_programmes --
select distinct on (programme_id)
       programme_id, version, partner_id, name, kinds, currency, funding_bps, time_zone, active
  from programmes
 order by programme_id, version desc;

-- load_policy --
-- The policy in force: of those published and begun, the one that began last.
select document
  from policies
 where active_from <= $1
 order by active_from desc, published_at desc
 limit 1;

-- upsert_consumer --
insert into consumers as c (bucket, consumer_id, merchant_id, reference, attributes, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $6)
    on conflict on constraint consumers_reference_once do update
   set attributes = excluded.attributes, version = c.version + 1, updated_at = excluded.updated_at
returning consumer_id, reference, attributes, version, created_at, updated_at;

-- load_consumer --
select consumer_id, reference, attributes, version, created_at, updated_at
  from consumers
 where bucket = $1 and consumer_id = $2 and merchant_id = $3;

-- load_account --
select coalesce(a."limit", 0) as "limit", coalesce(a.reserved, 0) as reserved, coalesce(a.used, 0) as used,
       coalesce(a.version, 0) as version
  from consumers c
  left join accounts a on a.bucket = c.bucket and a.consumer_id = c.consumer_id and a.currency = $3
 where c.bucket = $1 and c.consumer_id = $2 and ($4::text is null or c.merchant_id = $4);

-- set_limit --
insert into accounts as a (bucket, consumer_id, currency, "limit")
select c.bucket, c.consumer_id, $3, $4
  from consumers c
 where c.bucket = $1 and c.consumer_id = $2
    on conflict on constraint accounts_pk do update
   set "limit" = excluded."limit", over_limit = a.reserved + a.used > excluded."limit", version = a.version + 1
returning bucket, consumer_id, currency, "limit", reserved, used, version;

-- load_decision --
select answer from decisions where bucket = $1 and decision_id = $2 and merchant_id = $3;

-- load_decision_log --
select decision_id, merchant_id, policy_id, policy_version, decided_at, request, snapshot, answer, funding
  from decisions
 where bucket = $1 and decision_id = $2;

-- load_plan --
select * from plans where bucket = $1 and plan_id = $2 and merchant_id = $3;

-- load_plan_instalments --
select plan_id, number, capture, due_on, principal, interest, fee, principal_paid, interest_paid, fee_paid, paid_on
  from instalments
 where bucket = $1 and plan_id = $2
 order by number;

-- find_plan --
select plan_id from merchant_references where bucket = $1 and merchant_id = $2 and merchant_reference = $3;

-- load_events --
select number, event_id as id, type, plan_id, at, data
  from events
 where merchant_id = $1 and number > $2
 order by number
 limit $3;

-- trial_balance --
-- Every account's two sides, from the transfers themselves.
select account::text as account, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
  from (select debit as account, currency, amount as debit, 0 as credit from transfers
        union all
        select credit, currency, 0, amount from transfers) t
 group by account, currency
 order by currency, account;

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at)
values ($1, $2, $3, $4, $5, $6);

-- insert_feed --
insert into feeds (merchant_id) values ($1);

-- insert_partner --
insert into partners (partner_id, name, created_at) values ($1, $2, $3);

-- insert_programme --
insert into programmes (programme_id, version, partner_id, name, kinds, currency, funding_bps, time_zone, created_at)
values ($1, 1, $2, $3, $4, $5, $6, $7, $8);

-- load_owner --
select 1
 where $1 = 'operator'
    or $1 = 'merchant' and exists (select from merchants where merchant_id = $2)
    or $1 = 'partner' and exists (select from partners where partner_id = $2);

-- insert_key --
insert into keys (key_id, hmac, audience, owner_id, scopes, created_at) values ($1, $2, $3, $4, $5, $6);

-- revoke_key --
update keys set revoked_at = $2 where key_id = $1 and revoked_at is null returning key_id;

-- insert_policy --
insert into policies (policy_id, version, document, published_at, active_from) values ($1, $2, $3, $4, $5);

-- last_policy_version --
select coalesce(max(version), 0) from policies where policy_id = $1;

-- count_decisions --
select coalesce(nullif(request ->> 'category', ''), request -> 'items' -> 0 ->> 'category', '') as category,
       currency, outcome::text, count(*) as decisions, sum((request ->> 'amount')::bigint)::bigint as amount
  from decisions
 group by 1, 2, 3
 order by 1, 2, 3;

-- count_plans --
select p.kind::text, p.currency, p.state::text, count(*) as plans, sum(p.amount)::bigint as amount,
       coalesce(sum(i.outstanding), 0)::bigint as outstanding,
       count(*) filter (where i.overdue > 0) as overdue_plans, coalesce(sum(i.overdue), 0)::bigint as overdue
  from plans p
  left join (
       select bucket, plan_id, sum(owed) as outstanding, sum(owed) filter (where due_on < $1) as overdue
         from (select bucket, plan_id, due_on,
                      principal + interest + fee - principal_paid - interest_paid - fee_paid as owed
                 from instalments
                where paid_on is null) unpaid
        group by bucket, plan_id) i using (bucket, plan_id)
 group by p.kind, p.currency, p.state
 order by p.kind, p.currency, p.state;

-- sum_accounts --
select currency, count(*) as accounts, sum("limit")::bigint as "limit", sum(reserved)::bigint as reserved,
       sum(used)::bigint as used
  from accounts
 group by currency
 order by currency;
