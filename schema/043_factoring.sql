-- Receivables of merchants: who owes them, who has bought one or holds it as a pledge, and what came of it.

alter table audit_entries
    drop constraint audit_entries_thing_is_known,
    add constraint audit_entries_thing_is_known check (thing in (
        'account', 'arrangement', 'assignment', 'break', 'clock', 'consent', 'consumer', 'day', 'decision',
        'endpoint', 'file', 'gateway', 'instrument', 'insurance', 'key', 'merchant', 'operator', 'partner', 'party',
        'payout', 'permission', 'person', 'plan', 'policy', 'processor', 'programme', 'receivable', 'reconciliation',
        'route', 'scheme', 'trial', 'waterfall'));

-- A business that owes invoices. Its country and its number in the register there are who it is, for all merchants.
create table buyers (
    buyer_id text collate "C" not null,
    country  text collate "C" not null,
    number   text collate "C" not null,
    name     text             not null,   -- as it was given first
    made_at  timestamptz      not null,
    constraint buyers_pk primary key (buyer_id),
    constraint buyers_number_once unique (country, number)
);

create table receivables (
    receivable_id text collate "C" not null,
    merchant_id   text collate "C" not null,   -- to whom it was owed first
    kind          text             not null,   -- service/factoring/receivable.py
    buyer_id      text collate "C",            -- who owes an invoice
    channel       text,                        -- of a settlement unit
    acquirer      text,                        -- who owes a settlement unit
    currency      text collate "C" not null,
    amount        bigint           not null,
    due_on        date             not null,   -- of a settlement unit: the day it is settled
    reference     text             not null,
    disputed      bigint           not null default 0,
    pledged       bigint           not null default 0,   -- by the live pledges of it
    paid          bigint           not null default 0,   -- or credited
    purchase_id   text collate "C",            -- the assignment by which it was bought, while that is live or collected
    made_at       timestamptz      not null,
    constraint receivables_pk primary key (receivable_id),
    constraint receivables_merchant foreign key (merchant_id) references merchants (merchant_id),
    constraint receivables_buyer foreign key (buyer_id) references buyers (buyer_id),
    constraint receivables_kind_is_known check (kind in ('invoice', 'settlement_unit')),
    constraint receivables_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint receivables_amount_is_positive check (amount > 0),
    constraint receivables_are_not_pledged_beyond check (pledged between 0 and amount),
    constraint receivables_are_bought_or_pledged check (purchase_id is null or pledged = 0),
    constraint receivables_are_disputed_within check (disputed between 0 and amount),
    constraint receivables_are_paid_within check (paid between 0 and amount),
    constraint receivables_are_owed_by_somebody
        check ((kind = 'invoice') = (buyer_id is not null) and (kind = 'settlement_unit') = (acquirer is not null)
               and (acquirer is null) = (channel is null))
);

create unique index receivables_invoice_once on receivables (merchant_id, buyer_id, reference) where kind = 'invoice';
create unique index receivables_unit_once on receivables (merchant_id, channel, acquirer, due_on)
 where kind = 'settlement_unit';
create index receivables_of_merchant on receivables (merchant_id, receivable_id);
create index receivables_of_buyer on receivables (buyer_id, receivable_id) where buyer_id is not null;

-- Several receivables bought at once: what fails drops out.
create table assignment_batches (
    batch_id    text collate "C" not null,
    external_id text             not null,   -- the operator's own name for it
    merchant_id text collate "C" not null,
    currency    text collate "C" not null,
    wanted      json             not null,   -- service/factoring/batch.py: how they are bought
    state       text             not null,
    items_total int              not null,
    items_kept  int,                         -- null: not settled
    price       bigint,                      -- the sum of the advances of those that were kept
    made_at     timestamptz      not null,
    ended_at    timestamptz,
    constraint assignment_batches_pk primary key (batch_id),
    constraint assignment_batches_external_once unique (external_id),
    constraint assignment_batches_merchant foreign key (merchant_id) references merchants (merchant_id),
    constraint assignment_batches_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint assignment_batches_state_is_known check (state in ('open', 'awaiting_approval', 'settled', 'cancelled')),
    constraint assignment_batches_count_when_settled check ((state = 'settled') = (items_kept is not null)),
    constraint assignment_batches_price_when_settled check ((state = 'settled') = (price is not null)),
    constraint assignment_batches_keep_within check (items_kept between 0 and items_total)
);

create table assignment_batch_items (
    batch_id      text collate "C" not null,
    number        int              not null,   -- 1, 2, 3 ... of the batch
    receivable_id text collate "C" not null,   -- as it was asked for: it need not be there
    reason        text,                        -- why it dropped out, a code of service/errors.py; null: it did not
    assignment_id text collate "C",            -- by which it was bought
    price         bigint,
    constraint assignment_batch_items_pk primary key (batch_id, number),
    constraint assignment_batch_items_batch foreign key (batch_id) references assignment_batches (batch_id),
    constraint assignment_batch_items_once unique (batch_id, receivable_id),
    constraint assignment_batch_items_price_when_bought check ((assignment_id is not null) = (price is not null)),
    constraint assignment_batch_items_bought_or_dropped check (reason is null or assignment_id is null)
);

-- Who has bought a receivable, or holds a part of it as a pledge.
create table assignments (
    assignment_id text collate "C" not null,
    receivable_id text collate "C" not null,
    mode          text             not null,
    assignee_id   text collate "C",            -- a partner; null: we ourselves
    amount        bigint           not null,   -- what was bought or pledged
    recourse      text             not null,
    terms         json,                        -- at what price; null: no money of it goes through us
    position      json,                        -- service/factoring/purchase.py: what it paid, earned and brought; as terms
    state         text             not null,
    assigned_on   date             not null,   -- in the merchant's time zone
    notified_on   date,                        -- when who owes it was told to pay the assignee; null: not told
    batch_id      text collate "C",
    made_at       timestamptz      not null,
    ended_on      date,
    constraint assignments_pk primary key (assignment_id),
    constraint assignments_receivable foreign key (receivable_id) references receivables (receivable_id),
    constraint assignments_assignee foreign key (assignee_id) references partners (partner_id),
    constraint assignments_batch foreign key (batch_id) references assignment_batches (batch_id),
    constraint assignments_mode_is_known check (mode in ('purchase', 'pledge')),
    constraint assignments_recourse_is_known check (recourse in ('none', 'full', 'dispute_only')),
    constraint assignments_state_is_known check (state in (
        'pledged', 'purchased', 'part_collected', 'released', 'collected', 'repurchased', 'written_off')),
    constraint assignments_amount_is_positive check (amount > 0),
    constraint assignments_position_with_terms check ((terms is null) = (position is null)),
    constraint assignments_ended_when_over
        check ((ended_on is not null) = (state in ('released', 'collected', 'repurchased', 'written_off')))
);

-- At most one purchase of a receivable that is not over.
create unique index assignments_purchase_once on assignments (receivable_id)
 where mode = 'purchase' and state in ('purchased', 'part_collected');
create index assignments_of_receivable on assignments (receivable_id, assignment_id);
create index assignments_of_assignee on assignments (assignee_id, assignment_id) where assignee_id is not null;
create index assignments_live on assignments (assignment_id) where ended_on is null;

-- What happened to an assignment: the cause of what it books.
create table assignment_steps (
    step_id       text collate "C" not null,
    assignment_id text collate "C" not null,
    number        int              not null,   -- 1, 2, 3 ... of the assignment
    what          text             not null,
    on_day        date             not null,
    state         text             not null,   -- then
    position      json,                        -- then
    payment_id    text collate "C",            -- of what was collected
    told_by       text collate "C",            -- the key
    told_at       timestamptz      not null,
    constraint assignment_steps_pk primary key (step_id),
    constraint assignment_steps_number_once unique (assignment_id, number),
    constraint assignment_steps_assignment foreign key (assignment_id) references assignments (assignment_id),
    constraint assignment_steps_what_is_known check (what in (
        'pledged', 'bought', 'notified', 'collected', 'repurchased', 'written_off', 'released'))
);

create trigger assignment_steps_are_append_only before update or delete or truncate on assignment_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on assignment_steps from public;

-- What was paid of a receivable, and to whom.
create table receivable_payments (
    payment_id     text collate "C" not null,
    receivable_id  text collate "C" not null,
    number         int              not null,   -- 1, 2, 3 ... of the receivable
    amount         bigint           not null,
    dilution       bigint           not null,   -- besides, credited by the merchant
    received_by    text             not null,
    paid_on        date             not null,
    reference      text,
    assignment_id  text collate "C",            -- the purchase that it belongs to; null: it was not bought
    is_ours        boolean          not null,   -- the money belongs to us
    is_misdirected boolean          not null,   -- it went to the merchant after who owes it was told otherwise
    remit_by       date,                        -- the merchant owes it to the assignee until this day ends
    remitted_on    date,
    told_by        text collate "C" not null,   -- a key
    told_at        timestamptz      not null,
    constraint receivable_payments_pk primary key (payment_id),
    constraint receivable_payments_number_once unique (receivable_id, number),
    constraint receivable_payments_receivable foreign key (receivable_id) references receivables (receivable_id),
    constraint receivable_payments_assignment foreign key (assignment_id) references assignments (assignment_id),
    constraint receivable_payments_received_by_is_known check (received_by in ('assignee', 'seller')),
    constraint receivable_payments_move_something check (amount >= 0 and dilution >= 0 and amount + dilution > 0),
    constraint receivable_payments_remitted_by_a_seller check (remit_by is null or received_by = 'seller'),
    constraint receivable_payments_remitted_when_owed check (remitted_on is null or remit_by is not null)
);

create index receivable_payments_to_remit on receivable_payments (payment_id) where remit_by is not null;

-- What we bought of a merchant is a line of its settlements.
alter table settlements add column factored bigint not null default 0,
    drop constraint settlements_roll_forward, add constraint settlements_roll_forward
        check (opening + captured - fees - taxes - refunded - paid_to_merchant - charged_back + payouts_returned + adjusted + vouchers
               - bought_down + shared + split + factored + fees_deferred - fees_billed - withheld + released - payout = closing);

alter table settlement_lines drop constraint settlement_lines_kind_is_known,
    add constraint settlement_lines_kind_is_known
        check (kind in ('capture', 'capture_lowered', 'refund', 'chargeback', 'paid_to_merchant', 'payout_returned',
                        'adjustment', 'platform_share', 'split', 'voucher', 'buy_down', 'factoring_advance',
                        'factoring_release', 'factoring_recourse'));

alter table transfers drop constraint transfers_occasion_is_known;
alter table transfers add constraint transfers_occasion_is_known check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share',
        'interest_share', 'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'sale',
        'buy_back', 'reserve', 'payout', 'payout_paid', 'payout_returned', 'adjustment', 'fee_billing',
        'platform_share', 'split', 'rounding', 'voucher', 'buy_down', 'buy_down_income', 'buy_down_loss',
        'interest_subsidy', 'premium', 'indemnity', 'salvage', 'factoring_advance', 'factoring_collection',
        'factoring_remittance', 'factoring_release', 'factoring_recourse', 'factoring_loss'));
alter table transfers drop constraint transfers_debit_is_known;
alter table transfers add constraint transfers_debit_is_known check (debit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances', 'remittance_receivable', 'consumer_payable', 'merchant_payable',
        'reserve', 'partner_participation', 'partner_accrued', 'deferred_subsidy', 'tax_payable', 'partner_payable',
        'insurer_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'buy_down_income',
        'factoring_income', 'fee_income', 'penalty_income', 'recoveries', 'sale_result', 'credit_losses',
        'goodwill', 'merchant_adjustments', 'rounding_differences', 'insurance_premium', 'exchange_differences'));
alter table transfers drop constraint transfers_credit_is_known;
alter table transfers add constraint transfers_credit_is_known check (credit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra', 'consumer_principal',
        'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances', 'remittance_receivable', 'consumer_payable', 'merchant_payable',
        'reserve', 'partner_participation', 'partner_accrued', 'deferred_subsidy', 'tax_payable', 'partner_payable',
        'insurer_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'buy_down_income',
        'factoring_income', 'fee_income', 'penalty_income', 'recoveries', 'sale_result', 'credit_losses',
        'goodwill', 'merchant_adjustments', 'rounding_differences', 'insurance_premium', 'exchange_differences'));
