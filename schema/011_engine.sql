-- What every command leaves besides its own rows: the answer to its idempotency key, and what it tells.

-- Same key and body, same bytes back; same key and another body, refused. A row stands in the bucket of the consumer that
-- the request is about, so that a command writes to one bucket only. Of a request that is about no consumer (it publishes
-- a policy, say) the bucket follows from the key.
--
-- A key that was used for one consumer may not be used for another, who is in another bucket. So the primary key is
-- without the bucket; so is that of `merchant_references`, for the same reason, and no other. In one database that is
-- enough: of two transactions that insert one key, the second waits until the first has ended. If the buckets were
-- spread over several machines, no machine would see all keys. Then a key would first have to be claimed in a
-- transaction of its own, on the machine where all claims of its owner and key are made. That is not built.
create table idempotency (
    bucket       smallint         not null,
    owner_id     text collate "C" not null,
    key          text             not null,
    request_hash bytea            not null,
    status       smallint,                    -- null only inside the transaction that claimed the key
    answer       bytea,
    sealed_for   text collate "C" not null default '',   -- the consumer whom the answer tells of, with whose key it is sealed
    decision_id  text collate "C",            -- the answer of a checkout stands in its decision
    created_at   timestamptz      not null,
    constraint idempotency_pk primary key (owner_id, key),
    constraint idempotency_bucket_in_range check (bucket between 0 and 1023)
) with (fillfactor = 60);

alter table idempotency alter column answer set storage external;

-- A merchant's events are numbered without gaps; this row is the last number given, and the first that is kept.
create table feeds (
    merchant_id text collate "C" not null,
    last_number bigint           not null default 0,
    first_number bigint          not null default 1,   -- of those that are kept; all before it were forgotten
    constraint feeds_pk primary key (merchant_id),
    constraint feeds_merchant foreign key (merchant_id) references merchants (merchant_id)
) with (fillfactor = 50);

-- What happened, for those who listen. An event is about a plan, a decision before there is a plan, the account of a
-- consumer, whatever was bought, or none of them: what the merchant is owed and paid.
--
-- It gets its number after its commit, by whoever reads the feed. Numbered while they are written, a merchant's events
-- would keep the row of its feed locked until they are on disk, and all its commits, in all processes, would form one
-- line. Events of one consumer keep their order: whoever tells of an account holds its lock until the commit.
create table events (
    bucket      smallint         not null,
    event_id    text collate "C" not null,
    merchant_id text collate "C" not null,
    number      bigint,                       -- 1, 2, 3 ... per merchant, without gaps; null: not read yet
    told        bigint           generated always as identity,   -- the order in which they were written
    type        text             not null,
    actor       text             not null,    -- in what role somebody brought it about
    plan_id     text collate "C",
    decision_id text collate "C",
    consumer_id text collate "C",
    at          timestamptz      not null,
    data        json             not null,
    constraint events_pk primary key (bucket, event_id),
    constraint events_bucket_in_range check (bucket between 0 and 1023),
    constraint events_are_about_one_thing check (num_nonnulls(plan_id, decision_id, consumer_id) <= 1)
);

create index events_of_merchant on events (merchant_id, number, told);

-- Gives the merchant's next numbers to at most so many events that have none; returns to how many.
create function number_events(of_merchant text, at_most int) returns int language plpgsql as $$
declare
    last  bigint;
    given int;
begin
    select last_number into last from feeds where merchant_id = of_merchant for update;   -- one reader after the other
    update events e
       set number = next.number
      from (select bucket, event_id, last + row_number() over (order by told) as number
              from events
             where merchant_id = of_merchant and number is null
             order by told
             limit at_most) next
     where e.bucket = next.bucket and e.event_id = next.event_id;
    get diagnostics given = row_count;
    update feeds set last_number = last + given where merchant_id = of_merchant and given > 0;
    return given;
end $$;
