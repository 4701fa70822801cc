"""For the lender: policies of credit insurance, and what of sales would be insured under them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Ask, Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.operation import operation
from service.api.paging import AfterInsurance, Limit
from service.api.reply import reply, reply_answer
from service.api.support import AgreedVersion
from service.api.two_people import Doing, Proposed, needs_two, propose
from service.audit.entry import Thing, Verb
from service.db import Connection, Pool
from service.engine.work import Answer
from service.errors import Code, Refused
from service.insurance import policies_flow as flow
from service.insurance.insured import Age, InsuredSale, Sale, ageing, insured_sales
from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.policies_flow import AgreedPolicy
from service.insurance.policy import Country, Insurance, InsurancePolicy
from service.insurance.supply_flow import touch_debtors
from service.support.arrangement import Sum

InsuranceId = Annotated[str, Meta(pattern=r"^ip_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
SALES_MAX: Final = 1_000


class InsurancePolicyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A new policy, or the next version of one."""

    document: InsurancePolicy  # what is agreed
    policy_id: InsuranceId | None = None  # null: a new one


class WantedPolicy(Struct, frozen=True):
    """A policy that was proposed."""

    policy_id: str
    document: InsurancePolicy


class InsurancePolicyPage(Struct, frozen=True):
    """Policies, the oldest first; `after` is what to ask with next."""

    policies: list[AgreedPolicy]
    after: str


class LimitSpell(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit of a debtor from a day on, until the next."""

    limit: Sum  # 0: withdrawn
    from_on: date
    by_insurer: bool = True  # false: the insured's own, or by rule


class SaleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a debtor owes of one sale."""

    on: date  # the day of the sale
    amount: Annotated[int, Meta(ge=1, le=1_000_000_000_000, description="minor units of the policy's currency")]
    overdue_days: Annotated[int, Meta(ge=0, le=10_000)] = 0  # of its earliest part that is not paid


class InsuredBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A debtor's limits, in the order in which they were told, and sales."""

    limits: Annotated[tuple[LimitSpell, ...], Meta(max_length=100)]
    sales: Annotated[tuple[SaleBody, ...], Meta(min_length=1, max_length=SALES_MAX)]
    country: Country | None = None  # of the debtor; null: the insured's


class Insured(Struct, frozen=True):
    """What of sales is insured. Amounts are minor units."""

    exposure: int  # all of them
    insured: int  # of it
    uninsured: int  # of it
    sales: list[InsuredSale]  # in the order of their days
    ageing: tuple[Age, ...]  # of the same


_policy = Body(InsurancePolicyBody)
_insured = Body(InsuredBody)

_EXAMPLE: Final = {
    "name": "Elbe policy 2026", "line": "consumer", "arrangement_id": "{arrangement_id}", "country": "DE",
    "legal_basis": "Art. 6 (1) b GDPR, clause 12 of the policy", "premium_bps": 35, "minimum_premium": 6_000_00,
    "overdue_report_days": 60, "extension_days_max": 30, "discretionary_max": 2_000_00, "limit_fee": 15_00,
    "automatic": {"rule_id": "prompt-payers"},
}  # fmt: skip


@post(
    "/insurance-policies",
    status_code=202,
    opt=operation(
        "insurance",
        Proposed,
        takes=InsurancePolicyBody,
        refuses=(Code.NOT_FOUND, Code.LINE_MISMATCH, Code.CURRENCY_MISMATCH),
        example={"document": _EXAMPLE},
    ),
)
async def agree_insurance(request: Asked, body: RawBody) -> ASGIResponse:
    """Propose a policy that stands on an arrangement, or its next version; another operator approves it."""
    asked = _policy.read(body, content_type(request))
    ask = write(request, body)

    async def agree(conn: Connection) -> Answer:
        await flow.require_agreeable(conn, asked.policy_id, asked.document)
        wanted_id = asked.policy_id or ids.new_id(ids.INSURANCE, ids.bucket_for(asked.document.name), ask.now_ms)
        wanted = WantedPolicy(wanted_id, asked.document)
        return await propose("agree_insurance", ask, conn, Thing.INSURANCE, wanted_id, wanted)

    return reply_answer(await ask.services.engine.once(ask.must_key, ask.now, agree))


@needs_two("agree_insurance", "insurance")
async def _agree_insurance(doing: Doing, wanted: WantedPolicy) -> AgreedVersion:
    version = await flow.agree(doing.conn, wanted.policy_id, wanted.document, doing.ask.now)
    await doing.ask.record(doing.conn, Verb.CHANGED, Thing.INSURANCE, wanted.policy_id, {"version": version})
    touched = await touch_debtors(doing.conn, wanted.policy_id)
    doing.afterwards.append(lambda: tell_cache(doing.ask, touched))
    return AgreedVersion(wanted.policy_id, version)


@get("/insurance-policies", opt=operation("insurance", InsurancePolicyPage))
async def list_insurance(request: Asked, after: AfterInsurance = "", limit: Limit = 100) -> ASGIResponse:
    """All policies of credit insurance as they are now."""
    page = await flow.policies(read(request).services.pool, after, limit)
    return reply(InsurancePolicyPage(page, page[-1].policy_id if page else after))


@post(
    "/insurance-policies/{insurance_id:str}/insured",
    status_code=200,
    opt=operation(
        "insurance",
        Insured,
        takes=InsuredBody,
        refuses=(Code.NOT_FOUND,),
        keeps=False,
        example={
            "limits": [{"limit": 25_000_00, "from_on": "2026-01-01"}, {"limit": 0, "from_on": "2026-03-10"}],
            "sales": [{"on": "2026-03-09", "amount": 24_000_00}, {"on": "2026-03-10", "amount": 2_000_00}],
        },
    ),
)
async def calculate_insured(request: Asked, body: RawBody, insurance_id: InPath) -> ASGIResponse:
    """What of a debtor's sales would be insured, each by the limit and the country's cover of its own day.

    Nothing is written.
    """
    asked = _insured.read(body, content_type(request))
    under = await under_policy(write(request, body).services.pool, insurance_id)
    steps = [
        LimitStep(
            LimitState.GRANTED if one.limit else LimitState.WITHDRAWN,
            LimitSource.INSURER if one.by_insurer else LimitSource.DISCRETIONARY, one.limit, one.limit, one.from_on,
        )
        for one in asked.limits
    ]  # fmt: skip
    sales = [Sale(one.on, one.amount, one.overdue_days) for one in asked.sales]
    found = insured_sales(under.policy, under.terms, asked.country or under.policy.country, steps, sales)
    exposure, insured = sum(one.amount for one in sales), sum(one.insured for one in found)
    return reply(Insured(exposure, insured, exposure - insured, found, ageing(sales, found)))


async def tell_cache(ask: Ask, touched: Sequence[tuple[str, int]]) -> None:
    """Tells the cache which consumers' versions changed: what a checkout must know of them."""
    for consumer_id, _ in touched:
        await ask.services.snapshots.consumer_changed(consumer_id)


async def under_policy(conn: Connection | Pool, insurance_id: str, party_id: str | None = None) -> Insurance:
    """The policy that a path names; with a party, one that it insures by. Refused: NOT_FOUND."""
    require_insurance_id(insurance_id)
    under = await flow.insurance(conn, insurance_id)
    if party_id is not None and under.terms.provider_id != party_id:
        raise no_policy(insurance_id)
    return under


def require_insurance_id(insurance_id: str) -> None:
    """Refused: NOT_FOUND, for what no policy's id looks like."""
    if not ids.is_id(insurance_id, ids.INSURANCE):
        raise no_policy(insurance_id)


def no_policy(insurance_id: str) -> Refused:
    """What is said of one that is not there, or somebody else's."""
    return Refused(Code.NOT_FOUND, f"There is no insurance policy {insurance_id[:100]!r}.", "/id")


ROUTES: Final = [agree_insurance, list_insurance, calculate_insured]
