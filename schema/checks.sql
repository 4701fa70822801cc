-- Invariants. Each is a query that must return no rows; what it returns is what is wrong. `tenor check` runs them all
-- against one instant of the database, and so does every flow test.

-- Whom we gave what ---------------------------------------------------------------------------------------------------

-- consumers_have_their_person --
-- Behind every consumer is a person, who is nobody else and knows the bucket that the consumer stands in.
select c.bucket, c.consumer_id, c.person_id
  from consumers c
  left join people p on p.bucket = bucket_of(c.person_id) and p.person_id = c.person_id
 where p.person_id is null or p.merged_into is not null or c.bucket <> all (p.bucket || p.more_buckets);

-- consumers_have_their_reference --
-- Every consumer is what one reference of its merchant stands for; one that was erased is found by none.
select coalesce(c.consumer_id, r.consumer_id) as consumer_id, c.merchant_id, r.merchant_id as claimed_by
  from consumers c
  left join data_keys k on k.bucket = c.bucket and k.key_id = c.consumer_id
  full join consumer_references r using (consumer_id)
 where case when k.wrapped is null and k.erased_at is not null then r.merchant_id is not null
            else c.merchant_id is distinct from r.merchant_id end;

-- consumers_have_their_key --
-- What is personal of every consumer is sealed with a key of its own.
select c.bucket, c.consumer_id
  from consumers c
  left join data_keys k on k.bucket = c.bucket and k.key_id = c.consumer_id
 where k.key_id is null;

-- marks_name_who_was_registered_by_them --
-- Whoever an identifier names has a consumer that was registered by it.
select p.bucket, p.mark, p.person_id
  from person_marks p
 where not exists (select from consumer_identifiers i
                     join consumers c using (bucket, consumer_id)
                    where i.mark = p.mark and i.counts and c.person_id = p.person_id);

-- accounts_have_their_person --
-- Every account is a person's.
select a.bucket, a.person_id, a.currency
  from accounts a
  left join people p using (bucket, person_id)
 where p.person_id is null;

-- plans_are_on_their_persons_account --
-- The person of a plan is its consumer's.
select p.bucket, p.plan_id, p.person_id, c.person_id as consumers
  from plans p
  left join consumers c using (bucket, consumer_id)
 where c.person_id is distinct from p.person_id;

-- exposure_matches_plans --
-- What an account has reserved and used is what its person's plans, at all merchants, reserve and still owe, and what
-- merchants say was paid of them until it is proved.
select coalesce(a.person_id, p.person_id) as person_id, coalesce(a.currency, p.currency) as currency, a.reserved,
       p.reserved as promised, a.used, p.outstanding as owed
  from accounts a
  full join (select person_id, currency, sum(reserved) as reserved, sum(used + coalesce(word, 0)) as outstanding
               from plans
               left join (select bucket, plan_id, sum(amount) as word
                            from held_words where released_at is null group by bucket, plan_id) h using (bucket, plan_id)
              group by person_id, currency) p using (person_id, currency)
 where coalesce(a.reserved, 0) <> coalesce(p.reserved, 0)
    or coalesce(a.used, 0) <> coalesce(p.outstanding, 0);

-- pasts_match_plans --
-- What is counted of a consumer's past is what its plans say that they were counted as, none of them before the first.
select bucket, consumer_id, currency, t.paid_off_plans, p.paid_off_plans as in_plans, t.first_plan_at,
       p.first_plan_at as in_first_plan
  from pasts t
  full join (select bucket, consumer_id, currency, count(*) filter (where past_paid_off) as paid_off_plans,
                    min(authorized_at) as first_plan_at
               from plans where past_state is not null
              group by bucket, consumer_id, currency) p using (bucket, consumer_id, currency)
 where t.paid_off_plans is distinct from coalesce(p.paid_off_plans, 0)
    or t.first_plan_at > p.first_plan_at
    or not exists (select from plans f
                    where f.bucket = t.bucket and f.consumer_id = t.consumer_id and f.currency = t.currency
                      and f.authorized_at = t.first_plan_at);

-- held_words_are_payments --
-- What is held is a payment that a merchant told of, at most its amount; and none that an operator has seen.
select h.bucket, h.plan_id, h.payment_id, h.amount
  from held_words h
  left join facts f on f.bucket = h.bucket and f.plan_id = h.plan_id and f.fact_id = h.payment_id
 where f.fact is distinct from 'paid' or f.actor not in ('merchant', 'platform')
    or h.amount > (f.body ->> 'amount')::bigint
    or (h.released_at is null and exists (select from payment_proofs x
                                           where x.bucket = h.bucket and x.plan_id = h.plan_id
                                             and x.payment_id = h.payment_id));

-- exposure_is_within_limits --
-- Nobody has more than the limit, but for those whose limit was lowered below it, who are marked.
select bucket, person_id, currency, "limit", reserved, used
  from accounts
 where over_limit <> (reserved + used > "limit");

-- limits_are_as_last_changed --
-- The limit is what its last change made it, where there is one; every change since has counted the account on.
select a.bucket, a.person_id, a.currency, a."limit", c."limit" as last_changed_to, a.version, c.version as in_version
  from accounts a
  join (select distinct on (bucket, person_id, currency) bucket, person_id, currency, version, "limit"
          from limit_changes order by bucket, person_id, currency, version desc) c
 using (bucket, person_id, currency)
 where a."limit" <> c."limit" or a.version < c.version;

-- limit_changes_follow_each_other --
-- Each change begins where the one before ended, and only the first of an account may open it.
select bucket, person_id, currency, version, limit_before, ended
  from (select bucket, person_id, currency, version, limit_before,
               lag("limit") over (partition by bucket, person_id, currency order by version) as ended
          from limit_changes) c
 where limit_before <> ended or limit_before is null and ended is not null;

-- decisions_name_a_policy --
-- Every decision can be replayed: the version it was made under is kept, signed by two or on trial.
select policy_id, policy_version, decisions
  from (select policy_id, policy_version, count(*) as decisions from decisions group by policy_id, policy_version) d
 where not exists (select from policies p
                    where p.policy_id = d.policy_id and p.version = d.policy_version and p.published_at is not null)
   and not exists (select from trials t where t.policy_id = d.policy_id and t.version = d.policy_version);

-- reviews_follow_referrals --
-- What a person said of a referral became a decision on the same purchase; a no is a no.
select r.bucket, r.decision_id, r.made_id
  from reviews r
  left join decisions d using (bucket, decision_id)
  left join decisions m on m.bucket = r.bucket and m.decision_id = r.made_id
 where d.outcome is distinct from 'referred'
    or m.outcome is null
    or m.outcome = 'referred'
    or m.outcome <> 'declined' and r.outcome = 'decline'
    or (d.consumer_id, d.merchant_id, d.merchant_reference, d.currency)
       <> (m.consumer_id, m.merchant_id, m.merchant_reference, m.currency);

-- plans_stand_on_a_decision --
-- Every plan was decided for this consumer, at this merchant, under this reference.
select p.bucket, p.plan_id, p.decision_id
  from plans p
  left join decisions d using (bucket, decision_id)
 where (d.consumer_id, d.merchant_id, d.merchant_reference, d.currency)
       is distinct from (p.consumer_id, p.merchant_id, p.merchant_reference, p.currency);

-- decisions_open_one_plan --
-- However many offers it made.
select bucket, decision_id, count(*) as plans
  from plans
 group by bucket, decision_id
having count(*) > 1;

-- references_open_one_plan --
-- Every plan has its merchant reference, and every reference its plan, in one bucket: taken, unless it was voided or
-- expired. Of one that owes though nothing was captured, because a payment bounced that had gone back, either may be.
select p.plan_id, r.plan_id as named, coalesce(p.merchant_id, r.merchant_id) as merchant_id,
       coalesce(p.merchant_reference, r.merchant_reference) as merchant_reference, p.state, r.is_taken
  from plans p
  full join (select bucket, plan_id, merchant_id, merchant_reference, true as is_taken from merchant_references
              union all
             select bucket, plan_id, merchant_id, merchant_reference, false from former_references) r
      using (bucket, plan_id)
 where (p.merchant_id, p.merchant_reference) is distinct from (r.merchant_id, r.merchant_reference)
    or (p.state in ('voided', 'expired') and r.is_taken)
    or (p.state not in ('voided', 'expired') and not r.is_taken
        and not (p.captures = 0 and p.state in ('active', 'payment_due', 'charged_off', 'recovered', 'forgiven')));

-- The plan and its parts ----------------------------------------------------------------------------------------------

-- states_match_amounts --
-- The commercial state says what the amounts say: what may still be captured, what is owed, whether it has ended.
select bucket, plan_id, kind, state, amount, captured, voided, held, reserved, used, outstanding, captures, closed_at
  from (select *, amount - captured - voided as remaining from plans) p
 where reserved + held <> remaining
    or (kind <> 'deposit' and held <> 0)
    or (captured > 0 and captures = 0)
    or (closed_at is not null)
       <> (state not in ('authorized', 'in_use', 'part_captured', 'assessing', 'active', 'payment_due', 'charged_off'))
    or not case state
           when 'authorized'    then captures = 0 and remaining > 0
           when 'in_use'        then captures = 0 and remaining > 0 and kind <> 'instalments'
           when 'part_captured' then captures > 0 and remaining > 0
           when 'assessing'     then remaining > 0 and kind = 'deposit'
           when 'active'        then remaining = 0 and outstanding > 0 and kind = 'instalments'
           when 'payment_due'   then remaining = 0 and outstanding > 0 and kind <> 'instalments'
           when 'paid_off'      then captures > 0 and remaining = 0 and outstanding = 0 and kind <> 'deposit'
           when 'closed'        then remaining = 0 and outstanding = 0 and kind = 'deposit'
           when 'refunded'      then captured > 0 and remaining = 0 and outstanding = 0 and refunded >= captured
           when 'overpaid'      then captures > 0 and remaining = 0 and outstanding = 0 and overpaid > 0
           when 'charged_off'   then remaining = 0 and outstanding > 0
           when 'recovered'     then remaining = 0 and outstanding = 0
           when 'forgiven'      then remaining = 0 and outstanding = 0
           when 'voided'        then captures = 0 and remaining = 0 and outstanding = 0
           when 'expired'       then captures = 0 and remaining = 0 and outstanding = 0
           end;

-- facts_are_numbered_without_gaps --
-- A plan's facts are 1, 2, 3 ..., the first is its authorization, and its version is how many there are.
select bucket, plan_id, p.version, f.facts, f.last
  from plans p
  full join (select bucket, plan_id, count(*) as facts, max(number) as last,
                    min(number) filter (where fact = 'authorized') as authorized
               from facts group by bucket, plan_id) f using (bucket, plan_id)
 where (p.version, p.version, 1) is distinct from (f.facts::int, f.last, f.authorized);

-- lines_match_plans --
-- The lines' paid parts are the plan's, what they leave open is what is owed, and their numbers are 1 to n; the plan is
-- collecting (or paused, or given up) while one is unpaid, collected when none is, and owes nothing without any.
select bucket, plan_id, p.outstanding, l.outstanding as in_lines, p.principal_paid, l.principal_paid as in_parts,
       p.interest_paid, l.interest_paid as interest_in_parts, p.fee_paid, l.fee_paid as fee_in_parts,
       p.penalty_paid, l.penalty_paid as penalty_in_parts, p.used, l.used as used_in_lines, p.collection_state, l.unpaid
  from plans p
  full join (select bucket, plan_id, sum(principal_paid) as principal_paid, sum(interest_paid) as interest_paid,
                    sum(fee_paid) as fee_paid, sum(penalty_paid) as penalty_paid,
                    sum(principal + interest + fee + penalty - principal_paid - interest_paid - fee_paid - penalty_paid
                        - forgiven) as outstanding,
                    sum(principal - principal_paid) filter (where forgiven = 0) as used,
                    count(*) filter (where paid_on is null) as unpaid,
                    count(*) = max(number) and min(number) = 1 as are_numbered
               from lines group by bucket, plan_id) l using (bucket, plan_id)
 where p.plan_id is null
    or not l.are_numbered
    or (p.outstanding, p.principal_paid, p.interest_paid, p.fee_paid, p.penalty_paid, p.used)
       is distinct from (coalesce(l.outstanding, 0), coalesce(l.principal_paid, 0), coalesce(l.interest_paid, 0),
                         coalesce(l.fee_paid, 0), coalesce(l.penalty_paid, 0), coalesce(l.used, 0))
    or case when l.unpaid is null then p.collection_state <> 'nothing_owed'
            when l.unpaid > 0     then p.collection_state not in ('collecting', 'paused', 'given_up')
            else p.collection_state <> 'collected' end;

-- bills_match_captures --
-- The captures together are what was captured; the lines of a bill sum to it.
select bucket, plan_id, p.captures, b.bills, p.captured, b.amount, b.add_up
  from plans p
  full join (select bucket, plan_id, count(*) as bills, sum(amount) as amount,
                    bool_and(lines is null or amount = (select sum((line ->> 'amount')::bigint)
                                                          from json_array_elements(lines) line)) as add_up
               from (select bucket, plan_id, body -> 'lines' as lines,
                            (body ->> 'amount')::bigint + coalesce((body ->> 'from_held')::bigint, 0) as amount
                       from facts f
                      where fact = 'captured'
                        and not exists (select from facts c
                                         where c.bucket = f.bucket and c.plan_id = f.plan_id
                                           and (c.fact = 'corrected' and c.body ->> 'fact_id' = f.fact_id
                                                or c.fact = 'capture_reversed'
                                                   and c.body ->> 'capture_id' = f.fact_id))) captured
              group by bucket, plan_id) b using (bucket, plan_id)
 where (p.captures, p.captured) is distinct from (coalesce(b.bills, 0)::smallint, coalesce(b.amount, 0)::bigint)
    or not b.add_up;

-- The ledger ----------------------------------------------------------------------------------------------------------

-- trial_balance_is_zero --
-- In every currency all debits are all credits.
select currency, sum(amount) as balance
  from (select debit as account, currency, amount from transfers
        union all
        select credit, currency, - amount from transfers) sides
 group by currency
having sum(amount) <> 0;

-- promises_stay_off_the_balance_sheet --
-- A commitment or a held deposit is booked against its mirror, and against nothing else.
select bucket, cause_id, leg, debit, credit, amount
  from transfers
 where (debit in ('commitment', 'commitment_contra') or credit in ('commitment', 'commitment_contra'))
   and (debit, credit) not in (('commitment', 'commitment_contra'), ('commitment_contra', 'commitment'))
    or (debit in ('deposit_held', 'deposit_held_contra') or credit in ('deposit_held', 'deposit_held_contra'))
   and (debit, credit) not in (('deposit_held', 'deposit_held_contra'), ('deposit_held_contra', 'deposit_held'));

-- ledger_matches_plans --
-- The sub-ledger of a plan is the plan: promised, held, owed in principal and in charges, settled in interest, to be
-- returned, and due to the merchant for what was captured. What was charged off is no receivable any more.
with sides as (
    select bucket, plan_id, occasion, debit as account, amount from transfers where plan_id is not null
     union all
    select bucket, plan_id, occasion, credit, - amount from transfers where plan_id is not null
), booked as (
    select bucket, plan_id,
           coalesce(sum(amount) filter (where account = 'commitment'), 0)          as reserved,
           coalesce(sum(amount) filter (where account = 'deposit_held'), 0)        as held,
           coalesce(sum(amount) filter (where account = 'consumer_principal'), 0)  as owed,
           coalesce(sum(amount) filter (where account = 'consumer_fees'), 0)       as charges,
           coalesce(- sum(amount) filter (where account = 'consumer_interest'), 0) as interest,
           coalesce(- sum(amount) filter (where account = 'consumer_payable'), 0)  as overpaid,
           coalesce(- sum(amount) filter (where account in ('merchant_payable', 'merchant_fee_income', 'tax_payable')
                                            and occasion = 'purchase'), 0)         as captured
      from sides
     group by bucket, plan_id
), charged as (
    select bucket, plan_id, sum(fee + penalty - fee_paid - penalty_paid) as charges
      from lines
     where forgiven = 0
     group by bucket, plan_id
), planned as (
    select bucket, plan_id, p.reserved, p.held, p.interest_settled, p.overpaid, p.captured,
           case when p.state in ('charged_off', 'recovered') then 0 else p.used end                 as owed,
           case when p.state in ('charged_off', 'recovered') then 0 else coalesce(c.charges, 0) end as charges
      from plans p
      left join charged c using (bucket, plan_id)
)
select bucket, plan_id, b.reserved, p.reserved as plan_reserved, b.held, p.held as plan_held, b.owed,
       p.owed as plan_owes, b.charges, p.charges as plan_charges, b.interest, p.interest_settled, b.overpaid,
       p.overpaid as plan_overpaid, b.captured, p.captured as plan_captured
  from planned p
  full join booked b using (bucket, plan_id)
 where (b.reserved, b.held, b.owed, b.charges, b.interest, b.overpaid, b.captured)
       is distinct from (p.reserved, p.held, p.owed, p.charges, p.interest_settled, p.overpaid, p.captured);

-- partners_hold_their_share --
-- Each partner holds its share of what a plan still owes: what was lent and what was repaid are shared each by itself, half
-- a minor unit up, and the last partner takes the rest where they hold all. What is owed of all that was captured was not
-- repaid, or went back. A part of a deposit came from the card: there the principal on its lines is what was lent, as long
-- as nothing went back. Of what was given up it holds nothing any more.
with parts as (
    select bucket, plan_id, kind, coalesce(part -> 'owners' -> -1 ->> 'partner_id', part ->> 'partner_id') as partner_id,
           (part ->> 'principal_bps')::bigint as bps, number,
           state in ('charged_off', 'recovered')                                               as is_lost,
           case when kind = 'deposit' then used + principal_paid else captured end              as lent,
           case when kind = 'deposit' then principal_paid else greatest(captured - used, 0) end as repaid
      from plans
     cross join lateral json_array_elements(funding -> 'participations') with ordinality as one (part, number)
), shared as (
    select bucket, plan_id, kind, partner_id, is_lost,
           held_by(lent, number, weights) - held_by(repaid, number, weights) as holds
      from (select *, array_agg(bps) over (partition by bucket, plan_id order by number
                                            rows between unbounded preceding and unbounded following) as weights
              from parts) p
), sides as (
    select bucket, plan_id, debit_owner as partner_id, - amount as amount
      from transfers where debit = 'partner_participation' and plan_id is not null
     union all
    select bucket, plan_id, credit_owner, amount
      from transfers where credit = 'partner_participation' and plan_id is not null
)
select bucket, plan_id, partner_id, b.held, f.holds
  from (select bucket, plan_id, kind, partner_id, sum(case when is_lost then 0 else holds end) as holds
          from shared where partner_id <> '' group by bucket, plan_id, kind, partner_id) f
  full join (select bucket, plan_id, partner_id, sum(amount) as held
               from sides group by bucket, plan_id, partner_id) b using (bucket, plan_id, partner_id)
 where not exists (select from facts t where t.bucket = f.bucket and t.plan_id = f.plan_id
                      and (t.fact = 'forgiven' or f.kind = 'deposit' and t.fact in ('charged_back', 'overpaid_returned')))
   and coalesce(b.held, 0) <> coalesce(f.holds, 0);

-- transfers_name_their_plans_parties --
-- A booking has the currency and merchant of its plan, and the partner whose part it moves: one of the plan's.
with parties as materialized (
    select bucket, plan_id, currency, merchant_id, funding -> 'participations' as parts from plans
)
select bucket, t.cause_id, t.leg, plan_id
  from transfers t
  left join parties p using (bucket, plan_id)
 where t.partner_id is distinct from case when t.debit like 'partner\_%' then t.debit_owner
                                          when t.credit like 'partner\_%' then t.credit_owner end
    or plan_id is not null and (t.currency, t.merchant_id) is distinct from (p.currency, p.merchant_id)
    or plan_id is not null and t.partner_id is not null
       and not exists (select from json_array_elements(p.parts) one
                        where one ->> 'partner_id' = t.partner_id
                           or exists (select from json_array_elements(one -> 'owners') owner
                                       where owner ->> 'partner_id' = t.partner_id));

-- ownership_transfers_are_the_owners --
-- What has changed hands stands in the plan's funding, at its price, and nothing else does.
select transfer_id, t.status, t.price, o.price as in_funding
  from (select transfer_id, status, price, principal from ownership_transfers where status in ('active', 'bought_back')) t
  full join (select owner ->> 'transfer_id' as transfer_id, (owner ->> 'price')::bigint as price,
                    (owner ->> 'principal')::bigint as principal
               from plans
              cross join lateral json_array_elements(funding -> 'participations') part
              cross join lateral json_array_elements(part -> 'owners') owner) o using (transfer_id)
 where (t.price, t.principal) is distinct from (o.price, o.principal);

-- transfers_have_their_cause --
-- Whatever is booked came of a command that left a fact of that plan, is the interest of a group's day, or comes of a
-- settlement, of what became of its payout, of an adjustment, of a day that was reconciled, of a voucher, of credit
-- insurance, of a receivable, of a loss of a plan, or of a claim that was paid. The causes of what is of no plan are one
-- list: a join of twenty tables takes long to plan.
select bucket, cause_id, plan_id
  from (select distinct bucket, cause_id, plan_id from transfers) t
 where not exists (select from facts f
                    where f.bucket = t.bucket and f.plan_id = t.plan_id and f.cause_id = t.cause_id)
   and not exists (select from ownership_transfers o where o.transfer_id = t.cause_id and o.plan_id = t.plan_id)
   and not exists (select from (select accrual_id as cause_id from accruals
                                 union all select settlement_id from settlements
                                 union all select step_id from payout_steps
                                 union all select step_id from partner_payout_steps
                                 union all select adjustment_id from settlement_adjustments
                                 union all select step_id from voucher_steps
                                 union all select declaration_id from premium_declarations
                                 union all select settlement_id from insurer_settlements
                                 union all select step_id from insurer_settlement_steps
                                 union all select loss_id from insured_losses
                                 union all select recovery_id from insured_recoveries
                                 union all select step_id from assignment_steps
                                 union all select payment_id from receivable_payments) c
                    where c.cause_id = t.cause_id and t.plan_id is null)
   and not exists (select from reconciliations r
                    where left(r.reconciliation_id, 27) = left(t.cause_id, 27) and t.plan_id is null)
   and not exists (select from loss_steps s join losses l using (bucket, loss_id)
                    where s.bucket = t.bucket and s.step_id = t.cause_id and l.plan_id = t.plan_id)
   and not exists (select from loss_claim_steps s join loss_claims c using (claim_id)
                    where s.step_id = t.cause_id and c.plan_id = t.plan_id)
   and not exists (select from pool_movements m where m.cause_id = t.cause_id);

-- pools_are_booked --
-- What a funder has in its pool, and what is to be paid out to it, is what its places in the books say.
select f.funder_id, coalesce(m.funds, 0) as funds, coalesce(b.funds, 0) as booked, coalesce(m.owed, 0) as owed,
       coalesce(b.owed, 0) as booked_as_owed
  from pool_funders f
  left join (select funder_id, sum(case when kind in ('contribution', 'return') then amount else - amount end) as funds,
                    sum(amount) filter (where kind = 'paid_out') as owed
               from pool_movements group by funder_id) m using (funder_id)
  left join (select owner, sum(amount) filter (where account = 'pool_funds') as funds,
                    sum(amount) filter (where account = 'pool_payable') as owed
               from (select credit as account, credit_owner as owner, amount from transfers
                      where credit in ('pool_funds', 'pool_payable') and occasion <> 'given_back'
                     union all
                     select debit, debit_owner, - amount from transfers
                      where debit in ('pool_funds', 'pool_payable') and occasion <> 'given_back') t
              group by owner) b on b.owner = f.funder_id
 where coalesce(m.funds, 0) <> coalesce(b.funds, 0) or coalesce(m.owed, 0) <> coalesce(b.owed, 0);

-- claims_are_booked --
-- What was paid of a claim, less what was taken back, is what the books say that who bears it has paid; where a partner
-- is paid itself, they say nothing.
select claim_id, c.paid - c.clawed_back as paid, coalesce(b.amount, 0) as booked
  from loss_claims c
  left join (select s.claim_id, sum(case when t.debit in ('insurer_receivable', 'guarantor_receivable')
                                         then - t.amount else t.amount end) as amount
               from loss_claim_steps s
               join transfers t on t.cause_id = s.step_id and t.occasion = 'compensation'
              group by s.claim_id) b using (claim_id)
  left join support_arrangements a on a.arrangement_id = c.arrangement_id and a.version = c.version
 where case when a.document ->> 'beneficiary_id' is null then c.paid - c.clawed_back else 0 end <> coalesce(b.amount, 0);

-- nothing_is_held_for_claims_that_ended_unpaid --
-- What was rejected, withdrawn, or taken back is no longer held, unless something was granted before.
select c.claim_id, c.state, h.reserved as held
  from loss_claims c
  join capacity_holds h on h.arrangement_id = c.arrangement_id and h.held_for = c.loss_id
 where c.state in ('rejected', 'withdrawn', 'lapsed', 'clawed_back') and h.reserved > 0
   and not exists (select from loss_claims e
                    where e.loss_id = c.loss_id and e.arrangement_id = c.arrangement_id and e.claim_id <> c.claim_id);

-- claims_are_where_their_steps_say --
select c.claim_id, c.state, s.state as step
  from loss_claims c
  left join loss_claim_steps s on s.claim_id = c.claim_id and s.number = c.steps
 where c.state is distinct from s.state;

-- losses_are_booked --
-- What the last version of a loss says that each tier bears, less what was recovered for it, is what the books say of it;
-- what a tier pays to a partner itself is in no books of ours.
with borne as (
    select bucket, plan_id, sum(a.amount) as amount
      from losses l
      join loss_allocations a using (bucket, loss_id, version)
     where a.beneficiary_id is null
     group by bucket, plan_id
), back as (
    select bucket, plan_id, sum(s.amount) as amount
      from losses l
      join loss_allocations a using (bucket, loss_id, version)
      join loss_recoveries r using (bucket, loss_id)
      join recovery_shares s using (bucket, loss_id, number, arrangement_id)
     where r.reversed_at is null and a.beneficiary_id is null
     group by bucket, plan_id
), booked as (
    select bucket, plan_id, sum(case when debit in ('merchant_payable', 'insurer_receivable', 'guarantor_receivable')
                                     then amount else 0 end
                                - case when credit in ('merchant_payable', 'insurer_receivable', 'guarantor_receivable')
                                       then amount else 0 end) as amount
      from transfers
     where occasion in ('recourse', 'loss_cover') and plan_id is not null
     group by bucket, plan_id
)
select bucket, plan_id, coalesce(borne.amount, 0) - coalesce(back.amount, 0) as borne, booked.amount as booked
  from borne
  left join back using (bucket, plan_id)
  full join booked using (bucket, plan_id)
 where coalesce(borne.amount, 0) - coalesce(back.amount, 0) <> coalesce(booked.amount, 0);

-- losses_are_borne_whole --
-- Tiers, those whose money it was, and what is written off are the loss; nobody gets back more than they bore.
select bucket, loss_id, version, v.loss, v.parts
  from (select bucket, loss_id, version, (allocation ->> 'loss')::bigint as loss,
               (allocation ->> 'written_off')::bigint
               + (select coalesce(sum((one ->> 'amount')::bigint), 0) from json_array_elements(allocation -> 'tiers') one)
               + (select coalesce(sum((one ->> 'amount')::bigint), 0) from json_array_elements(allocation -> 'rest') one)
                   as parts
          from loss_versions) v
 where v.loss <> v.parts
union all
select a.bucket, a.loss_id, a.version, a.amount, b.amount
  from losses l
  join loss_allocations a using (bucket, loss_id, version)
  join (select s.bucket, s.loss_id, s.arrangement_id, sum(s.amount) as amount
          from recovery_shares s
          join loss_recoveries r using (bucket, loss_id, number)
         where r.reversed_at is null and s.arrangement_id is not null
         group by s.bucket, s.loss_id, s.arrangement_id) b
    on b.bucket = a.bucket and b.loss_id = a.loss_id and b.arrangement_id = a.arrangement_id
 where b.amount > a.amount;

-- capacities_are_their_holds --
-- What an arrangement has reserved, paid and got back is what is held of it.
select arrangement_id, c.reserved, c.paid, c.returned, h.reserved as held, h.paid as paid_for, h.returned as came_back
  from support_capacity c
  left join (select arrangement_id, sum(reserved) as reserved, sum(paid) as paid, sum(returned) as returned
               from capacity_holds group by arrangement_id) h using (arrangement_id)
 where (c.reserved, c.paid, c.returned) <> (coalesce(h.reserved, 0), coalesce(h.paid, 0), coalesce(h.returned, 0));

-- accruals_are_booked --
-- An accrual's transfers move the interest that consumers owe, our income and the partners' shares, by what was earned.
-- No other event earns interest.
with booked as (
    select cause_id as accrual_id, min(merchant_id) as merchant_id, min(currency) as currency, min(booked_on) as earned_on,
           sum(amount) filter (where account = 'consumer_interest')    as earned,
           - sum(amount) filter (where account = 'partner_accrued')    as partner_earned,
           - sum(amount) filter (where account = 'servicing_income')   as servicing,
           bool_and(account in ('consumer_interest', 'interest_income', 'servicing_income', 'partner_accrued'))
               as is_interest
      from (select cause_id, merchant_id, currency, booked_on, debit as account, amount
              from transfers where occasion = 'accrual'
             union all
            select cause_id, merchant_id, currency, booked_on, credit, - amount
              from transfers where occasion = 'accrual') sides
     group by cause_id
)
select accrual_id, a.earned, b.earned as booked, a.partner_earned, b.partner_earned as partner_booked, a.servicing,
       b.servicing as servicing_booked, b.is_interest
  from accruals a
  full join booked b using (accrual_id)
 where (a.merchant_id, a.currency, a.earned_on, a.earned, a.partner_earned, a.servicing, true)
       is distinct from (b.merchant_id, b.currency, b.earned_on, coalesce(b.earned, 0), coalesce(b.partner_earned, 0),
                         coalesce(b.servicing, 0), b.is_interest);

-- accruals_sum_to_their_group --
-- What a group's days have earned is what it has booked, until its last day, and what they kept for servicing the same.
select merchant_id, programme_id, currency, g.earned, a.earned as in_days, s.spread, a.servicing, g.accrued_until, a.last_on
  from accrual_groups g
  left join (select merchant_id, programme_id, currency, sum(earned) as earned, sum(servicing) as servicing,
                    max(earned_on) as last_on
               from accruals group by merchant_id, programme_id, currency) a using (merchant_id, programme_id, currency)
  left join (select merchant_id, programme_id, currency, sum(spread) as spread
               from accrual_shares group by merchant_id, programme_id, currency) s
 using (merchant_id, programme_id, currency)
 where (g.earned, coalesce(s.spread, 0)) is distinct from (coalesce(a.earned, 0), coalesce(a.servicing, 0))
    or a.last_on > g.accrued_until;

-- accrual_shares_are_booked --
-- What a partner's part of a group has earned is what the group's days have booked for it.
select merchant_id, programme_id, currency, partner_id, s.earned, b.earned as booked
  from accrual_shares s
  full join (select a.merchant_id, a.programme_id, a.currency, t.partner_id, sum(t.amount) as earned
               from (select cause_id, credit_owner as partner_id, amount
                       from transfers where credit = 'partner_accrued'
                      union all
                     select cause_id, debit_owner, - amount from transfers where debit = 'partner_accrued') t
               join accruals a on a.accrual_id = t.cause_id
              group by a.merchant_id, a.programme_id, a.currency, t.partner_id) b
 using (merchant_id, programme_id, currency, partner_id)
 where coalesce(s.earned, 0) <> coalesce(b.earned, 0);

-- accrual_groups_count_what_has_ended --
-- What a group has counted as settled is what its plans say that it has, each with its partners' shares.
with counted as (
    select merchant_id, coalesce(funding ->> 'programme_id', '') as programme_id, currency, interest_counted,
           funding -> 'participations' as parts
      from plans
     where interest_counted <> 0
        or exists (select from ownership_transfers o
                    where o.plan_id = plans.plan_id and o.status in ('active', 'bought_back'))
), settled as (
    select merchant_id, programme_id, currency, '' as partner_id, sum(interest_counted) as settled, 0 as spread
      from counted
     group by merchant_id, programme_id, currency
     union all
    select merchant_id, programme_id, currency, partner_id, sum(share), sum(spread)
      from counted
     cross join lateral interest_of_parts(0, interest_counted, parts) one
     group by merchant_id, programme_id, currency, partner_id
     union all   -- what had been earned when a participation was sold stays with who sold it
    select merchant_id, programme_id, currency, side.partner_id, sum(side.sign * (owner ->> 'earned')::bigint),
           sum(side.sign * (owner ->> 'spread')::bigint)
      from counted
     cross join lateral json_array_elements(parts) part
     cross join lateral json_array_elements(part -> 'owners') owner
     cross join lateral (values (owner ->> 'seller_id', 1), (owner ->> 'partner_id', -1)) as side (partner_id, sign)
     where side.partner_id <> ''
     group by merchant_id, programme_id, currency, side.partner_id
), kept as (
    select merchant_id, programme_id, currency, '' as partner_id, settled, 0 as spread from accrual_groups
     union all
    select merchant_id, programme_id, currency, partner_id, settled, spread_settled from accrual_shares
)
select merchant_id, programme_id, currency, partner_id, k.settled, s.settled as in_plans, k.spread, s.spread as spread_in_plans
  from kept k
  full join (select merchant_id, programme_id, currency, partner_id, sum(settled) as settled, sum(spread) as spread
               from settled group by merchant_id, programme_id, currency, partner_id) s
 using (merchant_id, programme_id, currency, partner_id)
 where (coalesce(k.settled, 0), coalesce(k.spread, 0)) <> (coalesce(s.settled, 0), coalesce(s.spread, 0));

-- interest_runs_while_it_may_be_earned --
-- Time earns interest on a plan while a line asks for more of it than was paid, unless the plan was given up or let go,
-- also where a payment that came back is owed again.
select bucket, plan_id, p.state, p.interest_runs, p.interest_settled, p.interest_paid
  from plans p
  left join (select bucket, plan_id, bool_or(interest > interest_paid) and not bool_or(forgiven > 0) as asks
               from lines group by bucket, plan_id) l using (bucket, plan_id)
 where p.interest_runs is distinct from (coalesce(l.asks, false)
                                         and p.state not in ('charged_off', 'recovered', 'forgiven'));

-- accruals_are_what_plans_have_earned --
-- A group has booked what its plans have earned until its last day, as long as nothing has happened to them since: a
-- plan that has moved has more facts. Each partner has its shares of it, plan by plan.
with earned as materialized (
    select p.merchant_id, coalesce(p.funding ->> 'programme_id', '') as programme_id, p.currency, p.version,
           p.interest_counted, p.funding -> 'participations' as parts,
           p.interest_settled + coalesce((
               select sum(greatest(0, interest_earned_of_line(l.interest, l.begin_on, l.due_on, g.accrued_until)
                                      - l.interest_paid))
                 from lines l
                where p.interest_runs and l.bucket = p.bucket and l.plan_id = p.plan_id), 0)::bigint as interest
      from plans p
      join accrual_groups g on g.merchant_id = p.merchant_id and g.currency = p.currency
                           and g.programme_id = coalesce(p.funding ->> 'programme_id', '')
     where p.is_accruing
), summed as (
    select merchant_id, programme_id, currency, sum(version) as facts, sum(interest - interest_counted) as earned
      from earned
     group by merchant_id, programme_id, currency
), shared as (
    select merchant_id, programme_id, currency, more.partner_id, sum(more.share) as earned,
           sum(more.spread) as spread
      from earned
     cross join lateral interest_of_parts(interest_counted, interest, parts) more
     group by merchant_id, programme_id, currency, more.partner_id
)
select merchant_id, programme_id, currency, g.accrued_until, g.earned, g.settled, s.earned as still_accruing,
       p.partner_id, p.earned as partner_earned, p.settled as partner_settled, o.earned as partner_still_accruing
  from accrual_groups g
  left join summed s using (merchant_id, programme_id, currency)
  left join accrual_shares p using (merchant_id, programme_id, currency)
  left join shared o using (merchant_id, programme_id, currency, partner_id)
 where coalesce(s.facts, 0) = g.facts
   and (g.earned <> g.settled + coalesce(s.earned, 0)
        or p.partner_id is not null and (p.earned, p.spread) is distinct from (p.settled + coalesce(o.earned, 0),
                                                  p.spread_settled + coalesce(o.spread, 0)));

-- What we told --------------------------------------------------------------------------------------------------------

-- events_are_numbered_without_gaps --
-- A merchant's events that were read are 1, 2, 3 ..., from the first that is kept on.
select merchant_id, number, place
  from (select merchant_id, number, first_number - 1 + row_number() over (partition by merchant_id order by number) as place
          from events
          join feeds using (merchant_id)
         where number is not null) e
 where number <> place;

-- feeds_know_the_last_number --
-- The last number given is the last there is, or the last that was forgotten.
select merchant_id, f.last_number, f.first_number, e.last_number as last_event
  from feeds f
  full join (select merchant_id, max(number) as last_number from events group by merchant_id) e using (merchant_id)
 where f.last_number <> coalesce(e.last_number, f.first_number - 1)
    or f.merchant_id is null;

-- keys_are_answered --
-- No idempotency key stays without the answer that goes with it.
select bucket, owner_id, key, created_at
  from idempotency
 where status is null or (answer is null and decision_id is null);

-- The partner: its contracts, its events, its files -------------------------------------------------------------------

-- programmes_keep_partner_and_currency --
-- A new version of a contract is with the same partner and in the same currency.
select programme_id
  from programmes
 group by programme_id
having count(distinct (partner_id, currency)) > 1;

-- partner_bookings_are_understood --
-- What a partner is told of moves its own accounts, each occasion those that it is about, and the rest is ours.
select bucket, cause_id, leg, occasion, debit, credit
  from transfers
 where occasion in ('drawing', 'principal_share', 'interest_share', 'fee_share', 'penalty_share', 'servicing',
                    'loss_share', 'recovery_share', 'loss_relief', 'sale', 'buy_back')
   and case occasion
       when 'drawing'         then array[debit, credit] <@ array['partner_receivable', 'partner_participation']
       when 'principal_share' then array[debit, credit] <@ array['partner_participation', 'partner_payable']
       when 'interest_share'  then array[debit, credit] <@ array['partner_accrued', 'partner_payable', 'interest_income',
                                                                 'servicing_income', 'recoveries']
       when 'fee_share'       then array[debit, credit] <@ array['fee_income', 'recoveries', 'partner_payable']
       when 'penalty_share'   then array[debit, credit] <@ array['penalty_income', 'recoveries', 'partner_payable']
       when 'servicing'       then array[debit, credit] <@ array['partner_payable', 'servicing_income']
       when 'loss_share'      then array[debit, credit] <@ array['partner_participation', 'partner_accrued',
                                                                 'credit_losses']
       when 'recovery_share'  then array[debit, credit] <@ array['recoveries', 'partner_payable']
       when 'loss_relief'     then array[debit, credit] <@ array['credit_losses', 'partner_payable']
       when 'sale'            then array[debit, credit] <@ array['partner_participation', 'partner_accrued', 'sale_result',
                                                                 'partner_payable', 'partner_receivable']
       when 'buy_back'        then array[debit, credit] <@ array['partner_participation', 'partner_accrued', 'sale_result',
                                                                 'partner_payable', 'partner_receivable']
       end is not true;

-- partner_events_are_their_transfers --
-- What a partner was told of a plan is what became due to it and from it; what was given up moves no money.
with due as (
    select bucket, plan_id, partner_id, sum(amount) as amount
      from (select bucket, plan_id, credit_owner as partner_id, amount
              from transfers where credit in ('partner_payable', 'partner_receivable') and plan_id is not null
            union all
            select bucket, plan_id, debit_owner, - amount
              from transfers where debit in ('partner_payable', 'partner_receivable') and plan_id is not null) t
     group by bucket, plan_id, partner_id
), told as (
    select bucket, plan_id, partner_id, sum(principal + interest + fee + penalty + subsidy) as amount
      from partner_events
     where type <> 'charge_off'
     group by bucket, plan_id, partner_id
)
select bucket, plan_id, partner_id, due.amount as due, told.amount as told
  from due
  full join told using (bucket, plan_id, partner_id)
 where coalesce(due.amount, 0) <> coalesce(told.amount, 0);

-- partner_events_end_at_what_partners_hold --
-- What a partner was told of principal, but for what was recovered of a loss or borne by others, leaves what it holds of a plan.
with held as (
    select bucket, plan_id, partner_id, sum(amount) as amount
      from (select bucket, plan_id, credit_owner as partner_id, amount
              from transfers where credit = 'partner_participation' and plan_id is not null
            union all
            select bucket, plan_id, debit_owner, - amount
              from transfers where debit = 'partner_participation' and plan_id is not null) t
     group by bucket, plan_id, partner_id
), told as (
    select bucket, plan_id, partner_id, - sum(principal) as amount
      from partner_events
     where type not in ('recovery', 'loss')
     group by bucket, plan_id, partner_id
)
select bucket, plan_id, partner_id, held.amount as held, told.amount as told
  from held
  full join told using (bucket, plan_id, partner_id)
 where coalesce(held.amount, 0) <> coalesce(told.amount, 0);

-- partner_events_are_numbered_without_gaps --
-- A partner's numbers are 1, 2, 3 ... up to the last one given.
select f.partner_id, f.last_number, e.events, e.last
  from partner_feeds f
  full join (select partner_id, count(number) as events, coalesce(max(number), 0) as last, min(number) as first
               from partner_events group by partner_id) e using (partner_id)
 where (coalesce(f.last_number, 0), coalesce(f.last_number, 0)) <> (coalesce(e.events, 0), coalesce(e.last, 0))
    or e.first <> 1;

-- closed_days_stay_closed --
-- No event of a closed day has a number that was given after it was closed.
select d.programme_id, d.business_on, e.event_id, e.number
  from partner_closings d
  join partner_events e on e.programme_id = d.programme_id and e.partner_id = d.partner_id
                       and e.filed_on = d.business_on
 where e.number > d.last_number;

-- daily_files_are_chained --
-- Numbers without gaps, each file naming the hash of the one before, each hash that of its bytes.
select file_id, partner_id, type, number
  from (select f.*, row_number() over w as place, lag(sha256) over w as sha256_before
          from daily_files f
        window w as (partition by partner_id, type order by number)) f
 where number <> place
    or previous_sha256 is distinct from sha256_before
    or (file_id >= kept_from('files')
        and sha256 is distinct from (select sha256(string_agg(content, '' order by piece))
                                       from daily_file_pieces p where p.file_id = f.file_id));

-- daily_files_hold_their_events --
-- A file of what happened has the events that are filed on its day, and every one of them.
select file_id, f.records, count(e.event_id) as events
  from daily_files f
  left join partner_events e on e.programme_id = f.programme_id and e.partner_id = f.partner_id
                            and e.filed_on = f.business_on
 where f.type = 'TXN'
 group by file_id, f.records
having f.records <> count(e.event_id);

-- daily_positions_are_their_events --
-- What moved a position on a day is the sum of the plan's events that are filed on it, and no plan is left out.
with files as materialized (
    select file_id, programme_id, partner_id, business_on
      from daily_files
     where type = 'POS' and file_id >= kept_from('positions')
), moved as (
    select f.file_id, plan_id, sum(funded) as funded, sum(repaid) as repaid, sum(refunded) as refunded,
           sum(adjusted) as adjusted, sum(charged_off) as charged_off
      from files f
      join partner_movements m on m.programme_id = f.programme_id and m.partner_id = f.partner_id
                              and m.filed_on = f.business_on
     group by f.file_id, plan_id
)
select file_id, plan_id, p.funded, p.repaid, p.refunded, p.adjusted, p.charged_off
  from (select * from daily_positions where file_id >= kept_from('positions')) p
  full join moved m using (file_id, plan_id)
 where p.file_id is null
    or (p.funded, p.repaid, p.refunded, p.adjusted, p.charged_off)
       <> (coalesce(m.funded, 0), coalesce(m.repaid, 0), coalesce(m.refunded, 0), coalesce(m.adjusted, 0),
           coalesce(m.charged_off, 0));

-- daily_positions_follow_each_other --
-- A position opens with what the day before closed with, and none that was open is left out.
with files as (
    select file_id, lag(file_id) over (partition by programme_id, partner_id order by business_on) as before
      from daily_files
     where type = 'POS'
), pairs as (
    select f.file_id, f.before, p.plan_id, p.opening, 0::bigint as closed_with
      from files f join daily_positions p on p.file_id = f.file_id
    union all
    select f.file_id, f.before, p.plan_id, 0, p.closing
      from files f join daily_positions p on p.file_id = f.before
     where f.before >= kept_from('positions')
)
select file_id, before, plan_id, sum(opening) as opening, sum(closed_with) as closed_with
  from pairs
 where before is null or before >= kept_from('positions')
 group by file_id, before, plan_id
having sum(opening) <> sum(closed_with);

-- reconciliations_have_their_breaks --
-- Every break was found by a comparison of its programme, on the day that it says, or of payouts with a message of the
-- bank, and has the history that it was opened.
select b.break_id, b.state, b.last_on, r.business_on
  from breaks b
  left join reconciliations r using (reconciliation_id)
 where (b.leg <> 'payout' and r.reconciliation_id is null)
    or (b.leg = 'payout' and not exists (select from bank_messages m where m.bank_message_id = b.bank_message_id))
    or (r.programme_id, r.partner_id, r.business_on) <> (b.programme_id, b.partner_id, b.last_on)
    or r.verdict = 'incomplete'
    or not exists (select from break_steps s where s.break_id = b.break_id and s.what = 'opened');

-- nothing_open_is_green --
-- While the last comparison of a programme is reconciled, none of its breaks is open.
select r.programme_id, r.business_on, b.break_id
  from (select distinct on (programme_id) programme_id, business_on, verdict
          from reconciliations order by programme_id, business_on desc, number desc) r
  join breaks b on b.programme_id = r.programme_id and b.state <> 'resolved'
 where r.verdict = 'reconciled';

-- roundings_are_booked --
-- What comparisons booked as rounding is in the books, once.
select t.currency, t.booked, r.rounded
  from (select currency, sum(case 'rounding_differences' when debit then amount else - amount end) as booked
          from transfers where occasion = 'rounding' group by currency) t
  full join (select key as currency, sum(value::bigint) as rounded
               from reconciliations, json_each_text(rounded) group by key) r using (currency)
 where coalesce(t.booked, 0) <> coalesce(r.rounded, 0);

-- Outside data --------------------------------------------------------------------------------------------------------

-- consents_are_used_within_times --
-- A consent counts every call that was made under it, and there were never more than it allows. Of one that is so old that
-- calls may have been forgotten, fewer may be left.
with kept as materialized (   -- asked by itself: a cluster would ask it of each machine, and they do not know it
    select forgettable_before('enquiries') as before
)
select bucket, consent_id, c.used, c.times, e.calls
  from consents c
  full join (select bucket, consent_id, count(*) as calls from enquiries group by bucket, consent_id) e
 using (bucket, consent_id)
 where c.used is null or coalesce(e.calls, 0) > least(c.used, c.times)
    or (coalesce(e.calls, 0) < c.used and (c.given_at < (select before from kept)) is not true);

-- enquiries_are_under_a_consent_in_force --
-- Nobody was asked but for what the consumer allowed: this person, purpose, kind, source and period, at that time.
select e.bucket, e.enquiry_id, e.consent_id
  from enquiries e
  left join consents c using (bucket, consent_id)
 where (c.consumer_id = e.consumer_id
        and c.purpose = e.purpose
        and e.data_type = any (c.data_types)
        and e.gateway_id = any (c.gateway_ids)
        and c.from_on <= e.from_on and e.to_on <= c.to_on
        and c.given_at <= e.asked_at and e.asked_at < c.expires_at
        and (c.revoked_at is null or e.asked_at <= c.revoked_at)) is not true;

-- reports_are_kept_no_longer_than_allowed --
-- An answer is read again no longer than its consent lasts.
select bucket, enquiry_id, r.expires_at, c.expires_at as consent_expires_at
  from reports r
  join enquiries e using (bucket, enquiry_id)
  join consents c using (bucket, consent_id)
 where r.expires_at > c.expires_at;

-- How plans are collected ---------------------------------------------------------------------------------------------

-- charges_are_open_once --
-- What is due on a plan is pulled by one charge at a time.
select bucket, plan_id, count(*) as open
  from charges
 where state = 'pending'
 group by bucket, plan_id
having count(*) > 1;

-- charges_are_booked --
-- Money that a charge brought is one payment of its plan, under the charge's own reference; what came back was undone.
select c.bucket, c.charge_id, c.state, c.amount, c.payment_id, f.fact_id, f.body
  from charges c
  left join facts f on f.bucket = c.bucket and f.fact_id = c.payment_id and f.plan_id = c.plan_id and f.fact = 'paid'
                   and f.reference = lower(c.charge_id)
 where c.state in ('succeeded', 'returned')
   and ((f.body ->> 'amount')::bigint is distinct from c.amount
        or c.state = 'returned'
           and not exists (select from facts u
                            where u.bucket = c.bucket and u.plan_id = c.plan_id
                              and c.payment_id in (u.body ->> 'payment_id', u.body ->> 'fact_id')));

-- charges_name_their_plans_parties --
-- A charge is of its plan's merchant and currency, and pulls from its consumer, through the instrument's processor.
select c.bucket, c.charge_id, c.plan_id, c.instrument_id
  from charges c
  left join plans p using (bucket, plan_id)
  left join instruments i on i.bucket = c.bucket and i.instrument_id = c.instrument_id
 where (c.merchant_id, c.currency, i.consumer_id, c.processor_id)
       is distinct from (p.merchant_id, p.currency, p.consumer_id, i.processor_id);

-- orders_are_confirmed_by_permissions_of_theirs --
-- A permission that confirms an order is its consumer's, and for its scenario.
select f.bucket, f.plan_id, f.fact_id, m.permission_id
  from facts f
  join plans p using (bucket, plan_id)
  left join permissions m on m.bucket = f.bucket and m.permission_id = f.body ->> 'permission_id'
 where f.fact = 'order_confirmed' and f.body ->> 'permission_id' is not null
   and (m.consumer_id, m.scenario)
       is distinct from (p.consumer_id, coalesce(p.scenario, p.offer #>> '{use,scenario}'));

-- Merchants settled ---------------------------------------------------------------------------------------------------

-- settlements_roll_forward --
-- Each begins with what the one before left, and holds later days.
select merchant_id, currency, number, opening, left_before, business_on
  from (select merchant_id, currency, number, opening, business_on,
               coalesce(lag(closing) over w, 0) as left_before, coalesce(lag(number) over w, 0) as number_before,
               lag(business_on) over w as day_before
          from settlements window w as (partition by merchant_id, currency order by number)) s
 where opening <> left_before or number <> number_before + 1 or business_on <= day_before;

-- settlements_are_their_lines --
-- Its sums are those of its lines.
select s.settlement_id, s.lines, l.lines as counted, l.net
  from settlements s
  left join (select settlement_id, count(*) as lines, sum(net) as net, sum(fee) as fees, sum(tax) as taxes
               from settlement_lines group by settlement_id) l using (settlement_id)
 where s.lines <> coalesce(l.lines, 0) or (s.fees, s.taxes) <> (coalesce(l.fees, 0), coalesce(l.taxes, 0))
    or s.captured - s.fees - s.taxes - s.refunded - s.charged_back - s.paid_to_merchant + s.payouts_returned + s.adjusted + s.vouchers - s.bought_down
       - s.recourse + s.shared + s.split + s.factored
       <> coalesce(l.net, 0);

-- settlement_lines_are_the_books --
-- A line is what its cause booked for the merchant.
select l.settlement_id, l.number, l.net, b.net as booked
  from settlement_lines l
  left join (select bucket, cause_id, occasion, plan_id, sum(net) as net, sum(fee) as fee, sum(tax) as tax
               from merchant_bookings group by bucket, cause_id, occasion, plan_id) b
    on b.bucket = l.cause_bucket and b.cause_id = l.cause_id and b.occasion = l.occasion
   and b.plan_id is not distinct from l.plan_id
 where (l.net, l.fee, l.tax) is distinct from (b.net, b.fee, b.tax);

-- merchants_are_owed_what_is_not_settled --
-- What the books owe a merchant is what its last settlement carried on, and what none has told yet.
select merchant_id, currency, sum(owed) as difference
  from (select credit_owner as merchant_id, currency, amount as owed from transfers where credit = 'merchant_payable'
        union all
        select debit_owner, currency, - amount from transfers where debit = 'merchant_payable'
        union all
        (select distinct on (merchant_id, currency) merchant_id, currency, - closing
           from settlements order by merchant_id, currency, number desc)
        union all
        select merchant_id, currency, - net
          from merchant_bookings b
         where not exists (select from settlement_lines l
                            where l.cause_bucket = b.bucket and l.cause_id = b.cause_id and l.occasion = b.occasion
                              and l.plan_id is not distinct from b.plan_id)) o
 group by merchant_id, currency
having sum(owed) <> 0;

-- reserves_are_withheld_and_not_released --
-- What the books keep back of a merchant is what its settlements withheld and did not release.
select merchant_id, currency, sum(kept) as difference
  from (select case 'reserve' when credit then credit_owner else debit_owner end as merchant_id, currency,
               case 'reserve' when credit then amount else - amount end as kept
          from transfers where debit = 'reserve' or credit = 'reserve'
        union all
        select merchant_id, currency, released - withheld from settlements) o
 group by merchant_id, currency
having sum(kept) <> 0;

-- receivables_bought_are_advanced --
-- What the books advanced to a merchant and have not got back is what its purchases that are not over paid, less what came.
select merchant_id, currency, sum(amount) as difference
  from (select case 'advances' when debit then debit_owner else credit_owner end as merchant_id, currency,
               case 'advances' when debit then amount else - amount end as amount
          from transfers where debit = 'advances' or credit = 'advances'
        union all
        select r.merchant_id, r.currency, - (a.position ->> 'advance')::bigint + (a.position ->> 'collected')::bigint
          from assignments a
          join receivables r using (receivable_id)
         where a.terms is not null and a.state in ('purchased', 'part_collected')) o
 group by merchant_id, currency
having sum(amount) <> 0;

-- remittances_are_owed --
-- What the books say that merchants collected for us and owe is what they told, and what has not come.
select merchant_id, currency, sum(amount) as difference
  from (select case 'remittance_receivable' when debit then debit_owner else credit_owner end as merchant_id, currency,
               case 'remittance_receivable' when debit then amount else - amount end as amount
          from transfers where debit = 'remittance_receivable' or credit = 'remittance_receivable'
        union all
        select r.merchant_id, r.currency, - p.amount
          from receivable_payments p
          join receivables r using (receivable_id)
         where p.is_ours and p.received_by = 'seller' and not p.is_misdirected and p.remitted_on is null) o
 group by merchant_id, currency
having sum(amount) <> 0;

-- receivables_are_what_became_of_them --
-- What is paid of a receivable is what its payments say, and what is pledged what its live pledges are.
select receivable_id, r.paid, p.paid as told, r.pledged, a.pledged as held
  from receivables r
  left join (select receivable_id, sum(case when is_misdirected and remitted_on is null then 0 else amount + dilution end)
                       as paid
               from receivable_payments group by receivable_id) p using (receivable_id)
  left join (select receivable_id, sum(amount) as pledged
               from assignments where state = 'pledged' group by receivable_id) a using (receivable_id)
 where r.paid <> coalesce(p.paid, 0) or r.pledged <> coalesce(a.pledged, 0);

-- schemes_owe_their_vouchers --
-- What the books say that a scheme owes us is what its redeemed vouchers came to, and what it paid of plans' interest
-- beside what merchants bear of it in their settlements; and it has granted the vouchers, and those that are reserved.
select scheme_id, b.granted, v.granted as held, v.redeemed, t.owed
  from scheme_budgets b
  left join (select scheme_id, sum(amount - returned) filter (where state <> 'released') as granted,
                    sum(amount - returned) filter (where state = 'redeemed') as redeemed
               from vouchers group by scheme_id) v using (scheme_id)
  left join (select case 'scheme_receivable' when debit then debit_owner else credit_owner end as scheme_id,
                    sum(case 'scheme_receivable' when debit then amount else - amount end) as owed
               from transfers where debit = 'scheme_receivable' or credit = 'scheme_receivable'
              group by 1) t using (scheme_id)
  left join (select scheme_id, sum(paid - by_merchant) as paid from plan_subsidies group by scheme_id) p using (scheme_id)
 where b.granted <> coalesce(v.granted, 0) or coalesce(v.redeemed, 0) + coalesce(p.paid, 0) <> coalesce(t.owed, 0);

-- subsidies_are_what_was_paid --
-- What a scheme has paid for a plan is the sum of its payments, each of which knows what was paid before.
select s.plan_id, s.paid, sum(p.amount) as payments
  from plan_subsidies s
  left join (select *, coalesce(sum(amount) over (partition by bucket, plan_id order by number
                                                   rows between unbounded preceding and 1 preceding), 0) as earlier
               from subsidy_payments) p using (bucket, plan_id)
 group by s.bucket, s.plan_id, s.paid
having s.paid <> coalesce(sum(p.amount), 0) or bool_or(p.before <> p.earlier);

-- subsidies_stay_within_budgets --
-- Plans hold no more of a scheme than the largest budget that it had, where each of its versions has one.
select s.scheme_id, sum(s.held) as held, b.budget
  from plan_subsidies s
  join (select scheme_id, max((document ->> 'budget')::bigint) as budget
          from schemes group by scheme_id having min((document ->> 'budget')::bigint) > 0) b using (scheme_id)
 group by s.scheme_id, b.budget
having sum(s.held) > b.budget;

-- subsidies_stay_within_caps --
-- Nobody's plans hold more of a scheme at one lender than its cap for a person, where each of its versions has one; people
-- who were found to be one may have had it twice.
select s.scheme_id, s.lender_id, p.person_id, sum(s.held) as held, c.cap
  from plan_subsidies s
  join plans p using (bucket, plan_id)
  join (select scheme_id, max((document -> 'interest' ->> 'person_max')::bigint) as cap
          from schemes group by scheme_id having min((document -> 'interest' ->> 'person_max')::bigint) > 0) c
 using (scheme_id)
 where not exists (select from person_moves m where m.to_id = p.person_id)
 group by s.scheme_id, s.lender_id, p.person_id, c.cap
having sum(s.held) > c.cap;

-- fees_are_deferred_and_not_billed --
-- What the books say that a merchant owes us is the fees that its settlements deferred and did not bill.
select merchant_id, currency, sum(owed) as difference
  from (select case 'merchant_receivable' when debit then debit_owner else credit_owner end as merchant_id, currency,
               case 'merchant_receivable' when debit then amount else - amount end as owed
          from transfers where debit = 'merchant_receivable' or credit = 'merchant_receivable'
        union all
        select merchant_id, currency, fees_billed - fees_deferred from settlements) o
 group by merchant_id, currency
having sum(owed) <> 0;

-- settlements_have_their_payout --
-- What a settlement pays out is a payout, of as much, on its day.
select s.settlement_id, s.payout, p.amount
  from settlements s
  full join payouts p using (settlement_id, merchant_id, currency, pays_on)
 where s.payout > 0 and s.payout is distinct from p.amount or s.settlement_id is null or s.payout = 0 and p.amount is not null;

-- payouts_are_where_their_steps_left_them --
-- A payout is ordered twice at most, and its state is its last step's.
select p.payout_id, p.state, p.tries, s.last, s.tries as ordered
  from payouts p
  left join lateral (select (array_agg(step order by number desc))[1] as last,
                            count(*) filter (where step = 'ordered') as tries
                       from payout_steps s where s.payout_id = p.payout_id) s on true
 where p.tries <> s.tries or p.tries > 2
    or p.state <> case s.last when 'returned' then case when p.tries >= 2 then 'given_up' else 'due' end
                              else coalesce(s.last, 'due') end;

-- money_on_its_way_is_of_payouts --
-- What the books have on its way is what payouts to merchants are due, or ordered and not paid yet, and what payouts to
-- partners and settlements with who bears losses are ordered and not paid yet.
select currency, sum(amount) as difference
  from (select currency, case 'payout_clearing' when credit then amount else - amount end as amount
          from transfers where debit = 'payout_clearing' or credit = 'payout_clearing'
        union all
        select currency, - amount from payouts where state in ('due', 'ordered')
        union all
        select currency, - amount from partner_payouts where state = 'ordered'
        union all
        select currency, - net from insurer_settlements where state = 'ordered') t
 group by currency
having sum(amount) <> 0;

-- payment_orders_are_their_payouts --
-- The control sum of an order is that of the payouts it ordered.
select o.order_id, o.amount, o.payouts, s.amount as ordered, s.payouts as counted
  from payment_orders o
  left join (select order_id, sum(amount) as amount, count(*) as payouts
               from (select s.order_id, p.amount
                       from payout_steps s join payouts p using (payout_id)
                      where s.step = 'ordered' and s.order_id is not null
                     union all
                     select s.order_id, p.amount
                       from partner_payout_steps s join partner_payouts p using (payout_id)
                      where s.step = 'ordered'
                     union all
                     select s.order_id, p.net
                       from insurer_settlement_steps s join insurer_settlements p using (settlement_id)
                      where s.step = 'ordered') one
              group by order_id) s using (order_id)
 where (o.amount, o.payouts) is distinct from (s.amount, s.payouts);

-- partners_are_paid_what_their_legs_say --
-- What the legs of one end-to-end id owe the partner is a payout, of as much; where they owe it nothing, there is none.
select l.file_id, l.end_to_end_id, l.currency, l.amount, p.amount as paid
  from (select file_id, end_to_end_id, currency, sum(amount) as amount
          from daily_legs group by file_id, end_to_end_id, currency having sum(amount) > 0) l
  full join partner_payouts p using (file_id, end_to_end_id, currency)
 where l.amount is distinct from p.amount;

-- partner_payouts_are_where_their_steps_left_them --
-- A payout to a partner is ordered twice at most, and its state is its last step's.
select p.payout_id, p.state, p.tries, s.last, s.tries as ordered
  from partner_payouts p
  left join lateral (select (array_agg(step order by number desc))[1] as last,
                            count(*) filter (where step = 'ordered') as tries
                       from partner_payout_steps s where s.payout_id = p.payout_id) s on true
 where p.tries <> s.tries or p.tries > 2
    or p.state <> case s.last when 'returned' then case when p.tries >= 2 then 'given_up' else 'due' end
                              else coalesce(s.last, 'due') end;

-- Budgets of programmes -----------------------------------------------------------------------------------------------

-- budgets_are_leased_and_used --
-- What is taken of a budget is what is leased now, and what plans took under leases that are closed, less what came back.
select b.budget, b.taken, l.open, u.used, u.counted
  from budgets b
  left join (select budget, sum(amount) as open from budget_leases where closed_at is null group by budget) l
      using (budget)
  left join (select u.budget, sum(u.amount) filter (where l.closed_at is not null) as used, sum(u.counted) as counted
               from budget_uses u left join budget_leases l using (lease_id) group by u.budget) u using (budget)
 where b.taken <> coalesce(l.open, 0) + coalesce(u.used, 0) - coalesce(u.counted, 0);

-- leases_give_no_more_than_they_are --
-- Plans took no more under a lease than was leased.
select lease_id, l.amount, sum(u.amount) as used
  from budget_uses u left join budget_leases l using (lease_id)
 group by lease_id, l.amount
having sum(u.amount) > coalesce(l.amount, 0);

-- budgets_know_what_comes_back --
-- A plan takes of a budget its share of what is out, or of what was lent to it or is promised; of a scheme's what it holds.
-- What an operator's list enrolled in a cover set is taken for good, unless the plan's programme counts what comes back.
select u.bucket, u.plan_id, u.budget, u.amount, u.returned, p.captured, p.reserved, p.used
  from budget_uses u
  left join plans p using (bucket, plan_id)
  left join plan_subsidies s using (bucket, plan_id)
 where p.plan_id is null
    or u.is_subsidy and u.amount - u.returned is distinct from s.held
    or (u.is_book or p.kind <> 'deposit') and not u.is_subsidy
       and (u.budget not like 'cv\_%' or (p.funding ->> 'is_counted')::boolean)
       and u.amount - u.returned
           <> (case when u.is_book then p.reserved + p.used else p.captured + p.reserved end * u.share_bps + 5000) / 10000;

-- advances_are_of_live_purchases --
-- What is advanced to a merchant and has not come is what its receivables were bought for that are not over.
with bought as (
    select r.merchant_id, r.currency,
           sum((a.position ->> 'advance')::bigint - (a.position ->> 'collected')::bigint) as amount
      from assignments a
      join receivables r using (receivable_id)
     where a.position is not null and a.ended_on is null
     group by r.merchant_id, r.currency
), sides as (
    select debit_owner as merchant_id, currency, amount from transfers where debit = 'advances'
     union all
    select credit_owner, currency, - amount from transfers where credit = 'advances'
), booked as (
    select merchant_id, currency, sum(amount) as amount from sides group by merchant_id, currency
)
select merchant_id, currency, bought.amount as bought, booked.amount as booked
  from bought
  full join booked using (merchant_id, currency)
 where coalesce(bought.amount, 0) <> coalesce(booked.amount, 0);

-- Credit insurance ----------------------------------------------------------------------------------------------------

-- insurers_are_settled --
-- What was paid to an insurer, or by it, or is on its way, is the net of its settlements that are so; what is set off is
-- nobody's.
select insurer_id, currency, coalesce(s.net, 0) as settled, coalesce(b.net, 0) as booked
  from (select insurer_id, currency, sum(net) as net
          from insurer_settlements where state in ('ordered', 'paid') group by insurer_id, currency) s
  full join (select owner as insurer_id, currency, sum(amount) as net
               from (select debit_owner as owner, currency, amount from transfers
                      where occasion in ('insurer_settlement', 'payout', 'payout_returned')
                        and debit in ('insurer_payable', 'insurer_receivable')
                      union all
                     select credit_owner, currency, - amount from transfers
                      where occasion in ('insurer_settlement', 'payout', 'payout_returned')
                        and credit in ('insurer_payable', 'insurer_receivable')) sides
              group by owner, currency) b using (insurer_id, currency)
 where coalesce(s.net, 0) <> coalesce(b.net, 0);

-- insurer_settlements_are_where_their_steps_left_them --
-- A payment is ordered twice at most, and its state is its last step's.
select p.settlement_id, p.state, p.tries, s.last, s.tries as ordered
  from insurer_settlements p
  left join lateral (select (array_agg(step order by number desc))[1] as last,
                            count(*) filter (where step = 'ordered') as tries
                       from insurer_settlement_steps s where s.settlement_id = p.settlement_id) s on true
 where p.tries <> s.tries or p.tries > 2
    or p.state <> case s.last when 'returned' then case when p.tries >= 2 then 'given_up' else 'due' end
                              else coalesce(s.last, 'due') end;

-- what_is_given_back_is_booked --
-- What a settlement gives back of losses of plans and of pools is the sum of its places, and what it has booked.
select settlement_id, s.given_back, b.amount as booked
  from insurer_settlements s
  full join (select cause_id as settlement_id, sum(case credit when 'insurer_payable' then amount else - amount end) as amount
               from transfers where occasion = 'given_back' group by cause_id) b using (settlement_id)
 where coalesce(s.given_back, 0) <> coalesce(b.amount, 0)
    or s.given_back <> (select coalesce(sum((one ->> 'amount')::bigint), 0) from json_array_elements(s.backs) one);

-- insurance_is_booked --
-- What was booked for an insurer is the premium that was declared, its part of losses, and what it got of recoveries.
with owed as (
    select insurer_id, currency, 'premium' as occasion, sum(on_turnover + true_up + limit_fees) as amount
      from premium_declarations group by insurer_id, currency
     union all
    select insurer_id, policy_currency, 'indemnity', sum(indemnity)
      from insured_losses where is_booked group by insurer_id, policy_currency
     union all
    select l.insurer_id, l.policy_currency, 'salvage', sum(r.at_receipt)
      from insured_recoveries r join insured_losses l using (loss_id) where l.is_booked
     group by l.insurer_id, l.policy_currency
), sides as (
    select debit_owner as insurer_id, currency, occasion, case debit when 'insurer_receivable' then amount else - amount end
           as amount
      from transfers
     where debit in ('insurer_receivable', 'insurer_payable') and occasion in ('premium', 'indemnity', 'salvage')
     union all
    select credit_owner, currency, occasion, case credit when 'insurer_receivable' then - amount else amount end
      from transfers
     where credit in ('insurer_receivable', 'insurer_payable') and occasion in ('premium', 'indemnity', 'salvage')
)
select insurer_id, currency, occasion, o.amount, b.amount as booked
  from owed o
  full join (select insurer_id, currency, occasion, sum(amount) as amount from sides
              group by insurer_id, currency, occasion) b using (insurer_id, currency, occasion)
 where coalesce(o.amount, 0) <> coalesce(b.amount, 0);

-- premiums_are_of_the_whole_turnover --
-- Premium, without the minimum and the fees, is the rate of all that was insured, less credit notes; unless the rate was
-- changed in the year.
select policy_id, d.year, sum(d.on_turnover) as charged, p.bps
  from premium_declarations d
  join (select policy_id, max((document ->> 'premium_bps')::int) as bps
          from insurance_policies
         group by policy_id having count(distinct document ->> 'premium_bps') = 1) p using (policy_id)
 group by policy_id, d.year, p.bps
having sum(d.on_turnover) <> sign(sum(d.insured - d.credit_notes))
                             * div(2 * abs(sum(d.insured - d.credit_notes)) * p.bps + 10000, 20000);
