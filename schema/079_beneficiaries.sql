-- Of a tier that bears of a partner's part alone, who is paid: the partner; null: we. None before had one.
alter table loss_allocations add column beneficiary_id text collate "C";
