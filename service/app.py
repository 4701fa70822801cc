"""Puts it together: pool, Redis, registry, engine, routers, one exception handler."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, Final

import redis.asyncio as redis
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException

from service import clock, hosts
from service.access.secret_flow import secrets_of, settle
from service.api.ask import Asked
from service.api.body import BYTES_MAX, too_large
from service.api.cover_sets import get_cover_disclosure
from service.api.guard import note_refused_key
from service.api.merchant import merchant_router
from service.api.operator import operator_router
from service.api.pages import readable
from service.api.partner import partner_router
from service.api.processors import processor_router
from service.api.public import get_livez, get_openapi, get_openapi_page, get_readyz
from service.api.readiness import Readiness
from service.api.reply import reply_refused
from service.api.services import Services
from service.api.straight import Straight
from service.api.support_party import support_router
from service.aside import Aside, Turnstile
from service.audit.flow import Audit
from service.authentication.messenger_gateway import Messenger
from service.bounded import unanswered
from service.checkout.cache import Cache
from service.checkout.decision_log import DecisionRow, load_answers
from service.checkout.decision_log import log as log_decisions
from service.checkout.flow import Snapshots
from service.checkout.shadow_flow import Shadows
from service.config import CannotStart, Settings, processor_key
from service.data_key import DataSecrets
from service.db import Pool, connect_session, in_a_sentence, open_pool
from service.deadline import CLOSE_S
from service.engine.batch import Committed, Run, run, run_locked
from service.engine.faults import LOST, PASSING, what
from service.engine.keys import Keys
from service.engine.lane import Engine, Lane
from service.engine.queries import Q as EVENTS
from service.engine.tail import Tail
from service.engine.watching import Watching
from service.errors import Code, Refused, without_keys
from service.facades.doors import doors_of
from service.inbox import Together
from service.logs import DATABASE
from service.migrations import can_rewrite
from service.operators.flow import Provider
from service.outside.flow import Outside
from service.outside.gateway import Gateways
from service.partners.approval_gateway import Approvals
from service.partners.events_store import Q as PARTNERS
from service.partners.lease_flow import Leases
from service.payments.flow import Charging
from service.payments.gateway import Processors
from service.payments.processor import Address, Protocol
from service.plans.allocating_flow import Allocating
from service.plans.book import Command
from service.plans.flow import PlanWork
from service.plans.person_pause_flow import Following
from service.registry.registry import Registry
from service.safety import lost_settings, unsafe_settings
from service.shards import shards_of

BESIDE_THE_POOL: Final = 5  # connections: two lanes, a siding of each, and one that hears of changes

log = logging.getLogger("tenor")

ROUTERS: Final = (merchant_router, partner_router, operator_router, processor_router, support_router)


def create_app(settings: Settings) -> Litestar:
    """The ASGI application; its resources are opened at start and closed at the end."""
    return Straight(
        beside=doors_of(settings.facades),
        route_handlers=[*ROUTERS, get_livez, get_readyz, get_openapi, get_openapi_page, get_cover_disclosure],
        lifespan=[partial(_resources, settings=settings)],
        exception_handlers={
            Refused: _readable(_refused),
            HTTPException: _readable(_http),
            Exception: _readable(_broken),
        },
        request_class=Asked,
        request_max_body_size=BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )


@asynccontextmanager
async def _resources(app: Litestar, settings: Settings) -> AsyncGenerator[None]:
    async with services(settings) as app.state["services"]:
        yield


@asynccontextmanager
async def services(settings: Settings) -> AsyncGenerator[Services]:
    """Everything that serves, opened and closed in order: for the application, and for a command beside it."""
    assert settings.database_url
    assert settings.redis_url
    assert settings.audit_secret
    url, under = settings.database_url, secrets_of(settings)
    pool = await open_pool(url, settings.pool_size - BESIDE_THE_POOL)
    with _ended_where_it_fails(pool), in_a_sentence(url):
        async with pool.acquire() as conn:
            if sentences := [*await unsafe_settings(conn, settings.sync_standbys), *await lost_settings(conn)]:
                raise CannotStart(" ".join(sentences))
            await settle(conn, under, clock.now())
            shards = await shards_of(conn, url)
    cache = _open_cache(settings.redis_url, settings.key_secret)
    secrets = DataSecrets(settings.data_secret, settings.data_secret_before)
    readiness = Readiness(pool, cache, settings.sync_standbys, await _known_at_start(pool, settings))
    snapshots = Snapshots(pool, cache, secrets)
    attempts = Together(cache.count)
    registry = Registry(settings.listen_url or url, pool, under)
    keys = Keys(load_answers, secrets)
    told = snapshots.accounts_changed
    engine = Engine(pool, keys, _lanes(shards.with_all, keys, PlanWork(registry.time_at), told), shards)
    with _ended_where_it_fails(pool), in_a_sentence(url):
        await registry.start()
    provider = _provider(settings)
    audit = Audit(pool, settings.audit_secret, settings.data)
    shadows, watching = Shadows(pool), Watching(pool)

    def secret_of(one: Address) -> str:
        own = one.protocol is Protocol.TENOR
        return registry.said_to(one.processor_id) if own else processor_key(settings, one.name)

    processors = Processors(lambda: registry.now.processors, secret_of, settings.reach)
    gateways = Gateways(registry.said_to, settings.reach)
    outside = Outside(pool, secrets, gateways, lambda: registry.now.gateways, sandbox=settings.sandbox)
    charging = Charging(pool, engine, processors, registry.time_at, secrets)
    approvals = Approvals(registry.said_to, settings.reach)
    allocating = Allocating(pool, engine, Leases(pool), approvals, registry.bearers)
    messenger = Messenger(settings.messenger_url, settings.messenger_key, settings.reach)
    events = Tail(pool, EVENTS.list_news, lambda: readiness.is_stopping)
    partner_events = Tail(pool, PARTNERS.list_partner_news, lambda: readiness.is_stopping)
    try:
        yield Services(
            settings, secrets, pool, audit, cache, readiness, registry, snapshots, attempts, engine, shadows, outside,
            charging, allocating, messenger, Following(pool, registry.time_at, told), events, partner_events,
            large_bodies=Turnstile(), quoting=Aside(), desk=Aside(), provider=provider,
        )  # fmt: skip
    finally:
        for one in (
            watching, events, partner_events, charging, messenger, engine, allocating, shadows, outside, processors,
            attempts, snapshots, registry, audit, provider, readiness, cache,
        ):  # fmt: skip
            if one:
                await one.close()
        with suppress(*LOST):  # a server that stands still hears no farewell
            async with asyncio.timeout(CLOSE_S):
                await pool.close()


@contextmanager
def _ended_where_it_fails(pool: Pool) -> Iterator[None]:
    """A start that fails leaves no connections behind."""
    try:
        yield
    except BaseException:
        pool.terminate()
        raise


def _lanes(urls: Sequence[str], keys: Keys, plans: PlanWork, told: Committed[Any]) -> dict[type, list[Lane[Any]]]:
    """For decisions and for commands, a lane for each shard, and one that sees all; they connect when work comes."""

    def each(name: str, doing: Run[Any], in_line: Run[Any] | None = None) -> list[Lane[Any]]:
        return [Lane(name, partial(connect_session, url), doing, told, in_line) for url in urls]

    return {
        DecisionRow: each("decisions", partial(log_decisions, keys)),
        Command: each("commands", partial(run, plans, keys), partial(run_locked, plans, keys)),
    }


async def _known_at_start(pool: Pool, settings: Settings) -> list[str]:
    """What a production may lack and still serve."""
    async with pool.acquire() as conn:
        if settings.production and await can_rewrite(conn):
            log.warning("The role that serves owns the tables; let tenor_service serve (guide, production).")
            return ["the role that serves owns the tables"]
    return []


def _provider(settings: Settings) -> Provider | None:
    """Whoever says who people are, where there is one; what that needs is only loaded then."""
    if not settings.oidc_issuer:
        return None
    from service.operators.provider_gateway import OpenIdProvider

    return OpenIdProvider(settings.oidc_issuer, settings.oidc_audience)


def _open_cache(url: str, secret: str) -> Cache:
    clients = [
        redis.Redis.from_url(
            one,
            socket_timeout=0.25,
            socket_connect_timeout=0.25,
            protocol=2,
            driver_info=None,  # to look up our driver's version takes longer than to connect
        )
        for one in hosts.each(url)
    ]
    return Cache(clients[0], secret, *clients[1:])


def _readable(answer: Callable[[Request[Any, Any, Any], Any], Response[bytes]]) -> Callable[..., Response[bytes]]:
    """A page that was let in reads refusals, too."""

    def answered(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        response = answer(request, error)
        response.headers.update(readable(request.scope))
        return response

    return answered


def _refused(request: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    if error.status in (401, 403):
        note_refused_key(request, error.code)
    return reply_refused(error)


_HTTP: dict[int, Callable[[HTTPException], Refused]] = {
    401: lambda e: Refused(Code.UNAUTHORIZED, "Send Authorization: Bearer with your secret key."),
    404: lambda e: Refused(Code.NOT_FOUND, "There is nothing at this address."),
    405: lambda e: Refused(Code.METHOD_NOT_ALLOWED, "This address does not take this method."),
    406: lambda e: Refused(Code.NOT_ACCEPTABLE, "We answer in JSON."),
    413: lambda e: too_large(),
    415: lambda e: Refused(Code.UNSUPPORTED_MEDIA_TYPE, "Send Content-Type: application/json."),
}

_MISSING: Final = re.compile(r"Missing required query parameter '(\w+)'")


def _allowed(error: HTTPException) -> dict[str, str]:
    methods = set((error.headers or {}).get("allow", "").split(", ")) - {""}
    if "GET" in methods:
        methods.add("HEAD")  # which is GET without the body, at every address
    return {"Allow": ", ".join(sorted(methods))} if methods else {}


def _http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The framework's own refusals, in our words."""
    if made := _HTTP.get(error.status_code):
        return reply_refused(made(error), _allowed(error))
    if missing := _MISSING.match(error.detail):
        return reply_refused(Refused(Code.INVALID_FIELD, f"{missing[1]} is needed.", f"/{missing[1]}"))
    extra = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    pointer = f"/{extra['key']}" if "key" in extra else None
    return reply_refused(
        Refused(Code.INVALID_FIELD, str(extra.get("message") or error.detail).replace(r"\\Z'", "$'")[:300], pointer)
    )


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The database is away: 503. Anything else is our fault: 500, and the log says where."""
    path = without_keys(request.url.path)
    if isinstance(error, (*LOST, *PASSING)):
        log.warning("%s %s: %s", request.method, path, what(error), extra=DATABASE)
        return reply_refused(unanswered(request.method, "The database is away"))
    log.error("%s %s failed: %s", request.method, path, what(error), exc_info=error)
    return reply_refused(Refused(Code.BROKEN, "Something is wrong on our side; it was reported."))
