-- Who buys: people, and consumers, which are merchants' references to them.

-- A human being. What somebody owes, and may still owe, is counted by person. The bucket is drawn by lot, so that the
-- ids of what a person owns, which hold it, tell nothing of who that is.
create table people (
    bucket       smallint         not null,
    person_id    text collate "C" not null,
    created_at   timestamptz      not null,
    more_buckets smallint[]       not null default '{}',   -- where else consumers and plans of this person stand
    constraint people_pk primary key (bucket, person_id),
    constraint people_bucket_in_range check (bucket between 0 and 1023)
);

-- One merchant's reference to a person. It is made in the person's bucket, so that all a purchase reads and writes is
-- there, and stays in that bucket should the person be found to be another one.
create table consumers (
    bucket      smallint         not null,
    consumer_id text collate "C" not null,
    person_id   text collate "C" not null,   -- in the bucket that this id holds
    merchant_id text collate "C" not null,
    reference   text             not null,   -- the merchant's name for this person
    attributes  json             not null,   -- what a policy may use
    version     int              not null default 1,
    created_at  timestamptz      not null,
    updated_at  timestamptz      not null,
    constraint consumers_pk primary key (bucket, consumer_id),
    constraint consumers_bucket_in_range check (bucket between 0 and 1023)
);

create index consumers_of_person on consumers (bucket, person_id);

-- A merchant calls one person by one reference, once. The bucket is the reference's, not the person's: it is claimed
-- before anybody knows who that is.
create table consumer_references (
    bucket      smallint         not null,
    merchant_id text collate "C" not null,
    reference   text             not null,
    consumer_id text collate "C" not null,
    constraint consumer_references_pk primary key (bucket, merchant_id, reference),
    constraint consumer_references_bucket_in_range check (bucket between 0 and 1023)
);
