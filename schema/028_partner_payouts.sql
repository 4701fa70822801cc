-- What is paid to finance partners: of each settlement in a file STL (021_daily_files.sql), what is due to the partner.

-- One payment to a partner: the legs of one end-to-end id, where they come to more than nothing. Where it is follows from
-- its steps.
create table partner_payouts (
    payout_id     text collate "C" not null,
    file_id       text collate "C" not null,   -- whose legs it pays
    end_to_end_id text collate "C" not null,   -- as they say: the bank tells it by that
    settlement_id text collate "C" not null,
    partner_id    text collate "C" not null,
    programme_id  text collate "C" not null,
    business_on   date             not null,
    currency      text collate "C" not null,
    amount        bigint           not null,
    pays_on       date             not null,
    made_at       timestamptz      not null,
    state         text             not null,   -- service/merchants/payout.py
    tries         int              not null,   -- how often it was ordered from our bank
    order_id      text collate "C",            -- the last order with it
    reference     text,                        -- as the bank told it last
    changed_at    timestamptz      not null,   -- when its last step was told
    constraint partner_payouts_pk primary key (payout_id),
    constraint partner_payouts_legs_once unique (file_id, end_to_end_id, currency),
    constraint partner_payouts_file foreign key (file_id) references daily_files (file_id),
    constraint partner_payouts_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint partner_payouts_amount_is_positive check (amount > 0),
    constraint partner_payouts_state_is_known check (state in ('due', 'ordered', 'paid', 'given_up'))
);

create index partner_payouts_of_partner on partner_payouts (partner_id, payout_id);
create index partner_payouts_due on partner_payouts (currency, pays_on) where state = 'due';

-- What happened to one; the order is one of payment_orders.
create table partner_payout_steps (
    payout_id text collate "C" not null,
    number    int              not null,   -- 1, 2, 3 ... of the payout
    step_id   text collate "C" not null,   -- the cause of what it books
    step      text             not null,   -- service/merchants/payout.py
    order_id  text collate "C",            -- of what was ordered
    reference text,                        -- of the bank
    told_by   text collate "C" not null,   -- the key
    told_at   timestamptz      not null,
    constraint partner_payout_steps_pk primary key (payout_id, number),
    constraint partner_payout_steps_payout foreign key (payout_id) references partner_payouts (payout_id),
    constraint partner_payout_steps_step_is_known check (step in ('ordered', 'paid', 'returned')),
    constraint partner_payout_steps_ordered_by_an_order check ((step = 'ordered') = (order_id is not null))
);

create unique index partner_payout_steps_once on partner_payout_steps (step_id);

create trigger partner_payout_steps_are_append_only before update or delete or truncate on partner_payout_steps
    for each statement execute function refuse_change();
revoke update, delete, truncate on partner_payout_steps from public;

-- Where a partner is paid: as the newest version of the programme says that it takes part in; null: nobody has said it.
create function account_of_partner(of_programme text, of_partner text) returns json stable language sql as $$
    select participant -> 'account'
      from programmes
     cross join lateral json_array_elements(terms -> 'participants') participant
     where programme_id = of_programme and participant ->> 'partner_id' = of_partner
     order by version desc
     limit 1
$$;
