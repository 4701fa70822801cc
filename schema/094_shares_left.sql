-- What a holder has of an amount: no more than those before it leave; all of that, where nobody after it has a share. Four
-- quarters of 2 are 1, 1, 0 and 0. The shares of two that leave others one are never more than there is, rounded up.
create or replace function held_by(amount bigint, number bigint, weights bigint[]) returns bigint
    language sql immutable
as $$
    select case when number = 1 or number = 2 and weights[1] + weights[2] < 10000
                then part_of(amount, weights[number], 10000)
                else (select sign(amount) * case when weights[number] > 0 and bps = 10000 then left_over
                                                 else least(left_over, part_of(abs(amount), weights[number], 10000)) end
                        from (select sum(weights[i]) as bps,
                                     greatest(abs(amount) - coalesce(sum(part_of(abs(amount), weights[i], 10000))
                                                                     filter (where i < number), 0), 0) as left_over
                                from generate_series(1, number) i) others) end::bigint
$$;
