-- Indexes that cost more than they find. Each is written with every row, and again with its changes, and kept.

-- A fact is found by its plan and number. Who looked for one by its id alone was who numbers a partner's events, to find
-- what an event undoes, and that is of the same plan. Nor can one be recorded twice: its number is taken then, and what it
-- books and tells is under the ids of its command.
alter table facts drop constraint facts_once;

-- What is released leaves the table: all that is in it waits, but what a version before has released.
drop index held_words_waiting;

-- Events of a feed without a number stood in one index with those that have one, at the end of their feed and so in the
-- middle of the index. It splits there into halves, and stays half empty. In two indexes each feed grows at its own end.
drop index events_of_merchant;
create index events_of_merchant on events (merchant_id, number) where number is not null;
create index events_unnumbered on events (merchant_id, told) where number is null;
drop index partner_events_of_partner;
create index partner_events_of_partner on partner_events (partner_id, number) where number is not null;
create index partner_events_unnumbered on partner_events (partner_id, told) where number is null;

-- As in `numbering`, by the indexes above.
create or replace function number_partner_events(of_partner text, at_most int) returns int language plpgsql
    set enable_seqscan = off
as $$
declare
    last  bigint;
    given int;
begin
    insert into partner_feeds (partner_id) values (of_partner) on conflict do nothing;
    select last_number into last from partner_feeds where partner_id = of_partner for update;   -- one after the other
    with closed as (
        select programme_id, max(business_on) as until
          from partner_closings
         where partner_id = of_partner
         group by programme_id
    ), next as (
        select place, bucket, plan_id, programme_id, business_on, undoes_fact,
               last + row_number() over (order by told) as number
          from (select ctid as place, bucket, plan_id, programme_id, business_on, undoes_fact, told
                  from partner_events
                 where partner_id = of_partner and number is null
                 order by told
                 limit at_most) e
    )
    update partner_events e
       set number            = next.number,
           filed_on          = greatest(next.business_on, closed.until + 1),
           reverses_event_id = case when next.undoes_fact is not null then
                               (select undone.event_id
                                  from facts f
                                  join partner_events undone on undone.bucket = f.bucket and undone.event_id >= f.cause_id
                                                            and undone.event_id < f.cause_id || '.'
                                 where f.bucket = next.bucket and f.plan_id = next.plan_id and f.fact_id = next.undoes_fact
                                   and undone.partner_id = of_partner and undone.programme_id = next.programme_id
                                 order by undone.event_id
                                 limit 1) end
      from next
      left join closed using (programme_id)
     where e.ctid = next.place;   -- nobody moves them meanwhile: only who holds the feed changes an event
    get diagnostics given = row_count;
    update partner_feeds set last_number = last + given where partner_id = of_partner and given > 0;
    return given;
end $$;
