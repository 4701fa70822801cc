-- The life of a policy, the review of a referral, and a second policy on trial.

-- Drafted, signed by a second person, in force from an instant ----------------------------------------------------------

alter table policies
    alter column published_at drop not null,
    alter column active_from  drop not null,
    add column drafted_by   identifier,   -- a key; null: published before two people were asked for
    add column drafted_at   timestamptz,
    add column published_by identifier,   -- another key
    add column restores     int,          -- a rollback: the version whose document this is again
    add column faults       json not null default '[]',   -- service/policies/fault.py: found when it was drafted
    add constraint policies_are_signed_by_two check (drafted_by <> published_by),
    add constraint policies_begin_when_published check (num_nulls(published_at, active_from) in (0, 2)),
    add constraint policies_with_faults_stay_drafts check (published_at is null or faults::text = '[]');

-- From the draft on a version is what it is; its one change is the signature, and that is given once.
create function refuse_another_policy() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if old.published_at is null and new.published_at is not null
           and (old.policy_id, old.version, old.document::text, old.drafted_by, old.drafted_at, old.restores)
               is not distinct from
               (new.policy_id, new.version, new.document::text, new.drafted_by, new.drafted_at, new.restores)
        then
            return new;
        end if;
    end if;
    raise exception 'a version of a policy never changes: draft another' using errcode = 'restrict_violation';
end $$;

create trigger policies_are_immutable before update or delete on policies
    for each row execute function refuse_another_policy();
create trigger policies_are_kept before truncate on policies
    for each statement execute function refuse_another_policy();
revoke delete, truncate on policies from public;

-- A person looked at a referral -----------------------------------------------------------------------------------------

create index decisions_referred on decisions (decision_id) where outcome = 'referred';   -- in the order of time

create type review_outcome as enum ('approve', 'decline');

-- Once a referral, with who and when. What the person said is a decision of its own, linked here.
create table reviews (
    bucket      bucket         not null,
    decision_id identifier     not null,   -- the referral
    made_id     identifier     not null,   -- the decision that the review made
    outcome     review_outcome not null,
    reasons     text[]         not null,   -- of a decline, service/policies/reasons.py: what the consumer hears
    note        text           not null,   -- why, for the file
    reviewed_by identifier     not null,   -- a key
    reviewed_at timestamptz    not null,
    constraint reviews_pk primary key (bucket, decision_id),
    constraint reviews_make_one_decision unique (bucket, made_id),
    constraint reviews_decline_with_reasons check ((outcome = 'decline') = (cardinality(reasons) > 0))
);

create trigger reviews_are_append_only before update or delete or truncate on reviews
    for each statement execute function refuse_change();
revoke update, delete, truncate on reviews from public;

-- An event may be about a decision, before there is a plan.
alter table events
    alter column plan_id drop not null,
    add column decision_id identifier,
    add constraint events_are_about_one_thing check (num_nonnulls(plan_id, decision_id) = 1);

-- A second policy on trial ----------------------------------------------------------------------------------------------

create table trials (
    trial_id   identifier  not null,
    policy_id  identifier  not null,   -- the challenger; the champion is whichever policy is in force
    version    int         not null,
    share_bps  int         not null,   -- of all consumers, by their id; 0: it decides in the shadow, and answers nobody
    started_by identifier  not null,
    started_at timestamptz not null,
    ended_by   identifier,
    ended_at   timestamptz,
    constraint trials_pk primary key (trial_id),
    constraint trials_policy foreign key (policy_id, version) references policies (policy_id, version),
    constraint trials_take_a_share check (share_bps between 0 and 10000),
    constraint trials_end_once check (num_nulls(ended_by, ended_at) in (0, 2))
);

create unique index trials_run_one_at_a_time on trials ((true)) where ended_at is null;

create trigger trials_change_is_announced after insert or update or delete on trials
    for each statement execute function announce_change();

-- What the one policy would have done otherwise than the other, a row a decision. A statistic, written after the answer.
create table trial_differences (
    bucket      bucket     not null,
    decision_id identifier not null,   -- the one that was answered
    trial_id    identifier not null,
    currency    currency   not null,
    is_answered boolean    not null,   -- by the challenger, whose share this consumer is in
    champion    outcome    not null,
    challenger  outcome    not null,
    score       int        not null,   -- here and below: challenger less champion; amounts in minor units
    "limit"     bigint     not null,
    financed    bigint     not null,
    cost        bigint     not null,
    constraint trial_differences_pk primary key (bucket, decision_id)
);

create index trial_differences_of_trial on trial_differences (trial_id);
