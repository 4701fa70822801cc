"""Who buys: a client names a person by e-mail, telephone or a number of its own; we by the shop's reference."""

from service.api.consumers import ConsumerBody
from service.checkout.persona import ENDING
from service.facades.door import Call
from service.facades.seen import Made
from service.facades.store import digest_of
from service.people import flow as people


async def consumer_of(call: Call, reference: str) -> str:
    """The id of the shop's consumer of this reference, registered if there is none yet.

    One who is there stays as registered, so what a policy may use of them is registered with `POST /v1/consumers`
    under the same reference, before or after. Refused: as that address refuses.
    """
    known = await people.find_consumer(call.services.pool, call.services.secrets, call.merchant_id, reference)
    if known is not None:
        return known
    body = ConsumerBody(reference)
    made = await call.ours.post("/consumers", body, digest_of("buyer", reference), Made)
    return made.made_id


def by_email(email: str, is_test: bool) -> str:
    """An e-mail address as a reference. Of a test shop's, `anna+declined@shop.example` names a persona."""
    name, _, domain = email.strip().lower().rpartition("@")
    if is_test and name and (persona := ENDING.search(name)):
        return f"{name[: persona.start()]}@{domain}{persona[0]}"
    return email.strip().lower()
