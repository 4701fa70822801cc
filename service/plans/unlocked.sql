-- Plans and offers as they are read without a lock, and what finds out, when the batch is written, that nobody has changed
-- them meanwhile. A row's xmin is the transaction that wrote it: after any change it is another.

-- read_offers --
-- The decisions whose offers are asked for, each with the account of its consumer's person, and the decisions whose plans
-- have its merchant reference or had it. The plan that it has opened is among those. Nothing of a consumer that was erased.
select a.bucket, a.person_id, a.currency, a."limit", a.reserved, a.used, a.version, a.xmin::text as written_by,
       d.decision_id, d.consumer_id, d.merchant_id, d.merchant_reference, d.answer,
       coalesce(d.takers, convert_to(d.funding, 'UTF8')) as takers,
       array(select coalesce(p.decision_id, '')
               from merchant_references r
               left join plans p on p.bucket = r.bucket and p.plan_id = r.plan_id and @here(p)
              where r.merchant_id = d.merchant_id and r.merchant_reference = d.merchant_reference
                and @here(r)) as taken_by,
       array(select p.decision_id
               from former_references r
               join plans p on p.bucket = r.bucket and p.plan_id = r.plan_id and @here(p)
              where r.merchant_id = d.merchant_id and r.merchant_reference = d.merchant_reference
                and @here(r)) as given_free_by
  from unnest($1::smallint[], $2::text[]) as k (bucket, decision_id)
  join decisions d on d.bucket = k.bucket and d.decision_id = k.decision_id and @here(d)
  join consumers c on c.bucket = d.bucket and c.consumer_id = d.consumer_id and @here(c)
  join data_keys e on e.bucket = c.bucket and e.key_id = c.consumer_id and e.wrapped is not null and @here(e)
  join accounts a
    on a.bucket = bucket_of(c.person_id) and a.person_id = c.person_id and a.currency = d.currency and @here(a);

-- with_accounts --
-- What follows the plans that are `found` (load_plans): each with its account, and the payments with the references that
-- are asked about (load_notices).
select found.*, bucket_of(found.person_id) as account_bucket, a."limit", a.reserved, a.used,
       a.version as account_version, a.xmin::text as account_written_by,
       (select json_agg(json_build_object('reference', f.reference, 'fact', f.body) order by f.number)
          from unnest($4::text[], $5::text[]) as n (plan_id, reference)
          join facts f
            on f.bucket = found.bucket and f.plan_id = found.plan_id and f.reference = n.reference and @here(f)
         where n.plan_id = found.plan_id and f.fact = 'paid'
           and not exists (select from facts c
                            where c.bucket = f.bucket and c.plan_id = f.plan_id and c.fact = 'corrected'
                              and c.body ->> 'fact_id' = f.fact_id and @here(c))) as notices
  from found
  join accounts a
    on a.bucket = bucket_of(found.person_id) and a.person_id = found.person_id and a.currency = found.currency
   and @here(a);

-- unmoved_accounts --
-- Those that are as they were read, locked in sorted order. The row of one that was changed while we waited for its lock
-- is looked at again then.
select a.person_id
  from @seen_accounts
  join accounts a
    on a.bucket = seen_accounts.bucket and a.person_id = seen_accounts.person_id and a.currency = seen_accounts.currency
 where a.xmin::text = seen_accounts.written_by
 order by a.bucket, a.person_id, a.currency
   for update of a

-- unmoved_plans --
select p.plan_id
  from @seen_plans
  join plans p on p.bucket = seen_plans.bucket and p.plan_id = seen_plans.plan_id
 where p.xmin::text = seen_plans.written_by
 order by p.bucket, p.plan_id
   for update of p

-- nothing_has_moved --
-- Comes first, before anything is written but the keys, and fails unless each key was new, and each account and plan is as
-- it was read. The order in which it looks is the order of locks: keys, accounts, plans.
select require_unmoved((select count(*) from claimed) = expected.keys,
                       (select count(*) from accounts_kept) = expected.accounts,
                       (select count(*) from plans_kept) = expected.plans)
  from @expected;
