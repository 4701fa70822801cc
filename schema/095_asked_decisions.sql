-- What decides whether decisions are logged, as it is sent: all of those that are asked about have a key.

create type row_stttttbbb as (c1 smallint, c2 text, c3 text, c4 text, c5 text, c6 text, c7 bigint, c8 bigint, c9 bigint);
