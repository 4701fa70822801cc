-- The partner's sub-ledger: what each cause did to its share of each plan. The daily files are made of it.
--
-- An event is written with the transfers that it tells of, in their transaction, and gets its number after the commit,
-- as the events of a merchant do (011_engine.sql): nobody's commit waits for another's, and the numbers have no gap. With
-- its number it gets the day in whose file it stands. That is its business day, or the first whose file is not closed:
-- so a day that was closed stays what it was, and what was booked late is told with its own value date.

create table partner_feeds (
    partner_id  text collate "C" not null,
    last_number bigint           not null default 0,
    constraint partner_feeds_pk primary key (partner_id),
    constraint partner_feeds_partner foreign key (partner_id) references partners (partner_id)
) with (fillfactor = 50);

-- A business day that nothing enters any more: its events are those numbered until then.
create table partner_closings (
    programme_id text collate "C" not null,
    partner_id   text collate "C" not null,
    business_on  date             not null,
    last_number  bigint           not null,   -- of the partner's events, when the day was closed
    file_id      text collate "C" not null,   -- from which the ids of its files follow: made again, they are the same
    closed_at    timestamptz      not null,
    constraint partner_closings_pk primary key (programme_id, partner_id, business_on)
);

create table partner_events (
    bucket            smallint         not null,
    event_id          text collate "C" not null,   -- the cause; with a suffix where one cause makes several
    partner_id        text collate "C" not null,
    programme_id      text collate "C" not null,
    number            bigint,                       -- 1, 2, 3 ... per partner, without gaps; null: not read yet
    told              bigint           generated always as identity,   -- the order in which they were written
    plan_id           text collate "C" not null,
    type              text             not null,
    business_on       date             not null,    -- by when it was booked, and the programme's cut-off
    filed_on          date,                         -- the day in whose file it stands; null: not numbered yet
    value_on          date             not null,    -- the day from which it counts
    principal         bigint           not null,    -- all amounts: above nothing is due to the partner
    interest          bigint           not null,
    fee               bigint           not null,
    penalty           bigint           not null,
    subsidy           bigint           not null,
    currency          text collate "C" not null,
    undoes_fact       text collate "C",             -- the fact that never happened, now that this has
    reverses_event_id text collate "C",             -- ... and its event, found when this one is numbered
    booked_at         timestamptz      not null,
    constraint partner_events_pk primary key (bucket, event_id),
    constraint partner_events_bucket_in_range check (bucket between 0 and 1023),
    constraint partner_events_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
    constraint partner_events_type_is_known check (type in (
        'funding', 'repayment', 'refund', 'early_settlement', 'fee', 'adjustment', 'charge_off', 'recovery', 'sale',
        'buy_back')),
    constraint partner_events_filed_with_their_number check ((number is null) = (filed_on is null)),
    constraint partner_events_filed_after_their_day check (filed_on >= business_on)
) with (fillfactor = 90);

create index partner_events_of_partner on partner_events (partner_id, number, told);
create index partner_events_of_day on partner_events (programme_id, partner_id, filed_on, number);
create index partner_events_of_plan on partner_events (partner_id, plan_id);

-- What each event moves of the partner's principal, and the interest that comes to it. A recovery moves no principal: it
-- was given up before.
create view partner_movements as
select bucket, plan_id, partner_id, programme_id, filed_on, told, currency,
       case when type = 'funding'                            then - principal else 0 end as funded,
       case when type in ('repayment', 'early_settlement')   then   principal else 0 end as repaid,
       case when type = 'refund'                             then   principal else 0 end as refunded,
       case when type in ('adjustment', 'sale', 'buy_back')  then - principal else 0 end as adjusted,
       case when type = 'charge_off'                         then   principal else 0 end as charged_off,
       case when type = 'charge_off'                         then 0 else interest    end as interest
  from partner_events;

-- Gives the partner's next numbers to at most so many events that have none; returns to how many.
create function number_partner_events(of_partner text, at_most int) returns int language plpgsql as $$
declare
    last  bigint;
    given int;
begin
    insert into partner_feeds (partner_id) values (of_partner) on conflict do nothing;
    select last_number into last from partner_feeds where partner_id = of_partner for update;   -- one after the other
    update partner_events e
       set number            = next.number,
           filed_on          = greatest(e.business_on, next.open_on),
           reverses_event_id = next.reverses
      from (select e.bucket, e.event_id, last + row_number() over (order by e.told) as number,
                   (select max(d.business_on) + 1 from partner_closings d where d.programme_id = e.programme_id
                                                                           and d.partner_id = of_partner) as open_on,
                   case when e.undoes_fact is not null then
                        (select undone.event_id
                           from facts f
                           join partner_events undone on undone.bucket = f.bucket and undone.event_id >= f.cause_id
                                                     and undone.event_id < f.cause_id || '.'
                          where f.bucket = e.bucket and f.fact_id = e.undoes_fact
                            and undone.partner_id = of_partner and undone.programme_id = e.programme_id
                          order by undone.event_id
                          limit 1) end as reverses
              from partner_events e
             where e.partner_id = of_partner and e.number is null
             order by e.told
             limit at_most) next
     where e.bucket = next.bucket and e.event_id = next.event_id;
    get diagnostics given = row_count;
    update partner_feeds set last_number = last + given where partner_id = of_partner and given > 0;
    return given;
end $$;
