-- The audit log: written in the act's own transaction, sealed after it.

-- insert_entries --
insert into audit_entries (entry_id, at, audience, owner_id, key_id, verb, thing, thing_id, before, after, request_id,
                           mark)
select entry_id, at, audience, owner_id, key_id, verb, thing, thing_id, before, after, request_id, mark
  from @written;

-- lock_chain --
-- One seals after the other, until the end of its transaction; the statements after it see what went before.
select pg_advisory_xact_lock(hashtextextended('audit: the chain', 0));

-- last_head --
select number, seal
  from ((select number, seal from audit_entries where number is not null order by number desc limit 1)
         union all
        (select number, seal from audit_beginnings order by number desc limit 1)) last
 order by number desc
 limit 1;

-- last_beginning --
-- Where the log begins; no row: at its first entry.
select number, seal, first_number, until_at, forgotten_at, proof from audit_beginnings order by number desc limit 1;

-- find_old --
-- Of the first entries, at most so many, those before which none is too young to be forgotten: the last of them.
with first as (
    select number, seal, at from audit_entries where number is not null order by number limit $2
), old as (
    select number, seal, at
      from first
     where number < coalesce(
               (select min(number) from first where (at < $1 and at < forgettable_before('audit')) is not true),
               number + 1)
)
select number, seal, (select min(number) from old) as first_number, (select max(at) from old) as until_at
  from old
 order by number desc
 limit 1;

-- forget_entries --
select forget_audit_entries($1, $2, $3, $4, $5, $6);

-- seal_of --
select seal from audit_entries where number = $1;

-- load_unsealed --
select entry_id, at, audience, owner_id, key_id, verb, thing, thing_id, before, after, request_id
  from audit_entries
 where number is null
 order by written
 limit $1;

-- seal_entries --
update audit_entries e
   set number = sealed.number, seal = sealed.seal
  from @sealed
 where e.entry_id = sealed.entry_id;

-- load_sealed --
-- All of them, for the proof.
select entry_id, at, audience, owner_id, key_id, verb, thing, thing_id, before, after, request_id, number, mark, seal
  from audit_entries
 where number is not null
 order by number, entry_id;

-- list_entries --
-- After number $1, at most $2; of a thing, of one who acted, between two instants, where they are given.
select number, entry_id, at, audience, owner_id, key_id, verb, thing, thing_id, before, after, request_id
  from audit_entries
 where number > $1
   and ($3::text is null or thing = $3)
   and ($4::text is null or thing_id = $4)
   and ($5::text is null or owner_id = $5)
   and ($6::timestamptz is null or at >= $6)
   and ($7::timestamptz is null or at < $7)
 order by number
 limit $2;
