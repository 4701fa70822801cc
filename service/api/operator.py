"""For the lender who runs the service: the day's close, and the list of the operator's routes."""

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from service.api import (
    acts,
    adjustments,
    allocations,
    answers,
    approvals,
    assignment_batches,
    assignment_register,
    assignments,
    bank,
    breaks,
    business_reports,
    capacities,
    charges,
    claim_decisions,
    claim_efforts,
    claims,
    consents,
    cover_sets,
    dispute_lists,
    disputes,
    erasing,
    gateways,
    holds,
    insurance,
    insurance_limits,
    insurance_losses,
    insurance_packs,
    insurance_premiums,
    insurance_supply,
    insurer_settlements,
    key_lists,
    keys,
    limits,
    loss_allocations,
    loss_claims,
    losses,
    merchant_lists,
    notices,
    onboarding,
    operator_events,
    operators,
    owner_lists,
    ownership_transfers,
    partner_changes,
    partner_files,
    partner_payouts,
    paybacks,
    payment_lists,
    payment_proofs,
    payout_cash,
    payouts,
    people,
    person_pauses,
    plan_at_lender,
    plan_life,
    plan_reading,
    plan_schedules,
    policies,
    pools,
    processors,
    programmes,
    receivables,
    reconciliations,
    refund_lists,
    replays,
    report_consents,
    reviews,
    scheme_ends,
    schemes,
    settlement_terms,
    settlements,
    support,
    trials,
)
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body, Nothing
from service.api.checkouts import DecisionLog, read_log
from service.api.guard import guard_for
from service.api.ledger import get_plan_ledger, get_trial_balance
from service.api.operation import operation
from service.api.reply import encode, reply, reply_answer
from service.api.straight import Handlers
from service.api.summary import get_summary
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.deadline import LONG
from service.engine.work import Answer
from service.jobs.day_close import DayClosed, close_day
from service.partners.signing import Signer

_nothing = Body(Nothing)


@post("/day-close", status_code=200, opt=operation("day", DayClosed, takes=Nothing) | LONG)
async def close_day_now(request: Asked, body: RawBody) -> ASGIResponse:
    """What time alone brings about, up to now: authorizations that nobody captured are announced,
    extended or ended, what fell due is charged, limits are reviewed once a day.

    Running it again is safe. Cut short, it is finished by the same request, sent again.
    """
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    services = ask.services
    if before := await services.engine.answered(ask.must_key):
        return reply_answer(before)
    under = await limits.reviewing(services, ask.now)
    told = services.snapshots.accounts_changed
    signer = Signer(services.settings.audit_secret)
    closed = await close_day(services.pool, services.engine, services.charging, under, told, signer, ask.now)

    async def keep(conn: Connection) -> Answer:  # afterwards: its steps are transactions of their own
        await ask.record(conn, Verb.CLOSED, Thing.DAY, ask.now.date().isoformat(), closed)
        return Answer(200, encode(closed))

    return reply_answer(await services.engine.once(ask.must_key, ask.now, keep))


@get("/decisions/{decision_id:str}", opt=operation("decisions", DecisionLog))
async def get_decision_log(request: Asked, decision_id: InPath) -> ASGIResponse:
    """Everything a decision was made of: what was asked, what we knew, which policy, what was answered."""
    ask = read(request)
    known = await read_log(ask, decision_id)
    await ask.record_reading(Thing.DECISION, decision_id, "log")
    return reply(known)


operator_router = Handlers(
    path="/v1/operator",
    before_request=guard_for("operator"),
    route_handlers=[
        onboarding.create_merchant,
        onboarding.create_partner,
        *owner_lists.ROUTES,
        *operator_events.ROUTES,
        *partner_changes.ROUTES,
        *merchant_lists.OPERATOR_ROUTES,
        *payment_lists.OPERATOR_ROUTES,
        *refund_lists.OPERATOR_ROUTES,
        *dispute_lists.OPERATOR_ROUTES,
        *programmes.ROUTES,
        *allocations.ROUTES,
        adjustments.adjust_merchant,
        settlement_terms.agree_settlement_terms,
        settlement_terms.get_settlement_terms,
        settlements.list_settlements_of,
        *payouts.OPERATOR_ROUTES,
        *payout_cash.OPERATOR_ROUTES,
        *partner_payouts.OPERATOR_ROUTES,
        *breaks.OPERATOR_ROUTES,
        *reconciliations.OPERATOR_ROUTES,
        *schemes.OPERATOR_ROUTES,
        *scheme_ends.ROUTES,
        *receivables.OPERATOR_ROUTES,
        *assignments.OPERATOR_ROUTES,
        *assignment_register.OPERATOR_ROUTES,
        *assignment_batches.ROUTES,
        *business_reports.OPERATOR_ROUTES,
        *report_consents.OPERATOR_ROUTES,
        *support.ROUTES,
        *capacities.ROUTES,
        *cover_sets.ROUTES,
        *claim_efforts.ROUTES,
        *pools.ROUTES,
        *loss_claims.ROUTES,
        *claim_decisions.ROUTES,
        *losses.ROUTES,
        *insurance.ROUTES,
        *insurance_limits.ROUTES,
        *insurance_premiums.ROUTES,
        *insurance_losses.ROUTES,
        *insurance_supply.ROUTES,
        *loss_allocations.ROUTES,
        *insurance_packs.OPERATOR_ROUTES,
        *insurer_settlements.OPERATOR_ROUTES,
        *bank.OPERATOR_ROUTES,
        *ownership_transfers.OPERATOR_ROUTES,
        *keys.OPERATOR_ROUTES,
        *key_lists.ROUTES,
        policies.draft_policy,
        policies.list_policies,
        policies.get_policy,
        policies.publish_policy,
        policies.roll_back_policy,
        trials.start_trial,
        trials.list_trials,
        trials.get_trial_report,
        trials.end_trial,
        limits.change_limit,
        limits.list_limit_changes,
        limits.review_limit,
        close_day_now,
        get_decision_log,
        replays.get_replay,
        notices.get_any_notice,
        reviews.list_referrals,
        reviews.get_review,
        reviews.review_referral,
        gateways.register_gateway,
        gateways.list_gateways,
        gateways.retire_gateway,
        gateways.list_enquiries,
        consents.list_all_consents,
        consents.revoke_any_consent,
        acts.list_acts,
        *partner_files.OPERATOR_ROUTES,
        *answers.OPERATOR_ROUTES,
        *approvals.ROUTES,
        *people.ROUTES,
        *person_pauses.ROUTES,
        *operators.ROUTES,
        *erasing.OPERATOR_ROUTES,
        get_summary,
        get_trial_balance,
        get_plan_ledger,
        *charges.OPERATOR_ROUTES,
        *holds.OPERATOR_ROUTES,
        *paybacks.OPERATOR_ROUTES,
        *processors.OPERATOR_ROUTES,
        *plan_life.ROUTES,
        *payment_proofs.ROUTES,
        *plan_at_lender.ROUTES,
        *plan_schedules.OPERATOR_ROUTES,
        *disputes.OPERATOR_ROUTES,
        *claims.OPERATOR_ROUTES,
        *plan_reading.OPERATOR_ROUTES,
    ],
)
