-- load_keys --
select hmac, key_id, audience::text, owner_id, scopes from keys where revoked_at is null;

-- which_are_keys --
select hmac from keys where hmac = any($1::bytea[]) and revoked_at is null;

-- load_merchants --
select merchant_id, name, country, time_zone, fees, active from merchants;

-- load_programmes --
select distinct on (programme_id)
       programme_id, version, partner_id, name, kinds, currency, funding_bps, time_zone, active
  from programmes
 order by programme_id, version desc;

-- load_trial --
-- There is one at most.
select trial_id, policy_id, version, share_bps, started_at from trials where ended_at is null;

-- load_rulebook --
select revision from rulebook;

-- load_gateways --
select gateway_id, name, url, data_types::text[] from gateways where retired_at is null;

-- upsert_consumer --
insert into consumers as c (bucket, consumer_id, merchant_id, reference, attributes, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $6)
    on conflict on constraint consumers_reference_once do update
   set attributes = excluded.attributes, version = c.version + 1, updated_at = excluded.updated_at
returning consumer_id, reference, attributes, version, created_at, updated_at;

-- load_consumer --
select consumer_id, reference, attributes, version, created_at, updated_at
  from consumers
 where bucket = $1 and consumer_id = $2 and merchant_id = $3;

-- load_account --
select coalesce(a."limit", 0) as "limit", coalesce(a.reserved, 0) as reserved, coalesce(a.used, 0) as used,
       coalesce(a.version, 0) as version
  from consumers c
  left join accounts a on a.bucket = c.bucket and a.consumer_id = c.consumer_id and a.currency = $3
 where c.bucket = $1 and c.consumer_id = $2 and ($4::text is null or c.merchant_id = $4);

-- list_limit_changes --
select version, limit_before, "limit", rule::text, decrease, policy_id, policy_version, changed_by, changed_at
  from limit_changes
 where bucket = $1 and consumer_id = $2 and currency = $3 and version > $4
 order by version
 limit $5;

-- insert_consent --
insert into consents (bucket, consent_id, consumer_id, merchant_id, subject, purpose, data_types, sources, from_on,
                      to_on, times, channel, evidence, given_at, expires_at)
select c.bucket, $3, c.consumer_id, c.merchant_id, $5, $6::purpose, $7::data_type[], $8::text[], $9, $10, $11,
       $12::consent_channel, $13, $14, $15
  from consumers c
 where c.bucket = $1 and c.consumer_id = $2 and c.merchant_id = $4
returning consent_id;

-- load_consent --
select consent_id, consumer_id, subject, purpose::text, data_types::text[], sources, from_on, to_on, times, used,
       channel::text, evidence, given_at, expires_at, revoked_at
  from consents
 where bucket = $1 and consent_id = $2;

-- list_consents --
select consent_id, consumer_id, subject, purpose::text, data_types::text[], sources, from_on, to_on, times, used,
       channel::text, evidence, given_at, expires_at, revoked_at
  from consents
 where bucket = $1 and consumer_id = $2 and consent_id > $3
 order by consent_id
 limit $4;

-- is_consumer --
select true
  from consumers
 where bucket = $1 and consumer_id = $2 and ($3::text is null or merchant_id = $3);

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
select e.enquiry_id, e.consent_id, e.decision_id, e.gateway_id, e.gateway, e.data_type::text, e.purpose::text, e.facts,
       e.from_on, e.to_on, e.asked_at, r.outcome::text, r.expires_at, r.facts is not null as is_kept
  from enquiries e
  left join reports r using (bucket, enquiry_id)
 where e.bucket = $1 and e.consumer_id = $2 and e.enquiry_id > $3
 order by e.enquiry_id
 limit $4;

-- insert_gateway --
insert into gateways (gateway_id, name, url, data_types, registered_by, registered_at)
values ($1, $2, $3, $4::data_type[], $5, $6)
    on conflict (name) where retired_at is null do nothing
returning gateway_id;

-- retire_gateway --
update gateways set retired_by = $2, retired_at = $3 where gateway_id = $1 and retired_at is null
returning gateway_id;

-- list_gateways --
select gateway_id, name, url, data_types::text[], registered_by, registered_at, retired_by, retired_at
  from gateways
 where gateway_id > $1
 order by gateway_id
 limit $2;

-- count_enquiries --
-- A call whose process ended in the middle has no report.
select e.gateway_id, coalesce(r.outcome::text, 'unheard') as outcome, count(*) as calls
  from enquiries e
  left join reports r using (bucket, enquiry_id)
 where e.asked_at > $1 and e.asked_at <= $2
 group by 1, 2;

-- load_decision --
-- Of a referral that a person reviewed: the decision that made.
select coalesce(m.answer, d.answer) as answer
  from decisions d
  left join reviews r using (bucket, decision_id)
  left join decisions m on m.bucket = r.bucket and m.decision_id = r.made_id
 where d.bucket = $1 and d.decision_id = $2 and d.merchant_id = $3;

-- load_offered --
select request, answer, policy_id, policy_version, decided_at
  from decisions
 where bucket = $1 and decision_id = $2 and merchant_id = $3;

-- load_notice --
-- Of a referral that a person reviewed: the decision that made. The merchant's name is what it was then.
select k.request, k.answer, k.snapshot::json -> 'merchant' ->> 'name' as merchant_name
  from decisions d
  left join reviews r using (bucket, decision_id)
  join decisions k on k.bucket = d.bucket and k.decision_id = coalesce(r.made_id, d.decision_id)
 where d.bucket = $1 and d.decision_id = $2 and ($3::text is null or d.merchant_id = $3);

-- load_plan_offer --
select decision_id, offer ->> 'id' as offer_id from plans where bucket = $1 and plan_id = $2 and merchant_id = $3;

-- load_evidence --
-- All that a replay needs; of what a person decided, what the person said.
select d.policy_id, d.policy_version, d.decided_at, d.request, d.snapshot, d.answer,
       r.decision_id as referral_id, r.outcome::text as outcome, r.reasons
  from decisions d
  left join reviews r on r.bucket = d.bucket and r.made_id = d.decision_id
 where d.bucket = $1 and d.decision_id = $2;

-- load_outcome --
select outcome::text, decided_at from decisions where bucket = $1 and decision_id = $2;

-- list_referrals --
-- Ids are in the order of time, so the oldest that can still be reviewed is found by its id.
select d.decision_id, d.merchant_id, d.consumer_id, d.merchant_reference, d.currency,
       d.decided_at, d.answer
  from decisions d
 where d.outcome = 'referred' and d.decision_id > $1 and d.decided_at >= $2
   and not exists (select from reviews r where r.bucket = d.bucket and r.decision_id = d.decision_id)
 order by d.decision_id
 limit $3;

-- load_review --
select r.decision_id as referral_id, r.outcome::text, r.reasons, r.note, r.reviewed_by, r.reviewed_at,
       d.answer as decision
  from reviews r
  join decisions d on d.bucket = r.bucket and d.decision_id = r.made_id
 where r.bucket = $1 and r.decision_id = $2;

-- insert_review --
insert into reviews (bucket, decision_id, made_id, outcome, reasons, note, reviewed_by, reviewed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict on constraint reviews_pk do nothing
returning made_id;

-- insert_decision_event --
with numbered as (
    update feeds set last_number = last_number + 1 where merchant_id = $1 returning merchant_id, last_number
)
insert into events (bucket, event_id, merchant_id, number, type, decision_id, at, data)
select $2, $3, merchant_id, last_number, $4, $5, $6, $7 from numbered;

-- insert_trial --
insert into trials (trial_id, policy_id, version, share_bps, started_by, started_at)
values ($1, $2, $3, $4, $5, $6)
returning trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at;

-- end_trial --
update trials set ended_by = $2, ended_at = $3 where trial_id = $1 and ended_at is null
returning trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at;

-- load_one_trial --
select trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at
  from trials
 where trial_id = $1;

-- list_trials --
select trial_id, policy_id, version, share_bps, started_by, started_at, ended_by, ended_at
  from trials
 where trial_id > $1
 order by trial_id
 limit $2;

-- insert_differences --
-- Only of decisions that are in the log: a request that was sent again made none.
insert into trial_differences (bucket, decision_id, trial_id, currency, is_answered, champion, challenger, score,
                               "limit", financed, cost)
select k.*
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::outcome[], $7::outcome[],
              $8::int[], $9::bigint[], $10::bigint[], $11::bigint[])
       as k (bucket, decision_id, trial_id, currency, is_answered, champion, challenger, score, "limit", financed, cost)
  join decisions d using (bucket, decision_id)
    on conflict do nothing;

-- compare_trial --
-- As service/checkout/challenger.py compares; a test holds one against the other.
select currency, count(*) as decisions, count(*) filter (where champion = challenger) as agreed,
       count(*) filter (where champion <> challenger and challenger = 'approved')             as swapped_in,
       count(*) filter (where champion <> challenger and champion = 'approved')               as swapped_out,
       count(*) filter (where champion <> challenger and 'approved' not in (champion, challenger)) as other_swaps,
       count(*) filter (where champion = 'approved')   as champion_approved,
       count(*) filter (where challenger = 'approved') as challenger_approved,
       sum(financed)::bigint as financed, sum(cost)::bigint as cost, count(*) filter (where is_answered) as answered,
       sum(score)::bigint as score, sum("limit")::bigint as "limit"
  from trial_differences
 where trial_id = $1
 group by currency
 order by currency;

-- load_decision_log --
select decision_id, merchant_id, policy_id, policy_version, decided_at, request, snapshot, answer, funding
  from decisions
 where bucket = $1 and decision_id = $2;

-- load_plans --
select p.*,
       (select json_agg(json_build_object('capture', b.capture, 'amount', b.amount, 'captured_at', b.captured_at,
                                          'lines', b.lines) order by b.capture)
          from bills b
         where b.bucket = p.bucket and b.plan_id = p.plan_id) as bills
  from unnest($1::smallint[], $2::text[]) with ordinality as k (bucket, plan_id, place)
  join plans p using (bucket, plan_id)
 where p.merchant_id = $3
 order by k.place;

-- load_plan_instalments --
select plan_id, number, capture, due_on, principal, interest, fee, principal_paid, interest_paid, fee_paid, paid_on
  from unnest($1::smallint[], $2::text[]) as k (bucket, plan_id)
  join instalments using (bucket, plan_id)
 order by plan_id, number;

-- is_reference_taken --
select exists (select from merchant_references where bucket = $1 and merchant_id = $2 and merchant_reference = $3);

-- find_plans --
-- The plan that has taken a merchant reference; then those that were voided or expired, the newest first: ids are in the
-- order of time.
select plan_id
  from (select plan_id, true as is_taken from merchant_references
         where bucket = $1 and merchant_id = $2 and merchant_reference = $3
         union all
        select plan_id, false from former_references
         where bucket = $1 and merchant_id = $2 and merchant_reference = $3) p
 order by is_taken desc, plan_id desc
 limit $4;

-- load_events --
select number, event_id as id, type, plan_id, at, data, decision_id, consumer_id
  from events
 where merchant_id = $1 and number > $2
 order by number
 limit $3;

-- trial_balance --
-- Every account's two sides, from the transfers themselves.
select account::text as account, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
  from (select debit as account, currency, amount as debit, 0 as credit from transfers
        union all
        select credit, currency, 0, amount from transfers) t
 group by account, currency
 order by currency, account;

-- insert_merchant --
insert into merchants (merchant_id, name, country, time_zone, fees, created_at)
values ($1, $2, $3, $4, $5, $6);

-- insert_feed --
insert into feeds (merchant_id) values ($1);

-- insert_partner --
insert into partners (partner_id, name, created_at) values ($1, $2, $3);

-- insert_programme --
insert into programmes (programme_id, version, partner_id, name, kinds, currency, funding_bps, time_zone, created_at)
values ($1, 1, $2, $3, $4, $5, $6, $7, $8);

-- load_owner --
select 1
 where $1 = 'operator'
    or $1 = 'merchant' and exists (select from merchants where merchant_id = $2)
    or $1 = 'partner' and exists (select from partners where partner_id = $2);

-- insert_key --
insert into keys (key_id, hmac, audience, owner_id, scopes, created_at) values ($1, $2, $3, $4, $5, $6);

-- revoke_key --
update keys set revoked_at = $2 where key_id = $1 and revoked_at is null returning key_id;

-- count_decisions --
-- A referral that a person reviewed counts as what it became.
select coalesce(nullif(request::json ->> 'category', ''), request::json -> 'items' -> 0 ->> 'category', '') as category,
       currency, outcome::text, count(*) as decisions, sum((request::json ->> 'amount')::bigint)::bigint as amount
  from decisions d
 where not exists (select from reviews r where r.bucket = d.bucket and r.decision_id = d.decision_id)
 group by 1, 2, 3
 order by 1, 2, 3;

-- count_plans --
-- The days are the merchants' todays.
select p.kind::text, p.currency, p.state::text, count(*) as plans, sum(p.amount)::bigint as amount,
       coalesce(sum(i.outstanding), 0)::bigint as outstanding,
       count(*) filter (where i.overdue > 0) as overdue_plans, coalesce(sum(i.overdue), 0)::bigint as overdue
  from plans p
  left join (
       select bucket, plan_id, sum(owed) as outstanding, sum(owed) filter (where due_on < today) as overdue
         from (select bucket, plan_id, due_on, d.today,
                      i.principal + i.interest + i.fee - i.principal_paid - i.interest_paid - i.fee_paid as owed
                 from instalments i
                 join plans p using (bucket, plan_id)
                 join unnest($1::text[], $2::date[]) as d (merchant_id, today) using (merchant_id)
                where i.paid_on is null) unpaid
        group by bucket, plan_id) i using (bucket, plan_id)
 group by p.kind, p.currency, p.state
 order by p.kind, p.currency, p.state;

-- sum_accounts --
select currency, count(*) as accounts, sum("limit")::bigint as "limit", sum(reserved)::bigint as reserved,
       sum(used)::bigint as used
  from accounts
 group by currency
 order by currency;
