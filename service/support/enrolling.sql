-- Cover sets, and the plans that are enrolled in them.

-- insert_set --
insert into cover_sets (cover_set_id, arrangement_id, name, mode, currency, sanctioned, revolving, made_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- lock_set --
-- With whether its arrangement takes plans, its newest version and its classes.
select s.cover_set_id, s.arrangement_id, s.currency, s.sanctioned, s.revolving, s.frozen_at, k.state, d.version, d.classes
  from cover_sets s
  join support_capacity k using (arrangement_id)
 cross join lateral (select version, coalesce(document -> 'exclusive_classes', '[]') as classes
                       from support_arrangements a
                      where a.arrangement_id = s.arrangement_id order by version desc limit 1) d
 where s.cover_set_id = $1
   for no key update of s;

-- unknown_set --
-- The first of these that is none, or of another currency than $2.
select asked.cover_set_id, asked.number, s.currency
  from unnest($1::text[]) with ordinality asked (cover_set_id, number)
  left join cover_sets s using (cover_set_id)
 where s.currency is distinct from $2
 order by asked.number
 limit 1;

-- list_sets --
-- The oldest first, with what is enrolled; $3 one of them, or null for all.
with page as materialized (
    select * from cover_sets where cover_set_id > $1 and ($3::text is null or cover_set_id = $3) order by cover_set_id limit $2
), enrolled as materialized (
    select cover_set_id, count(*) as plans, sum(principal) as principal
      from enrolments
     where cover_set_id = any (array(select cover_set_id from page)) and state <> 'void'
     group by cover_set_id
)
select s.cover_set_id, s.arrangement_id, s.name, s.mode, s.currency, s.sanctioned, s.revolving,
       coalesce(e.plans, 0) as plans, coalesce(e.principal, 0)::bigint as principal, s.frozen_at, s.made_at
  from page s
  left join enrolled e using (cover_set_id)
 order by s.cover_set_id;

-- freeze --
update cover_sets set frozen_at = $2 where cover_set_id = $1;

-- take_classes --
-- Each class of cover that these plans take first; one that another arrangement has stays with it.
insert into enrolment_classes (bucket, plan_id, class, arrangement_id)
select t.bucket, t.plan_id, class, $3
  from unnest($1::smallint[], $2::text[]) as t (bucket, plan_id)
 cross join unnest($4::text[]) as class
    on conflict do nothing;

-- excluded --
-- Of plans those of which another arrangement has one of these classes.
select t.plan_id, c.class, c.arrangement_id
  from unnest($1::smallint[], $2::text[]) as t (bucket, plan_id)
  join enrolment_classes c using (bucket, plan_id)
 where c.class = any ($4::text[]) and c.arrangement_id <> $3
 limit 1;

-- enrol --
-- Plans of an operator's list; one that is enrolled already stays as it is.
insert into enrolments (bucket, plan_id, cover_set_id, arrangement_id, version, principal, currency, state, enrolled_at)
select t.bucket, t.plan_id, $4, $5, $6, t.principal, $7, 'active', $8
  from unnest($1::smallint[], $2::text[], $3::bigint[]) as t (bucket, plan_id, principal)
    on conflict do nothing;

-- enrolled --
-- Of plans those that are enrolled in a set.
select plan_id from enrolments where cover_set_id = $1 and plan_id = any ($2::text[]) and bucket = any ($3::smallint[]);

-- list_enrolments --
select plan_id, arrangement_id, version, principal, currency, state, reason, enrolled_at
  from enrolments
 where cover_set_id = $1 and plan_id > $2
 order by plan_id
 limit $3;

-- take_classes_of_captured --
-- By the programme's rules, as far as its sets take plans.
insert into enrolment_classes (bucket, plan_id, class, arrangement_id)
select captured.bucket, captured.plan_id, class, s.arrangement_id
  from @captured
  join programmes p on p.programme_id = captured.programme_id and p.version = captured.programme_version
 cross join json_array_elements_text(p.terms -> 'cover_sets') named (cover_set_id)
  join cover_sets s on s.cover_set_id = named.cover_set_id and s.frozen_at is null
  join support_capacity k on k.arrangement_id = s.arrangement_id and k.state = 'open'
 cross join lateral (select document from support_arrangements a
                      where a.arrangement_id = s.arrangement_id order by version desc limit 1) d
 cross join json_array_elements_text(coalesce(d.document -> 'exclusive_classes', '[]')) class
 order by captured.bucket, captured.plan_id, named.cover_set_id
    on conflict do nothing;

-- enrol_captured --
-- What cannot be enrolled is kept as void, with the reason; what was captured in parts is covered as it grows.
insert into enrolments as e (bucket, plan_id, cover_set_id, arrangement_id, version, principal, currency, state, reason,
                             enrolled_at)
with taken as materialized (
    select x.bucket, x.plan_id, x.arrangement_id, x.class
      from @captured
      join enrolment_classes x on x.bucket = captured.bucket and x.plan_id = captured.plan_id
)
select captured.bucket, captured.plan_id, s.cover_set_id, s.arrangement_id, d.version, captured.principal, captured.currency,
       case when why.reason = '' then 'active' else 'void' end, why.reason, captured.enrolled_at
  from @captured
  join programmes p on p.programme_id = captured.programme_id and p.version = captured.programme_version
 cross join json_array_elements_text(p.terms -> 'cover_sets') named (cover_set_id)
  join cover_sets s on s.cover_set_id = named.cover_set_id
  join support_capacity k on k.arrangement_id = s.arrangement_id
 cross join lateral (select version, document from support_arrangements a
                      where a.arrangement_id = s.arrangement_id order by version desc limit 1) d
 cross join lateral (
       select case when s.frozen_at is not null then 'set_frozen'
                   when k.state <> 'open'       then 'suspended'
                   when exists (select from taken x
                                 where x.bucket = captured.bucket and x.plan_id = captured.plan_id
                                   and x.arrangement_id <> s.arrangement_id
                                   and x.class in (select json_array_elements_text(
                                                          coalesce(d.document -> 'exclusive_classes', '[]'))))
                   then 'exclusive_cover' else '' end as reason) why
    on conflict (bucket, plan_id, cover_set_id) do update set principal = excluded.principal where e.state = 'active';

-- release_ended --
-- Plans that owe nothing any more, and of which no loss was borne.
update enrolments e set state = 'released', reopened_at = null
  from @moved
 where e.bucket = moved.bucket and e.plan_id = moved.plan_id and e.state = 'active'
   and not exists (select from losses l where l.bucket = e.bucket and l.plan_id = e.plan_id);

-- release_all_ended --
-- The same of all plans that have ended.
update enrolments e set state = 'released', reopened_at = null
  from plans p
 where p.bucket = e.bucket and p.plan_id = e.plan_id and p.closed_at is not null and e.state = 'active'
   and not exists (select from losses l where l.bucket = e.bucket and l.plan_id = e.plan_id)
returning e.bucket, e.plan_id, e.cover_set_id;

-- reopen --
-- Plans that had ended, and owe again.
update enrolments e set state = 'active', reopened_at = moved.at
  from @moved
 where e.bucket = moved.bucket and e.plan_id = moved.plan_id and e.state = 'released';

-- sets_reopened --
select distinct s.cover_set_id, s.arrangement_id, s.sanctioned, s.revolving
  from enrolments e
  join cover_sets s using (cover_set_id)
 where e.reopened_at is not null
 order by s.cover_set_id;

-- lock_reopened --
-- The last first, with what each owes.
select e.plan_id, p.reserved + p.used as owed, e.reopened_at
  from enrolments e
  join plans p on p.bucket = e.bucket and p.plan_id = e.plan_id and @here(p)
 where e.cover_set_id = $1 and e.reopened_at is not null and @here(e)
 order by e.reopened_at desc, e.plan_id desc
   for no key update of e;

-- settle_reopened --
-- $3: why it cannot be covered again; empty: it is.
update enrolments
   set state = case when $3 = '' then state else 'void' end, reason = $3, reopened_at = null
 where cover_set_id = $1 and plan_id = any ($2::text[]);

-- disclosed --
-- Of a programme's newest version: how many portfolios are covered, and how large they are.
with named as materialized (
    select p.programme_id, p.currency, s.cover_set_id, s.sanctioned
      from (select distinct on (programme_id) programme_id, terms, currency
              from programmes where programme_id = $1 order by programme_id, version desc) p
      left join lateral json_array_elements_text(p.terms -> 'cover_sets') named (cover_set_id) on true
      left join cover_sets s on s.cover_set_id = named.cover_set_id
), enrolled as materialized (
    select cover_set_id, count(*) as plans, sum(principal) as principal
      from enrolments
     where cover_set_id = any (array(select cover_set_id from named)) and state <> 'void'
     group by cover_set_id
)
select s.programme_id, count(*) filter (where s.cover_set_id is not null) as portfolios,
       coalesce(sum(e.plans), 0)::bigint as plans, coalesce(sum(e.principal), 0)::bigint as principal,
       coalesce(sum(s.sanctioned), 0)::bigint as sanctioned, s.currency
  from named s
  left join enrolled e using (cover_set_id)
 group by s.programme_id, s.currency;
