-- Who buys.

create table consumers (
    bucket      smallint         not null,
    consumer_id text collate "C" not null,
    merchant_id text collate "C" not null,
    reference   text             not null,   -- the merchant's name for this person
    attributes  json             not null,   -- what a policy may use
    version     int              not null default 1,
    created_at  timestamptz      not null,
    updated_at  timestamptz      not null,
    constraint consumers_pk primary key (bucket, consumer_id),
    constraint consumers_bucket_in_range check (bucket between 0 and 1023),
    constraint consumers_reference_once unique (bucket, merchant_id, reference)
);
