-- Erasing what is personal of consumers: their data keys are destroyed, and nothing finds them any more.

-- list_consumers --
-- Of a person, those that were not erased; or one of a merchant's.
with person as materialized (
    select person_id, bucket || more_buckets as buckets from people where bucket = $1 and person_id = $2
)
select c.consumer_id, c.person_id, c.merchant_id, c.reference, c.version, k.wrapped
  from person o
  join consumers c on c.bucket = any (o.buckets) and c.person_id = o.person_id
  join data_keys k on k.bucket = c.bucket and k.key_id = c.consumer_id and k.wrapped is not null
 where $3::text is null or c.consumer_id = $3
 order by c.consumer_id;

-- load_what_keeps --
-- By policy: the last decision on these consumers, when the last of their plans changed, and how many are not over.
select d.policy_id, d.policy_version, max(d.decided_at) as decided_at, max(p.changed_at) as ended_at,
       count(*) filter (where p.outstanding + p.reserved + p.held + p.overpaid > 0
                           or p.state in ('authorized', 'in_use', 'part_captured', 'assessing', 'active', 'payment_due',
                                          'charged_off')) as open
  from decisions d
  join consumers c using (bucket, consumer_id)
  left join plans p on p.bucket = d.bucket and p.person_id = c.person_id and p.decision_id = d.decision_id
 where d.bucket = any ($1::smallint[]) and d.consumer_id = any ($2::text[])
 group by d.policy_id, d.policy_version;

-- destroy_keys --
update data_keys k
   set wrapped = null, erased_at = $3, erased_by = $4
  from unnest($1::smallint[], $2::text[]) as asked (bucket, key_id)
 where k.bucket = asked.bucket and k.key_id = asked.key_id and k.wrapped is not null;

-- came_from --
-- The people whose consumers came to one of these.
select distinct from_id from person_moves where to_id = any ($1::text[]);

-- has_consumers --
-- In these buckets, such as were not erased.
select exists (select 1
                 from consumers c
                 join data_keys d on d.bucket = c.bucket and d.key_id = c.consumer_id and d.wrapped is not null
                where c.bucket = any ($1::smallint[]) and c.person_id = $2);

-- forget_reference --
delete from consumer_references
 where bucket = $1 and merchant_id = $2 and reference_index = any ($3::bytea[]) and consumer_id = $4;

-- forget_identifiers --
delete from consumer_identifiers where bucket = $1 and consumer_id = $2 returning mark, counts;

-- mark_changed --
-- The cache and whoever decides on what it said hear that the consumer is another one.
update consumers set version = version + 1, updated_at = $3 where bucket = $1 and consumer_id = $2 returning version;
