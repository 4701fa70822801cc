"""For who bears losses: what its arrangements have, the plans that they cover, and its part of each loss."""

from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service import ids
from service.api.ask import Asked, InPath, read
from service.api.cover_sets import CoverSetPage, EnrolmentPage
from service.api.lists import Listed
from service.api.operation import operation
from service.api.paging import AfterArrangement, AfterCoverSet, AfterLoss, AfterPlan, Limit
from service.api.reply import reply
from service.db import Pool
from service.errors import Code, Refused
from service.support import capacity_flow, documents_flow, enrolling_store, party_store
from service.support.capacity import Capacity
from service.support.documents_flow import Agreed
from service.support.party_store import OwnLoss, OwnPart, OwnReturn

OfArrangement = Annotated[
    str | None, QueryParameter(max_length=30, description="only by this arrangement; absent: by any of yours")
]


class CapacityPage(Struct, frozen=True):
    """What arrangements have to pay with, the oldest first; `after` is what to ask with next."""

    capacities: list[Capacity]
    after: str


class OwnLossPage(Struct, frozen=True):
    """Your parts of losses, the oldest first; `after` is what to ask with next."""

    losses: list[OwnLoss]
    after: str


class OwnLossView(Struct, frozen=True):
    """Your part of a loss: as it was quantified each time, the last counts, and what came back to you."""

    loss_id: str
    versions: list[OwnPart]
    returns: list[OwnReturn]


async def own_arrangement(pool: Pool, party_id: str, arrangement_id: str) -> Agreed:
    """An arrangement that the party bears losses by. Refused: NOT_FOUND, for any other."""
    found = None
    if ids.is_id(arrangement_id, ids.ARRANGEMENT):
        found = await documents_flow.arrangement(pool, arrangement_id)
    if found is None or found.document.provider_id != party_id:
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id[:100]!r}.", "/id")
    return found


@get("/capacities", opt=operation("arrangements", CapacityPage, csv=True))
async def list_own_capacities(request: Asked, after: AfterArrangement = "", limit: Limit = 100) -> ASGIResponse:
    """What each of your arrangements was paid in, what of it is reserved, paid and returned, and what is available."""
    ask = read(request)
    page = await party_store.capacities(ask.services.pool, ask.owner_id, after, limit)
    return Listed(CapacityPage(page, page[-1].arrangement_id if page else after))


@get("/arrangements/{arrangement_id:str}/capacity", opt=operation("arrangements", Capacity))
async def get_own_capacity(request: Asked, arrangement_id: InPath) -> ASGIResponse:
    """The same of one of them."""
    ask = read(request)
    pool = ask.services.pool
    await own_arrangement(pool, ask.owner_id, arrangement_id)
    return reply(await capacity_flow.capacity_of(pool, arrangement_id))


@get("/cover-sets", opt=operation("arrangements", CoverSetPage, csv=True))
async def list_own_cover_sets(request: Asked, after: AfterCoverSet = "", limit: Limit = 100) -> ASGIResponse:
    """The cover sets of your arrangements, with how many plans each has, and how large they are."""
    ask = read(request)
    page = await party_store.cover_sets(ask.services.pool, ask.owner_id, after, limit)
    return Listed(CoverSetPage(page, page[-1].cover_set_id if page else after))


@get("/cover-sets/{cover_set_id:str}/enrolments", opt=operation("arrangements", EnrolmentPage, csv=True))
async def list_own_enrolments(
    request: Asked, cover_set_id: InPath, after: AfterPlan = "", limit: Limit = 100
) -> ASGIResponse:
    """The plans that one of your cover sets has or had, those that could not be enrolled among them."""
    ask = read(request)
    pool = ask.services.pool
    if not ids.is_id(cover_set_id, ids.COVER_SET):
        raise _no_set(cover_set_id)
    found = await enrolling_store.find_set(pool, cover_set_id)
    agreed = await documents_flow.arrangement(pool, found.arrangement_id)
    if agreed is None or agreed.document.provider_id != ask.owner_id:
        raise _no_set(cover_set_id)
    page = await enrolling_store.list_enrolled(pool, cover_set_id, after, limit)
    return Listed(EnrolmentPage(page, page[-1].plan_id if page else after))


@get("/losses", opt=operation("arrangements", OwnLossPage, csv=True))
async def list_own_losses(
    request: Asked, arrangement_id: OfArrangement = None, after: AfterLoss = "", limit: Limit = 100
) -> ASGIResponse:
    """Losses that your arrangements were asked to bear, and what each bears: why less than its terms say, or nothing.

    A page has the parts of `limit` losses at most: of a loss there are as many as you have tiers of it.
    """
    ask = read(request)
    page = await party_store.losses(ask.services.pool, ask.owner_id, after, arrangement_id, limit)
    return Listed(OwnLossPage(page, page[-1].loss_id if page else after))


@get("/losses/{borne_loss_id:str}", opt=operation("arrangements", OwnLossView))
async def get_own_loss(request: Asked, borne_loss_id: InPath) -> ASGIResponse:
    """Your part of a loss, and what came back to you of it. What others bear is not told."""
    ask = read(request)
    pool = ask.services.pool
    parts = []
    if ids.is_id(borne_loss_id, ids.LOSS):
        parts = await party_store.parts_of(pool, ask.owner_id, borne_loss_id)
    if not parts:
        raise Refused(Code.NOT_FOUND, f"There is no loss {borne_loss_id[:100]!r}.", "/id")
    returns = await party_store.returns_of(pool, ask.owner_id, borne_loss_id)
    return reply(OwnLossView(borne_loss_id, parts, returns))


def _no_set(cover_set_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no cover set {cover_set_id[:100]!r}.", "/id")


ROUTES: Final = [
    list_own_capacities, get_own_capacity, list_own_cover_sets, list_own_enrolments, list_own_losses, get_own_loss,
]  # fmt: skip
