-- Merchants.

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at, is_test, platform, platform_id,
                       fee_share_bps, is_believed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- sellers_of --
-- A platform's, the oldest first, after one.
select merchant_id, name, country, time_zone, active, is_test, created_at
  from merchants
 where platform_id = $1 and merchant_id > $2
 order by merchant_id
 limit $3;

-- move_clock --
-- Never back: of two who move it, the one who moves it further wins.
update merchants set ahead = $2 where merchant_id = $1 and is_test and ahead < $2;

-- lock_merchant --
select name, fees, active, is_believed from merchants where merchant_id = $1 for update;

-- change_merchant --
update merchants
   set name = coalesce($2, name), fees = coalesce($3::json, fees), active = coalesce($4, active),
       is_believed = coalesce($5, is_believed)
 where merchant_id = $1;
