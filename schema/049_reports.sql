-- Business credit reports: what sources say of a business, reports of a day, on what grounds they are read, and who looked.

alter table audit_entries
    drop constraint audit_entries_thing_is_known,
    add constraint audit_entries_thing_is_known check (thing in (
        'account', 'arrangement', 'assignment', 'break', 'business', 'clock', 'consent', 'consumer', 'cover_set',
        'day', 'decision', 'endpoint', 'file', 'gateway', 'instrument', 'insurance', 'key', 'loss', 'merchant',
        'operator', 'partner', 'party', 'payout', 'permission', 'person', 'plan', 'policy', 'processor', 'programme',
        'receivable', 'reconciliation', 'route', 'scheme', 'trial', 'waterfall'));

-- How much of a receivable was disputed, each time that changed: a report of a day says what was so then.
create table receivable_disputes (
    receivable_id text collate "C" not null,
    number        int              not null,   -- 1, 2, 3 ... of the receivable
    amount        bigint           not null,   -- from then on
    told_by       text collate "C" not null,   -- a key
    told_at       timestamptz      not null,
    constraint receivable_disputes_pk primary key (receivable_id, number),
    constraint receivable_disputes_receivable foreign key (receivable_id) references receivables (receivable_id),
    constraint receivable_disputes_not_negative check (amount >= 0)
);

create trigger receivable_disputes_are_append_only before update or delete or truncate on receivable_disputes
    for each statement execute function refuse_change();
revoke update, delete, truncate on receivable_disputes from public;

-- What a source says of a merchant or a buyer.
create table business_records (
    record_id   text collate "C" not null,
    subject_id  text collate "C" not null,   -- a merchant or a buyer
    kind        text             not null,
    said        json             not null,   -- service/reports/record.py
    source      text             not null,
    as_of       date             not null,   -- the day of which it is said
    recorded_at timestamptz      not null,
    recorded_by text collate "C" not null,   -- a key
    constraint business_records_pk primary key (record_id),
    constraint business_records_kind_is_known check (kind in ('identity', 'ownership', 'public_record', 'evaluation'))
);

create index business_records_of_subject on business_records (subject_id, as_of);

create trigger business_records_are_append_only before update or delete or truncate on business_records
    for each statement execute function refuse_change();
revoke update, delete, truncate on business_records from public;

-- What a subject allows a viewer.
create table report_consents (
    consent_id text collate "C" not null,
    subject_id text collate "C" not null,
    viewer_id  text collate "C",            -- a partner; null: the lender
    purpose    text             not null,   -- service/reports/access.py
    reference  text,                        -- of the paper; null: the subject gave it here
    ends_on    date             not null,   -- the last day it holds
    given_by   text collate "C" not null,   -- a key
    given_at   timestamptz      not null,
    revoked_at timestamptz,
    constraint report_consents_pk primary key (consent_id),
    constraint report_consents_viewer foreign key (viewer_id) references partners (partner_id),
    constraint report_consents_purpose_is_known check (purpose in (
        'credit_decision', 'limit_review', 'factoring', 'insurance', 'monitoring', 'collection'))
);

create index report_consents_of_subject on report_consents (subject_id, consent_id);

-- A report of a day: made once, so that its bytes are the same for everybody.
create table business_reports (
    report_id  text collate "C" not null,
    subject_id text collate "C" not null,
    as_of      date             not null,   -- what was known when this day ended, in UTC
    sha256     bytea            not null,   -- of content
    content    bytea            not null,   -- JSON, service/reports/report.py
    made_at    timestamptz      not null,
    constraint business_reports_pk primary key (report_id),
    constraint business_reports_day_once unique (subject_id, as_of)
);

create trigger business_reports_are_append_only before update or delete or truncate on business_reports
    for each statement execute function refuse_change();
revoke update, delete, truncate on business_reports from public;

-- That a report may be read, what for and on what grounds.
create table report_accesses (
    access_id  text collate "C" not null,
    report_id  text collate "C" not null,
    audience   text             not null,   -- of who may: operators, or one partner
    viewer_id  text collate "C" not null,   -- the partner, or the operator's name
    purpose    text             not null,
    basis      text             not null,
    basis_id   text collate "C" not null,   -- the consent or the contract
    made_at    timestamptz      not null,
    expires_at timestamptz      not null,
    constraint report_accesses_pk primary key (access_id),
    constraint report_accesses_report foreign key (report_id) references business_reports (report_id),
    constraint report_accesses_purpose_is_known check (purpose in (
        'credit_decision', 'limit_review', 'factoring', 'insurance', 'monitoring', 'collection')),
    constraint report_accesses_basis_is_known check (basis in ('consent', 'contract'))
);

create trigger report_accesses_are_append_only before update or delete or truncate on report_accesses
    for each statement execute function refuse_change();
revoke update, delete, truncate on report_accesses from public;

-- That somebody looked.
create table report_views (
    view_id   text collate "C" not null,
    report_id text collate "C" not null,
    audience  text             not null,
    viewer_id text collate "C" not null,   -- the partner, the merchant, or the operator's name
    key_id    text collate "C",
    purpose   text,                        -- null: the subject looked at its own
    basis     text,
    basis_id  text collate "C",
    form      text             not null,   -- json or page
    viewed_at timestamptz      not null,
    constraint report_views_pk primary key (view_id),
    constraint report_views_report foreign key (report_id) references business_reports (report_id),
    constraint report_views_on_grounds
        check ((purpose is null) = (basis is null) and (basis is null) = (basis_id is null)
               and (purpose is not null or audience = 'merchant'))
);

create index report_views_of_report on report_views (report_id, view_id);

create trigger report_views_are_append_only before update or delete or truncate on report_views
    for each statement execute function refuse_change();
revoke update, delete, truncate on report_views from public;
