"""For the lender who runs the service: keys, the day's close, and the list of the operator's routes."""

from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.access import flow as access
from service.api import (
    acts,
    approvals,
    charges,
    claims,
    consents,
    disputes,
    gateways,
    limits,
    notices,
    onboarding,
    plan_life,
    plan_reading,
    plan_schedules,
    policies,
    processors,
    replays,
    reviews,
    trials,
)
from service.api.ask import Asked, content_type, guard_for, read, write
from service.api.body import Body, Nothing
from service.api.breaks import ROUTES as BREAKS
from service.api.breaks import Owner
from service.api.checkouts import DecisionLog, read_log
from service.api.ledger import get_plan_ledger, get_trial_balance
from service.api.merchant import merchant_router
from service.api.operation import operation
from service.api.partner import partner_router
from service.api.processors import processor_router
from service.api.reply import Made, encode, reply, reply_answer
from service.api.summary import get_summary
from service.audit.entry import Thing, Verb
from service.checkout.request import Text
from service.db import Connection
from service.deadline import LONG
from service.engine.work import Answer
from service.errors import Code, Refused
from service.jobs.day_close import DayClosed, close_day


class KeyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A key for a merchant, a partner, an operator or a processor; `*` among the scopes is all of the audience's.

    Of an operator's key the owner is the person who holds it: whoever drafts a policy does not sign it, with any key.
    """

    audience: Literal["merchant", "partner", "operator", "processor"]
    owner_id: Owner
    scopes: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)] = ("*",)


class KeyMade(Struct, frozen=True):
    """The key itself is shown once and kept nowhere."""

    key_id: str = field(name="id")
    key: str


_key = Body(KeyBody)
_nothing = Body(Nothing)


@post(
    "/keys",
    status_code=201,
    opt=operation(
        "keys",
        KeyMade,
        takes=KeyBody,
        refuses=(Code.NOT_FOUND,),
        example={"audience": "merchant", "owner_id": "{merchant_id}", "scopes": ["checkouts", "plans"]},
    ),
)
async def create_key(request: Asked, body: RawBody) -> ASGIResponse:
    """Make a key. It is shown to whoever sends this request, and kept nowhere: it is worked out anew from its id."""
    asked = _key.read(body, content_type(request))
    require_known_scopes(asked)
    if asked.audience == "operator" and not all(map(request.auth.may, asked.scopes)):
        raise Refused(Code.FORBIDDEN, "Nobody gives an operator more than their own key may do.", "/scopes")
    ask = write(request, body)

    async def make(conn: Connection) -> Answer:
        secret = ask.services.settings.key_secret
        key_id = await access.make_key(conn, secret, asked.audience, asked.owner_id, asked.scopes, ask.now)
        await ask.record(conn, Verb.MADE, Thing.KEY, key_id, asked)
        return Answer(201, encode(Made(key_id)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, make)
    if answer.status != 201:
        return reply_answer(answer)
    made = msgspec.json.decode(answer.body, type=Made)
    return reply(KeyMade(made.made_id, ask.services.registry.key_of(made.made_id)), 201)


def require_known_scopes(asked: KeyBody) -> None:
    """Every scope is one that a route of the audience asks for. Refused: INVALID_FIELD."""
    if unknown := set(asked.scopes) - _scopes(asked.audience):
        place = asked.scopes.index(min(unknown))
        raise Refused(Code.INVALID_FIELD, f"No {asked.audience}'s key has such a scope.", f"/scopes/{place}")


@post("/keys/{key_id:str}/revoke", status_code=200, opt=operation("keys", Made, takes=Nothing))
async def revoke_key(request: Asked, body: RawBody, key_id: FromPath[str]) -> ASGIResponse:
    """The key stops working in every process within a second."""
    if body:
        _nothing.read(body, content_type(request))
    ask = write(request, body)
    if not ids.is_id(key_id, ids.KEY):
        raise Refused(Code.NOT_FOUND, f"There is no key {key_id[:100]!r}.", "/id")

    async def revoke(conn: Connection) -> Answer:
        await access.revoke_key(conn, key_id, ask.now)
        await ask.record(conn, Verb.REVOKED, Thing.KEY, key_id)
        return Answer(200, encode(Made(key_id)))

    answer = await ask.services.engine.once(ask.must_key, ask.now, revoke)
    await ask.services.registry.reload()  # this process at once, the others when they hear of it
    return reply_answer(answer)


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
    closed = await close_day(services.pool, services.engine, services.charging, under, told, ask.now)

    async def keep(conn: Connection) -> Answer:  # afterwards: its steps are transactions of their own
        await ask.record(conn, Verb.CLOSED, Thing.DAY, ask.now.date().isoformat(), closed)
        return Answer(200, encode(closed))

    return reply_answer(await services.engine.once(ask.must_key, ask.now, keep))


@get("/decisions/{decision_id:str}", opt=operation("decisions", DecisionLog))
async def get_decision_log(request: Asked, decision_id: FromPath[str]) -> ASGIResponse:
    """Everything a decision was made of: what was asked, what we knew, which policy, what was answered."""
    ask = read(request)
    known = await read_log(ask, decision_id)
    await ask.record_reading(Thing.DECISION, decision_id, "log")
    return reply(known)


def _scopes(audience: str) -> set[str]:
    """What its routes ask for."""
    router = {
        "merchant": merchant_router, "partner": partner_router, "operator": operator_router,
        "processor": processor_router,
    }[audience]  # fmt: skip
    return {"*"} | {
        handler.opt["scope"]
        for route in router.routes
        for handler in getattr(route, "route_handlers", ())
        if "scope" in handler.opt
    }


operator_router = Router(
    path="/v1/operator",
    before_request=guard_for("operator"),
    route_handlers=[
        onboarding.create_merchant,
        onboarding.create_partner,
        onboarding.create_programme,
        *BREAKS,
        create_key,
        revoke_key,
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
        *approvals.ROUTES,
        get_summary,
        get_trial_balance,
        get_plan_ledger,
        *charges.OPERATOR_ROUTES,
        *processors.OPERATOR_ROUTES,
        *plan_life.ROUTES,
        *plan_schedules.ROUTES,
        *disputes.OPERATOR_ROUTES,
        *claims.OPERATOR_ROUTES,
        *plan_reading.OPERATOR_ROUTES,
    ],
)
