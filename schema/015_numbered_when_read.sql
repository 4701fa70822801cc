-- Events are numbered after their commit, by whoever reads them, and no longer while they are written: a merchant's feed
-- was locked until the commit was on disk, so that all its commits, in all processes, formed one line. What is told waits
-- for nobody now; reading gives numbers to what has none yet, without gaps, in the order it was written down.
--
-- Events of one consumer keep their order: whoever tells of an account holds its lock until the commit.

alter table events
    alter column number drop not null,
    add column told bigint generated always as identity;   -- the order in which they were written

drop index events_of_merchant;
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
