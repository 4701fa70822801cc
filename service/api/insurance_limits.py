"""For the lender: limits of debtors under policies of credit insurance, and what of their debts is insured."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct
from msgspec.structs import replace

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.insurance import require_insurance_id, tell_cache, under_policy
from service.api.operation import operation
from service.api.paging import AfterDebtor, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import ConsumerId
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import limits_flow as flow
from service.insurance.limits_flow import Debtor, Wanted
from service.insurance.policy import Country, Insurance, Sentence
from service.insurance.supply_flow import touch_debtor
from service.money import AMOUNT_MAX
from service.support.arrangement import Sum

LimitAmount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units of the policy's currency")]


class DebtorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit that is asked for."""

    consumer_id: ConsumerId  # who owes; consumers of one person are one debtor
    amount: LimitAmount  # of the limit
    country: Country | None = None  # of the debtor; null: the insured's
    from_on: date | None = None  # its first day; null: today
    discretionary: bool = False  # take it on yourself, up to the discretionary limit, where no rule grants it


class AnswerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the insurer says to what was asked: all of it, a part, or 0."""

    amount: Sum  # of the limit
    from_on: date | None = None  # its first day; null: today
    conditions: Sentence | None = None  # of the insurer


class LowerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit that the insurer reduces, or to 0 withdraws."""

    amount: Sum  # of the limit from that day on
    from_on: date | None = None  # earlier sales stay insured; null: today
    conditions: Sentence | None = None  # of the insurer


class DebtorPage(Struct, frozen=True):
    """Debtors, the oldest first; `after` is what to ask with next."""

    debtors: list[Debtor]
    after: str


_debtor = Body(DebtorBody)
_answer = Body(AnswerBody)
_lower = Body(LowerBody)


@post(
    "/insurance-policies/{insurance_id:str}/debtors",
    status_code=201,
    opt=operation(
        "insurance",
        Debtor,
        takes=DebtorBody,
        refuses=(
            Code.NOT_FOUND, Code.WRONG_DEBTOR, Code.LINE_MISMATCH, Code.COUNTRY_CLOSED, Code.STATE_FORBIDS,
        ),
        example={"consumer_id": "{consumer_id}", "amount": 1_000_00, "discretionary": True},
    ),
)  # fmt: skip
async def ask_for_limit(request: Asked, body: RawBody, insurance_id: InPath) -> ASGIResponse:
    """Ask for a limit of a debtor: a rule of the policy grants it, or you do, or the insurer is asked.

    The rule grants up to the discretionary limit, at once, to who has paid enough orders, owes nothing that is overdue,
    and pays promptly enough.
    """
    asked = _debtor.read(body, content_type(request))
    require_insurance_id(insurance_id)
    ask = write(request, body)

    async def do(conn: Connection, under: Insurance) -> str:
        country, from_on = asked.country or under.policy.country, asked.from_on or ask.now.date()
        wanted = Wanted(asked.consumer_id, country, asked.amount, asked.discretionary, from_on)
        return await flow.ask_for(conn, under, wanted, ask.owner_id, ask.now)

    return await _done(ask, insurance_id, do, asked, 201)


@post(
    "/insurance-policies/{insurance_id:str}/debtors/{debtor_id:str}/answer",
    status_code=200,
    opt=operation(
        "insurance",
        Debtor,
        takes=AnswerBody,
        refuses=(Code.NOT_FOUND, Code.WRONG_DEBTOR, Code.STATE_FORBIDS),
        example={"amount": 3_000_00, "conditions": "Payment within 30 days."},
    ),
)
async def answer_limit(request: Asked, body: RawBody, insurance_id: InPath, debtor_id: InPath) -> ASGIResponse:
    """Write down what the insurer says to a limit that was asked for."""
    asked = _answer.read(body, content_type(request))
    require_ids(insurance_id, debtor_id)
    return await answered(write(request, body), insurance_id, debtor_id, asked)


@post(
    "/insurance-policies/{insurance_id:str}/debtors/{debtor_id:str}/lower",
    status_code=200,
    opt=operation(
        "insurance",
        Debtor,
        takes=LowerBody,
        refuses=(Code.NOT_FOUND, Code.WRONG_DEBTOR, Code.STATE_FORBIDS),
        example={"amount": 0},
    ),
)
async def lower_limit(request: Asked, body: RawBody, insurance_id: InPath, debtor_id: InPath) -> ASGIResponse:
    """Write down that the insurer reduces a limit, or withdraws it, from a day on. Earlier sales stay insured."""
    asked = _lower.read(body, content_type(request))
    require_ids(insurance_id, debtor_id)
    return await lowered(write(request, body), insurance_id, debtor_id, asked)


@get("/insurance-policies/{insurance_id:str}/debtors", opt=operation("insurance", DebtorPage))
async def list_debtors(
    request: Asked, insurance_id: InPath, after: AfterDebtor = "", limit: Limit = 100
) -> ASGIResponse:
    """The debtors under a policy: limit, what each owes today, what of it is insured, and how late it is."""
    ask = read(request)
    pool = ask.services.pool
    under = await under_policy(pool, insurance_id)
    page = await flow.debtors(pool, under, after, limit, ask.now.date())
    return reply(DebtorPage(page, page[-1].debtor_id if page else after))


async def answered(
    ask: Ask, insurance_id: str, debtor_id: str, asked: AnswerBody, *, by_party: bool = False
) -> ASGIResponse:
    """The insurer decides on what was asked; `by_party`: with a key of its own."""

    async def do(conn: Connection, under: Insurance) -> str:
        on = asked.from_on or ask.now.date()
        await flow.answer(conn, under, debtor_id, asked.amount, on, asked.conditions, ask.owner_id, ask.now)
        return debtor_id

    return await _done(ask, insurance_id, do, asked, by_party=by_party)


async def lowered(
    ask: Ask, insurance_id: str, debtor_id: str, asked: LowerBody, *, by_party: bool = False
) -> ASGIResponse:
    """The insurer reduces or withdraws a limit; `by_party`: with a key of its own."""

    async def do(conn: Connection, under: Insurance) -> str:
        on = asked.from_on or ask.now.date()
        await flow.lower(conn, under, debtor_id, asked.amount, on, asked.conditions, ask.owner_id, ask.now)
        return debtor_id

    return await _done(ask, insurance_id, do, asked, by_party=by_party)


def as_pseudonym(one: Debtor) -> Debtor:
    """A debtor as the insurer knows it."""
    return replace(one, consumer=None)


async def _done(
    ask: Ask, insurance_id: str, do: Callable[[Connection, Insurance], Awaitable[str]], told: object, status: int = 200,
    *, by_party: bool = False,
) -> ASGIResponse:  # fmt: skip
    """Does it, once; the answer is the debtor after it."""

    touched: list[tuple[str, int]] = []

    async def act(conn: Connection) -> Answer:
        under = await under_policy(conn, insurance_id, ask.owner_id if by_party else None)
        debtor_id = await do(conn, under)
        touched[:] = await touch_debtor(conn, under, debtor_id)
        await ask.record(conn, Verb.CHANGED, Thing.INSURANCE, debtor_id, told)
        made = await flow.debtor(conn, under, debtor_id, ask.now.date())
        return Answer(status, encode(as_pseudonym(made) if by_party else made))

    answer = await ask.services.engine.once(ask.must_key, ask.now, act)
    await tell_cache(ask, touched)
    return reply_answer(answer)


def require_ids(insurance_id: str, debtor_id: str) -> None:
    """Refused: NOT_FOUND, for what no policy's or debtor's id looks like."""
    require_insurance_id(insurance_id)
    if not ids.is_id(debtor_id, ids.DEBTOR):
        raise Refused(Code.NOT_FOUND, f"There is no debtor {debtor_id[:100]!r}.", "/debtor_id")


ROUTES: Final = [ask_for_limit, answer_limit, lower_limit, list_debtors]
