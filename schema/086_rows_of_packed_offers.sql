-- Rows as they are sent of plans and decisions with packed offers and takers.

create type row_stttbbbbbbbbbbbbbszziztzzbodzytttttttzytj as (c1 smallint, c2 text, c3 text, c4 text, c5 bigint,
    c6 bigint, c7 bigint, c8 bigint, c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14 bigint,
    c15 bigint, c16 bigint, c17 bigint, c18 smallint, c19 timestamptz, c20 timestamptz, c21 int, c22 timestamptz,
    c23 text, c24 timestamptz, c25 timestamptz, c26 bigint, c27 boolean, c28 date, c29 timestamptz, c30 bytea,
    c31 text, c32 text, c33 text, c34 text, c35 text, c36 text, c37 text, c38 timestamptz, c39 bytea, c40 text,
    c41 json);
create type row_stttttbtttibzzyyyyt as (c1 smallint, c2 text, c3 text, c4 text, c5 text, c6 text, c7 bigint,
    c8 text, c9 text, c10 text, c11 int, c12 bigint, c13 timestamptz, c14 timestamptz, c15 bytea, c16 bytea,
    c17 bytea, c18 bytea, c19 text);
