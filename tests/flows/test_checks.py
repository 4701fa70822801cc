"""Every invariant finds what it is there to find: one thing is broken at a time, and the check says so."""

from typing import Any

from tests.checked import CHECKS, worth_asking
from tests.flows.collecting import till
from tests.flows.factoring import bought as buys
from tests.flows.factoring import receivable
from tests.flows.outside import consenting, in_force
from tests.flows.test_interest_by_day import bears_interest, close
from tests.flows.test_partner import TODAY, bought
from tests.flows.test_paying_merchants import order
from tests.flows.test_programmes import agreed
from tests.flows.test_reconciling import compare, keeps_the_same_books
from tests.flows.test_reviews import referred, review
from tests.flows.test_settling_merchants import TERMS, agree
from tests.flows.test_vouchers import agreed as scheme
from tests.flows.test_vouchers import redeemed
from tests.flows.world import NOON, World
from tests.partners.contracts import participant

# A claim of 1 cent, all of it approved, without a step.
CLAIM = """
insert into loss_claims (claim_id, arrangement_id, version, loss_id, plan_id, bearer_id, currency, state, claimed,
                         approved, paid, clawed_back, due_on, waits_until, file_by, steps, made_at)
values ('cl_1', 'sa_1', 1, 'lo_1', 'pl_1', 'sp_1', 'EUR', '{state}', 1,
        1, {paid}, 0, current_date, current_date, current_date, 1, now())"""

# A loss of a plan that nobody's books know of: 2 are lost, and 1 is borne.
A_LOSS = """
    insert into losses select bucket, 'lo_1', plan_id, merchant_id, currency, 'credit', current_date, 'allocated', 1, 0,
                              now() from plans limit 1;
    insert into loss_steps select bucket, 'lt_1', loss_id, now() from losses;
    insert into loss_versions
           select bucket, loss_id, 1, 'lt_1', 'wf_1', 1, '{}', '[]',
                  '{"loss": 2, "written_off": 1, "tiers": [], "rest": []}', '', now() from losses;"""

# What is done behind the service's back, by the check that must notice.
SABOTAGE = {
    "consumers_have_their_person": "update consumers set person_id = 'pe_none'",
    "consumers_have_their_reference": "delete from consumer_references",
    "consumers_have_their_key": "alter table data_keys disable trigger user; delete from data_keys",
    "marks_name_who_was_registered_by_them": "insert into person_marks values (0, '\\x00', 'pe_none')",
    "accounts_have_their_person": "update accounts set person_id = 'pe_none' || person_id",
    "plans_are_on_their_persons_account": "update plans set person_id = 'pe_none'",
    "exposure_matches_plans": "update accounts set used = used + 1 where used > 0",
    "pasts_match_plans": "insert into pasts select bucket, consumer_id, currency, 7, authorized_at from plans",
    "held_words_are_payments": "insert into held_words (bucket, plan_id, payment_id, amount, held_at)"
    " select bucket, plan_id, 'py_none', 1, now() from plans",
    "advances_are_of_live_purchases": "update transfers set amount = amount + 1 where debit = 'advances'",
    "insurers_are_settled": "insert into insurer_settlements (settlement_id, insurer_id, currency, number, until_on,"
    " premium, salvage, indemnity, state, paid_on, reference, made_at, made_by)"
    " values ('se_1', 'sp_1', 'EUR', 1, '2026-03-31', 100, 0, 0, 'paid', '2026-04-01', 'r', now(), 'ada')",
    "insurer_settlements_are_where_their_steps_left_them": "insert into insurer_settlements (settlement_id, insurer_id,"
    " currency, number, until_on, premium, salvage, indemnity, tries, made_at, made_by)"
    " values ('se_1', 'sp_1', 'EUR', 1, '2026-03-31', 0, 0, 0, 1, now(), 'ada')",
    "what_is_given_back_is_booked": "insert into insurer_settlements (settlement_id, insurer_id, currency, number,"
    " until_on, premium, salvage, indemnity, given_back, made_at, made_by)"
    " values ('se_1', 'sp_1', 'EUR', 1, '2026-03-31', 0, 0, 0, 5, now(), 'ada')",
    "exposure_is_within_limits": "update accounts set over_limit = true",
    "limits_are_as_last_changed": 'update accounts set "limit" = "limit" + 1',
    "limit_changes_follow_each_other": "update limit_changes set limit_before = 1 where limit_before is not null",
    "decisions_name_a_policy": "update decisions set policy_version = 9",
    "reviews_follow_referrals": "update decisions set outcome = 'approved' where outcome = 'referred'",
    "plans_stand_on_a_decision": "update plans set decision_id = 'de_none' || plan_id",
    "decisions_open_one_plan": "alter table plans drop constraint plans_pk cascade;"
    " update plans set decision_id = 'de_one', bucket = 0",
    "references_open_one_plan": "insert into former_references select * from merchant_references",
    "states_match_amounts": "update plans set state = 'authorized'",
    "facts_are_numbered_without_gaps": "delete from facts where number = 2",
    "lines_match_plans": "delete from lines where number = 2",
    "bills_match_captures": """update facts set body = '{"amount": 60000, "lines": [{"amount": 1}]}'
                                where fact = 'captured'""",
    "promises_stay_off_the_balance_sheet": "update transfers set debit = 'cash' where debit = 'commitment'",
    "ledger_matches_plans": "delete from transfers where credit = 'merchant_payable'",
    "partners_hold_their_share": "delete from transfers where credit = 'partner_participation'",
    "transfers_name_their_plans_parties": "update transfers set partner_id = null",
    "ownership_transfers_are_the_owners": "insert into ownership_transfers select 'ow_none', bucket, plan_id, 'sale',"
    " '', 'pa_1', null, '1', true, current_date, 'active', null, currency, 1, 0, 1, 'anna', now(), now() from plans"
    " limit 1",
    "transfers_have_their_cause": "update transfers set cause_id = 'cm_none' where occasion = 'purchase'",
    "losses_are_booked": A_LOSS
    + "insert into loss_allocations select bucket, loss_id, 1, 1, 'sa_1', 'sp_1', 'pe_1', 2026, 1, 0, 1, null"
    " from losses",
    "losses_are_borne_whole": A_LOSS,
    "capacities_are_their_holds": "insert into support_capacity (arrangement_id, is_funded, is_reinstatable, reserved)"
    " values ('sa_1', false, false, 1)",
    "insurance_is_booked": "update transfers set occasion = 'premium', debit = 'insurer_receivable',"
    " debit_owner = 'sp_1' where occasion = 'purchase'",
    "premiums_are_of_the_whole_turnover": """
        insert into insurance_policies (policy_id, version, document, agreed_at)
        values ('ip_1', 1, '{"premium_bps": 35}', now());
        insert into premium_declarations
        values ('de_1', 'ip_1', '2026-01-01', '2026-01-31', 1, true, 100000, 0, 0, 1, 0, 0, 'sp_1', 'EUR', now(), 'k')
    """,
    "accruals_are_booked": "update transfers set credit = 'fee_income' where credit = 'interest_income'",
    "accruals_sum_to_their_group": "update accruals set earned = earned + 1",
    "accrual_shares_are_booked": "update accrual_shares set earned = earned + 1, settled = settled + 1",
    "accrual_groups_count_what_has_ended": "update accrual_groups set settled = settled + 1",
    "interest_runs_while_it_may_be_earned": "update lines set interest = 0",
    "accruals_are_what_plans_have_earned": "update lines set due_on = due_on + 20",
    "events_are_numbered_without_gaps": "delete from events where number = 2",
    "feeds_know_the_last_number": "update feeds set last_number = last_number + 1",
    "keys_are_answered": "update idempotency set answer = null",
    "programmes_keep_partner_and_currency": "insert into programmes select programme_id, 2, partner_id, name, 'CHF',"
    " time_zone, jsonb_set(terms::jsonb, '{currency}', '\"CHF\"')::json, active, created_at from programmes",
    "partner_events_are_their_transfers": "update partner_events set interest = interest + 1",
    "partner_events_end_at_what_partners_hold": "update partner_events set principal = principal + 1,"
    " interest = interest - 1",
    "partner_events_are_numbered_without_gaps": "delete from partner_events where number = 1",
    "closed_days_stay_closed": "insert into partner_closings select programme_id, partner_id, filed_on, 0, '',"
    " now() from partner_events where number = 1 on conflict (programme_id, partner_id, business_on) do update"
    " set last_number = 0",
    "daily_files_are_chained": "update daily_file_pieces set content = content || '\\x0a'",
    "daily_files_hold_their_events": "update partner_events set filed_on = filed_on + 1 where number = 1",
    "daily_positions_are_their_events": "update daily_positions set funded = funded + 1, repaid = repaid + 1",
    "daily_positions_follow_each_other": "update daily_positions set opening = opening + 1, closing = closing + 1",
    "partner_bookings_are_understood": "update transfers set debit = 'cash' where debit = 'partner_receivable'",
    "reconciliations_have_their_breaks": "update breaks set last_on = last_on - 1",
    "nothing_open_is_green": "update reconciliations set verdict = 'reconciled'",
    "roundings_are_booked": "update reconciliations set rounded = '{\"EUR\": 7}'",
    "consents_are_used_within_times": "update consents set used = used + 1",
    "enquiries_are_under_a_consent_in_force": "update enquiries set purpose = 'affordability'",
    "charges_are_open_once": "drop index charges_one_open; insert into charges select bucket, number || charge_id,"
    " plan_id, merchant_id, instrument_id, processor_id, currency, amount, origin, 'pending', null, made_at, made_by,"
    " made_at, asked from charges, generate_series(1, 2) as number",
    "charges_are_booked": "update charges set amount = amount + 1",
    "charges_name_their_plans_parties": "update charges set currency = 'CHF'",
    "orders_are_confirmed_by_permissions_of_theirs": "update permissions set scenario = 'stay'",
    "settlements_roll_forward": "update settlements set number = 7",
    "settlements_are_their_lines": "delete from settlement_lines where number = 1",
    "settlement_lines_are_the_books": "update settlement_lines set fee = fee + 1",
    "merchants_are_owed_what_is_not_settled": "update settlements set closing = closing + 1, opening = opening + 1",
    "reserves_are_withheld_and_not_released": "update settlements set withheld = 1, captured = captured + 1,"
    " release_on = business_on",
    "claims_are_booked": CLAIM.format(state="paid", paid=1),
    "nothing_is_held_for_claims_that_ended_unpaid": CLAIM.format(state="rejected", paid=0)
    + "; insert into support_capacity (arrangement_id, is_funded, is_reinstatable, reserved)"
    " values ('sa_1', false, false, 1); insert into capacity_holds (arrangement_id, held_for, reserved, changed_at)"
    " values ('sa_1', 'lo_1', 1, now())",
    "claims_are_where_their_steps_say": CLAIM.format(state="draft", paid=0),
    "pools_are_booked": "insert into support_parties values ('sp_1', 'One', now());"
    " insert into pool_funders values ('pf_1', 'sa_1', 'sp_1'); insert into pool_movements values"
    " ('sa_1', 'pf_1', 'sf_1', 'contribution', null, 1, current_date, now())",
    "schemes_owe_their_vouchers": "update scheme_budgets set granted = granted + 1",
    "receivables_bought_are_advanced": "update transfers set amount = amount + 1 where occasion = 'factoring_advance'",
    "remittances_are_owed": "update receivable_payments set remitted_on = paid_on",
    "receivables_are_what_became_of_them": "update receivables set paid = paid + 1",
    "subsidies_are_what_was_paid": "update plan_subsidies set paid = paid + 1",
    "subsidies_stay_within_budgets": "update plan_subsidies set amount = 1_000_00, held = 1_000_00",
    "subsidies_stay_within_caps": "update plan_subsidies set amount = 500_01, held = 500_01",
    "fees_are_deferred_and_not_billed": "update settlements set fees_deferred = fees_deferred + 1,"
    " adjusted = adjusted - 1, bill_on = business_on",
    "settlements_have_their_payout": "update settlements set payout = payout + 1, captured = captured + 1"
    " where payout > 0",
    "payouts_are_where_their_steps_left_them": "update payouts set tries = 0",
    "money_on_its_way_is_of_payouts": "update transfers set amount = amount + 1 where credit = 'payout_clearing'",
    "payment_orders_are_their_payouts": "update payment_orders set amount = amount + 1",
    "partners_are_paid_what_their_legs_say": "update daily_legs set amount = 1_000_00",
    "partner_payouts_are_where_their_steps_left_them": "insert into partner_payouts (payout_id, file_id, end_to_end_id,"
    " settlement_id, partner_id, programme_id, business_on, currency, amount, pays_on, made_at, state, tries,"
    " changed_at) select 'pp_1', file_id, 'E', 'S', partner_id, programme_id, business_on, 'EUR', 1, business_on,"
    " now(), 'paid', 0, now() from daily_files where type = 'STL' limit 1",
    "budgets_are_leased_and_used": "update budgets set taken = taken + 1",
    "leases_give_no_more_than_they_are": "update budget_leases set amount = 1",
    "budgets_know_what_comes_back": "update budget_uses set returned = returned + 1 where is_book",
    "reports_are_kept_no_longer_than_allowed": "update reports set expires_at = expires_at + interval '1 year'",
}
# Tables that refuse such statements, until we make them.
GUARDED = (
    "decisions", "transfers", "facts", "limit_changes", "consents", "enquiries", "reports", "accruals", "settlements",
    "settlement_lines", "payment_orders", "daily_file_pieces", "daily_legs", "daily_positions", "reconciliations",
)  # fmt: skip

# A row is a debit and a credit: nothing can be broken.
BY_CONSTRUCTION = {"trial_balance_is_zero"}


async def test_every_check_finds_its_fault(world: World) -> None:
    async with till(world) as at:
        assert (await at.pay(await at.plan("ok", 500_00), amount=100_00)).json()["state"] == "succeeded"
    plan = await bought(world)
    consumer = await world.pool.fetchval("select consumer_id from plans where plan_id = $1", plan)
    await world.operator.post(f"/v1/operator/consumers/{consumer}/accounts/EUR", {"limit": 2_000_00})
    await review(world, (await referred(world))["id"], "decline", "INCOME")

    await agree(world, **TERMS)
    part = {"rate_bps": 100, "person_max": 500_00}
    await scheme(world, voucher=None, interest=part, categories=["business"], budget=600_00)
    await bears_interest(world)
    await close(world, 5)
    await order(world)
    world.operator.now = world.merchant.now = NOON
    await in_force(world)
    await world.checkout(await consenting(world), 100_00)
    capital = {"tier1_capital": 1_000_000_00, "tier1_on": "2025-12-31"}
    limited: dict[str, Any] = {
        "limits": {"partner_capital_max_bps": 2_500},
        "capacity_per_month": 1_000_00,
        "eligibility": {},
    }
    await agreed(world, priority=1, participants=[participant(7_000, world.demo.partner_id, **capital)], **limited)
    permitting = await world.consumer(limit=500_00)
    await world.merchant.post(f"/v1/consumers/{permitting}/permissions", {"scenario": "trial", "evidence": "a box"})
    assert (await world.plan(permitting, 100_00, "pay_after_use", category="trial"))["use"]["permission_id"]

    await redeemed(world)
    invoice = await receivable(world)
    await buys(world, invoice)
    await world.merchant.post(f"/v1/receivables/{invoice}/payments", {"amount": 1_00, "paid_on": "2026-03-02"})
    await world.merchant.get("/v1/events")  # which numbers them
    where = f"/v1/operator/programmes/{world.demo.programme_id}/files"
    assert (await world.operator.post(where, {"business_on": TODAY})).status_code == 201
    await world.partner.get("/v1/partner/events")
    cent = "update partner_their_events set principal = principal + 1 where line = 1"
    await keeps_the_same_books(world, cent, cent.replace("+ 1 where line = 1", "+ 500 where line = 2"))
    assert (await compare(world)).json()["verdict"] == "breaks"
    assert CHECKS.keys() == SABOTAGE.keys() | BY_CONSTRUCTION
    for check, statement in SABOTAGE.items():
        async with world.pool.acquire() as connection:
            assert await connection.fetch(CHECKS[check]) == []
            transaction = connection.transaction()
            await transaction.start()
            for table in GUARDED:
                await connection.execute(f"alter table {table} disable trigger user")
            await connection.execute(statement)
            assert await connection.fetch(CHECKS[check]), check
            assert (check, CHECKS[check]) in await worth_asking(connection)
            await transaction.rollback()
