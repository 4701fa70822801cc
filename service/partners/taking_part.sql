-- Who takes part in programmes, who did, and what it still has of them.

-- partners_of_programmes --
-- Who takes part in a programme, or in any, in one of its versions; since when no more (null: it does), with the calendar
-- of its days, the last one that was closed, and which of them it is, 0 the first that came.
select t.programme_id, t.partner_id, p.time_zone, n.created_at,
       (select max(business_on) from partner_closings c
         where c.programme_id = t.programme_id and c.partner_id = t.partner_id),
       (row_number() over (partition by t.programme_id order by t.came) - 1)::int
  from (select programme_id, one ->> 'partner_id' as partner_id, max(version) as version,
               min(version * 100 + number) as came
          from programmes
         cross join lateral json_array_elements(terms -> 'participants') with ordinality as participants (one, number)
         where $1::text is null or programme_id = $1
         group by 1, 2) t
  join programmes p      on p.programme_id = t.programme_id and p.version = t.version
  left join programmes n on n.programme_id = t.programme_id and n.version = t.version + 1
 order by t.partner_id, t.programme_id;

-- moved_since --
-- What moved of a partner's plans after day $3, and whether it is filed yet.
select plan_id, sum(funded - repaid - refunded + adjusted - charged_off)::bigint as moved,
       bool_or(filed_on is null) as is_open
  from (select * from partner_movements where programme_id = $1 and partner_id = $2 and filed_on > $3
         union all
        select * from partner_movements where programme_id = $1 and partner_id = $2 and number is null) moved
 group by plan_id;

-- last_filed --
select max(filed_on) from partner_events where programme_id = $1 and partner_id = $2;

-- last_positions --
-- Of programme $1 and partner $2.
select file_id, business_on
  from daily_files
 where programme_id = $1 and partner_id = $2 and type = 'POS'
 order by business_on desc
 limit 1;

-- standing --
-- Plans of which something is out by the file of positions $1: of these alone, or all but these.
select plan_id, closing
  from daily_positions
 where file_id = $1 and closing <> 0 and (plan_id = any ($2::text[])) = $3
 limit $4;
