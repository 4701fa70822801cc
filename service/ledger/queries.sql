-- The ledger: append-only.

-- book --
insert into transfers (bucket, cause_id, leg, occasion, debit, debit_owner, credit, credit_owner, amount, currency,
                       plan_id, merchant_id, partner_id, booked_on, booked_at)
select bucket, cause_id, leg, occasion, debit, debit_owner, credit, credit_owner, amount, currency,
       plan_id, merchant_id, partner_id, booked_on, booked_at
  from @booked;

-- trial_balance --
-- Every account's two sides, from the transfers themselves.
select account, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
  from (select debit as account, currency, amount as debit, 0 as credit from transfers
        union all
        select credit, currency, 0, amount from transfers) t
 group by account, currency
 order by currency, account;
