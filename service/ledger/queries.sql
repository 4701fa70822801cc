-- The ledger: append-only.

-- book --
insert into transfers (bucket, cause_id, leg, occasion, debit, debit_owner, credit, credit_owner, amount, currency,
                       plan_id, merchant_id, partner_id, booked_on, booked_at)
select bucket, cause_id, leg, occasion, debit, debit_owner, credit, credit_owner, amount, currency,
       plan_id, merchant_id, partner_id, booked_on, booked_at
  from @booked;

-- trial_balance --
-- Every account's two sides, from the transfers themselves: those booked until a day, or all.
select account, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
  from (select debit as account, currency, amount as debit, 0 as credit
          from transfers where $1::date is null or booked_on <= $1
        union all
        select credit, currency, 0, amount
          from transfers where $1::date is null or booked_on <= $1) t
 group by account, currency
 order by currency, account;
