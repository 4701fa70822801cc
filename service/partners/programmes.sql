-- Partners, and their programmes: agreed by two people, version by version; suspended and resumed.

-- insert_partner --
insert into partners (partner_id, name, created_at) values ($1, $2, $3);

-- lock_programme --
-- Its newest version. One at a time agrees a version, suspends or resumes.
select programme_id, version, terms, active, created_at
  from programmes
 where programme_id = $1
 order by version desc
 limit 1
   for no key update;

-- unknown_partner --
-- The first of these that is none.
select asked.partner_id
  from unnest($1::text[]) with ordinality asked (partner_id, number)
 where not exists (select from partners p where p.partner_id = asked.partner_id)
 order by number
 limit 1;

-- insert_version --
insert into programmes (programme_id, version, partner_id, name, currency, time_zone, terms, active, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- set_active --
update programmes set active = $2 where programme_id = $1;

-- list_programmes --
-- In their newest versions: those in which a partner ($3) takes part, those that take plans or do not ($4).
select p.*
  from (select distinct on (programme_id) programme_id, version, terms, active, created_at
          from programmes
         where programme_id > $1
         order by programme_id, version desc) p
 where ($3::text is null
        or exists (select from json_array_elements(p.terms -> 'participants') one where one ->> 'partner_id' = $3))
   and ($4::boolean is null or p.active = $4)
 order by p.programme_id
 limit $2;

-- versions --
select programme_id, version, terms, active, created_at from programmes where programme_id = $1 order by version;

-- terms_at --
select terms from programmes where programme_id = $1 and (created_at <= $2 or version = 1) order by version desc limit 1;

-- lease_budget --
select lease_budget($1, $2, $3, $4, $5, $6, $7);

-- close_leases --
-- Of one budget.
select close_leases($1, $2);

-- taken --
-- Of budgets, what is leased or used and has not come back.
with back as materialized (
    select budget, sum(returned - counted)::bigint as more
      from budget_uses
     where budget = any ($1) and returned <> counted
     group by budget
)
select b.budget, b.taken - coalesce(back.more, 0) as taken
  from budgets b
  left join back using (budget)
 where b.budget = any ($1);

-- taken_of --
-- Of one budget, leases included.
select taken from budgets where budget = $1;

-- lock_partner --
select name, active from partners where partner_id = $1 for update;

-- change_partner --
-- What is null stays.
update partners set name = coalesce($2, name), active = coalesce($3, active) where partner_id = $1;
