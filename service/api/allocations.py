"""Which programme would fund a plan, and why the others would not: asked by the operator, and nothing is taken."""

from typing import Annotated, Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service.api.ask import Asked, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import reply
from service.countries import require_jurisdiction
from service.errors import Code, Refused
from service.money import BPS
from service.partners import programme_flow as flow
from service.partners.allocation import NotTaken, Sought, against
from service.partners.budget import Need, needs_of
from service.partners.programme import Programme
from service.partners.programme_terms import CategoryName, Currency, GradeName, Jurisdiction, MerchantId, PlanKind
from service.plans.plan import business_day


class AllocationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A plan as a programme sees it."""

    merchant_id: MerchantId
    kind: PlanKind
    currency: Currency
    amount: Annotated[
        int, Meta(ge=1, le=1_000_000_000_000, description="minor units: what is lent; of a deposit, what is waived")
    ]
    instalments: Annotated[int, Meta(ge=0, le=1200)]  # how many
    grade: GradeName  # of the policy
    category: CategoryName  # of the policy
    jurisdiction: Jurisdiction  # whose law binds the plan


class Share(Struct, frozen=True):
    """A partner's part of it."""

    partner_id: str
    principal_bps: int  # its share of the principal


class Looked(Struct, frozen=True):
    """What a programme says of it."""

    programme_id: str
    version: int  # of its document
    takes: bool  # whether it would fund the plan, unless its partner says no
    because: tuple[NotTaken, ...]  # why not; empty: it takes the plan
    asks_partner: bool  # before the plan is authorized the partner is asked, and may say no


class AllocationQuote(Struct, frozen=True):
    """Who would fund it, the first that takes it."""

    programme_id: str | None  # null: none; it is our own money, or declined, as the policy says
    shares: tuple[Share, ...]
    own_share_bps: int  # what is left to us, of the principal
    programmes: tuple[Looked, ...]  # all, in the order they are asked in


_plan = Body(AllocationBody)


@post(
    "/allocation-quotes",
    status_code=200,
    opt=operation(
        "partners",
        AllocationQuote,
        takes=AllocationBody,
        refuses=(Code.NOT_FOUND,),
        keeps=False,
        example={
            "merchant_id": "{merchant_id}",
            "kind": "instalments",
            "currency": "EUR",
            "amount": 600_00,
            "instalments": 12,
            "grade": "A",
            "category": "furniture",
            "jurisdiction": "DE",
        },
    ),
)
async def quote_allocation(request: Asked, body: RawBody) -> ASGIResponse:
    """Which programme would fund a plan now, in which shares, and why the others would not.

    Nothing is taken and no partner is asked. Room that processes have leased and not used yet counts as taken.
    """
    asked = _plan.read(body, content_type(request))
    require_jurisdiction(asked.jurisdiction, "/jurisdiction")
    ask = write(request, body)
    known = ask.services.registry.now
    merchant = known.merchants.get(asked.merchant_id)
    if merchant is None:
        raise Refused(Code.NOT_FOUND, f"There is no merchant {asked.merchant_id!r}.", "/merchant_id")
    plan = Sought(
        asked.kind, asked.currency, asked.amount, asked.instalments, asked.grade, asked.merchant_id,
        asked.jurisdiction, business_day(ask.now, merchant.time_zone), asked.category, merchant.country,
    )  # fmt: skip
    programmes = () if merchant.is_test else known.programmes
    said = [(one, against(one, plan)) for one in programmes]
    needs = {one.programme_id: needs_of(one, one.funding, plan, ask.now) for one, because in said if not because}
    taken = await flow.taken(ask.services.pool, [need.budget for each in needs.values() for need in each])
    looked = [_looked(one, because, needs.get(one.programme_id, ()), taken) for one, because in said]
    first = next((one for one, look in zip(programmes, looked, strict=True) if look.takes), None)
    if first is None:
        return reply(AllocationQuote(None, (), BPS, tuple(looked)))
    shares = tuple([Share(part.partner_id, part.principal_bps) for part in first.terms.participants])
    return reply(AllocationQuote(first.programme_id, shares, first.terms.own_share_bps, tuple(looked)))


def _looked(one: Programme, because: tuple[NotTaken, ...], needs: tuple[Need, ...], taken: dict[str, int]) -> Looked:
    full = [need.says for need in needs if taken.get(need.budget, 0) + need.amount > need.most]
    why = tuple(dict.fromkeys((*because, *full)))
    return Looked(one.programme_id, one.version, not why, why, one.terms.approval is not None)


ROUTES: Final = [quote_allocation]
