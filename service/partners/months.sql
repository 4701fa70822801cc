-- Months of the rows of files: made as files come, dropped when they are old (the schema file of months).

-- make_month_of --
select make_month_of($1);

-- forget_month --
select forget_month($1, $2);

-- kept_from --
-- The first id of a file whose rows of a kind may be there.
select kept_from($1);
