-- Who buys: people, and consumers, which are merchants' references to them.

-- A human being. What somebody owes, and may still owe, is counted by person.
create table people (
    bucket     smallint         not null,
    person_id  text collate "C" not null,
    created_at timestamptz      not null,
    constraint people_pk primary key (bucket, person_id),
    constraint people_bucket_in_range check (bucket between 0 and 1023)
);

-- One merchant's reference to a person. It is in the person's bucket, so that all a purchase reads and writes is.
create table consumers (
    bucket      smallint         not null,
    consumer_id text collate "C" not null,
    person_id   text collate "C" not null,   -- service/people/person.py: until people are matched, one of its own
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

create index consumers_of_person on consumers (bucket, person_id);
