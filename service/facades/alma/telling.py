"""A shop with Alma's client is called at its `ipn_callback_url`, with the id of a payment that has changed."""

from typing import Final
from urllib.parse import urlencode

from service.api.services import Services
from service.facades.alma.finding import NAME, ORDERS
from service.facades.notice import Letter, Notice
from service.facades.notifying_flow import As, Write


async def of_payment(notice: Notice, services: Services, call_as: As) -> Letter | None:
    """GET with `pid`; what became of the payment is fetched with the key that the shop has."""
    place = (services.pool, services.secrets, notice.bucket, notice.merchant_id, notice.reference)
    found = await ORDERS.find(*place)
    if found is None or not (url := found[1].fields.ipn_callback_url):
        return None
    address, mark, fragment = url.partition("#")
    query = urlencode({"pid": notice.reference})
    return Letter("GET", f"{address}{'&' if '?' in address else '?'}{query}{mark}{fragment}")


WRITERS: Final[dict[str, Write]] = {NAME: of_payment}
