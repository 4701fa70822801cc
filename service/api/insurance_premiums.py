"""For the lender: declarations of turnover under policies of credit insurance, and their premium."""

from datetime import date
from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.insurance import require_insurance_id, under_policy
from service.api.operation import operation
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code
from service.insurance import declarations_flow as flow
from service.insurance.declarations_flow import Declaration
from service.insurance.premium import Turnover
from service.support.arrangement import Sum


class StatedTurnover(Struct, frozen=True, forbid_unknown_fields=True):
    """What was sold, where it is not only what our books say."""

    insured: Sum  # to debtors with a limit
    uninsured: Sum = 0  # to others
    credit_notes: Sum = 0  # given in the period on sales that were insured


class DeclarationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A period that has ended."""

    begin_on: date  # its first day: periods are calendar months within the days of the policy
    turnover: StatedTurnover | None = None  # null: what our books say was sold on credit


class DeclarationList(Struct, frozen=True):
    """All declarations of a policy, the first period first."""

    declarations: list[Declaration]


_declaration = Body(DeclarationBody)


@post(
    "/insurance-policies/{insurance_id:str}/declarations",
    status_code=201,
    opt=operation(
        "insurance",
        Declaration,
        takes=DeclarationBody,
        refuses=(Code.NOT_FOUND, Code.STATE_FORBIDS),
        example={"begin_on": "2026-01-01", "turnover": {"insured": 1_250_000_00, "uninsured": 80_000_00}},
    ),
)
async def declare_turnover(request: Asked, body: RawBody, insurance_id: InPath) -> ASGIResponse:
    """Declare the turnover of the next period: its premium is owed to the insurer, and booked.

    Premium is of all that was sold and insured, less credit notes; the last period of a year of the policy is trued up
    to the minimum.
    """
    asked = _declaration.read(body, content_type(request))
    require_insurance_id(insurance_id)
    ask = write(request, body)
    told = asked.turnover
    stated = Turnover(told.insured, told.uninsured, told.credit_notes) if told else None

    async def declare(conn: Connection) -> Answer:
        under = await under_policy(conn, insurance_id)
        made = await flow.declare(conn, under, asked.begin_on, stated, ask.owner_id, ask.now)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, made.declaration_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, declare))


@get("/insurance-policies/{insurance_id:str}/declarations", opt=operation("insurance", DeclarationList))
async def list_declarations(request: Asked, insurance_id: InPath) -> ASGIResponse:
    """What was declared under a policy, and its premium."""
    pool = read(request).services.pool
    await under_policy(pool, insurance_id)
    return reply(DeclarationList(await flow.declarations(pool, insurance_id)))


ROUTES: Final = [declare_turnover, list_declarations]
