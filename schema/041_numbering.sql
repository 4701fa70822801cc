-- Partners' events are numbered in batches, and a batch costs what it numbers.
--
-- The function of 019_partner_events.sql sorted all events without a number for each batch, and then read the whole table to
-- find those of the batch. Here the index gives the next ones in their order, and they are changed where they stand. A
-- batch can be small beside the table, which PostgreSQL does not know when it plans: so it is told not to read all of it.
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
        select place, bucket, programme_id, business_on, undoes_fact,
               last + row_number() over (order by number, told) as number
          from (select ctid as place, bucket, programme_id, business_on, undoes_fact, number, told
                  from partner_events
                 where partner_id = of_partner and number is null
                 order by number, told   -- all have the same number, none; but so the index has them
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
                                 where f.bucket = next.bucket and f.fact_id = next.undoes_fact
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
