-- Merchants.

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at)
values ($1, $2, $3, $4, $5, $6);
