-- Rows as they are sent: the types of arrays that carry all columns of a statement's rows (service/statement.py, `Row`).
--
-- An array of rows costs the driver a third less than an array for each column does, and the server a tenth to a quarter:
-- most of all where few rows are sent. A type is named after the types of its columns, so it is never altered: a struct
-- that is given another column needs another type, made by a later migration, while the version before goes on with its
-- own.
-- What a struct needs, tests/test_statement.py says. No table has a column of these types, and clusters do without them.

create type row_bbb as (c1 bigint, c2 bigint, c3 bigint);
create type row_stittdzttttjy as (c1 smallint, c2 text, c3 int, c4 text, c5 text, c6 date, c7 timestamptz,
    c8 text, c9 text, c10 text, c11 text, c12 json, c13 bytea);
create type row_stssddbbbbbbbbbd as (c1 smallint, c2 text, c3 smallint, c4 smallint, c5 date, c6 date,
    c7 bigint, c8 bigint, c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14 bigint, c15 bigint,
    c16 date);
create type row_ststttttbttttdz as (c1 smallint, c2 text, c3 smallint, c4 text, c5 text, c6 text, c7 text,
    c8 text, c9 bigint, c10 text, c11 text, c12 text, c13 text, c14 date, c15 timestamptz);
create type row_stt as (c1 smallint, c2 text, c3 text);
create type row_sttbbbo as (c1 smallint, c2 text, c3 text, c4 bigint, c5 bigint, c6 bigint, c7 boolean);
create type row_sttbt as (c1 smallint, c2 text, c3 text, c4 bigint, c5 text);
create type row_sttbz as (c1 smallint, c2 text, c3 text, c4 bigint, c5 timestamptz);
create type row_sttibtz as (c1 smallint, c2 text, c3 text, c4 int, c5 bigint, c6 text, c7 timestamptz);
create type row_sttsyt as (c1 smallint, c2 text, c3 text, c4 smallint, c5 bytea, c6 text);
create type row_sttsytyz as (c1 smallint, c2 text, c3 text, c4 smallint, c5 bytea, c6 text, c7 bytea,
    c8 timestamptz);
create type row_sttt as (c1 smallint, c2 text, c3 text, c4 text);
create type row_stttbbbbbbbbbbbbbszziztzzbodzy as (c1 smallint, c2 text, c3 text, c4 text, c5 bigint, c6 bigint,
    c7 bigint, c8 bigint, c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14 bigint, c15 bigint,
    c16 bigint, c17 bigint, c18 smallint, c19 timestamptz, c20 timestamptz, c21 int, c22 timestamptz, c23 text,
    c24 timestamptz, c25 timestamptz, c26 bigint, c27 boolean, c28 date, c29 timestamptz, c30 bytea);
create type row_stttbbbbbbbbbbbbbszziztzzbodzytttttttzjj as (c1 smallint, c2 text, c3 text, c4 text, c5 bigint,
    c6 bigint, c7 bigint, c8 bigint, c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14 bigint,
    c15 bigint, c16 bigint, c17 bigint, c18 smallint, c19 timestamptz, c20 timestamptz, c21 int, c22 timestamptz,
    c23 text, c24 timestamptz, c25 timestamptz, c26 bigint, c27 boolean, c28 date, c29 timestamptz, c30 bytea,
    c31 text, c32 text, c33 text, c34 text, c35 text, c36 text, c37 text, c38 timestamptz, c39 json, c40 json);
create type row_stttttbbbo as (c1 smallint, c2 text, c3 text, c4 text, c5 text, c6 text, c7 bigint, c8 bigint,
    c9 bigint, c10 boolean);
create type row_stttttbtttibzzyyytt as (c1 smallint, c2 text, c3 text, c4 text, c5 text, c6 text, c7 bigint,
    c8 text, c9 text, c10 text, c11 int, c12 bigint, c13 timestamptz, c14 timestamptz, c15 bytea, c16 bytea,
    c17 bytea, c18 text, c19 text);
create type row_stttttddbbbbbttz as (c1 smallint, c2 text, c3 text, c4 text, c5 text, c6 text, c7 date, c8 date,
    c9 bigint, c10 bigint, c11 bigint, c12 bigint, c13 bigint, c14 text, c15 text, c16 timestamptz);
create type row_stttztjttt as (c1 smallint, c2 text, c3 text, c4 text, c5 timestamptz, c6 text, c7 json,
    c8 text, c9 text, c10 text);
create type row_sttystz as (c1 smallint, c2 text, c3 text, c4 bytea, c5 smallint, c6 text, c7 timestamptz);
