"""For an insurer with keys of its own: its policies and debtors, limits that it decides, what it is told.

Debtors are pseudonyms here.
"""

from typing import Final

from litestar import get, post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse

from service.api.ask import Asked, InPath, content_type, read, write
from service.api.body import Body
from service.api.insurance import InsurancePolicyPage, under_policy
from service.api.insurance_limits import AnswerBody, DebtorPage, LowerBody, answered, as_pseudonym, lowered, require_ids
from service.api.insurance_packs import ROUTES as PACK_ROUTES
from service.api.insurance_premiums import DeclarationList
from service.api.insurance_supply import NoticePage, notices_page
from service.api.insurer_settlements import ROUTES as SETTLEMENT_ROUTES
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterDebtor, AfterInsurance, AfterNotice, Limit
from service.api.reply import reply
from service.errors import Code
from service.insurance import declarations_flow, limits_flow, policies_flow
from service.insurance.limits_flow import Debtor

_answer = Body(AnswerBody)
_lower = Body(LowerBody)

_OF_A_LIMIT: Final = (Code.NOT_FOUND, Code.WRONG_DEBTOR, Code.STATE_FORBIDS)


@get("/insurance-policies", opt=operation("insurance", InsurancePolicyPage, csv=True))
async def list_own_insurance(request: Asked, after: AfterInsurance = "", limit: Limit = 100) -> ASGIResponse:
    """The policies that you insure by, each as it is now."""
    ask = read(request)
    page = await policies_flow.policies_of(ask.services.pool, ask.owner_id, after, limit)
    return Listed(InsurancePolicyPage(page, page[-1].policy_id if page else after))


@get("/insurance-policies/{insurance_id:str}/debtors", opt=operation("insurance", DebtorPage, csv=True))
async def list_own_debtors(
    request: Asked, insurance_id: InPath, after: AfterDebtor = "", limit: Limit = 100
) -> ASGIResponse:
    """The debtors under a policy: limit, what each owes today, what of it is insured. Who they are is not told."""
    ask = read(request)
    pool = ask.services.pool
    under = await under_policy(pool, insurance_id, ask.owner_id)
    page = [as_pseudonym(one) for one in await limits_flow.debtors(pool, under, after, limit, ask.now.date())]
    return Listed(DebtorPage(page, page[-1].debtor_id if page else after))


@post(
    "/insurance-policies/{insurance_id:str}/debtors/{debtor_id:str}/answer",
    status_code=200,
    opt=operation(
        "insurance",
        Debtor,
        takes=AnswerBody,
        refuses=_OF_A_LIMIT,
        example={"amount": 3_000_00, "conditions": "Payment within 30 days."},
    ),
)
async def answer_own_limit(request: Asked, body: RawBody, insurance_id: InPath, debtor_id: InPath) -> ASGIResponse:
    """Decide on a limit that you are asked for: all of it, a part, or 0."""
    asked = _answer.read(body, content_type(request))
    require_ids(insurance_id, debtor_id)
    return await answered(write(request, body), insurance_id, debtor_id, asked, by_party=True)


@post(
    "/insurance-policies/{insurance_id:str}/debtors/{debtor_id:str}/lower",
    status_code=200,
    opt=operation("insurance", Debtor, takes=LowerBody, refuses=_OF_A_LIMIT, example={"amount": 0}),
)
async def lower_own_limit(request: Asked, body: RawBody, insurance_id: InPath, debtor_id: InPath) -> ASGIResponse:
    """Reduce a limit, or withdraw it, from a day on. Earlier sales stay insured."""
    asked = _lower.read(body, content_type(request))
    require_ids(insurance_id, debtor_id)
    return await lowered(write(request, body), insurance_id, debtor_id, asked, by_party=True)


@get("/insurance-policies/{insurance_id:str}/declarations", opt=operation("insurance", DeclarationList))
async def list_own_declarations(request: Asked, insurance_id: InPath) -> ASGIResponse:
    """What was declared to you under a policy, and the premium that you are owed for it."""
    ask = read(request)
    await under_policy(ask.services.pool, insurance_id, ask.owner_id)
    return reply(DeclarationList(await declarations_flow.declarations(ask.services.pool, insurance_id)))


@get("/insurance-policies/{insurance_id:str}/overdue-notices", opt=operation("insurance", NoticePage, csv=True))
async def list_own_notices(
    request: Asked, insurance_id: InPath, after: AfterNotice = "", limit: Limit = 100
) -> ASGIResponse:
    """The debtors that have been overdue for as long as the policy says, of which you are told."""
    ask = read(request)
    await under_policy(ask.services.pool, insurance_id, ask.owner_id)
    return Listed(await notices_page(ask.services.pool, insurance_id, after, limit))


ROUTES: Final = [
    list_own_insurance, list_own_debtors, answer_own_limit, lower_own_limit, list_own_declarations, list_own_notices,
    *PACK_ROUTES, *SETTLEMENT_ROUTES,
]  # fmt: skip
