"""Where a consumer agrees: a page with what the law wants said of the offer, and a button.

The shop sends its consumer there. The key of the shop, in whose name the order was made, must still be in force; what
follows from the word of the consumer is done with its rights, by our own verbs.
"""

import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import Final
from urllib.parse import parse_qsl, quote

from msgspec import Struct

from service.access.key import Principal
from service.api.ask import Asked, services_of
from service.api.guard import admitted
from service.api.reply import PAGE_POLICY, PROBLEM
from service.errors import Code, Refused, problem_json
from service.facades.door import Call, Door, Reply, route
from service.facades.seen import Offer
from service.facades.store import Q
from service.facades.ticket import order_of, ticket_of
from service.merchants.platform import acting_for

FORM_TYPE: Final = "application/x-www-form-urlencoded"
POLICY: Final = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'")


class Offered(Struct, frozen=True):
    """What the page shows."""

    offer: Offer | None  # None: there is nothing to agree to
    is_taken: bool  # the consumer has agreed
    is_over: bool  # its time has passed
    back_url: str | None  # where the consumer goes on to, having agreed
    cancel_url: str | None  # ... or having not
    permits: str | None = None  # without an offer: the sentences that are agreed to

    @property
    def is_nothing(self) -> bool:
        """There is nothing to agree to."""
        return self.offer is None and self.permits is None


class Side(Struct, frozen=True):
    """What a facade does on the page: shows an order of its own by reference, and has its offer taken."""

    bucket_of: Callable[[str, str], int]  # of a merchant's id and a reference
    offered: Callable[[Call, str], Awaitable[Offered]]
    take: Callable[[Call, str], Awaitable[None]]


def address_of(call: Call, facade: str, reference: str) -> str:
    """Where the consumer of an order agrees."""
    ticket = ticket_of(call.services.registry.secrets, facade, call.merchant_id, reference)
    return f"{call.public_url}/agree/{quote(ticket)}"


def door_of(sides: dict[str, Side]) -> Door:
    """The page of all facades."""

    async def identify(request: Asked, body: bytes) -> Principal:
        facade, merchant_id, reference = _named(request, request.scope["path"].removeprefix("/agree/").strip("/"))
        services = services_of(request)
        bucket = sides[facade].bucket_of(merchant_id, reference) if facade in sides else 0
        row = await services.pool.fetchrow(Q.load_order, bucket, merchant_id, facade, reference)
        if row is None or facade not in sides:
            raise _no_page()
        now = services.registry.now
        principal = now.keys.get(now.hmacs.get(row["key_id"], b""))
        if principal is None:
            raise Refused(Code.FORBIDDEN, "This shop is not connected any more.")
        principal = await admitted(request, principal, "merchant")
        if principal.owner_id != merchant_id:
            principal = acting_for(principal, merchant_id, now.merchants)
        return principal

    async def show(call: Call, ticket: str) -> Reply:
        facade, reference = _order(call, ticket)
        return await _page(call, await sides[facade].offered(call, reference))

    async def take(call: Call, ticket: str) -> Reply:
        facade, reference = _order(call, ticket)
        if call.content_type.partition(";")[0].strip().lower() != FORM_TYPE:
            raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, f"Send Content-Type: {FORM_TYPE}.", "/Content-Type")
        word = dict(parse_qsl(call.body.decode("latin-1"))).get("word")
        if word not in ("agree", "cancel"):
            raise Refused(Code.INVALID_FIELD, "word is agree or cancel.", "/word")
        offered = await sides[facade].offered(call, reference)
        if word == "cancel" and not offered.is_taken:
            return _goes_on("You have not agreed to anything.", offered.cancel_url)
        if offered.is_nothing or (offered.is_over and not offered.is_taken):
            return await _page(call, offered)
        await sides[facade].take(call, reference)
        return _goes_on("You have agreed. Thank you.", offered.back_url)

    routes = (route("GET", "/agree/{ticket}", show), route("POST", "/agree/{ticket}", take))
    return Door(routes, identify, worded)


async def _page(call: Call, offered: Offered) -> Reply:
    if offered.is_taken:
        return _goes_on("You have agreed already.", offered.back_url)
    if offered.is_nothing:
        return _goes_on("This cannot be paid later.", offered.cancel_url, 409)
    if offered.is_over:
        return _goes_on("This offer has ended.", offered.cancel_url, 410)
    if offered.offer is None:
        sentences = f"<h1>Do you permit this?</h1><p>{escape(offered.permits or '')}</p>"
        return _html(_PAGE.format("Do you permit this?", sentences + _form("I permit it")))
    page = (await call.ours.page(f"/offers/{offered.offer.offer_id}/disclosure")).decode()
    return _html(page.replace("</main>", f"{_form('I agree, and pay so')}</main>", 1))


def _form(word: str) -> str:
    return (
        f'<form method="post"><button name="word" value="agree">{word}</button> '
        '<button name="word" value="cancel">Back to the shop</button></form>'
    )


def _goes_on(sentence: str, url: str | None, status: int = 200) -> Reply:
    """A page that leads back to the shop. A redirect would be held against `form-action`, so it leads there itself."""
    onward = ""
    if url:
        onward = (
            f'<meta http-equiv="refresh" content="1;url={escape(url)}"><p><a href="{escape(url)}">To the shop</a></p>'
        )
    return _html(_PAGE.format(escape(sentence), f"<h1>{escape(sentence)}</h1>{onward}"), status)


def _html(page: str, status: int = 200) -> Reply:
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return Reply(page.encode(), status, "text/html", headers)


def worded(refused: Refused) -> Reply:
    """A refusal as a page; what no button of ours sends is refused as elsewhere."""
    if refused.status >= 500 or refused.code is Code.RATE_LIMITED:
        return _goes_on("This does not work right now. Please try again in a moment.", None, refused.status)
    if refused.code in (Code.INVALID_FIELD, Code.UNSUPPORTED_MEDIA_TYPE):
        return Reply(problem_json(refused), refused.status, PROBLEM)
    return _goes_on(refused.detail, None, refused.status)


def _named(request: Asked, ticket: str) -> tuple[str, str, str]:
    if not _TICKET.fullmatch(ticket):
        raise _no_page()
    found = order_of(services_of(request).registry.secrets, ticket)
    if found is None:
        raise _no_page()
    return found


def _order(call: Call, ticket: str) -> tuple[str, str]:
    found = order_of(call.services.registry.secrets, ticket)
    assert found is not None  # it has opened the door
    return found[0], found[2]


def _no_page() -> Refused:
    return Refused(Code.NOT_FOUND, "There is no such page; ask the shop for a new one.")


_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{}</title></head>'
    "<body><main>{}</main></body></html>"
)
_TICKET: Final = re.compile(r"[A-Za-z0-9_-]{1,400}\.[0-9a-f]{32}")
