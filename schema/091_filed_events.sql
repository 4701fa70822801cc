-- A partner's event is found by the day in whose file it stands once it has one: until then it costs no entry in this
-- index, which stood among those of other partners. What stands in no file yet is found among the events without a number.
drop index partner_events_of_day;
create index partner_events_of_day on partner_events (programme_id, partner_id, filed_on, number) where filed_on is not null;

-- As in `partner_events`, with the number.
create or replace view partner_movements as
select bucket, plan_id, partner_id, programme_id, filed_on, told, currency,
       case when type = 'funding'                            then - principal else 0 end as funded,
       case when type in ('repayment', 'early_settlement')   then   principal else 0 end as repaid,
       case when type = 'refund'                             then   principal else 0 end as refunded,
       case when type in ('adjustment', 'sale', 'buy_back')  then - principal else 0 end as adjusted,
       case when type = 'charge_off'                         then   principal else 0 end as charged_off,
       case when type = 'charge_off'                         then 0 else interest    end as interest,
       number
  from partner_events;
