-- The partner's files: made, read back, looked up. An empty text is the cursor before everything.

-- lock --
-- One at a time for what $1 names, until the end of the transaction; the statements after it see what went before.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- programme --
-- The contract as it is now.
select partner_id, currency, time_zone
  from programmes
 where programme_id = $1
 order by version desc
 limit 1;

-- programmes --
-- Every contract as it is now, and the day of its last file.
select distinct on (programme_id) programme_id, time_zone,
       (select max(business_on) from partner_files f where f.programme_id = p.programme_id) as filed_until
  from programmes p
 order by programme_id, version desc;

-- last_file --
select number, business_on, outstanding, sha256
  from partner_files
 where programme_id = $1
 order by number desc
 limit 1;

-- tell_bookings --
-- $1 programme, $2 its partner, $3 the business day, $4 the new file. Takes what no file has told into this one.
-- One statement, so one snapshot: the bookings it counts are the bookings it tells; one that commits meanwhile makes
-- its day's count grow, and the next file finds it.
with open_days as materialized (
    select b.booked_on, count(*) as bookings
      from partner_bookings b
     where b.partner_id = $2 and b.booked_on <= $3
     group by b.booked_on
    having count(*) <> coalesce((select d.bookings from partner_days d
                                  where d.programme_id = $1 and d.booked_on = b.booked_on), 0)
), seen as (
    insert into partner_days (programme_id, booked_on, bookings)
    select $1, booked_on, bookings from open_days
        on conflict (programme_id, booked_on) do update set bookings = excluded.bookings
), untold as materialized (
    select b.*
      from partner_bookings b
      join plans p using (bucket, plan_id)
     where b.partner_id = $2 and b.booked_on = any (array(select booked_on from open_days))
       and p.funding ->> 'programme_id' = $1
       and not exists (select from partner_file_transfers t
                        where t.bucket = b.bucket and t.cause_id = b.cause_id and t.leg = b.leg)
), told as (
    insert into partner_file_transfers (bucket, cause_id, leg, file_id)
    select bucket, cause_id, leg, $4 from untold order by bucket, cause_id, leg
)
insert into partner_positions as position
       (bucket, plan_id, partner_id, programme_id, currency, drawn, principal_repaid, interest_repaid,
        file_id, file_drawn, file_principal_repaid, file_interest_repaid)
select bucket, plan_id, $2, $1, currency, sum(drawn), sum(principal_repaid), sum(interest_repaid),
       $4, sum(drawn), sum(principal_repaid), sum(interest_repaid)
  from untold
 group by bucket, plan_id, currency
 order by bucket, plan_id
    on conflict (bucket, plan_id) do update
   set drawn                 = position.drawn            + excluded.drawn,
       principal_repaid      = position.principal_repaid + excluded.principal_repaid,
       interest_repaid       = position.interest_repaid  + excluded.interest_repaid,
       file_id               = excluded.file_id,
       file_drawn            = excluded.file_drawn,
       file_principal_repaid = excluded.file_principal_repaid,
       file_interest_repaid  = excluded.file_interest_repaid;

-- file_rows --
-- $1 programme, $2 its partner, $3 the file. What moved in the file's period, and what is still out.
select plan_id, currency,
       case when file_id = $3 then file_drawn            else 0 end as drawn,
       case when file_id = $3 then file_principal_repaid else 0 end as principal_repaid,
       case when file_id = $3 then file_interest_repaid  else 0 end as interest_repaid,
       outstanding
  from partner_positions
 where partner_id = $2 and programme_id = $1
   and (outstanding <> 0 or file_id = $3)
 order by plan_id;

-- insert_file --
insert into partner_files (file_id, partner_id, programme_id, number, business_on, currency, rows, opening,
                           drawn, principal_repaid, interest_repaid, outstanding, sha256, previous_sha256,
                           content, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- manifest_of_day --
select * from partner_manifests where programme_id = $1 and business_on = $2;

-- manifests --
select * from partner_manifests where partner_id = $1 and file_id > $2 order by file_id limit $3;

-- manifest --
select * from partner_manifests where partner_id = $1 and file_id = $2;

-- file --
select m.*, f.content
  from partner_manifests m
  join partner_files f using (file_id)
 where m.partner_id = $1 and m.file_id = $2;

-- positions --
select r.programme_id, r.name, r.currency, f.business_on,
       count(*) filter (where p.outstanding <> 0) as plans,
       coalesce(sum(p.drawn), 0)::bigint            as drawn,
       coalesce(sum(p.principal_repaid), 0)::bigint as principal_repaid,
       coalesce(sum(p.interest_repaid), 0)::bigint  as interest_repaid,
       coalesce(sum(p.outstanding), 0)::bigint      as outstanding
  from (select distinct on (programme_id) programme_id, name, currency
          from programmes where partner_id = $1 order by programme_id, version desc) r
  left join (select programme_id, max(business_on) as business_on
               from partner_files where partner_id = $1 group by programme_id) f using (programme_id)
  left join partner_positions p on p.partner_id = $1 and p.programme_id = r.programme_id
 group by r.programme_id, r.name, r.currency, f.business_on
 order by r.programme_id;

-- plans --
select p.plan_id, o.programme_id, p.kind, p.state, p.currency, p.authorized_at,
       o.drawn, o.principal_repaid, o.interest_repaid, o.outstanding
  from partner_positions o
  join plans p using (bucket, plan_id)
 where o.partner_id = $1 and o.plan_id > $2
 order by o.plan_id
 limit $3;

-- insert_partner --
insert into partners (partner_id, name, created_at) values ($1, $2, $3);
