-- Who bears losses lists its own.

create index loss_allocations_of_bearer on loss_allocations (bearer_id, loss_id, version);
