-- Claims on who bears a loss: where each stands, what happened to it, what it shows.

alter table audit_entries
    drop constraint audit_entries_thing_is_known,
    add constraint audit_entries_thing_is_known check (thing in (
        'account', 'arrangement', 'assignment', 'break', 'business', 'claim', 'clock', 'consent', 'consumer',
        'cover_set', 'day', 'decision', 'endpoint', 'file', 'gateway', 'instrument', 'insurance', 'key', 'loss',
        'merchant', 'operator', 'partner', 'party', 'payout', 'permission', 'person', 'plan', 'policy', 'processor',
        'programme', 'receivable', 'reconciliation', 'route', 'scheme', 'trial', 'waterfall'));

-- How somebody tried to have the money of a plan paid, written down by hand.
create table collection_efforts (
    bucket    smallint         not null,
    effort_id text collate "C" not null,
    plan_id   text collate "C" not null,
    kind      text             not null,   -- service/support/claim_terms.py
    done_on   date             not null,
    reference text             not null,   -- of the letter, the call or the court
    said_by   text collate "C" not null,   -- who wrote it down
    said_at   timestamptz      not null,
    constraint collection_efforts_pk primary key (bucket, effort_id),
    constraint collection_efforts_bucket_in_range check (bucket between 0 and 1023),
    constraint collection_efforts_kind_is_known check (kind in ('notice', 'call', 'legal_step'))
);

create index collection_efforts_of_plan on collection_efforts (bucket, plan_id, effort_id);

create trigger collection_efforts_are_append_only before update or delete or truncate on collection_efforts
    for each statement execute function refuse_change();
revoke update, delete, truncate on collection_efforts from public;

create table loss_claims (
    claim_id       text collate "C" not null,
    arrangement_id text collate "C" not null,
    version        int              not null,   -- of the arrangement's document, by whose terms it goes
    loss_id        text collate "C" not null,
    plan_id        text collate "C" not null,
    bearer_id      text collate "C" not null,   -- who decides and pays
    currency       text collate "C" not null,
    state          text             not null,   -- service/claims/claim.py
    claimed        bigint           not null,
    reserved       bigint           not null,
    approved       bigint           not null,
    paid           bigint           not null,
    clawed_back    bigint           not null,
    rejection      text,                        -- null: nothing was rejected
    due_on         date             not null,   -- the oldest due date that was missed
    waits_until    date             not null,
    file_by        date             not null,
    lodged_on      date,
    decide_by      date,                        -- null: it is not lodged, is decided, or its days do not run
    answer_by      date,
    days_left      int,                         -- to decide, while they do not run
    looked_on      date,                        -- when the day looks at it next; null: it does not
    warned_of      date,                        -- the day of which an event warned last
    steps          int              not null,   -- how many of loss_claim_steps
    made_at        timestamptz      not null,
    constraint loss_claims_pk primary key (claim_id),
    constraint loss_claims_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint loss_claims_state_is_known check (state in (
        'draft', 'waiting', 'lodged', 'info_requested', 'hold', 'approved', 'part_approved', 'rejected', 'paid', 'recovery',
        'closed', 'withdrawn', 'lapsed', 'clawed_back')),
    constraint loss_claims_rejection_is_known check (rejection in (
        'not_covered', 'excluded_cause', 'late', 'proof_missing', 'over_limit', 'supplied_on', 'disputed', 'other')),
    constraint loss_claims_amounts_not_negative check (least(claimed, reserved, approved, paid, clawed_back) >= 0),
    constraint loss_claims_pay_what_was_approved check (paid <= approved and approved <= claimed and clawed_back <= paid)
);

-- Of a loss an arrangement has one claim that is not over without a payment.
create unique index loss_claims_once on loss_claims (loss_id, arrangement_id)
    where state not in ('rejected', 'withdrawn', 'lapsed', 'clawed_back', 'closed');
create index loss_claims_of_bearer on loss_claims (bearer_id, claim_id);
create index loss_claims_of_loss on loss_claims (loss_id);
create index loss_claims_to_look_at on loss_claims (looked_on, claim_id) where looked_on is not null;

-- What happened to a claim, and by whom.
create table loss_claim_steps (
    claim_id text collate "C" not null,
    number   int              not null,   -- 1, 2, 3 ... of the claim
    step_id  text collate "C" not null,   -- the cause of what it books
    what     text             not null,   -- the verb
    state    text             not null,   -- after it
    amount   bigint,                       -- of a decision or a payment
    note     text             not null,
    by_whom  text             not null,   -- in what role
    owner_id text collate "C" not null,   -- who; empty: nobody, time has passed
    done_on  date             not null,
    done_at  timestamptz      not null,
    constraint loss_claim_steps_pk primary key (claim_id, number),
    constraint loss_claim_steps_once unique (step_id),
    constraint loss_claim_steps_claim foreign key (claim_id) references loss_claims (claim_id)
);

create trigger loss_claim_steps_are_append_only before update or delete or truncate on loss_claim_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on loss_claim_steps from public;

-- Evidence that is kept elsewhere.
create table claim_documents (
    claim_id  text collate "C" not null,
    number    int              not null,   -- 1, 2, 3 ... of the claim
    kind      text             not null,   -- service/support/claim_terms.py
    reference text             not null,   -- where it is kept
    sha256    text,
    added_by  text collate "C" not null,
    added_at  timestamptz      not null,
    constraint claim_documents_pk primary key (claim_id, number),
    constraint claim_documents_claim foreign key (claim_id) references loss_claims (claim_id),
    constraint claim_documents_kind_is_known
        check (kind in ('contract', 'schedule', 'delivery', 'statement', 'dunning', 'identity'))
);

create trigger claim_documents_are_append_only before update or delete or truncate on claim_documents
    for each statement execute function refuse_change();
revoke update, delete, truncate on claim_documents from public;

-- What a claim showed when it was lodged, or answered about.
create table evidence_packs (
    claim_id     text collate "C" not null,
    number       int              not null,   -- of the step that it was lodged or answered by
    content      json             not null,   -- service/claims/evidence.py; its bytes have the digest
    sha256       text             not null,
    assembled_at timestamptz      not null,
    constraint evidence_packs_pk primary key (claim_id, number),
    constraint evidence_packs_claim foreign key (claim_id) references loss_claims (claim_id)
);

create trigger evidence_packs_are_append_only before update or delete or truncate on evidence_packs
    for each statement execute function refuse_change();
revoke update, delete, truncate on evidence_packs from public;

alter table transfers drop constraint transfers_occasion_is_known, add constraint transfers_occasion_is_known
    check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'recourse',
        'loss_cover', 'compensation', 'contribution', 'pool_return', 'pool_paid_out', 'loss_relief', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'salvage', 'factoring_advance', 'factoring_collection',
        'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss'));
