-- Credit insurance: what insurers are told of their debtors, a pack for each month.

create table insurance_packs (
    pack_id    text collate "C" not null,
    insurer_id text collate "C" not null,
    begin_on   date             not null,   -- the first day of the month
    records    int              not null,
    manifest   json             not null,   -- service/insurance/pack.py
    made_at    timestamptz      not null,
    constraint insurance_packs_pk primary key (pack_id),
    constraint insurance_packs_month_once unique (insurer_id, begin_on),
    constraint insurance_packs_begin_a_month check (extract(day from begin_on) = 1)
);

create trigger insurance_packs_are_append_only before update or delete or truncate on insurance_packs
    for each statement execute function refuse_change();
revoke update, delete, truncate on insurance_packs from public;

-- Whole lines, some hundred at a time.
create table insurance_pack_pieces (
    pack_id text collate "C" not null,
    piece   int              not null,   -- 1, 2, 3 ...
    content bytea            not null,
    constraint insurance_pack_pieces_pk primary key (pack_id, piece)
);

alter table insurance_pack_pieces alter column content set storage external;

create trigger insurance_pack_pieces_are_append_only before update or delete or truncate on insurance_pack_pieces
    for each statement execute function refuse_change();
revoke update, delete, truncate on insurance_pack_pieces from public;
