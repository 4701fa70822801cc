-- Merchants.

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at, is_test)
values ($1, $2, $3, $4, $5, $6, $7);

-- move_clock --
-- Never back: of two who move it, the one who moves it further wins.
update merchants set ahead = $2 where merchant_id = $1 and is_test and ahead < $2;
