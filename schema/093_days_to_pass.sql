-- Plans whose next day begins at one instant stand under it together, which takes a few bytes each: in the order of their
-- ids they are put when they are read. With its id each took an entry of its own, written again with each payment.
drop index plans_to_pass;
create index plans_to_pass on plans (bucket, day_at) where day_at is not null;
