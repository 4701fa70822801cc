-- Settlements with credit insurers.

-- hold --
-- One at a time settles with an insurer in a currency.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- last --
select number, until_on
  from insurer_settlements
 where insurer_id = $1 and currency = $2
 order by number desc
 limit 1;

-- unsettled --
-- Of an insurer in a currency, until a day: what came about, less what was settled before.
select (select coalesce(sum(on_turnover + true_up + limit_fees), 0)
          from premium_declarations
         where insurer_id = $1 and currency = $2 and end_on <= $3)::bigint
       - s.premium as premium,
       (select coalesce(sum(r.at_receipt), 0)
          from insured_losses l
          join insured_recoveries r using (loss_id)
         where l.insurer_id = $1 and l.policy_currency = $2 and l.is_booked and r.came_on <= $3)::bigint
       - s.salvage as salvage,
       (select coalesce(sum(indemnity), 0)
          from insured_losses
         where insurer_id = $1 and policy_currency = $2 and is_booked and (told_at at time zone 'UTC')::date <= $3)::bigint
       - s.indemnity as indemnity
  from (select coalesce(sum(premium), 0)::bigint as premium, coalesce(sum(salvage), 0)::bigint as salvage,
               coalesce(sum(indemnity), 0)::bigint as indemnity
          from insurer_settlements
         where insurer_id = $1 and currency = $2) s;

-- insert_settlement --
insert into insurer_settlements (settlement_id, insurer_id, currency, number, until_on, premium, salvage, indemnity,
                                 given_back, backs, made_at, made_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- to_give_back --
-- By the place that owes it, what is owed to a party until a day of losses of plans and of its pools, less what was settled
-- before. What it would have had until then and owes again by now is not given back.
with its as (
    select distinct l.bucket, l.plan_id
      from loss_allocations a
      join losses l using (bucket, loss_id)
     where a.bearer_id = $1 and l.currency = $2
), sides as (
    select t.plan_id, t.debit as account, t.amount, t.booked_on
      from its join transfers t using (bucket, plan_id)
     where t.debit in ('insurer_receivable', 'guarantor_receivable') and t.debit_owner = $1
     union all
    select t.plan_id, t.credit, - t.amount, t.booked_on
      from its join transfers t using (bucket, plan_id)
     where t.credit in ('insurer_receivable', 'guarantor_receivable') and t.credit_owner = $1
), owed as (
    select account, $1 as owner,
           least(greatest(- coalesce(sum(amount) filter (where booked_on <= $3), 0), 0), greatest(- sum(amount), 0)) as amount
      from sides
     group by plan_id, account
     union all
    select 'pool_payable', f.funder_id, sum(m.amount)
      from pool_funders f
      join pool_movements m using (arrangement_id, funder_id)
     cross join lateral (select document ->> 'currency' as currency
                           from support_arrangements a
                          where a.arrangement_id = f.arrangement_id order by version desc limit 1) d
     where f.party_id = $1 and d.currency = $2 and m.kind = 'paid_out' and m.booked_on <= $3
     group by f.funder_id
     union all
    select one ->> 'account', one ->> 'owner', - (one ->> 'amount')::bigint
      from insurer_settlements s
     cross join lateral json_array_elements(s.backs) one
     where s.insurer_id = $1 and s.currency = $2
)
select account, owner, sum(amount)::bigint as amount from owed group by account, owner having sum(amount) <> 0
 order by account, owner;

-- load_settlement --
select settlement_id, insurer_id, currency, number, until_on, premium, salvage, given_back, indemnity, net, state, tries,
       order_id, paid_on, reference, word_of, made_at
  from insurer_settlements
 where settlement_id = $1
   for no key update;

-- list_settlements --
-- Of an insurer, or of all; the oldest first.
select settlement_id, insurer_id, currency, number, until_on, premium, salvage, given_back, indemnity, net, state, tries,
       order_id, paid_on, reference, word_of, made_at
  from insurer_settlements
 where ($1::text is null or insurer_id = $1) and settlement_id > $2
 order by settlement_id
 limit $3;

-- lock_due --
-- What we are to pay up to a day in a currency, to parties whose account is known.
select s.settlement_id, s.insurer_id, s.currency, s.number, s.until_on, s.premium, s.salvage, s.given_back, s.indemnity, s.net,
       s.state, s.tries, s.order_id, s.paid_on, s.reference, s.word_of, s.made_at, p.accounts -> s.currency as account
  from insurer_settlements s
  join support_parties p on p.party_id = s.insurer_id
 where s.state = 'due' and s.net > 0 and s.currency = $1 and (s.made_at at time zone 'UTC')::date <= $2
   and p.accounts -> s.currency is not null
 order by s.settlement_id
 limit $3
   for no key update of s;

-- lock_named --
-- In currency $1 those with these ids, and those of orders $3 that are on their way.
select settlement_id, insurer_id, currency, number, until_on, premium, salvage, given_back, indemnity, net, state, tries,
       order_id, paid_on, reference, word_of, made_at
  from insurer_settlements
 where currency = $1 and (settlement_id = any ($2::text[]) or (order_id = any ($3::text[]) and state = 'ordered'))
 order by settlement_id
   for no key update;

-- confirm --
update insurer_settlements set word_of = 'bank' where settlement_id = any ($1::text[]);

-- keep_step --
with moved as (
    update insurer_settlements
       set state = $2, tries = $3, order_id = coalesce($6, order_id), reference = $7, word_of = $8, paid_on = $11
     where settlement_id = $1
)
insert into insurer_settlement_steps (settlement_id, number, step_id, step, order_id, reference, word_of, told_by, told_at)
select $1, (select count(*) + 1 from insurer_settlement_steps b where b.settlement_id = $1), $4, $5, $6, $7, $8, $9, $10;
