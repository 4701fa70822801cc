-- Credit insurance: policies, and the limits of debtors under them.

alter table audit_entries
    drop constraint audit_entries_thing_is_known,
    add constraint audit_entries_thing_is_known check (thing in (
        'account', 'arrangement', 'break', 'clock', 'consent', 'consumer', 'day', 'decision', 'endpoint', 'file', 'gateway',
        'instrument', 'insurance', 'key', 'merchant', 'operator', 'partner', 'party', 'payout', 'permission', 'person', 'plan',
        'policy', 'processor', 'programme', 'reconciliation', 'route', 'scheme', 'trial', 'waterfall'));

-- A policy in its versions. The arrangement that it stands on says who insures, and by which terms.
create table insurance_policies (
    policy_id text collate "C" not null,
    version   int              not null,   -- 1, 2, 3 ...
    document  json             not null,   -- service/insurance/policy.py
    agreed_at timestamptz      not null,
    constraint insurance_policies_pk primary key (policy_id, version)
);

create trigger insurance_policies_are_append_only before update or delete or truncate on insurance_policies
    for each statement execute function refuse_change();
revoke update, delete, truncate on insurance_policies from public;

-- A debtor under a policy: the person behind a consumer. The insurer knows the debtor by this id alone.
create table insured_debtors (
    debtor_id   text collate "C" not null,
    policy_id   text collate "C" not null,
    consumer_id text collate "C" not null,   -- as who the limit was asked for
    country     text collate "C" not null,
    made_at     timestamptz      not null,
    constraint insured_debtors_pk primary key (debtor_id),
    constraint insured_debtors_consumer_once unique (policy_id, consumer_id)
);

create index insured_debtors_of_consumer on insured_debtors (consumer_id);

-- What became of a debtor's limit, in the order in which it was told; each counts from a day on.
create table debtor_limit_steps (
    debtor_id  text collate "C" not null,
    number     int              not null,   -- 1, 2, 3 ... of the debtor
    state      text             not null,
    source     text             not null,
    requested  bigint           not null,
    amount     bigint           not null,   -- the limit
    from_on    date             not null,
    rule_id    text,                        -- of the policy's rule that granted it
    conditions text,                        -- of the insurer
    fee        bigint           not null,   -- that the insurer takes for it
    told_at    timestamptz      not null,
    told_by    text collate "C" not null,
    constraint debtor_limit_steps_pk primary key (debtor_id, number),
    constraint debtor_limit_steps_debtor foreign key (debtor_id) references insured_debtors (debtor_id),
    constraint debtor_limit_steps_amounts_not_negative check (least(requested, amount, fee) >= 0),
    constraint debtor_limit_steps_state_is_known
        check (state in ('requested', 'granted', 'partial', 'refused', 'reduced', 'withdrawn')),
    constraint debtor_limit_steps_source_is_known check (source in ('rule', 'discretionary', 'insurer', 'asked')),
    constraint debtor_limit_steps_rule_is_named check ((source = 'rule') = (rule_id is not null))
);

create trigger debtor_limit_steps_are_append_only before update or delete or truncate on debtor_limit_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on debtor_limit_steps from public;
