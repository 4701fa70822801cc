"""For the lender who runs the service: merchants, partners, keys, policies, limits, the ledger."""

from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.access import flow as access
from service.api import consents, gateways, limits, notices, policies, replays, reviews, trials
from service.api.ask import Ask, Asked, content_type, guard_for, read, write
from service.api.body import Body, Nothing
from service.api.breaks import Owner, assign_break, list_all_breaks, make_file, resolve_break
from service.api.checkouts import DecisionLog, read_log
from service.api.merchant import merchant_router
from service.api.operation import operation
from service.api.partner import partner_router
from service.api.reply import Made, encode, reply, reply_answer
from service.api.summary import get_summary, get_trial_balance
from service.checkout.request import Text
from service.countries import require_country
from service.db import Connection
from service.deadline import LONG
from service.engine.work import Answer
from service.errors import Code, Refused
from service.jobs.day_close import DayClosed, close_day
from service.merchants import flow as merchants
from service.merchants.merchant import Merchant, MerchantFee
from service.money import EXPONENTS
from service.partners import flow as partners
from service.partners.programme import Programme
from service.plans.offer import Kind
from service.terms.calendar import is_time_zone

TimeZone = Annotated[str, Meta(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+\-]+)*\Z", max_length=60)]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]


class MerchantBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`fees` by kind of plan: `{"instalments": {"bps": 290, "fixed": 30}}`."""

    name: Text
    country: Country
    time_zone: TimeZone  # IANA: whose midnight ends a day of its plans: what is due when, and overdue
    fees: Annotated[dict[Kind, MerchantFee], Meta(max_length=len(Kind))] = {}


class PartnerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A bank or fund."""

    name: Text


class ProgrammeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the partner funds: `funding_bps` of principal and interest of these kinds in this currency."""

    partner_id: Annotated[str, Meta(max_length=40)]
    name: Text
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=3)]  # the kinds of plan it funds
    currency: Annotated[str, Meta(max_length=3)]
    funding_bps: Annotated[int, Meta(ge=0, le=10_000)]
    time_zone: TimeZone  # IANA: whose midnight ends a day of its files


class KeyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A key for a merchant, a partner or an operator; `*` among the scopes is all of the audience's.

    Of an operator's key the owner is the person who holds it: whoever drafts a policy does not sign it, with any key.
    """

    audience: Literal["merchant", "partner", "operator"]
    owner_id: Owner
    scopes: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=20)] = ("*",)


class KeyMade(Struct, frozen=True):
    """The key itself is shown once and kept nowhere."""

    key_id: str = field(name="id")
    key: str


_merchant = Body(MerchantBody)
_partner = Body(PartnerBody)
_programme = Body(ProgrammeBody)
_key = Body(KeyBody)
_nothing = Body(Nothing)


@post("/merchants", status_code=201, opt=operation("merchants", Made, takes=MerchantBody))
async def create_merchant(request: Asked, body: RawBody) -> ASGIResponse:
    """Take a merchant on."""
    asked = _merchant.read(body, _type(request))
    require_country(asked.country, "/country")
    _require_time_zone(asked.time_zone)
    ask = write(request, body)
    merchant_id = ids.new_id(ids.MERCHANT, ids.bucket_for(asked.name), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        fees = {str(kind): fee for kind, fee in asked.fees.items()}
        await merchants.take_on(conn, Merchant(merchant_id, asked.name, asked.country, asked.time_zone, fees), ask.now)
        return Answer(201, encode(Made(merchant_id)))

    return await _once(ask, make)


@post("/partners", status_code=201, opt=operation("partners", Made, takes=PartnerBody))
async def create_partner(request: Asked, body: RawBody) -> ASGIResponse:
    """Take a finance partner on."""
    asked = _partner.read(body, _type(request))
    ask = write(request, body)
    partner_id = ids.new_id(ids.PARTNER, ids.bucket_for(asked.name), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        await partners.take_on(conn, partner_id, asked.name, ask.now)
        return Answer(201, encode(Made(partner_id)))

    return await _once(ask, make)


@post("/programmes", status_code=201, opt=operation("partners", Made, takes=ProgrammeBody, refuses=(Code.NOT_FOUND,)))
async def create_programme(request: Asked, body: RawBody) -> ASGIResponse:
    """Write down a partner's contract; new plans of its kinds are funded by it from now on."""
    asked = _programme.read(body, _type(request))
    if asked.currency not in EXPONENTS:
        raise Refused(Code.INVALID_FIELD, f"There is no currency {asked.currency[:10]!r} here.", "/currency")
    _require_time_zone(asked.time_zone)
    if len(set(asked.kinds)) < len(asked.kinds):
        raise Refused(Code.INVALID_FIELD, "A kind is named twice.", "/kinds")
    if not ids.is_id(asked.partner_id, ids.PARTNER):
        raise Refused(Code.INVALID_FIELD, "A partner's id begins with pa_.", "/partner_id")
    ask = write(request, body)
    programme_id = ids.new_id(ids.PROGRAMME, ids.bucket_for(asked.partner_id), ask.now_ms)

    async def make(conn: Connection) -> Answer:
        kinds = list(map(str, asked.kinds))
        programme = Programme(
            programme_id, 1, asked.partner_id, asked.name, kinds, asked.currency, asked.funding_bps, asked.time_zone
        )
        await partners.write_down(conn, programme, ask.now)
        return Answer(201, encode(Made(programme_id)))

    return await _once(ask, make)


@post("/keys", status_code=201, opt=operation("keys", KeyMade, takes=KeyBody, refuses=(Code.NOT_FOUND,)))
async def create_key(request: Asked, body: RawBody) -> ASGIResponse:
    """Make a key. It is shown to whoever sends this request, and kept nowhere: it is worked out anew from its id."""
    asked = _key.read(body, _type(request))
    require_known_scopes(asked)
    if asked.audience == "operator" and not all(map(request.auth.may, asked.scopes)):
        raise Refused(Code.FORBIDDEN, "Nobody gives an operator more than their own key may do.", "/scopes")
    ask = write(request, body)

    async def make(conn: Connection) -> Answer:
        secret = ask.services.settings.key_secret
        key_id = await access.make_key(conn, secret, asked.audience, asked.owner_id, asked.scopes, ask.now)
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
        _nothing.read(body, _type(request))
    ask = write(request, body)
    if not ids.is_id(key_id, ids.KEY):
        raise Refused(Code.NOT_FOUND, f"There is no key {key_id[:100]!r}.", "/id")

    async def revoke(conn: Connection) -> Answer:
        await access.revoke_key(conn, key_id, ask.now)
        return Answer(200, encode(Made(key_id)))

    return await _once(ask, revoke)


@post("/day-close", status_code=200, opt=operation("day", DayClosed, takes=Nothing) | LONG)
async def close_day_now(request: Asked, body: RawBody) -> ASGIResponse:
    """What time alone brings about, up to now: authorizations that nobody captured end, limits are reviewed once a day.

    Running it again is safe. Cut short, it is finished by the same request, sent again.
    """
    if body:
        _nothing.read(body, _type(request))
    ask = write(request, body)
    services = ask.services
    if before := await services.engine.answered(ask.must_key):
        return reply_answer(before)
    under = await limits.reviewing(services, ask.now)
    told = services.snapshots.accounts_changed
    closed = await close_day(services.pool, services.engine, under, told, ask.now)

    async def keep(_: Connection) -> Answer:  # afterwards: its steps are transactions of their own
        return Answer(200, encode(closed))

    return reply_answer(await services.engine.once(ask.must_key, ask.now, keep))


@get("/decisions/{decision_id:str}", opt=operation("decisions", DecisionLog))
async def get_decision_log(request: Asked, decision_id: FromPath[str]) -> ASGIResponse:
    """Everything a decision was made of: what was asked, what we knew, which policy, what was answered."""
    return reply(await read_log(read(request), decision_id))


async def _once(ask: Ask, make) -> ASGIResponse:  # type: ignore[no-untyped-def]
    answer = await ask.services.engine.once(ask.must_key, ask.now, make)
    await ask.services.registry.reload()  # this process at once, the others when they hear of it
    return reply_answer(answer)


def _require_time_zone(name: str) -> None:
    """Every day of a plan is counted there, so it is looked up before anything hangs on it."""
    if not is_time_zone(name):
        raise Refused(Code.INVALID_FIELD, f"There is no time zone {name!r}.", "/time_zone")


def _scopes(audience: str) -> set[str]:
    """What its routes ask for."""
    router = {"merchant": merchant_router, "partner": partner_router, "operator": operator_router}[audience]
    return {"*"} | {
        handler.opt["scope"]
        for route in router.routes
        for handler in getattr(route, "route_handlers", ())
        if "scope" in handler.opt
    }


def _type(request: Asked) -> str:
    return content_type(request)


operator_router = Router(
    path="/v1/operator",
    before_request=guard_for("operator"),
    route_handlers=[
        create_merchant,
        create_partner,
        create_programme,
        make_file,
        list_all_breaks,
        assign_break,
        resolve_break,
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
        get_summary,
        get_trial_balance,
    ],
)
