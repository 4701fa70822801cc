-- How consumers prove that it is they who agree to a plan: their passkeys, and each time that they were asked.

-- A key on a consumer's own device. Who has one adds another with it, or through the merchant who knows them.
create table passkeys (
    bucket        smallint         not null,
    consumer_id   text collate "C" not null,
    credential_id bytea            not null,   -- the device's own name for it
    public_key    bytea            not null,   -- COSE: what proves an answer; the private key never leaves the device
    counted       bigint           not null,   -- answers, as the device said last; 0: it does not count
    origin        text             not null,   -- of the pages on which it answers
    added_at      timestamptz      not null,
    removed_at    timestamptz,
    constraint passkeys_pk primary key (bucket, consumer_id, credential_id),
    constraint passkeys_bucket_in_range check (bucket between 0 and 1023),
    constraint passkeys_consumer foreign key (bucket, consumer_id) references consumers (bucket, consumer_id),
    constraint passkeys_count_forward check (counted >= 0)
);

-- Each time a consumer was asked: to agree to a plan, or to add a passkey (then it is of no plan, and of no amount). It
-- is bound to what it says.
create table authentications (
    bucket            smallint         not null,
    authentication_id text collate "C" not null,
    consumer_id       text collate "C" not null,
    merchant_id       text collate "C" not null,   -- through whom
    plan_id           text collate "C",
    "by"              text             not null,
    amount            bigint,                       -- minor units
    currency          text collate "C",
    payee             text             not null,   -- the merchant's name, as the consumer is shown it
    origin            text,                         -- of a passkey: the page on which it is to answer
    expected          bytea            not null,   -- of a passkey the challenge; of a code its HMAC under the service's secret
    tries             smallint         not null default 0,
    state             text             not null default 'open',
    asked_at          timestamptz      not null,
    expires_at        timestamptz      not null,
    ended_at          timestamptz,
    constraint authentications_pk primary key (bucket, authentication_id),
    constraint authentications_bucket_in_range check (bucket between 0 and 1023),
    constraint authentications_by_is_known check ("by" in ('code', 'passkey')),
    constraint authentications_state_is_known check (state in ('open', 'confirmed', 'failed', 'void')),
    constraint authentications_end_once check ((state = 'open') = (ended_at is null)),
    constraint authentications_tried_five_times check (tries between 0 and 5),   -- the second wall
    constraint authentications_say_of_what check (num_nulls(plan_id, amount, currency) in (0, 3))
) with (fillfactor = 80);

create index authentications_of_plan on authentications (bucket, plan_id, asked_at) where plan_id is not null;
