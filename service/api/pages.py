"""Pages of a merchant's: their browsers call with a publishable key, from an origin that the key names.

A browser asks first, without a key (a preflight), what a page there may send. It is told that of any origin that has a
publishable key; the key decides when it comes.
"""

from collections.abc import Iterable
from typing import Any, Final

from litestar.handlers.base import BaseRouteHandler
from litestar.types import Scope

from service.access.key import Principal
from service.allowance import Allowances
from service.errors import Code, Refused

SENT: Final = "Authorization, Content-Type, Idempotency-Key"  # headers of a request
KEPT_S: Final = "600"  # that a browser remembers the answer
RATE: Final = 50  # requests a second of the pages of one origin, in each process: many browsers share a key

_shares: Final = Allowances(RATE, 0)


def admit(scope: Scope, origin: str | None, principal: Principal, handler: BaseRouteHandler) -> None:
    """Lets a publishable key in from its own origins, to what is for pages.

    Refused: WRONG_ORIGIN, FORBIDDEN, RATE_LIMITED.
    """
    if origin not in principal.origins:
        sentence = "This key is for pages at its own origins, and the request has no Origin of those."
        raise Refused(Code.WRONG_ORIGIN, sentence, "/Origin")
    scope["state"]["page"] = origin
    if not handler.opt["browser"]:
        raise Refused(Code.FORBIDDEN, "This is not for pages: call it from your server, with a secret key.")
    _shares.take(f"{principal.key_id} {origin}").under_way -= 1


def page_of(scope: Scope) -> str | None:
    """The origin of the page that asks, which was let in; None: it is no page."""
    origin: str | None = scope["state"].get("page")
    return origin


def readable(scope: Scope) -> dict[str, str]:
    """The headers by which a browser lets the page read the answer: of one that was let in."""
    origin = page_of(scope)
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


def preflight(origin: str | None, has_key: bool, methods: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """What a page at an origin that has a key may send to an address with these methods and handlers."""
    for_pages = sorted(method for method, handler in methods if handler.opt.get("browser"))
    if not (origin and for_pages):
        return {}
    if not has_key:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ", ".join(for_pages),
        "Access-Control-Allow-Headers": SENT,
        "Access-Control-Max-Age": KEPT_S,
    }
