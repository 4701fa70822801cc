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
                                 made_at, made_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- load_settlement --
select settlement_id, insurer_id, currency, number, until_on, premium, salvage, indemnity, net, paid_on, reference, made_at
  from insurer_settlements
 where settlement_id = $1
   for no key update;

-- pay --
update insurer_settlements set paid_on = $2, reference = $3, payment_id = $4 where settlement_id = $1;

-- list_settlements --
-- Of an insurer, or of all; the oldest first.
select settlement_id, insurer_id, currency, number, until_on, premium, salvage, indemnity, net, paid_on, reference, made_at
  from insurer_settlements
 where ($1::text is null or insurer_id = $1) and settlement_id > $2
 order by settlement_id
 limit $3;
