-- A finance partner may be suspended: none of its programmes takes a plan then, and what it funds already goes on.

alter table partners add column active boolean not null default true;   -- false: it is suspended

create trigger partners_change_is_announced after insert or update or delete on partners
    for each statement execute function announce_change();
