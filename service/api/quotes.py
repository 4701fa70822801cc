"""What a credit would cost, for a product page or a shop's own calculator. Nothing is decided, kept or bound."""

from typing import Any, Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from service.api.ask import Asked, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import reply
from service.errors import Code, Refused
from service.plans.plan import business_day
from service.terms.quote import Quote, QuoteRequest, quote

INSTALMENTS_MAX: Final = 360  # exact arithmetic grows with the square of them: 30 years of months take 0.4 s at worst

_quote = Body(QuoteRequest)


_QUOTE: Final[dict[str, Any]] = {
    "currency": "EUR", "amount": 1_000_00,
    "terms": {"instalments": 3, "every": 1, "unit": "month", "rate_percent": "9.9"},
    "jurisdiction": "DE", "start_on": "2026-03-02",
}  # fmt: skip


@post(
    "/quotes",
    status_code=200,
    opt=operation(
        "quotes",
        Quote,
        takes=QuoteRequest,
        refuses=(Code.IMPOSSIBLE_TERMS, Code.NO_APR, Code.SEVERAL_APRS),
        keeps=False,
        browser=True,
        example=_QUOTE,
    ),
)
async def make_quote(request: Asked, body: RawBody) -> ASGIResponse:
    """What would it cost? Schedule, APR with its method, total cost and disclosure for an amount and terms.

    It carries an Idempotency-Key like every POST, so that there is one rule without exceptions; the key is not kept,
    because nothing happens that could happen twice. The same request on the same day gets the same bytes.
    """
    asked = _quote.read(body, request.headers.get("content-type", ""))
    ask = write(request, body)
    for name in ("instalments", "amortized_over"):
        if getattr(asked.terms, name) > INSTALMENTS_MAX:
            raise Refused(
                Code.IMPOSSIBLE_TERMS, f"A quote has at most {INSTALMENTS_MAX} instalments.", f"/terms/{name}"
            )
    merchant = await ask.services.registry.merchant(ask.owner_id)
    today = business_day(ask.now, merchant.time_zone)
    made = await ask.services.quoting.run(lambda _: quote(asked, today), request.left())
    return reply(made)
