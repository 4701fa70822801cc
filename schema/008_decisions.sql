-- What we answered: the log of decisions, what a person said of a referral, and what a trial would have done otherwise.

-- What was asked, what we knew, under which policy, what we answered. Replayed byte for byte. Request and snapshot are
-- JSON sealed with the consumer's key (service/data_key.py); what is left when it is destroyed, and must be left, is what
-- was promised. Funding is text, because nobody would be served by PostgreSQL parsing it again for each checkout. The
-- answer, most of the log, is JSON kept packed (service/packed.py): so two decisions share a page, and half as much is
-- written ahead.
create table decisions (
    bucket             smallint         not null,
    decision_id        text collate "C" not null,
    merchant_id        text collate "C" not null,
    consumer_id        text collate "C" not null,
    merchant_reference text             not null,
    currency           text collate "C" not null,
    amount             bigint           not null,   -- asked
    category           text             not null,   -- the merchant's word for what is bought, or for its first item
    outcome            text             not null,
    policy_id          text collate "C" not null,
    policy_version     int              not null,
    "limit"            bigint           not null,   -- the account's; of an approved consumer without one, what this decision opens it with
    decided_at         timestamptz      not null,
    expires_at         timestamptz      not null,
    request            bytea            not null,   -- sealed
    snapshot           bytea            not null,   -- sealed: every fact the decision read
    answer             bytea            not null,   -- as sent: the offers in it bind until expires_at
    funding            text             not null,   -- whose money each offer would be; not the merchant's business
    constraint decisions_pk primary key (bucket, decision_id),
    constraint decisions_bucket_in_range check (bucket between 0 and 1023),
    constraint decisions_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint decisions_outcome_is_known check (outcome in ('approved', 'declined', 'referred')),
    constraint decisions_limit_not_negative check ("limit" >= 0)
) with (toast_tuple_target = 8160);
-- Kept in the row as it is: compressing it here would cost more than the disk.
alter table decisions alter column request  set storage external;
alter table decisions alter column snapshot set storage external;
alter table decisions alter column answer   set storage external;

create index decisions_referred on decisions (decision_id) where outcome = 'referred';   -- in the order of time

create trigger decisions_are_append_only before update or delete or truncate on decisions
    for each statement execute function refuse_change();
revoke update, delete, truncate on decisions from public;

-- A person looked at a referral: once, with who and when. What the person said is a decision of its own, linked here.
create table reviews (
    bucket      smallint         not null,
    decision_id text collate "C" not null,   -- the referral
    made_id     text collate "C" not null,   -- the decision that the review made
    outcome     text             not null,
    reasons     text[]           not null,   -- of a decline, service/policies/reasons.py: what the consumer hears
    note        text             not null,   -- why, for the file; sealed (service/private_text.py)
    reviewed_by text collate "C" not null,   -- a key
    reviewed_at timestamptz      not null,
    constraint reviews_pk primary key (bucket, decision_id),
    constraint reviews_bucket_in_range check (bucket between 0 and 1023),
    constraint reviews_make_one_decision unique (bucket, made_id),
    constraint reviews_outcome_is_known check (outcome in ('approve', 'decline')),
    constraint reviews_decline_with_reasons check ((outcome = 'decline') = (cardinality(reasons) > 0))
);

create trigger reviews_are_append_only before update or delete or truncate on reviews
    for each statement execute function refuse_change();
revoke update, delete, truncate on reviews from public;

-- What the one policy would have done otherwise than the other, a row a decision. A statistic, written after the answer.
create table trial_differences (
    bucket      smallint         not null,
    decision_id text collate "C" not null,   -- the one that was answered
    trial_id    text collate "C" not null,
    currency    text collate "C" not null,
    is_answered boolean          not null,   -- by the challenger, whose share this consumer is in
    champion    text             not null,   -- the outcome by each of the two
    challenger  text             not null,
    score       int              not null,   -- here and below: challenger less champion; amounts may be negative
    "limit"     bigint           not null,
    financed    bigint           not null,
    cost        bigint           not null,
    constraint trial_differences_pk primary key (bucket, decision_id),
    constraint trial_differences_bucket_in_range check (bucket between 0 and 1023),
    constraint trial_differences_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint trial_differences_outcomes_are_known
        check (array[champion, challenger] <@ array['approved', 'declined', 'referred'])
);

create index trial_differences_of_trial on trial_differences (trial_id);
