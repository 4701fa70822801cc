-- What partners answered to our files.

-- is_there --
-- File $1 of partner $2, or of anybody.
select exists (select from received_files where file_id = $1 and ($2::text is null or partner_id = $2));

-- answers --
-- Of file $1, after line $2; with $3 all that are not `ok`.
select a.line, f.file_id, f.manifest ->> 'file' as file, a.of_line, a.code, a.partner_value
  from partner_acks a
  join daily_files f on f.file_id = a.of_file
 where a.file_id = $1 and a.line > $2 and (not $3 or lower(a.code) <> 'ok')
 order by a.line
 limit $4;
