-- Which policies decide, as one number: it goes up with every publication, and with every trial begun or ended.
-- A process decides from memory. The decision says which number it knew, and is logged only while that is the present
-- one: so nobody who has not heard of a new policy yet decides by the old one.
create table rulebook (
    revision bigint  not null,
    is_only  boolean not null default true,
    constraint rulebook_pk primary key (is_only),
    constraint rulebook_is_one check (is_only)
);

insert into rulebook (revision) values (1);

create function turn_page() returns trigger language plpgsql as $$
begin
    update rulebook set revision = revision + 1;
    return null;
end $$;

create trigger policies_turn_page after insert or update on policies
    for each row when (new.active_from is not null) execute function turn_page();
create trigger trials_turn_page after insert or update on trials
    for each statement execute function turn_page();
