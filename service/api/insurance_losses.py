"""For the lender: losses of trade debtors under policies of credit insurance, what came later, and currency rates."""

from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import QueryParameter, RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.insurance import SALES_MAX, require_insurance_id, under_policy
from service.api.operation import operation
from service.api.paging import AfterInsuredLoss, Limit
from service.api.reply import encode, reply, reply_answer
from service.audit.entry import Thing, Verb
from service.checkout.request import Currency
from service.db import Connection
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import losses_flow as flow
from service.insurance.abroad import Rate, price_of
from service.insurance.insured import Sale
from service.insurance.losses_flow import InsuredLoss, InsuredRecovery, LossTold, RecoveryTold, StoredRate
from service.money import AMOUNT_MAX, EXPONENTS
from service.support.arrangement import Cause, Name, Sum

Price = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,6})(\.[0-9]{1,8})?\Z")]
PolicyDebtorId = Annotated[str, Meta(pattern=r"^db_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
LostAmount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="minor units of what was owed in")]
OfCurrency = Annotated[str, QueryParameter(pattern=r"^[A-Z]{3}\Z")]


class CurrencyRateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What one whole unit of a currency cost in another on a day."""

    currency: Currency
    into: Currency  # in which the price is
    on: date  # of which the price is
    price: Price  # of one whole unit, as a decimal
    source: Name  # who published it


class KeptRate(Struct, frozen=True):
    """A rate that is stored, and never changes."""

    currency: str
    into: str  # in which the price is
    on: date  # of which it is
    price: str  # of one whole unit, as a decimal


class RatePage(Struct, frozen=True):
    """The rates of two currencies, the oldest first."""

    rates: list[StoredRate]


class LostSale(Struct, frozen=True, forbid_unknown_fields=True):
    """What was still owed of a sale."""

    on: date  # the day of the sale
    amount: LostAmount
    due_on: date | None = None  # when it was to be paid; null: on the day of the sale


class InsuredLossBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A debtor who was lost."""

    debtor_id: PolicyDebtorId  # under this policy
    cause: Cause
    on: date  # the day of the loss
    sales: Annotated[tuple[LostSale, ...], Meta(min_length=1, max_length=SALES_MAX)]  # that are not paid
    currency: Currency | None = None  # of what is owed; null: the policy's


class InsuredRecoveryBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a loss, in the currency of what was owed."""

    gross: LostAmount  # that came
    cost: Sum = 0  # of getting it
    on: date | None = None  # the day it came; null: today


class InsuredLossPage(Struct, frozen=True):
    """Losses, the oldest first; `after` is what to ask with next."""

    losses: list[InsuredLoss]
    after: str


_rate = Body(CurrencyRateBody)
_loss = Body(InsuredLossBody)
_recovery = Body(InsuredRecoveryBody)


@post(
    "/currency-rates",
    status_code=201,
    opt=operation(
        "insurance",
        KeptRate,
        takes=CurrencyRateBody,
        refuses=(Code.STATE_FORBIDS,),
        example={"currency": "USD", "into": "EUR", "on": "2026-03-02", "price": "0.9217", "source": "ECB"},
    ),
)
async def store_rate(request: Asked, body: RawBody) -> ASGIResponse:
    """Store the rate of a day, by which losses and recoveries of that day convert. It never changes."""
    asked = _rate.read(body, content_type(request))
    ask = write(request, body)
    for name in ("currency", "into"):
        if (code := getattr(asked, name)) not in EXPONENTS:
            raise Refused(Code.INVALID_FIELD, f"There is no currency {code} here.", f"/{name}")
    if asked.currency == asked.into:
        raise Refused(Code.INVALID_FIELD, "It is the same currency.", "/into")
    price = price_of(asked.price)
    if not price:
        raise Refused(Code.INVALID_FIELD, "A price is above 0.", "/price")
    if asked.on > ask.now.date():
        raise Refused(Code.INVALID_FIELD, f"{asked.on} is after today, {ask.now.date()}.", "/on")

    async def store(conn: Connection) -> Answer:
        await flow.store_rate(conn, Rate(asked.currency, asked.into, price), asked.on, asked.source, ask.now)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, f"{asked.currency}.{asked.into}.{asked.on}", asked)
        return Answer(201, encode(KeptRate(asked.currency, asked.into, asked.on, asked.price)))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, store))


@get(
    "/currency-rates",
    opt=operation("insurance", RatePage, example={"currency": "USD", "into": "EUR"}),
)
async def list_rates(
    request: Asked, currency: OfCurrency, into: OfCurrency,
    after_on: Annotated[date | None, QueryParameter()] = None, limit: Limit = 100,
) -> ASGIResponse:  # fmt: skip
    """The stored rates of one currency in another, of days after one."""
    return reply(RatePage(await flow.rates(read(request).services.pool, currency, into, after_on or date.min, limit)))


@post(
    "/insurance-policies/{insurance_id:str}/losses",
    status_code=201,
    opt=operation(
        "insurance",
        InsuredLoss,
        takes=InsuredLossBody,
        refuses=(Code.NOT_FOUND, Code.LINE_MISMATCH, Code.WRONG_DEBTOR, Code.NO_RATE),
        example={
            "debtor_id": "{trade_debtor_id}", "cause": "credit", "on": "2026-03-02",
            "sales": [{"on": "2026-03-02", "amount": 30_000_00}],
        },
    ),
)  # fmt: skip
async def lose_debtor(request: Asked, body: RawBody, insurance_id: InPath) -> ASGIResponse:
    """Write down what was lost with a debtor: what of it is insured, and what the insurer owes for it, which is booked.

    Debts in another currency convert at the stored rate of the day of the loss. Losses of consumers' plans are borne by
    their waterfall instead.
    """
    asked = _loss.read(body, content_type(request))
    require_insurance_id(insurance_id)
    for number, one in enumerate(asked.sales):
        if one.due_on is not None and one.due_on < one.on:
            raise Refused(Code.INVALID_FIELD, "It was due before it was sold.", f"/sales/{number}/due_on")
    ask = write(request, body)

    async def lose(conn: Connection) -> Answer:
        under = await under_policy(conn, insurance_id)
        sales = [
            Sale(one.on, one.amount, max((asked.on - (one.due_on or one.on)).days, 0)) for one in asked.sales
        ]  # fmt: skip
        told = LossTold(asked.debtor_id, asked.cause, asked.on, asked.currency or under.terms.currency, sales)
        made = await flow.lose(conn, under, told, ask.owner_id, ask.now)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, made.loss_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, lose))


@get("/insurance-policies/{insurance_id:str}/losses", opt=operation("insurance", InsuredLossPage))
async def list_insured_losses(
    request: Asked, insurance_id: InPath, after: AfterInsuredLoss = "", limit: Limit = 100
) -> ASGIResponse:
    """The losses of trade debtors under a policy."""
    pool = read(request).services.pool
    await under_policy(pool, insurance_id)
    page = await flow.losses(pool, insurance_id, after, limit)
    return reply(InsuredLossPage(page, page[-1].loss_id if page else after))


@post(
    "/insurance-policies/{insurance_id:str}/losses/{insured_loss_id:str}/recoveries",
    status_code=201,
    opt=operation(
        "insurance",
        InsuredRecovery,
        takes=InsuredRecoveryBody,
        refuses=(Code.NOT_FOUND, Code.NO_RATE),
        example={"gross": 10_000_00},
    ),
)
async def recover_from_debtor(
    request: Asked, body: RawBody, insurance_id: InPath, insured_loss_id: InPath
) -> ASGIResponse:
    """Write down what came of a loss: the insurer gets its cover rate of the part that the limit is of the debt.

    Its part converts at the rate of the day it came. What that differs from the rate of the loss is booked by itself.
    """
    asked = _recovery.read(body, content_type(request))
    require_insurance_id(insurance_id)
    if not ids.is_id(insured_loss_id, ids.INSURED_LOSS):
        raise Refused(Code.NOT_FOUND, f"There is no loss {insured_loss_id[:100]!r}.", "/insured_loss_id")
    ask = write(request, body)

    async def recover(conn: Connection) -> Answer:
        under = await under_policy(conn, insurance_id)
        told = RecoveryTold(asked.gross, asked.cost, asked.on or ask.now.date())
        made = await flow.recover(conn, under, insured_loss_id, told, ask.owner_id, ask.now)
        await ask.record(conn, Verb.MADE, Thing.INSURANCE, made.recovery_id, asked)
        return Answer(201, encode(made))

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, recover))


ROUTES: Final = [store_rate, list_rates, lose_debtor, list_insured_losses, recover_from_debtor]
