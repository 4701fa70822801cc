-- Support: who bears a loss before the partners do, by which terms, and in which order.

alter table audit_entries
    drop constraint audit_entries_thing_is_known,
    add constraint audit_entries_thing_is_known check (thing in (
        'account', 'arrangement', 'break', 'clock', 'consent', 'consumer', 'day', 'decision', 'endpoint', 'file', 'gateway',
        'instrument', 'key', 'merchant', 'operator', 'partner', 'party', 'payout', 'permission', 'person', 'plan', 'policy',
        'processor', 'programme', 'reconciliation', 'route', 'scheme', 'trial', 'waterfall'));

-- An insurer, a guarantor, or whoever else bears losses and is neither merchant nor partner.
create table support_parties (
    party_id text collate "C" not null,
    name     text             not null,
    made_at  timestamptz      not null,
    constraint support_parties_pk primary key (party_id)
);

-- An arrangement in its versions; a loss keeps the version that it was borne under.
create table support_arrangements (
    arrangement_id text collate "C" not null,
    version        int              not null,   -- 1, 2, 3 ...
    document       json             not null,   -- service/support/arrangement.py
    agreed_at      timestamptz      not null,
    constraint support_arrangements_pk primary key (arrangement_id, version)
);

create trigger support_arrangements_are_append_only before update or delete or truncate on support_arrangements
    for each statement execute function refuse_change();
revoke update, delete, truncate on support_arrangements from public;

-- A waterfall in its versions.
create table waterfalls (
    waterfall_id text collate "C" not null,
    version      int              not null,   -- 1, 2, 3 ...
    document     json             not null,   -- service/support/documents_flow.py
    agreed_at    timestamptz      not null,
    constraint waterfalls_pk primary key (waterfall_id, version)
);

create trigger waterfalls_are_append_only before update or delete or truncate on waterfalls
    for each statement execute function refuse_change();
revoke update, delete, truncate on waterfalls from public;
