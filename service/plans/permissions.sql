-- Standing permissions of consumers, by scenario. Whose they are stands with the consumer.

-- insert_permission --
-- One of a scenario at a time.
insert into permissions (bucket, permission_id, consumer_id, scenario, evidence, given_at)
values ($1, $2, $3, $4, $5, $6)
    on conflict do nothing
returning permission_id, consumer_id, scenario, evidence, given_at, revoked_at;

-- revoke_permission --
update permissions p
   set revoked_at = $4, revoked_by = $5
  from consumers c
 where p.bucket = $1 and p.permission_id = $2 and p.revoked_at is null
   and c.bucket = p.bucket and c.consumer_id = p.consumer_id and c.merchant_id = $3
returning true;

-- load_permission --
select p.permission_id, p.consumer_id, p.scenario, p.evidence, p.given_at, p.revoked_at
  from permissions p
  join consumers c on c.bucket = p.bucket and c.consumer_id = p.consumer_id
 where p.bucket = $1 and p.permission_id = $2 and c.merchant_id = $3;

-- list_permissions --
select permission_id, consumer_id, scenario, evidence, given_at, revoked_at
  from permissions
 where bucket = $1 and consumer_id = $2 and permission_id > $3
 order by permission_id
 limit $4;

-- find_permissions --
-- Those in force.
select p.consumer_id, p.scenario, p.permission_id
  from unnest($1::smallint[], $2::text[], $3::text[]) as k (bucket, consumer_id, scenario)
  join permissions p on p.bucket = k.bucket and p.consumer_id = k.consumer_id and p.scenario = k.scenario
                    and p.revoked_at is null;
