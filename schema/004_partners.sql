-- Whose money is lent: finance partners and their contracts.

create table partners (
    partner_id text collate "C" not null,
    name       text             not null,
    created_at timestamptz      not null,
    constraint partners_pk primary key (partner_id)
);

-- A programme is a contract: a new version of it is a new row, the old one stays what it was.
create table programmes (
    programme_id text collate "C" not null,
    version      int              not null,   -- 1, 2, 3 ... of the programme
    partner_id   text collate "C" not null,   -- the first of those who take part, in all versions: whom its files tell
    name         text             not null,
    currency     text collate "C" not null,
    time_zone    text             not null,
    terms        json             not null,   -- service/partners/programme_terms.py
    active       boolean          not null default true,   -- of all its versions; false: suspended, it takes no plans
    created_at   timestamptz      not null,
    constraint programmes_pk primary key (programme_id, version),
    constraint programmes_partner foreign key (partner_id) references partners (partner_id),
    constraint programmes_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint programmes_stand_beside_their_terms check (
        (partner_id, name, currency, time_zone)
        = (terms #>> '{participants,0,partner_id}', terms ->> 'name', terms ->> 'currency', terms ->> 'time_zone'))
);

create trigger programmes_change_is_announced after insert or update or delete on programmes
    for each statement execute function announce_change();

-- The one change there is: it is suspended, or resumed.
create function refuse_all_but_a_suspension() returns trigger language plpgsql as $$
begin
    old.active := new.active;
    if old::text is distinct from new::text then
        raise exception 'a version of a programme never changes' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create trigger programmes_are_only_suspended before update on programmes
    for each row execute function refuse_all_but_a_suspension();
create trigger programmes_are_append_only before delete or truncate on programmes
    for each statement execute function refuse_change();
