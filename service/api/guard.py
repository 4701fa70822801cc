"""Who is let in: one guard a router, by the key that a request carries and the scopes of it."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final

from litestar import Request, Response
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import HTTPRoute

from service.access.key import Principal
from service.api import pages
from service.api.ask import header, now_of, services_of
from service.api.known_years import far, is_far
from service.api.scopes import verb_of
from service.api.services import Services
from service.audit.entry import By
from service.audit.refusals import Refusal
from service.errors import Code, Refused
from service.exchange import allow, take_allowance
from service.merchants.platform import acting_for

VOUCHED: Final = "vouched"  # in the state of a request of this process itself: in whose name it is made


def guard_for(audience: str) -> Callable[[Request[Any, Any, Any]], Awaitable[Response[None] | None]]:
    """One guard a router: lets in the keys of one audience. A handler's `opt["scope"]` names the scope it needs.

    It runs before the request is read, as a `before_request`: the framework's own guards get a copy of the handler each
    time, which costs more than all that is done here.
    """

    async def guard(request: Request[Any, Any, Any]) -> Response[None] | None:
        if request.scope["method"] == "OPTIONS":  # asked by browsers, which send no key
            return _methods(request)
        handler = request.route_handler
        principal: Principal = request.scope["state"].get(VOUCHED) or await _caller(request, audience)
        request.scope["auth"] = principal
        if principal.origins:
            pages.admit(request.scope, header(request, b"origin"), principal, handler)
        require_scope(principal, handler.opt["scope"], verb_of(request.scope["method"]))
        if request.scope["query_string"]:
            _refuse_strange_query(request, handler)
        if header(request, b"content-encoding") not in _PLAIN:
            sentence = "Bodies are read as they are: send none compressed."
            raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, sentence, "/Content-Encoding")
        if budget_s := handler.opt.get("budget_s") or services_of(request).engine.longer_s:
            allow(request.scope, budget_s)
        return None

    return guard


async def _caller(request: Request[Any, Any, Any], audience: str) -> Principal:
    """Whose key the request carries. Refused: UNAUTHORIZED, FORBIDDEN, RATE_LIMITED."""
    scheme, _, text = (header(request, b"authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Refused(Code.UNAUTHORIZED, "Send Authorization: Bearer with your secret key.")
    services = services_of(request)
    principal = await admitted(request, await _principal(services, text.strip()), audience)
    if audience == "merchant" and (seller := header(request, b"tenor-merchant")) is not None:
        return acting_for(principal, seller, services.registry.now.merchants)
    return principal


async def admitted(request: Request[Any, Any, Any], principal: Principal | None, audience: str) -> Principal:
    """The owner of a key, who may call this audience now; the request counts as one of this key.

    Refused: UNAUTHORIZED, FORBIDDEN, RATE_LIMITED.
    """
    if principal is None:
        raise Refused(Code.UNAUTHORIZED, "This key is unknown or was revoked.")
    request.scope["auth"] = principal
    if principal.expires_at is not None and principal.expires_at <= now_of(request, services_of(request)):
        raise Refused(Code.UNAUTHORIZED, f"This key expired at {principal.expires_at:%Y-%m-%dT%H:%M:%SZ}.")
    if principal.audience != audience:
        raise Refused(Code.FORBIDDEN, f"This needs {_AN[audience]} key; yours is {_AN[principal.audience]} key.")
    take_allowance(request.scope, principal.key_id)
    return principal


def require_scope(principal: Principal, thing: str, verb: str) -> None:
    """Refused: FORBIDDEN, where the key may not do this with such things."""
    if not principal.may(thing, verb):
        raise Refused(Code.FORBIDDEN, f"Your key lacks the scope {thing}, or {thing}:{verb}.")


async def _principal(services: Services, text: str) -> Principal | None:
    """Whose key it is; or of a provider's token, which has dots in it and no key has, which operator it is about."""
    if services.provider is None or "." not in text:
        return await services.registry.principal(text)
    subject = await services.provider.subject(text)
    return services.registry.now.people.get(subject) if subject else None


def note_refused_key(request: Request[Any, Any, Any], code: Code) -> None:
    """Counts the refusal for the audit log: which key, where, and the address of whoever sent it."""
    services, scope = services_of(request), request.scope
    principal, text = scope.get("auth"), ""
    if isinstance(principal, Principal):
        by = By(principal.audience, principal.owner_id, principal.key_id)
    else:
        by = By("unknown", "")
        text = request.headers.get("authorization", "").partition(" ")[2].strip()
    print_of = services.registry.hmac(text).hex()[:12] if text else ""
    route = f"{scope['method']} {scope.get('path_template', '')}"
    client = scope["client"]
    services.audit.refused(Refusal(code, by, print_of), route, client[0] if client else None)


def _methods(request: Request[Any, Any, Any]) -> Response[None]:
    """What the address takes: the framework forgets all but the first handler's. And what a page may send there."""
    template = request.scope["path_template"]
    routes = (route for route in request.app.routes if isinstance(route, HTTPRoute) and route.path_format == template)
    handlers = {method: one for route in routes for method, (one, _) in route.route_handler_map.items()}
    allowed = {*handlers, "HEAD"} if "GET" in handlers else set(handlers)  # HEAD is GET without the body
    origin = header(request, b"origin")
    for_pages = pages.preflight(origin, origin in services_of(request).registry.now.pages, handlers.items())
    return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(allowed))} | for_pages)


def _refuse_strange_query(request: Request[Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A parameter that nobody reads, one given twice, a number like 1e2: `?dryrun=true` must not move money."""
    parameters = handler.parsed_fn_signature.parameters
    taken = parameters.keys() - {"request", "body"} - request.path_params.keys()
    if handler.opt.get("dry_run"):
        taken |= {"dry_run"}
    for name, given in request.query_params.dict().items():
        if name not in taken:
            raise Refused(Code.INVALID_FIELD, f"There is no parameter {name[:100]!r} here.", f"/{name[:100]}")
        if len(given) > 1:
            raise Refused(Code.INVALID_FIELD, f"The parameter {name} is given twice.", f"/{name}")
        if "\x00" in given[0]:
            raise Refused(Code.INVALID_FIELD, f"{name} holds a NUL character.", f"/{name}")
        if name not in parameters:
            continue
        if parameters[name].annotation in (int, int | None) and not _WHOLE.fullmatch(given[0]):
            raise Refused(Code.INVALID_FIELD, f"{name} is a whole number.", f"/{name}")
        if parameters[name].annotation in (date, date | None) and is_far(given[0]):
            raise far(f"/{name}")
        if parameters[name].annotation is bool and given[0] not in ("true", "false"):
            raise Refused(Code.INVALID_FIELD, f"{name} is true or false.", f"/{name}")
        if parameters[name].is_optional and given[0].lower() == "null":  # read as none given
            raise Refused(Code.INVALID_FIELD, f"{name} is left out, or names one.", f"/{name}")


_WHOLE = re.compile("-?[0-9]{1,19}")  # the framework takes 1e2 for one, and 1 for true
_PLAIN = (None, "identity")
_AN = {
    "merchant": "a merchant's", "partner": "a partner's", "operator": "an operator's", "processor": "a processor's",
    "support": "a support party's",
}  # fmt: skip
