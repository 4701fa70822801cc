-- What is agreed on is kept packed (service/packed.py), as answers are: a plan's offer, and who funds the offers of a
-- decision, in an eighth of their size. Older rows keep theirs as JSON: nothing is written anew.

alter table plans
    add column accepted bytea,   -- the offer as accepted; null: it stands in `offer`
    add column scenario text;    -- of a use: what is used, as the accepted offer says
alter table plans alter column accepted set storage external;
alter table plans alter column offer drop not null;
alter table plans add constraint plans_have_one_offer check (num_nonnulls(offer, accepted) = 1) not valid;

alter table decisions add column takers bytea;   -- whose money each offer would be; null: that stands in `funding`
alter table decisions alter column takers set storage external;
alter table decisions alter column funding drop not null;
alter table decisions add constraint decisions_have_takers_once check (num_nonnulls(funding, takers) = 1) not valid;
