-- Since when a plan's state is what it is, and by whom it came to it; null: since its last fact, and by whom that was.
alter table plans add column state_since timestamptz;
alter table plans add column state_by    text;
alter table plans add constraint plans_state_by_is_known
    check (state_by in ('merchant', 'platform', 'consumer', 'operator', 'processor', 'day'));
alter table plans add constraint plans_state_since_and_by check ((state_since is null) = (state_by is null));

-- The types of the rows that carry them.
create type row_stttbbbbbbbbbbbbbszziztztzzbodzy as (c1 smallint, c2 text, c3 text, c4 text, c5 bigint, c6
    bigint, c7 bigint, c8 bigint, c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14 bigint, c15
    bigint, c16 bigint, c17 bigint, c18 smallint, c19 timestamptz, c20 timestamptz, c21 int, c22 timestamptz,
    c23 text, c24 timestamptz, c25 text, c26 timestamptz, c27 timestamptz, c28 bigint, c29 boolean, c30 date,
    c31 timestamptz, c32 bytea);
create type row_stttbbbbbbbbbbbbbszziztztzzbodzytttttttzytj as (c1 smallint, c2 text, c3 text, c4 text, c5
    bigint, c6 bigint, c7 bigint, c8 bigint, c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14
    bigint, c15 bigint, c16 bigint, c17 bigint, c18 smallint, c19 timestamptz, c20 timestamptz, c21 int, c22
    timestamptz, c23 text, c24 timestamptz, c25 text, c26 timestamptz, c27 timestamptz, c28 bigint, c29 boolean,
    c30 date, c31 timestamptz, c32 bytea, c33 text, c34 text, c35 text, c36 text, c37 text, c38 text, c39 text,
    c40 timestamptz, c41 bytea, c42 text, c43 json);
