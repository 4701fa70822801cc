-- The ledger: one row is a debit and a credit, so it cannot be out of balance. A place is an account of the chart and its
-- owner; what a row means is its occasion (service/ledger/chart.py).

create table transfers (
    bucket       smallint         not null,
    cause_id     text collate "C" not null,   -- the command that booked it, or the accrual: one event books once
    leg          smallint         not null,
    occasion     text             not null,
    debit        text             not null,
    debit_owner  text collate "C",            -- a plan, a merchant, a partner; null: nobody
    credit       text             not null,
    credit_owner text collate "C",
    amount       bigint           not null,
    currency     text collate "C" not null,
    plan_id      text collate "C",            -- the plan it is about; null: it is about several
    merchant_id  text collate "C",
    partner_id   text collate "C",            -- whose part of a plan it moves; null: no partner's
    booked_on    date             not null,
    booked_at    timestamptz      not null,
    constraint transfers_pk primary key (bucket, cause_id, leg),
    constraint transfers_bucket_in_range check (bucket between 0 and 1023),
    constraint transfers_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint transfers_amount_is_positive check (amount > 0),
    constraint transfers_between_two_places check ((debit, debit_owner) is distinct from (credit, credit_owner)),
    constraint transfers_occasion_is_known check (occasion in (
        'promise', 'security', 'purchase', 'levy', 'payment', 'paid_to_merchant', 'refund', 'credit',
        'interest_return', 'loss', 'recovery', 'forgiveness', 'accrual', 'drawing', 'principal_share', 'interest_share',
        'fee_share', 'penalty_share', 'servicing', 'loss_share', 'recovery_share', 'sale', 'buy_back', 'reserve', 'payout',
        'payout_paid', 'payout_returned', 'adjustment', 'fee_billing', 'platform_share', 'rounding',
        'voucher')),
    constraint transfers_debit_is_known check (debit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra',
        'consumer_principal', 'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances',
        'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation', 'partner_accrued',
        'tax_payable', 'partner_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'fee_income',
        'penalty_income',
        'recoveries', 'sale_result', 'credit_losses', 'goodwill', 'merchant_adjustments', 'rounding_differences')),
    constraint transfers_credit_is_known check (credit in (
        'commitment', 'commitment_contra', 'deposit_held', 'deposit_held_contra',
        'consumer_principal', 'consumer_interest', 'consumer_fees', 'processor_clearing', 'payout_clearing', 'cash',
        'merchant_receivable', 'partner_receivable', 'scheme_receivable', 'guarantor_receivable',
        'insurer_receivable', 'advances',
        'consumer_payable', 'merchant_payable', 'reserve', 'partner_participation', 'partner_accrued',
        'tax_payable', 'partner_payable', 'merchant_fee_income', 'interest_income', 'servicing_income', 'fee_income',
        'penalty_income',
        'recoveries', 'sale_result', 'credit_losses', 'goodwill', 'merchant_adjustments', 'rounding_differences'))
);

create trigger transfers_are_append_only before update or delete or truncate on transfers
    for each statement execute function refuse_change();
revoke update, delete, truncate on transfers from public;

create index transfers_of_plan on transfers (bucket, plan_id) where plan_id is not null;
create index transfers_for_partner on transfers (partner_id, booked_on)
 where partner_id is not null and occasion in ('drawing', 'principal_share', 'interest_share');

-- Interest is earned by time, and booked each day for all plans of a merchant, a programme and a currency together.

-- What a line's interest has earned by the end of a day: service/plans/accrual.py says the same.
create function interest_earned_of_line(interest bigint, begin_on date, due_on date, until date) returns bigint
    language sql immutable
as $$
    select case when until >= due_on   then interest
                when until <= begin_on then 0
                else interest * (until - begin_on) / (due_on - begin_on) end
$$;

-- That part of an amount, half a minor unit up: service/partners/shares.py says the same.
create function part_of(amount bigint, numerator bigint, denominator bigint) returns bigint
    language sql immutable
as $$
    select (sign(amount) * div(2 * abs(amount)::numeric * numerator + denominator, 2 * denominator::numeric))::bigint
$$;

-- What a holder has of an amount; the last of several that hold all of it takes what the others leave.
create function held_by(amount bigint, number bigint, weights bigint[]) returns bigint
    language sql immutable
as $$
    select case when number > 1 and number = cardinality(weights) and (select sum(bps) from unnest(weights) bps) = 10000
                then amount - (select sum(part_of(amount, weights[i], 10000)) from generate_series(1, number - 1) i)
                else part_of(amount, weights[number], 10000) end::bigint
$$;

-- By what each partner's part of interest grows from an amount to another, and what its own rate leaves of that to us for
-- servicing; `parts` are the participations of a plan's funding, each of who has it now. service/partners/shares.py says the same.
create function interest_of_parts(before bigint, now bigint, parts json)
    returns table (partner_id text, share bigint, spread bigint)
    language sql immutable
as $$
    with part as materialized (
        select p.number, p.principal_bps, p.own_rate,
               case when json_array_length(p.owners) > 0 then p.owners -> -1 ->> 'partner_id' else p.partner_id end
                   as partner_id,
               case p.schedule_type when 'same_instalment' then p.interest_bps
                                    when 'share_of_collection' then p.principal_bps else 0 end as interest_bps
          from rows from (json_to_recordset(parts) as (partner_id text, principal_bps bigint, interest_bps bigint,
                                                       schedule_type text, own_rate bigint[], owners json))
               with ordinality as p (partner_id, principal_bps, interest_bps, schedule_type, own_rate, owners, number)
    )
    select partner_id,
           case when own_rate is null and number = 1
                then part_of(now, interest_bps, 10000) - part_of(before, interest_bps, 10000)
                when own_rate is null
                then held_by(now, number, array(select interest_bps from part order by part.number))
                     - held_by(before, number, array(select interest_bps from part order by part.number))
                else part_of(now, own_rate[1], own_rate[2]) - part_of(before, own_rate[1], own_rate[2]) end,
           case when own_rate is null then 0
                else held_by(now, number, array(select principal_bps from part order by part.number))
                     - held_by(before, number, array(select principal_bps from part order by part.number))
                     - part_of(now, own_rate[1], own_rate[2]) + part_of(before, own_rate[1], own_rate[2]) end
      from part
     where partner_id <> ''   -- else it is ours
$$;

-- Where each group stands. All that its plans have earned is what those have settled that ended long ago, which nobody
-- reads any more, and what those have earned that accrue still (index plans_accruing).
create table accrual_groups (
    merchant_id      text collate "C" not null,
    programme_id     text collate "C" not null,   -- empty: all of the money is ours
    currency         text collate "C" not null,
    accrued_until    date             not null,   -- the last day that was booked, of the programme's calendar or the merchant's
    earned           bigint           not null,   -- booked until then
    settled          bigint           not null,   -- the sum of plans.interest_counted
    facts            bigint           not null,   -- how many the plans had that were accruing: more by now, if one has moved
    constraint accrual_groups_pk primary key (merchant_id, programme_id, currency),
    constraint accrual_groups_currency_is_iso check (currency ~ '^[A-Z]{3}$')
);

-- What of a group's interest is a partner's, and what of it its own rate leaves to us for servicing: shared plan by plan.
create table accrual_shares (
    merchant_id      text collate "C" not null,
    programme_id     text collate "C" not null,
    currency         text collate "C" not null,
    partner_id       text collate "C" not null,
    earned           bigint           not null default 0,   -- booked until the group's last day
    spread           bigint           not null default 0,   -- ... of ours, for servicing
    settled          bigint           not null default 0,   -- of the group's settled
    spread_settled   bigint           not null default 0,
    constraint accrual_shares_pk primary key (merchant_id, programme_id, currency, partner_id),
    constraint accrual_shares_group foreign key (merchant_id, programme_id, currency)
        references accrual_groups (merchant_id, programme_id, currency)
);

-- What a group earned on a day: the cause of its transfers. A day on which nothing was earned has none.
create table accruals (
    accrual_id     text collate "C" not null,
    merchant_id    text collate "C" not null,
    programme_id   text collate "C" not null,
    currency       text collate "C" not null,
    earned_on      date             not null,
    earned         bigint           not null,   -- negative: facts that came late have taken interest back
    partner_earned bigint           not null,   -- of it all partners'
    servicing      bigint           not null,   -- ... ours, for servicing the partners'
    booked_at      timestamptz      not null,
    constraint accruals_pk primary key (accrual_id),
    constraint accruals_day_once unique (merchant_id, programme_id, currency, earned_on),
    constraint accruals_group foreign key (merchant_id, programme_id, currency)
        references accrual_groups (merchant_id, programme_id, currency)
);

create trigger accruals_are_append_only before update or delete or truncate on accruals
    for each statement execute function refuse_change();
revoke update, delete, truncate on accruals from public;
