-- Claims on who bears a loss, and how somebody tried to have the money paid.

-- insert_effort --
insert into collection_efforts (bucket, effort_id, plan_id, kind, done_on, reference, said_by, said_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- list_efforts --
select effort_id, kind, done_on, reference, said_by
  from collection_efforts
 where bucket = $1 and plan_id = $2
 order by done_on, effort_id;

-- plan_is_there --
select true from plans where bucket = $1 and plan_id = $2;

-- lock_loss --
-- What an arrangement bears of a loss now, and by which version of its terms. Nobody allocates it anew until the
-- transaction ends.
select l.plan_id, l.merchant_id, l.currency, coalesce(a.amount, 0) as amount, a.bearer_id,
       (v.tiers -> (a.tier - 1) ->> 'version')::int as terms_version
  from losses l
  left join loss_allocations a on a.bucket = l.bucket and a.loss_id = l.loss_id and a.version = l.version
                              and a.arrangement_id = $3
  left join loss_versions v on v.bucket = l.bucket and v.loss_id = l.loss_id and v.version = l.version
 where l.bucket = $1 and l.loss_id = $2
   for no key update of l;

-- load_terms --
select document from support_arrangements where arrangement_id = $1 and version = $2;

-- claims_of_loss --
-- On an arrangement: one that is not over, and what was granted of those that are.
select max(claim_id) filter (where state not in ('rejected', 'withdrawn', 'lapsed', 'clawed_back', 'closed')) as live,
       coalesce(sum(approved) filter (where state = 'closed'), 0)::bigint as earlier
  from loss_claims
 where loss_id = $1 and arrangement_id = $2;

-- insert_claim --
insert into loss_claims (claim_id, arrangement_id, version, loss_id, plan_id, bearer_id, currency, state, claimed,
                         approved, paid, clawed_back, rejection, due_on, waits_until, file_by, lodged_on, decide_by,
                         answer_by, days_left, looked_on, steps, made_at)
select claim_id, arrangement_id, version, loss_id, plan_id, bearer_id, currency, state, claimed, approved, paid,
       clawed_back, rejection, due_on, waits_until, file_by, lodged_on, decide_by, answer_by, days_left, looked_on, steps,
       made_at
  from @made;

-- lock_claim --
select from loss_claims where claim_id = $1 for no key update;

-- load_claim --
select * from claims_held where claim_id = $1;

-- save_claim --
update loss_claims c
   set state = moved.state, claimed = moved.claimed, approved = moved.approved,
       paid = moved.paid, clawed_back = moved.clawed_back, rejection = moved.rejection, lodged_on = moved.lodged_on,
       decide_by = moved.decide_by, answer_by = moved.answer_by, days_left = moved.days_left,
       looked_on = moved.looked_on, steps = moved.steps
  from @moved
 where c.claim_id = moved.claim_id;

-- look_at_next --
update loss_claims set looked_on = $2, warned_of = coalesce($3, warned_of) where claim_id = $1;

-- insert_step --
insert into loss_claim_steps (claim_id, number, step_id, what, state, amount, note, by_whom, owner_id, done_on, done_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- insert_pack --
insert into evidence_packs (claim_id, number, content, sha256, assembled_at) values ($1, $2, $3, $4, $5);

-- load_pack --
-- The last one.
select number, content, sha256, assembled_at from evidence_packs where claim_id = $1 order by number desc limit 1;

-- insert_document --
insert into claim_documents (claim_id, number, kind, reference, sha256, added_by, added_at)
select $1, count(*) + 1, $2, $3, $4, $5, $6 from claim_documents where claim_id = $1;

-- list_documents --
select kind, reference, sha256, added_by, added_at from claim_documents where claim_id = $1 order by number;

-- how_identified --
-- Which kinds of identifiers the consumer of a plan was registered with, and how they proved that it was they.
select array(select distinct i.kind
               from consumer_identifiers i
              where i.bucket = p.bucket and i.consumer_id = p.consumer_id
              order by 1) as known_by,
       (select a."by"
          from authentications a
         where a.bucket = p.bucket and a.plan_id = p.plan_id and a.state = 'confirmed'
         order by a.ended_at desc
         limit 1) as proved_by
  from plans p
 where p.bucket = $1 and p.plan_id = $2;

-- list_claims --
with held as materialized (
    select *
      from claims_held
     where claim_id > $1
       and ($2::text is null or bearer_id = $2)
       and ($3::text is null or state = $3)
       and ($4::text is null or arrangement_id = $4)
     order by claim_id
     limit case when $5::text is null then $6::bigint end
), borne as materialized (   -- losses that the partner bears a part of
    select l.loss_id
      from (select distinct bucket_of(loss_id) as bucket, loss_id from held where $5::text is not null) k
      join losses l on l.bucket = k.bucket and l.loss_id = k.loss_id
      join loss_versions v on v.bucket = l.bucket and v.loss_id = l.loss_id and v.version = l.version
     where exists (select from json_array_elements(v.allocation -> 'rest') s where s ->> 'partner_id' = $5)
)
select *
  from held
 where $5::text is null or loss_id in (select loss_id from borne)
 order by claim_id
 limit $6;

-- list_steps --
select number, what, state, amount, note, by_whom, owner_id, done_on, done_at
  from loss_claim_steps
 where claim_id = $1
 order by number;

-- list_to_look_at --
select claim_id
  from loss_claims
 where looked_on <= $1 and claim_id > $2
 order by claim_id
 limit $3;

-- list_recovered --
-- Losses of which something came back to an arrangement whose claim was paid.
select distinct c.loss_id
  from loss_claims c
  join recovery_shares s on s.bucket = bucket_of(c.loss_id) and s.loss_id = c.loss_id and s.arrangement_id = c.arrangement_id
  join loss_recoveries r on r.bucket = s.bucket and r.loss_id = s.loss_id and r.number = s.number
 where c.state = 'paid' and r.reversed_at is null;

-- paid_of_loss --
select claim_id from loss_claims where loss_id = $1 and state = 'paid' order by claim_id;

-- made_by --
-- The partner that made a claim; empty: the lender did.
select case when by_whom = 'partner' then owner_id else '' end from loss_claim_steps where claim_id = $1 and number = 1;

-- holders --
-- The partners whose money a loss is.
select distinct s.value ->> 'partner_id' as partner_id
  from losses l
  join loss_versions v on v.bucket = l.bucket and v.loss_id = l.loss_id and v.version = l.version
 cross join json_array_elements(v.allocation -> 'rest') s
 where l.bucket = $1 and l.loss_id = $2 and s.value ->> 'partner_id' is not null;
