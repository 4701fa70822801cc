"""The merchant's consumers: registered by the merchant's own reference, with what a policy may use."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct, field

from service import ids
from service.api.ask import Ask, Asked, InPath, read, write
from service.api.attributes import policies_in_use
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.persona import Persona, persona_of, refuse_no_persona
from service.checkout.request import Text
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.limits.store import Q as LIMITS
from service.money import EXPONENTS
from service.payments.account_number import refuse_numbers
from service.people import flow as people
from service.people.consumer import Consumer
from service.people.identifier import IDENTIFIERS_MAX, Identifier, IdentifierKind, known_by
from service.people.matching_flow import marked
from service.policies.attributes import unread
from service.policies.compile import CompiledPolicy
from service.private_text import IN_SIGHT

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
WHOLE_MAX: Final = 2**53 - 1  # what every reader of JSON reads alike (RFC 7493, 2.2)
Whole = Annotated[int, Meta(ge=-WHOLE_MAX, le=WHOLE_MAX)]
Attributes = Annotated[dict[Name, str | Whole | bool | None], Meta(max_length=200)]


class ConsumerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`reference` is the merchant's name for this person; the attributes replace those registered before.

    All of a reference can be seen: one of blanks alone, or with a character of no width in it, is refused.
    The identifiers tell who this is at every merchant; those of a kind replace those of this kind registered before.
    A test merchant's reference that ends in `+` and a word names a persona; a word that is none is refused.
    """

    reference: Annotated[Text, IN_SIGHT]
    attributes: Attributes = {}
    identifiers: Annotated[tuple[Identifier, ...], Meta(max_length=IDENTIFIERS_MAX)] = ()


class ConsumerView(Struct, frozen=True):
    """A consumer. `unknown`, `unreadable` and `missing` name attributes, as the policy in force reads them."""

    consumer_id: str = field(name="id")
    reference: str
    attributes: Attributes
    version: int
    created_at: datetime
    updated_at: datetime
    unknown: tuple[str, ...]  # registered under a name that the policy does not read
    unreadable: tuple[str, ...]  # registered with a value of another type, or none of the policy's words
    missing: tuple[str, ...]  # read by the policy, and not registered
    persona: Persona | None  # of a test merchant's consumer, by its reference; null: nobody in particular
    erased_at: datetime | None  # null: it was not; else reference and attributes are gone


class AccountView(Struct, frozen=True):
    """The limit of the person in one currency, at all merchants. All zero until the first approved decision opens it.

    Of what the person has at other merchants only the sums are told, as they lessen what is available.
    """

    consumer: str
    currency: str
    limit: int
    reserved: int
    used: int
    available: int
    version: int


_consumer = Body(ConsumerBody)

_PERSON: Final[dict[str, Any]] = {
    "reference": "customer-4711",
    "attributes": {
        "status_of_existing_checking_account": "no checking account",
        "credit_history": "critical account/ other credits existing (not at this bank)",
        "savings_account_and_bonds": "... >= 1000 DM",
        "present_employment_since": "... >= 7 years",
        "installment_rate_in_percentage_of_disposable_income": 1,
        "other_debtors_or_guarantors": "guarantor",
        "other_installment_plans": "none",
        "housing": "own",
        "telephone": "yes, registered under the customers name",
        "age_in_years": 45,
    },
}


@post(
    "/consumers",
    status_code=201,
    opt=operation(
        "consumers",
        {201: ConsumerView, 200: ConsumerView},
        takes=ConsumerBody,
        example=_PERSON,
        refuses=(Code.ERASED, Code.MISPLACED_NUMBER),
    ),
)
async def register_consumer(request: Asked, body: RawBody) -> ASGIResponse:
    """Register a consumer, or update one: 201 the first time, 200 after."""
    asked = _consumer.read(body, request.headers.get("content-type", ""))
    ask = write(request, body, people.bucket_of(request.auth.owner_id, asked.reference))
    refuse_numbers(asked.reference, "/reference")
    for name, value in asked.attributes.items():
        refuse_numbers(f"{name}: {value}" if isinstance(value, str) else name, "/attributes")
    is_test = _is_test(ask)
    if is_test:
        refuse_no_persona(asked.reference)
    changed: list[tuple[str, int]] = []
    policies = await policies_in_use(ask)
    known = known_by(asked.identifiers, policies[0].policy.identifiers if policies else tuple(IdentifierKind))
    identifiers = marked(ask.services.secrets, ask.owner_id if is_test else "", known)

    async def register(conn: Connection) -> Answer:
        persona = persona_of(asked.reference) if is_test else None
        consumer, key = await people.register(
            conn, ask.services.secrets, ask.owner_id, asked.reference, asked.attributes, persona, identifiers,
            ask.now
        )  # fmt: skip
        view = _view(consumer, policies)
        changed.append((view.consumer_id, view.version))
        verb = Verb.MADE if view.version == 1 else Verb.CHANGED
        told = {"version": view.version, "attributes": sorted(asked.attributes)}
        await ask.record(conn, verb, Thing.CONSUMER, view.consumer_id, told)
        return Answer(201 if view.version == 1 else 200, encode(view), key)

    answer = await ask.services.engine.once(ask.must_key, ask.now, register)
    for consumer_id, _ in changed:
        await ask.services.snapshots.consumer_changed(consumer_id)
    return reply_answer(answer)


@get("/consumers/{consumer_id:str}", opt=operation("consumers", ConsumerView))
async def get_consumer(request: Asked, consumer_id: InPath) -> ASGIResponse:
    """A consumer of this merchant."""
    ask = read(request)
    consumer = None
    if ids.is_id(consumer_id, ids.CONSUMER):
        services = ask.services
        consumer = await people.load_consumer(services.pool, services.secrets, consumer_id, ask.owner_id)
    if consumer is None:
        raise Refused(Code.NOT_FOUND, f"There is no consumer {consumer_id[:100]!r}.", "/id")
    return reply(_view(consumer, await policies_in_use(ask)))


@get("/consumers/{consumer_id:str}/accounts/{currency:str}", opt=operation("consumers", AccountView))
async def get_account(request: Asked, consumer_id: InPath, currency: InPath) -> ASGIResponse:
    """Limit, reserved, used and available, from the row that decides."""
    ask = read(request)
    row = None
    if ids.is_id(consumer_id, ids.CONSUMER) and currency in EXPONENTS:
        row = await ask.services.pool.fetchrow(
            LIMITS.load_account, ids.bucket_of(consumer_id), consumer_id, currency, ask.owner_id
        )
    if row is None:
        raise Refused(Code.NOT_FOUND, "There is no such consumer or currency.", "/id")
    limit, reserved, used, version = row
    return reply(AccountView(consumer_id, currency, limit, reserved, used, limit - reserved - used, version))


def _is_test(ask: Ask) -> bool:
    return ask.services.registry.now.merchants[ask.owner_id].is_test


def _view(consumer: Consumer, policies: list[CompiledPolicy]) -> ConsumerView:
    found = unread([policy.attributes for policy in policies], consumer.attributes)
    return ConsumerView(
        consumer.consumer_id,
        consumer.reference,
        consumer.attributes,
        consumer.version,
        consumer.created_at,
        consumer.updated_at,
        found.unknown,
        found.unreadable,
        found.missing,
        Persona(consumer.persona) if consumer.persona else None,
        consumer.erased_at,
    )
