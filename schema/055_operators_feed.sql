-- What operators look after is told in a feed of their own: what waits for a person, and what became of it.

insert into feeds (merchant_id) values ('operators') on conflict do nothing;
