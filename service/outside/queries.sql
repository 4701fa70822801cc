-- load_kept --
-- Answers that may be read again, the latest first; what was heard under a revoked consent is not among them.
select e.enquiry_id, e.gateway, e.data_type, e.purpose, e.facts as asked, e.to_on - e.from_on as days_back,
       r.outcome, r.facts, r.answered_at
  from enquiries e
  join reports r using (bucket, enquiry_id)
  join consents c using (bucket, consent_id)
 where e.bucket = $1 and e.consumer_id = $2 and r.facts is not null and r.expires_at > $3 and c.revoked_at is null
 order by e.enquiry_id desc
 limit 100;

-- load_consents --
-- Those in force come first, so that however many there are none of these is missed.
select consent_id, subject, purpose, data_types, gateway_ids, from_on, to_on, times, used, given_at,
       expires_at, revoked_at
  from consents
 where bucket = $1 and consumer_id = $2
 order by revoked_at is null and used < times and expires_at > $3 desc, consent_id desc
 limit 100;

-- claim_use --
-- One use and its call, or neither: the row is the lock, and is looked at again once it is held.
with claimed as (
    update consents
       set used = used + 1, last_used_at = greatest(last_used_at, $13)
     where bucket = $1 and consent_id = $2 and used < times and revoked_at is null and expires_at > $13
    returning bucket, consent_id, consumer_id
)
insert into enquiries (bucket, enquiry_id, consumer_id, consent_id, decision_id, gateway_id, gateway, data_type, purpose,
                       facts, from_on, to_on, asked_at)
select bucket, $3, consumer_id, consent_id, $4, $5, $6, $7, $8, $9::text[], $10, $11, $13
  from claimed
 where consumer_id = $12
returning enquiry_id;

-- insert_reports --
-- A consent revoked while the call was on its way: that it was answered is kept, and nothing of what was.
insert into reports (bucket, enquiry_id, outcome, facts, answered_at, expires_at)
select k.bucket, k.enquiry_id, k.outcome, case when c.revoked_at is null then k.facts end, k.answered_at, k.expires_at
  from unnest($1::smallint[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[], $6::timestamptz[])
       as k (bucket, enquiry_id, outcome, facts, answered_at, expires_at)
  join enquiries e using (bucket, enquiry_id)
  join consents c using (bucket, consent_id);

-- erase_expired --
with expired as (
    select x.bucket, x.enquiry_id
      from reports x
     where x.facts is not null and x.expires_at <= $1 and @here(x)
     order by x.expires_at
     limit $2
       for update skip locked
)
update reports r set facts = null from expired x where r.bucket = x.bucket and r.enquiry_id = x.enquiry_id and @here(r);

-- insert_consent --
insert into consents (bucket, consent_id, consumer_id, merchant_id, subject, purpose, data_types, sources, gateway_ids,
                      from_on, to_on, times, channel, evidence, given_at, expires_at)
select c.bucket, $3, c.consumer_id, c.merchant_id, $5, $6, $7::text[], $8::text[], $9::text[], $10, $11, $12, $13,
       $14, $15, $16
  from consumers c
 where c.bucket = $1 and c.consumer_id = $2 and c.merchant_id = $4
returning consent_id;

-- load_consent --
select consent_id, consumer_id, subject, purpose, data_types, sources, from_on, to_on, times, used,
       channel, evidence, given_at, expires_at, revoked_at
  from consents
 where bucket = $1 and consent_id = $2;

-- list_consents --
select consent_id, consumer_id, subject, purpose, data_types, sources, from_on, to_on, times, used,
       channel, evidence, given_at, expires_at, revoked_at
  from consents
 where bucket = $1 and consumer_id = $2 and consent_id > $3
 order by consent_id
 limit $4;

-- revoke_consent --
-- Said again, it stays as it was said first. Never before its last use, which another clock may have told.
update consents
   set revoked_at = coalesce(revoked_at, greatest($3, last_used_at)), revoked_by = coalesce(revoked_by, $4)
 where bucket = $1 and consent_id = $2 and ($5::text is null or merchant_id = $5)
returning consent_id;

-- erase_reports --
update reports r
   set facts = null
  from enquiries e
 where e.bucket = $1 and e.consent_id = $2 and r.bucket = e.bucket and r.enquiry_id = e.enquiry_id
   and r.facts is not null;

-- list_enquiries --
select e.enquiry_id, e.consent_id, e.decision_id, e.gateway_id, e.gateway, e.data_type, e.purpose, e.facts,
       e.from_on, e.to_on, e.asked_at, r.outcome, r.expires_at, r.facts is not null as is_kept
  from enquiries e
  left join reports r using (bucket, enquiry_id)
 where e.bucket = $1 and e.consumer_id = $2 and e.enquiry_id > $3
 order by e.enquiry_id
 limit $4;

-- forget_enquiries --
select looked_at, forgotten from forget_enquiries($1, $2, $3, $4);

-- insert_gateway --
insert into gateways (gateway_id, name, url, data_types, registered_by, registered_at)
values ($1, $2, $3, $4, $5, $6)
    on conflict (name) where retired_at is null do nothing
returning gateway_id;

-- is_gateway_in_use --
select true from gateways where (gateway_id = $1 or name = $1) and retired_at is null;

-- retire_gateway --
update gateways set retired_by = $2, retired_at = $3 where gateway_id = $1 and retired_at is null
returning gateway_id;

-- list_gateways --
select gateway_id, name, url, data_types, registered_by, registered_at, retired_by, retired_at
  from gateways
 where gateway_id > $1
 order by gateway_id
 limit $2;

-- count_enquiries --
-- A call whose process ended in the middle has no report.
select e.gateway_id, coalesce(r.outcome, 'unheard') as outcome, count(*) as calls
  from enquiries e
  left join reports r using (bucket, enquiry_id)
 where e.asked_at > $1 and e.asked_at <= $2
 group by 1, 2;
