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

-- file_of_day --
select f.file_id, f.content, p.time_zone
  from partner_files f
  join programmes p using (programme_id)
 where f.partner_id = $1 and f.programme_id = $2 and f.business_on = $3
 order by p.version desc
 limit 1;

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

-- next_number --
select coalesce(max(number), 0) + 1 from reconciliations where file_id = $1;

-- insert_reconciliation --
insert into reconciliations (reconciliation_id, partner_id, file_id, number, outcome, our_rows, their_rows, our_totals,
                             their_totals, counts, unknown_columns, sha256, content, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- open_breaks --
-- $1 partner, $2 file, $3 reconciliation, $4 today. A break known already keeps its id, owner and age; one that was
-- resolved and is back begins anew.
insert into breaks as known (break_id, partner_id, file_id, reconciliation_id, plan_id, kind, our_currency,
                             their_currency, differences, owner, state, opened_on)
select k.break_id, $1, $2, $3, k.plan_id, k.kind, k.our_currency, k.their_currency, k.differences, k.owner, 'open', $4
  from unnest($5::text[], $6::text[], $7::break_kind[], $8::text[], $9::text[], $10::json[], $11::text[])
       as k (break_id, plan_id, kind, our_currency, their_currency, differences, owner)
    on conflict on constraint breaks_once do update
   set reconciliation_id = excluded.reconciliation_id,
       our_currency      = excluded.our_currency,
       differences       = excluded.differences,
       opened_on         = case known.state when 'open' then known.opened_on else excluded.opened_on end,
       state             = 'open',
       resolved_on       = null,
       note              = null;

-- close_breaks --
-- $1 file, $2 the reconciliation that no longer has them, $3 today.
update breaks
   set state = 'resolved', resolved_on = $3, note = 'A corrected file no longer has it.'
 where file_id = $1 and reconciliation_id <> $2 and state = 'open';

-- last_reconciliation --
select * from partner_reconciliations where file_id = $1 order by number desc limit 1;

-- reconciliations --
select * from partner_reconciliations
 where partner_id = $1 and reconciliation_id > $2
 order by reconciliation_id limit $3;

-- breaks --
-- $1 now; the breaks of partner $2, in state $3, about our file $4, where null is all of them; $5 cursor, $6 how many.
select b.*, coalesce(b.resolved_on, ($1::timestamptz at time zone b.time_zone)::date) - b.opened_on as age_days
  from partner_breaks b
 where ($2::text is null or b.partner_id = $2)
   and ($3::break_state is null or b.state = $3)
   and ($4::text is null or b.file_id = $4)
   and b.break_id > $5
 order by b.break_id
 limit $6;

-- break_of_id --
select b.*, coalesce(b.resolved_on, ($2::timestamptz at time zone b.time_zone)::date) - b.opened_on as age_days
  from partner_breaks b
 where b.break_id = $1;

-- assign_break --
update breaks set owner = $2 where break_id = $1 and state = 'open';

-- resolve_break --
update breaks b
   set state = 'resolved', note = $2, resolved_on = ($3::timestamptz at time zone p.time_zone)::date
  from partner_breaks p
 where b.break_id = $1 and p.break_id = b.break_id and b.state = 'open';
