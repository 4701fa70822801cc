-- Operators, who are people.

-- lock_operators --
-- One enrols or ends somebody after the other, until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended('operators', 0));

-- is_person_known --
select true from operators where person = $1;

-- is_subject_known --
select true from operators where issuer = $1 and subject = $2;

-- insert_operator --
insert into operators (person, email, issuer, subject, scopes, enrolled_by, confirmed_by, enrolled_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- end_operator --
update operators set ended_by = $2, ended_at = $3 where person = $1 and ended_at is null;

-- load_active --
select person, issuer, subject, scopes from operators where ended_at is null order by person;

-- list_operators --
select person, email, issuer, subject, scopes, enrolled_by, confirmed_by, enrolled_at, ended_by, ended_at
  from operators
 where person > $1
 order by person
 limit $2;
