-- Payments, refunds and disputes are listed by the events that told of them, the newest first, of several merchants too. An
-- event is listed once it has its number: so it costs nothing while it is written.

create index events_listed on events (merchant_id, type, event_id)
 where number is not null and type in ('payment.recorded', 'plan.refunded', 'dispute.opened');
