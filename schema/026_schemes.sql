-- Schemes: who bears a part of what consumers pay, and the vouchers that were granted under them.

-- A scheme in its versions; a voucher keeps the version it was granted under.
create table schemes (
    scheme_id text collate "C" not null,
    version   int              not null,   -- 1, 2, 3 ...
    document  json             not null,   -- service/subsidies/scheme.py
    agreed_at timestamptz      not null,
    constraint schemes_pk primary key (scheme_id, version)
);

create trigger schemes_are_append_only before update or delete or truncate on schemes
    for each statement execute function refuse_change();
revoke update, delete, truncate on schemes from public;

-- What a scheme has granted and not got back. Vouchers are granted one after the other under this row, in transactions of
-- their own: no authorization waits for it, and so budget and times of a person hold to the last cent.
create table scheme_budgets (
    scheme_id text collate "C" not null,
    granted   bigint           not null default 0,
    constraint scheme_budgets_pk primary key (scheme_id),
    constraint scheme_budgets_granted_is_not_negative check (granted >= 0)
);

create table vouchers (
    voucher_id  text collate "C" not null,
    scheme_id   text collate "C" not null,
    version     int              not null,
    merchant_id text collate "C" not null,
    person_id   text collate "C" not null,
    consumer_id text collate "C" not null,
    type        text             not null,   -- of goods, as the scheme names it
    grade       text             not null,
    price       bigint           not null,   -- of the goods
    amount      bigint           not null,   -- of it the scheme's
    currency    text collate "C" not null,
    reference   text             not null,   -- the merchant's order
    state       text             not null,   -- service/subsidies/granted.py
    refunded    bigint           not null default 0,   -- of the price
    returned    bigint           not null default 0,   -- of the amount, to the scheme
    made_at     timestamptz      not null,
    constraint vouchers_pk primary key (voucher_id),
    constraint vouchers_scheme foreign key (scheme_id, version) references schemes (scheme_id, version),
    constraint vouchers_order_once unique (merchant_id, scheme_id, reference),
    constraint vouchers_state_is_known check (state in ('reserved', 'redeemed', 'released')),
    constraint vouchers_amount_within_price check (amount > 0 and amount <= price),
    constraint vouchers_refunded_within_price check (refunded between 0 and price and returned between 0 and amount)
);

create index vouchers_of_person on vouchers (scheme_id, person_id, type) where state <> 'released';
create index vouchers_of_merchant on vouchers (merchant_id, voucher_id);

-- What happened to a voucher: the cause of what it books, and a line of the claim of its day.
create table voucher_steps (
    step_id    text collate "C" not null,
    voucher_id text collate "C" not null,
    scheme_id  text collate "C" not null,
    number     int              not null,   -- 1, 2, 3 ... of the voucher
    amount     bigint           not null,   -- of the scheme's; below zero: it came back
    before     bigint           not null,   -- what was granted on the voucher before
    booked_on  date             not null,   -- in the merchant's time zone
    told_at    timestamptz      not null,
    constraint voucher_steps_pk primary key (step_id),
    constraint voucher_steps_number_once unique (voucher_id, number),
    constraint voucher_steps_voucher foreign key (voucher_id) references vouchers (voucher_id)
);

create index voucher_steps_of_scheme on voucher_steps (scheme_id, booked_on, step_id);

create trigger voucher_steps_are_append_only before update or delete or truncate on voucher_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on voucher_steps from public;
