-- How long the law wants what kept.

-- write_floor --
insert into kept_at_least (what, months, source) values ($1, $2, $3)
    on conflict (what) do update set months = excluded.months, source = excluded.source
 where (kept_at_least.months, kept_at_least.source) <> (excluded.months, excluded.source);
