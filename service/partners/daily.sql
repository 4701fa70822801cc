-- The daily files: a day is closed, its rows are found, the files are kept and looked up. An empty text is the cursor
-- before everything.

-- lock_partner --
-- One at a time for what $1 names, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- last_number --
select last_number from partner_feeds where partner_id = $1;

-- last_closing --
select business_on, last_number
  from partner_closings
 where programme_id = $1 and partner_id = $2
 order by business_on desc
 limit 1;

-- first_filed --
select min(filed_on) from partner_events where programme_id = $1 and partner_id = $2;

-- close_days --
-- $1 programme, $2 partner, $3 the days, $4 their files.
insert into partner_closings (programme_id, partner_id, business_on, last_number, file_id, closed_at)
select $1, $2, day.business_on, $5, day.file_id, $6
  from unnest($3::date[], $4::text[]) as day (business_on, file_id)
    on conflict do nothing;

-- unmade_days --
-- Closed days whose files are not made, in their order, each with the last number of the day before.
select business_on, last_number, file_id, closed_at, coalesce(before, 0) as before
  from (select *, lag(last_number) over (order by business_on) as before
          from partner_closings
         where programme_id = $1 and partner_id = $2) c
 where not exists (select from daily_files f
                    where f.programme_id = $1 and f.partner_id = $2 and f.type = 'TXN'
                      and f.business_on = c.business_on)
 order by business_on;

-- last_files --
-- $1 partner, $2 types: of each type the last file of all its programmes.
select last.type, last.number, last.sha256
  from unnest($2::text[]) as of_type
 cross join lateral (select type, number, sha256
                       from daily_files
                      where partner_id = $1 and type = of_type
                      order by number desc
                      limit 1) last;

-- positions_before --
-- $1 programme, $2 partner: its last file of positions, and its day.
select file_id, business_on
  from daily_files
 where programme_id = $1 and partner_id = $2 and type = 'POS'
 order by business_on desc
 limit 1;

-- write_positions --
-- $1 the new file, $2 programme, $3 partner, $4 the day, $5 the file of positions before. What moved that day and what
-- still stands. What was paid on later days counts as owed; the rest is as it is now.
insert into daily_positions
       (file_id, bucket, plan_id, partner_id, programme_id, business_on, owner, share_bps, opening, funded, repaid,
        refunded, adjusted, charged_off, closing, accrued_interest, next_due_on, days_past_due, age_bucket, status,
        currency)
with moved as materialized (
    select bucket, plan_id, min(currency) as currency, sum(funded)::bigint as funded, sum(repaid)::bigint as repaid,
           sum(refunded)::bigint as refunded, sum(adjusted)::bigint as adjusted, sum(charged_off)::bigint as charged_off
      from partner_movements
     where programme_id = $2 and partner_id = $3 and filed_on = $4
     group by bucket, plan_id
), before as materialized (
    select bucket, plan_id, closing, currency from daily_positions where file_id = $5 and closing <> 0
), standing as materialized (   -- in the order in which the file has them: so plans and lines are read, and rows written
    select s.*, p.state, md5(p.funding::text) collate "C" as alike
      from (select bucket, plan_id, coalesce(m.currency, b.currency) as currency, coalesce(b.closing, 0) as opening,
                   coalesce(funded, 0) as funded, coalesce(repaid, 0) as repaid, coalesce(refunded, 0) as refunded,
                   coalesce(adjusted, 0) as adjusted, coalesce(charged_off, 0) as charged_off
              from moved m
              full join before b using (bucket, plan_id)
             order by plan_id) s
      join plans p using (bucket, plan_id)
), owned as materialized (   -- what the partner has of plans that are funded alike: they are many, and their fundings are few
    select f.alike, f.funding, part.*
      from (select alike, (select p.funding from plans p where p.bucket = one.bucket and p.plan_id = one.plan_id) as funding
              from (select distinct on (alike) alike, bucket, plan_id from standing order by alike) one) f
     cross join lateral (
           select (array_agg(principal_bps order by number))[1] as principal_bps,
                  case when count(*) = 0 then 0 when count(*) = 1 and bool_and(is_plain) then min(interest_bps)
                       end as interest_bps   -- null: its interest is more than a share of all of it
             from (select number, owner, principal_bps, interest_bps,
                          own_rate is null and (number = 1 or number = 2 and sum(interest_bps) over (order by number) < 10000)
                              as is_plain
                     from (select number, principal_bps, own_rate, coalesce(owners -> -1 ->> 'partner_id', partner_id) as owner,
                                  case schedule_type when 'same_instalment' then interest_bps
                                                     when 'share_of_collection' then principal_bps else 0 end as interest_bps
                             from rows from (json_to_recordset(f.funding -> 'participations')
                                             as (partner_id text, principal_bps bigint, interest_bps bigint,
                                                 schedule_type text, own_rate json, owners json))
                                  with ordinality as p (partner_id, principal_bps, interest_bps, schedule_type, own_rate,
                                                        owners, number)) p) p
            where owner = $3) part
)
select $1, s.bucket, s.plan_id, $3, $2, $4, $3, coalesce(o.principal_bps, 0), s.opening, s.funded, s.repaid,
       s.refunded, s.adjusted, s.charged_off,
       s.opening + s.funded - s.repaid - s.refunded + s.adjusted - s.charged_off,
       case when coalesce(due.accrued, 0) <= 0 then 0
            when o.interest_bps is not null then part_of(due.accrued, o.interest_bps, 10000)
            else coalesce((select sum(share) from interest_of_parts(0, due.accrued, o.funding -> 'participations') one
                            where one.partner_id = $3), 0) end, due.next_on,
       greatest($4 - due.late_since, 0),
       case when due.late_since is null or due.late_since >= $4 then 'current'
            when $4 - due.late_since <= 30 then '1-30'
            when $4 - due.late_since <= 60 then '31-60'
            when $4 - due.late_since <= 90 then '61-90'
            else 'over_90' end,
       s.state, s.currency
  from standing s
  full join owned o using (alike)   -- each has one: but only so it is no loop over all fundings for each plan
  left join lateral (
       select min(due_on) filter (where due_on > $4)  as next_on,
              min(due_on) filter (where due_on <= $4) as late_since,
              sum(greatest(interest_earned_of_line(interest, begin_on, due_on, $4) - interest_paid, 0))::bigint as accrued
         from lines l
        where l.bucket = s.bucket and l.plan_id = s.plan_id and (l.paid_on is null or l.paid_on > $4)) due on true;

-- write_legs --
-- $1 the new file, $2 programme, $3 partner, $4 the day, $5 the settlement, $6 its payment to the partner, $7 its payment
-- from it, the same where only the net is paid. What was given up is not paid.
insert into daily_legs (file_id, leg, settlement_id, end_to_end_id, amount, count, first_event_id, last_event_id, currency)
with legs as materialized (
    select type, currency, sum(principal + interest + fee + penalty + subsidy)::bigint as amount, count(*) as events,
           min(number) as first, max(number) as last
      from partner_events
     where programme_id = $2 and partner_id = $3 and filed_on = $4 and type <> 'charge_off'
     group by type, currency
), ends as materialized (
    select number, event_id
      from partner_events
     where partner_id = $3 and number = any (array(select first from legs union select last from legs))
)
select $1, legs.type, $5, case when amount < 0 then $7 else $6 end, amount, events, first.event_id, last.event_id, legs.currency
  from legs
  join ends first on first.number = legs.first
  join ends last  on last.number  = legs.last;

-- txn_rows --
-- $1 programme, $2 partner, $3 the day, $4 its settlement: by which all is paid but what was given up. In the order of
-- their numbers; this and the others have the columns of their files.
select event_id, plan_id, null as partner_reference, type, business_on, value_on,
       case when principal + interest + fee + penalty + subsidy < 0 then 'debit' else 'credit' end as side,
       principal, interest, fee, penalty, subsidy, currency, reverses_event_id,
       case when type <> 'charge_off' then $4 end as settlement_id
  from partner_events
 where programme_id = $1 and partner_id = $2 and filed_on = $3
 order by number;

-- pos_rows --
select plan_id, owner, share_bps, opening, funded, repaid, refunded, adjusted, charged_off, closing, accrued_interest,
       next_due_on, days_past_due, age_bucket as bucket, status, currency
  from daily_positions
 where file_id = $1
 order by plan_id;

-- stl_rows --
select settlement_id, end_to_end_id, leg, amount, case when amount < 0 then 'debit' else 'credit' end as side, count,
       first_event_id, last_event_id, currency
  from daily_legs
 where file_id = $1
 order by leg, currency;

-- chg_rows --
-- $1 the file of positions of the day, $2 the one before. A plan's first position is no change, nor is its last one.
select plan_id, change.field, change.old, change.new, now.bucket, change.is_time, now.business_on
  from (select * from daily_positions where file_id = $1) now
  full join (select * from daily_positions where file_id = $2) was using (plan_id)   -- full: so it is never a loop in a loop
 cross join lateral (values
       ('bucket', was.age_bucket, now.age_bucket, now.days_past_due > was.days_past_due),
       ('next_due_on', was.next_due_on::text, now.next_due_on::text, was.next_due_on <= now.business_on),
       ('share_bps', was.share_bps::text, now.share_bps::text, false),
       ('status', was.status, now.status, false)) change (field, old, new, is_time)
 where coalesce(now.file_id, '') = $1 and coalesce(was.file_id, '') = $2   -- in both
   and (was.age_bucket, was.next_due_on, was.share_bps, was.status)        -- most plans are as they were
       is distinct from (now.age_bucket, now.next_due_on, now.share_bps, now.status)
   and change.old is distinct from change.new
 order by plan_id, change.field;

-- last_facts --
-- What has happened to these plans last.
select f.plan_id, f.fact, f.effective_on
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join plans p on p.bucket = k.bucket and p.plan_id = k.plan_id
  join facts f on f.bucket = p.bucket and f.plan_id = p.plan_id and f.number = p.version;

-- insert_pieces --
insert into daily_file_pieces (file_id, piece, content) select * from unnest($1::text[], $2::int[], $3::bytea[]);

-- insert_daily_files --
insert into daily_files (file_id, partner_id, programme_id, type, number, business_on, records, sha256, previous_sha256,
                         manifest)
select file_id, partner_id, programme_id, type, number, business_on, records, sha256, previous_sha256, manifest
  from @kept;

-- manifests_of_day --
-- Of programme $1 and day $3; of partner $2, or of all.
select manifest
  from daily_files
 where programme_id = $1 and ($2::text is null or partner_id = $2) and business_on = $3
 order by partner_id, type;

-- daily_manifests --
-- Of partner $1, after file $2; of type $3 and of day $4, where they are given.
select manifest
  from daily_files
 where partner_id = $1 and file_id > $2
   and ($3::text is null or type = $3) and ($4::date is null or business_on = $4)
 order by file_id
 limit $5;

-- daily_manifest --
select manifest from daily_files where partner_id = $1 and file_id = $2;

-- piece --
select content from daily_file_pieces where file_id = $1 and piece = $2;

-- files_as_of --
-- Of partner $1 at the end of day $2: of each programme, the last file of positions until then.
select distinct on (programme_id) file_id
  from daily_files
 where partner_id = $1 and type = 'POS' and business_on <= $2
 order by programme_id, business_on desc;

-- positions_as_of --
-- What stands in those files, after plan $3.
select p.*
  from (select distinct on (programme_id) file_id
          from daily_files
         where partner_id = $1 and type = 'POS' and business_on <= $2
         order by programme_id, business_on desc) f
 cross join lateral (select programme_id, business_on, plan_id, owner, share_bps, opening, funded, repaid, refunded,
                            adjusted, charged_off, closing, accrued_interest, next_due_on, days_past_due, age_bucket,
                            status, currency
                       from daily_positions d
                      where d.file_id = f.file_id and d.plan_id > $3
                      order by d.plan_id
                      limit $4) p
 order by p.plan_id, p.programme_id
 limit $4;

-- funded_plans --
-- Of partner $1 after plan $2: whatever it had a share of. Its programme is that of the last event.
select p.plan_id, e.programme_id, p.kind, p.state, p.currency, p.authorized_at,
       coalesce(part.principal_bps, 0) as share_bps, e.funded, e.repaid, e.refunded, e.adjusted, e.charged_off,
       e.funded - e.repaid - e.refunded + e.adjusted - e.charged_off as outstanding, e.interest
  from (select min(bucket) as bucket, plan_id, (array_agg(programme_id order by told desc))[1] as programme_id,
               sum(funded)::bigint as funded, sum(repaid)::bigint as repaid, sum(refunded)::bigint as refunded,
               sum(adjusted)::bigint as adjusted, sum(charged_off)::bigint as charged_off,
               sum(interest)::bigint as interest
          from partner_movements
         where partner_id = $1 and plan_id > $2
         group by plan_id
         order by plan_id
         limit $3) e
  join plans p using (bucket, plan_id)
  left join lateral (
       select (one ->> 'principal_bps')::int as principal_bps
         from json_array_elements(p.funding -> 'participations') one
        where coalesce(one -> 'owners' -> -1 ->> 'partner_id', one ->> 'partner_id') = $1
        limit 1) part on true
 order by p.plan_id;
