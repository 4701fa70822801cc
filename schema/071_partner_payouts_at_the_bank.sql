-- Payouts to partners are paid and come back by what the bank's statement shows.

-- Whose word a payout's state is, and a step: service/merchants/payout.py; null: nobody's yet.
alter table partner_payouts add column word_of text;
alter table partner_payouts add constraint partner_payouts_word_is_known check (word_of in ('bank', 'operator'));
alter table partner_payout_steps add column word_of text;
alter table partner_payout_steps add constraint partner_payout_steps_word_is_known check (word_of in ('bank', 'operator'));

update partner_payouts set word_of = 'operator'
 where payout_id in (select payout_id from partner_payout_steps where step <> 'ordered') and state <> 'ordered';

create index partner_payouts_of_payment on partner_payouts (end_to_end_id);
create index partner_payouts_of_settlement on partner_payouts (settlement_id);
create index partner_payouts_of_order on partner_payouts (order_id) where state = 'ordered';
