-- Schemes and their vouchers.

-- insert_scheme --
-- The next version; of a new scheme the first.
with version as (
    select coalesce(max(version), 0) + 1 as next from schemes where scheme_id = $1
), budget as (
    insert into scheme_budgets (scheme_id) values ($1) on conflict do nothing
)
insert into schemes (scheme_id, version, document, agreed_at) select $1, next, $2, $3 from version returning version;

-- lock_scheme --
-- One grants at a time.
select granted from scheme_budgets where scheme_id = $1 for update;

-- load_scheme --
select version, document from schemes where scheme_id = $1 order by version desc limit 1;

-- load_version --
select document from schemes where scheme_id = $1 and version = $2;

-- list_schemes --
with page as materialized (
    select distinct on (scheme_id) scheme_id, s.version, s.document, b.granted
      from schemes s
      join scheme_budgets b using (scheme_id)
     where scheme_id > $1
     order by scheme_id, version desc
     limit $2
), held as materialized (
    select scheme_id, sum(held) as held
      from plan_subsidies
     where scheme_id = any (array(select scheme_id from page))
     group by scheme_id
)
select scheme_id, version, document, (granted + coalesce(held, 0))::bigint as granted
  from page
  left join held using (scheme_id)
 order by scheme_id;

-- move_granted --
update scheme_budgets set granted = granted + $2 where scheme_id = $1;

-- held_by_person --
select count(*) from vouchers where scheme_id = $1 and person_id = $2 and type = $3 and state <> 'released';

-- insert_voucher --
insert into vouchers (voucher_id, scheme_id, version, merchant_id, person_id, consumer_id, type, grade, price, amount,
                      currency, reference, state, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'reserved', $13)
    on conflict (merchant_id, scheme_id, reference) do nothing
returning voucher_id;

-- lock_voucher --
select voucher_id, scheme_id, version, merchant_id, consumer_id, type, grade, price, amount, currency, reference, state,
       refunded, returned, made_at
  from vouchers
 where voucher_id = $1 and merchant_id = $2
   for update;

-- keep_voucher --
update vouchers set state = $2, refunded = $3, returned = $4 where voucher_id = $1;

-- insert_step --
insert into voucher_steps (step_id, voucher_id, scheme_id, number, amount, before, booked_on, told_at)
select $1, $2, $3, (select count(*) + 1 from voucher_steps where voucher_id = $2), $4, $5, $6, $7;

-- list_vouchers --
select voucher_id, scheme_id, version, merchant_id, consumer_id, type, grade, price, amount, currency, reference, state,
       refunded, returned, made_at
  from vouchers
 where merchant_id = $1 and voucher_id > $2
 order by voucher_id
 limit $3;

-- steps_of --
-- Of a scheme, from a day to another, after one.
select s.voucher_id, v.version, s.amount, s.before, v.price
  from voucher_steps s
  join vouchers v using (voucher_id)
 where s.scheme_id = $1 and s.booked_on between $2 and $3
 order by s.step_id;
