-- People as an operator reads them, by the names that the fields have there.

-- load_person --
select created_at, merged_into from people where bucket = $1 and person_id = $2;

-- load_consumers --
with person as materialized (
    select person_id, bucket || more_buckets as buckets from people where bucket = $1 and person_id = $2
)
select c.consumer_id as consumer, c.merchant_id,
       array(select distinct i.kind from consumer_identifiers i
              where i.bucket = c.bucket and i.consumer_id = c.consumer_id order by 1) as identifiers
  from person o
  join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id
 order by c.consumer_id;

-- load_accounts --
select currency, "limit", reserved, used, over_limit
  from accounts
 where bucket = $1 and person_id = $2
 order by currency;

-- load_moves --
select move_id as id, from_id as "from", to_id as "to", consumer_ids as consumers, reason, note, asked_by, approved_by, moved_at
  from person_moves
 where from_id = $1 or to_id = $1
 order by moved_at, move_id;

-- load_pauses --
select why, begins_on, said_by
  from person_pauses
 where bucket = $1 and person_id = $2 and ended_at is null
 order by said_at, why;

-- person_behind --
select person_id from consumers where bucket = $1 and consumer_id = $2;

-- search --
select distinct c.person_id
  from consumer_identifiers i
  join consumers c using (bucket, consumer_id)
 where i.mark = any ($1)
 order by 1
 limit 100;

-- list_doubts --
select doubt_id as id, person_id as person, other_id as other, consumer_id as consumer, found_at, outcome,
       settled_at, settled_by
  from person_doubts
 where outcome is null and doubt_id > $1
 order by doubt_id
 limit $2;

-- lock_doubt --
select doubt_id as id, person_id as person, other_id as other, consumer_id as consumer, found_at, outcome,
       settled_at, settled_by
  from person_doubts
 where bucket = $1 and doubt_id = $2
   for update;
