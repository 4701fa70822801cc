-- What the bank's statement shows of payouts and does not match is a break like any other: with an owner, a due date, a
-- history. It is of no partner's day: it is found with a message of the bank.

alter table breaks alter column partner_id drop not null;
alter table breaks alter column programme_id drop not null;
alter table breaks alter column reconciliation_id drop not null;
alter table breaks add column bank_message_id text collate "C";   -- with which it was found last; null: in a comparison
alter table breaks drop constraint breaks_leg_is_known;
alter table breaks add constraint breaks_leg_is_known check (leg in ('item', 'position', 'cash', 'payout'));
alter table breaks drop constraint breaks_kind_is_known;
alter table breaks add constraint breaks_kind_is_known check (kind in (
    'missing_in_ledger', 'status_divergence', 'cash_unexplained', 'cash_short', 'out_of_turn', 'amount_diff', 'duplicate',
    'fx_diff', 'missing_in_partner', 'timing_value_date', 'bank_fee', 'rounding'));
alter table breaks add constraint breaks_of_a_comparison_or_of_payouts check (
    case leg when 'payout' then num_nonnulls(partner_id, programme_id, reconciliation_id) = 0 and bank_message_id is not null
             else num_nulls(partner_id, programme_id, reconciliation_id) = 0 and bank_message_id is null end);

create index breaks_open_of_payouts on breaks (key) where leg = 'payout' and state <> 'resolved';

alter table break_steps add column bank_message_id text collate "C";   -- which found it, or no longer did
alter table break_steps drop constraint break_steps_by_somebody;
alter table break_steps add constraint break_steps_by_somebody
    check (num_nonnulls(told_by, reconciliation_id, bank_message_id) > 0);

-- What was found before has the letters of its entry for an id.
insert into breaks (break_id, leg, key, currency, kind, priority, amount, differences, state, owner, opened_on, due_on,
                    last_on, bank_message_id, resolved_on, resolved_by)
select 'br_' || substr(f.entry_id, 4), 'payout', f.entry_id, a.currency,
       case f.kind when 'unknown' then 'cash_unexplained' when 'amount_differs' then 'amount_diff' else f.kind end,
       case f.kind when 'amount_differs' then 2 else 1 end, - f.amount,
       json_build_array(json_build_object('field', 'amount', 'ours', (f.amount - e.amount)::text, 'theirs', (- e.amount)::text),
                        json_build_object('field', 'payout_id', 'ours', array_to_string(f.payouts, ' '), 'theirs', null),
                        json_build_object('field', 'reference', 'ours', null, 'theirs', e.reference),
                        json_build_object('field', 'booked_on', 'ours', null, 'theirs', e.booked_on::text)),
       case when f.ended_at is null then 'new' else 'resolved' end, 'operator', e.booked_on,
       e.booked_on + case f.kind when 'unknown' then 1 else 0 end, e.booked_on, s.bank_message_id,
       f.ended_at::date, f.note
  from payout_findings f
  join bank_entries e using (entry_id)
  join bank_accounts a using (iban)
  join bank_statements s using (number);

insert into break_steps (break_id, what, kind, bank_message_id, told_at)
select break_id, 'opened', b.kind, b.bank_message_id, f.found_at
  from payout_findings f
  join breaks b on b.break_id = 'br_' || substr(f.entry_id, 4);

insert into break_steps (break_id, what, note, told_by, told_at)
select 'br_' || substr(entry_id, 4), 'resolved', note, ended_by, ended_at from payout_findings where ended_at is not null;

drop table payout_findings;
