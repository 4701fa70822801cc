-- What a back office lists by merchant, the newest first: ids are in the order of time. Of what is written in a purchase an
-- entry of each index is all that it costs; nothing of them changes afterwards.

create index plans_of_merchant on plans (merchant_id, plan_id);
create index decisions_of_merchant on decisions (merchant_id, decision_id);
create index consumers_of_merchant on consumers (merchant_id, consumer_id);
