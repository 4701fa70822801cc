-- The partner's own files: what it sent, and what became of it. An empty text is the cursor before everything.

-- lock_received --
-- One at a time for what $1 names, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended($1, 0));

-- participant --
select time_zone, one as participant
  from programmes
 cross join lateral json_array_elements(terms -> 'participants') one
 where programme_id = $1 and one ->> 'partner_id' = $2
 order by version desc
 limit 1;

-- same_bytes --
select type, business_on, (programme_id, type, business_on) = ($3, $4, $5) as is_of_that_day
  from received_files
 where partner_id = $1 and sha256 = $2 and state = 'loaded'
 order by is_of_that_day desc
 limit 1;

-- last_number --
select max(number) from received_files where partner_id = $1 and type = $2 and state <> 'refused';

-- our_file --
select records, manifest ->> 'sums' as sums
  from daily_files
 where programme_id = $1 and partner_id = $2 and type = $3 and business_on = $4;

-- day_alike --
-- $6 the day it was sent for: the last other one of which our file has the same count and sums.
select business_on
  from daily_files
 where programme_id = $1 and partner_id = $2 and type = $3 and records = $4
   and manifest ->> 'sums' = $5 and business_on <> $6
 order by business_on desc
 limit 1;

-- our_files --
-- Files of ours by their ids or names, as they are said.
select said, file_id
  from unnest($2::text[]) said
  join daily_files f on f.partner_id = $1 and (f.file_id = said or f.manifest ->> 'file' = said);

-- supersede --
update received_files
   set state = 'superseded', ended_at = $5
 where programme_id = $1 and partner_id = $2 and type = $3 and business_on = $4 and state = 'loaded';

-- insert_received --
insert into received_files (file_id, partner_id, programme_id, type, business_on, number, state, fault, detail, rows,
                            sums, sha256, bytes, received_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- received_file --
select * from received_files where partner_id = $1 and file_id = $2;

-- hold_received --
select state from received_files where partner_id = $1 and file_id = $2 for update;

-- withdraw --
update received_files set state = 'withdrawn', ended_at = $2 where file_id = $1;

-- received_files --
select *
  from received_files
 where ($1::text is null or partner_id = $1) and file_id > $2 and ($4::text is null or state = $4)
 order by file_id
 limit $3;
