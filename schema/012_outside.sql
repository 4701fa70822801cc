-- Outside data: whom we may ask, what a consumer allowed, each call that was made under it, and what was heard.

-- Whom we may ask: an address never changes, another one is another row. The secret it knows us by is kept nowhere.
create table gateways (
    gateway_id    text collate "C" not null,
    name          text             not null,   -- what policies and consents call it
    url           text             not null,
    data_types    text[]           not null,
    registered_by text collate "C" not null,   -- a key, here and below
    registered_at timestamptz      not null,
    retired_by    text collate "C",
    retired_at    timestamptz,
    constraint gateways_pk primary key (gateway_id),
    constraint gateways_serve_something check (cardinality(data_types) > 0),
    constraint gateways_data_types_are_known
        check (data_types <@ array['credit_history', 'income', 'public_credit']),
    constraint gateways_retire_once check (num_nulls(retired_by, retired_at) in (0, 2))
);

create unique index gateways_name_once on gateways (name) where retired_at is null;

create trigger gateways_change_is_announced after insert or update or delete on gateways
    for each statement execute function announce_change();

-- What a consumer allowed. Only `used` counts up, and a revocation is said once.
create table consents (
    bucket       smallint         not null,
    consent_id   text collate "C" not null,
    consumer_id  text collate "C" not null,
    merchant_id  text collate "C" not null,   -- through whom it was given
    subject      text             not null,   -- how the sources know this person; sealed (service/private_text.py)
    purpose      text             not null,
    data_types   text[]           not null,
    sources      text[]           not null,   -- names of gateways
    gateway_ids  text[]           not null,   -- who had these names when it was given: it goes to nobody else
    from_on      date             not null,   -- the data may be of these days, both included
    to_on        date             not null,
    times        int              not null,   -- calls that may be made under it
    used         int              not null default 0,
    last_used_at timestamptz,
    channel      text             not null,
    evidence     text             not null,   -- where its proof is kept; sealed
    given_at     timestamptz      not null,
    expires_at   timestamptz      not null,
    revoked_at   timestamptz,
    revoked_by   text collate "C",
    constraint consents_pk primary key (bucket, consent_id),
    constraint consents_bucket_in_range check (bucket between 0 and 1023),
    constraint consents_consumer foreign key (bucket, consumer_id) references consumers (bucket, consumer_id),
    constraint consents_purpose_is_known check (purpose in ('credit_decision', 'affordability', 'fraud_prevention')),
    constraint consents_data_types_are_known
        check (data_types <@ array['credit_history', 'income', 'public_credit']),
    constraint consents_channel_is_known check (channel in ('online', 'in_writing', 'in_person', 'by_telephone')),
    constraint consents_name_what_and_whom check (cardinality(data_types) > 0 and cardinality(sources) > 0),
    constraint consents_know_each_gateway check (cardinality(gateway_ids) = cardinality(sources)),
    constraint consents_have_a_period check (from_on <= to_on),
    constraint consents_end check (expires_at > given_at),
    constraint consents_used_within_times check (used between 0 and times),   -- the second wall
    constraint consents_revoked_by_somebody check (num_nulls(revoked_at, revoked_by) in (0, 2))
) with (fillfactor = 80);

create index consents_of_consumer on consents (bucket, consumer_id, consent_id);

create function refuse_another_consent() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if (old.bucket, old.consent_id, old.consumer_id, old.merchant_id, old.subject, old.purpose, old.data_types,
            old.sources, old.gateway_ids, old.from_on, old.to_on, old.times, old.channel, old.evidence, old.given_at, old.expires_at)
           = (new.bucket, new.consent_id, new.consumer_id, new.merchant_id, new.subject, new.purpose, new.data_types,
              new.sources, new.gateway_ids, new.from_on, new.to_on, new.times, new.channel, new.evidence, new.given_at, new.expires_at)
           and new.used in (old.used, old.used + 1)
           and (old.revoked_at is null
                or (old.revoked_at, old.revoked_by, old.used) = (new.revoked_at, new.revoked_by, new.used))
        then
            return new;
        end if;
    end if;
    raise exception 'a consent never changes: it is used or revoked' using errcode = 'restrict_violation';
end $$;

create trigger consents_are_immutable before update or delete on consents
    for each row execute function refuse_another_consent();
create trigger consents_are_kept before truncate on consents
    for each statement execute function refuse_another_consent();
revoke delete, truncate on consents from public;

-- A call, written and committed before it is made: whatever becomes of it, it is known that it may have left us.
create table enquiries (
    bucket      smallint         not null,
    enquiry_id  text collate "C" not null,
    consumer_id text collate "C" not null,
    consent_id  text collate "C" not null,
    decision_id text collate "C" not null,   -- for which it was made; in no log if the checkout was never answered
    gateway_id  text collate "C" not null,
    gateway     text             not null,   -- its name then
    data_type   text             not null,
    purpose     text             not null,
    facts       text[]           not null,   -- asked for
    from_on     date             not null,
    to_on       date             not null,
    asked_at    timestamptz      not null,
    constraint enquiries_pk primary key (bucket, enquiry_id),
    constraint enquiries_bucket_in_range check (bucket between 0 and 1023),
    constraint enquiries_data_type_is_known check (data_type in ('credit_history', 'income', 'public_credit')),
    constraint enquiries_purpose_is_known check (purpose in ('credit_decision', 'affordability', 'fraud_prevention')),
    constraint enquiries_consent foreign key (bucket, consent_id) references consents (bucket, consent_id)
);

create index enquiries_of_consumer on enquiries (bucket, consumer_id, enquiry_id);
create index enquiries_of_consent  on enquiries (bucket, consent_id);
create index enquiries_in_time     on enquiries (asked_at);

create trigger enquiries_are_append_only before update or delete or truncate on enquiries
    for each statement execute function refuse_change();
revoke update, delete, truncate on enquiries from public;

-- What was heard of a call. Its facts are erased once they have expired or the consent is revoked; that it was heard
-- stays. An enquiry without a report is one whose process ended in the middle.
create table reports (
    bucket      smallint         not null,
    enquiry_id  text collate "C" not null,
    outcome     text             not null,
    facts       bytea,                         -- sealed: JSON, only what was asked for; null: nothing to read again
    answered_at timestamptz      not null,
    expires_at  timestamptz,                   -- until when it is read again
    constraint reports_pk primary key (bucket, enquiry_id),
    constraint reports_bucket_in_range check (bucket between 0 and 1023),
    constraint reports_enquiry foreign key (bucket, enquiry_id) references enquiries (bucket, enquiry_id),
    constraint reports_outcome_is_known check (outcome in ('answered', 'no_record', 'unavailable', 'timed_out')),
    constraint reports_with_facts_expire check (facts is null or expires_at is not null),
    constraint reports_of_failures_are_not_kept
        check (outcome in ('answered', 'no_record') or num_nonnulls(facts, expires_at) = 0)
) with (fillfactor = 80);

create index reports_to_erase on reports (expires_at) where facts is not null;

create function refuse_another_report() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if new.facts is null and (old.bucket, old.enquiry_id, old.outcome, old.answered_at, old.expires_at)
           is not distinct from (new.bucket, new.enquiry_id, new.outcome, new.answered_at, new.expires_at)
        then
            return new;
        end if;
    end if;
    if tg_op = 'DELETE' and current_setting('tenor.forgets', true) = 'on' then
        return old;
    end if;
    raise exception 'a report never changes: its facts are erased' using errcode = 'restrict_violation';
end $$;

create trigger reports_are_immutable before update or delete on reports
    for each row execute function refuse_another_report();
create trigger reports_are_kept before truncate on reports
    for each statement execute function refuse_another_report();
revoke delete, truncate on reports from public;
