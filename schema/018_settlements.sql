-- What merchants are owed, settled day by day, and paid out.

-- How a merchant is settled. A change is a further version; a settlement keeps the version it was made under.
create table settlement_terms (
    merchant_id text collate "C" not null,
    version     int              not null,   -- 1, 2, 3 ... of the merchant
    terms       json             not null,   -- service/merchants/settlement_terms.py
    agreed_at   timestamptz      not null,
    constraint settlement_terms_pk primary key (merchant_id, version),
    constraint settlement_terms_merchant foreign key (merchant_id) references merchants (merchant_id)
);

create trigger settlement_terms_are_append_only before update or delete or truncate on settlement_terms
    for each statement execute function refuse_change();
revoke update, delete, truncate on settlement_terms from public;

-- What a ledger row means to the merchant: what is owed to it more (or less), and what we keep; to a platform, its share
-- of what its sellers pay. What a settlement itself books is not among them: the reserve, the payout, and fees that are billed later.
create view merchant_bookings as
select bucket, cause_id, leg, occasion, plan_id, merchant_id, currency, booked_on, booked_at,
       case 'merchant_payable' when credit then amount when debit then - amount else 0 end as net,
       case 'merchant_fee_income' when credit then amount when debit then - amount else 0 end as fee,
       case 'tax_payable' when credit then amount when debit then - amount else 0 end as tax
  from transfers
 where (debit in ('merchant_payable', 'merchant_fee_income', 'tax_payable')
        or credit in ('merchant_payable', 'merchant_fee_income', 'tax_payable'))
   and occasion not in ('reserve', 'payout', 'fee_billing', 'platform_share')
union all
select bucket, cause_id, leg, occasion, plan_id,
       case 'merchant_payable' when credit then credit_owner else debit_owner end, currency, booked_on, booked_at,
       case 'merchant_payable' when credit then amount else - amount end, 0, 0
  from transfers
 where occasion = 'platform_share';

create index transfers_of_platform
    on transfers ((case 'merchant_payable' when credit then credit_owner else debit_owner end), currency, booked_on)
 where occasion = 'platform_share';

create index transfers_of_merchant on transfers (merchant_id, currency, booked_on)
 where (debit in ('merchant_payable', 'merchant_fee_income', 'tax_payable')
        or credit in ('merchant_payable', 'merchant_fee_income', 'tax_payable'))
   and occasion not in ('reserve', 'payout', 'fee_billing', 'platform_share');

-- A settlement holds every booking of business days up to its own that none before it held: one that commits late, on a
-- day that was settled, goes into the next. Amounts are minor units.
create table settlements (
    settlement_id    text collate "C" not null,
    merchant_id      text collate "C" not null,
    currency         text collate "C" not null,
    number           int              not null,   -- 1, 2, 3 ... of the merchant and currency, without gaps
    business_on      date             not null,   -- the last day that it holds, in the merchant's time zone
    terms_version    int              not null,   -- 0: none were agreed
    lines            int              not null,
    opening          bigint           not null,   -- negative: the merchant owed it
    captured         bigint           not null,
    fees             bigint           not null,
    taxes            bigint           not null,   -- on the fees
    refunded         bigint           not null,
    paid_to_merchant bigint           not null,
    charged_back     bigint           not null,
    payouts_returned bigint           not null,
    adjusted         bigint           not null,
    vouchers         bigint           not null,   -- of prices, by schemes
    shared           bigint           not null,   -- of a platform: its share of what its sellers pay us
    fees_deferred    bigint           not null,   -- of these fees, not taken now: they are billed with the month
    fees_billed      bigint           not null,   -- deferred before, and taken now
    withheld         bigint           not null,
    released         bigint           not null,
    payout           bigint           not null,
    closing          bigint           not null,
    release_on       date,                        -- when `withheld` is released
    bill_on          date,                        -- when `fees_deferred` are billed
    pays_on          date,
    totals           json             not null,   -- of the lines, by their kinds
    made_at          timestamptz      not null,
    constraint settlements_pk primary key (settlement_id),
    constraint settlements_merchant foreign key (merchant_id) references merchants (merchant_id),
    constraint settlements_number_once unique (merchant_id, currency, number),
    constraint settlements_day_once unique (merchant_id, currency, business_on),
    constraint settlements_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint settlements_roll_forward
        check (opening + captured - fees - taxes - refunded - paid_to_merchant - charged_back + payouts_returned + adjusted + vouchers + shared
               + fees_deferred - fees_billed - withheld + released - payout = closing),
    constraint settlements_amounts_not_negative check (least(withheld, released, payout) >= 0),
    constraint settlements_release_what_is_withheld check ((release_on is not null) = (withheld > 0)),
    constraint settlements_bill_what_is_deferred check ((bill_on is not null) = (fees_deferred <> 0)),
    constraint settlements_pay_on_a_day check ((pays_on is not null) = (payout > 0))
);

create index settlements_of_merchant on settlements (merchant_id, settlement_id);

create trigger settlements_are_append_only before update or delete or truncate on settlements
    for each statement execute function refuse_change();
revoke update, delete, truncate on settlements from public;

-- What moved the balance, one line for each cause, plan and occasion: `net + fee + tax` is the gross amount. That no cause is
-- in two of them is why nothing is settled twice.
create table settlement_lines (
    settlement_id text collate "C" not null,
    number        int              not null,   -- 1, 2, 3 ... of the settlement
    kind          text             not null,
    occasion      text             not null,
    cause_bucket  smallint         not null,
    cause_id      text collate "C" not null,   -- of the transfers
    plan_id       text collate "C",
    booked_on     date             not null,
    net           bigint           not null,   -- what is owed to the merchant more
    fee           bigint           not null,   -- what we keep
    tax           bigint           not null,   -- on that
    event_id      text collate "C",            -- that told of it; null: it was forgotten before this was settled
    constraint settlement_lines_pk primary key (settlement_id, number),
    constraint settlement_lines_cause_bucket_in_range check (cause_bucket between 0 and 1023),
    constraint settlement_lines_kind_is_known
        check (kind in ('capture', 'capture_lowered', 'refund', 'chargeback', 'paid_to_merchant', 'payout_returned',
                        'adjustment', 'platform_share', 'voucher'))
);

create unique index settlement_lines_of_cause on settlement_lines (cause_bucket, cause_id, occasion, plan_id)
    nulls not distinct;

create trigger settlement_lines_are_append_only before update or delete or truncate on settlement_lines
    for each statement execute function refuse_change();
revoke update, delete, truncate on settlement_lines from public;

-- How many of a merchant's bookings a day had when it was settled last. A day that has more by now was booked on late
-- and is looked through again; no other day needs to be.
create table settlement_days (
    merchant_id text collate "C" not null,
    currency    text collate "C" not null,
    booked_on   date             not null,
    bookings    bigint           not null,
    constraint settlement_days_pk primary key (merchant_id, currency, booked_on),
    constraint settlement_days_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

-- The last day of which all was settled that was to be: until it has passed, nobody looks at the merchant again.
create table settled_merchants (
    merchant_id   text collate "C" not null,
    settled_until date             not null,
    constraint settled_merchants_pk primary key (merchant_id),
    constraint settled_merchants_merchant foreign key (merchant_id) references merchants (merchant_id)
);

-- What a settlement pays out, and where it is: that follows from its steps.
create table payouts (
    payout_id     text collate "C" not null,
    settlement_id text collate "C" not null,
    merchant_id   text collate "C" not null,
    currency      text collate "C" not null,
    amount        bigint           not null,
    pays_on       date             not null,
    made_at       timestamptz      not null,
    state         text             not null,   -- service/merchants/payout.py
    tries         int              not null,   -- how often it was ordered from our bank
    order_id      text collate "C",            -- the last order with it
    reference     text,                        -- as the bank told it last
    changed_at    timestamptz      not null,   -- when its last step was told
    constraint payouts_pk primary key (payout_id),
    constraint payouts_settlement_once unique (settlement_id),
    constraint payouts_settlement foreign key (settlement_id) references settlements (settlement_id),
    constraint payouts_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint payouts_amount_is_positive check (amount > 0),
    constraint payouts_state_is_known check (state in ('due', 'ordered', 'paid', 'given_up'))
);

create index payouts_of_merchant on payouts (merchant_id, payout_id);
create index payouts_due on payouts (currency, pays_on) where state = 'due';

-- What our bank was sent: a pain.001 with some payouts.
create table payment_orders (
    order_id text collate "C" not null,
    currency text collate "C" not null,
    payer    json             not null,   -- our own account
    payouts  int              not null,
    amount   bigint           not null,   -- their sum, which is the control sum of the message
    sha256   bytea            not null,   -- of content
    content  bytea            not null,
    made_at  timestamptz      not null,
    constraint payment_orders_pk primary key (order_id),
    constraint payment_orders_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

create trigger payment_orders_are_append_only before update or delete or truncate on payment_orders
    for each statement execute function refuse_change();
revoke update, delete, truncate on payment_orders from public;

-- What happened to a payout.
create table payout_steps (
    payout_id text collate "C" not null,
    number    int              not null,   -- 1, 2, 3 ... of the payout
    step_id   text collate "C" not null,   -- the cause of what it books
    step      text             not null,   -- service/merchants/payout.py
    order_id  text collate "C",            -- of what was ordered
    reference text,                        -- of the bank
    told_by   text collate "C",            -- the key; null: a test merchant's day
    told_at   timestamptz      not null,
    constraint payout_steps_pk primary key (payout_id, number),
    constraint payout_steps_payout foreign key (payout_id) references payouts (payout_id),
    constraint payout_steps_step_is_known check (step in ('ordered', 'paid', 'returned')),
    constraint payout_steps_ordered_by_an_order check (step <> 'ordered' or order_id is not null or told_by is null)
);

create unique index payout_steps_once on payout_steps (step_id);

create trigger payout_steps_are_append_only before update or delete or truncate on payout_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on payout_steps from public;

-- What the operator gave a merchant, or took from it, besides what its plans bring: the cause of what it books.
create table settlement_adjustments (
    adjustment_id text collate "C" not null,
    merchant_id   text collate "C" not null,
    currency      text collate "C" not null,
    amount        bigint           not null,   -- below zero: taken from it
    reason        text             not null,   -- service/merchants/adjustment.py
    reference     text             not null,   -- what it is about, in the operator's words
    made_by       text collate "C" not null,   -- a key
    made_at       timestamptz      not null,
    constraint settlement_adjustments_pk primary key (adjustment_id),
    constraint settlement_adjustments_merchant foreign key (merchant_id) references merchants (merchant_id),
    constraint settlement_adjustments_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint settlement_adjustments_move_something check (amount <> 0),
    constraint settlement_adjustments_reason_is_known
        check (reason in ('fee_correction', 'goodwill', 'penalty', 'correction'))
);

create trigger settlement_adjustments_are_append_only before update or delete or truncate on settlement_adjustments
    for each statement execute function refuse_change();
revoke update, delete, truncate on settlement_adjustments from public;
