"""For the lender: what would come of losses, if they were borne by a waterfall. Nothing is written."""

from typing import Annotated, Final

from litestar import post
from litestar.params import RawBody
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from service import ids
from service.api.ask import Asked, InPath, content_type, write
from service.api.body import Body
from service.api.operation import operation
from service.api.reply import reply
from service.errors import Code, Refused
from service.support import documents_flow as flow
from service.support.simulation import Come, Given, LossAndAfter, simulate

LOSSES_MAX: Final = 1_000


class SimulationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Losses, one after the other, and what the arrangements were given before the first."""

    losses: Annotated[tuple[LossAndAfter, ...], Meta(min_length=1, max_length=LOSSES_MAX)]
    given: Annotated[
        dict[str, Given], Meta(max_length=20)
    ] = {}  # what each arrangement was given, by its id; of one that is not named: nothing


class Simulated(Struct, frozen=True):
    """What comes of each loss, in their order."""

    waterfall_id: str
    version: int  # of the waterfall
    losses: list[Come]


_simulation = Body(SimulationBody)


@post(
    "/waterfalls/{waterfall_id:str}/simulate",
    status_code=200,
    opt=operation(
        "support",
        Simulated,
        takes=SimulationBody,
        refuses=(Code.NOT_FOUND,),
        keeps=False,
        example={
            "losses": [
                {
                    "loss": {
                        "cause": "credit", "on": "2026-06-01", "debtor": "customer-4711",
                        "merchant_id": "{merchant_id}", "principal": 4_500_00, "interest": 96_30, "fees": 40_00,
                        "recovered": 300_00,
                        "holders": [{"partner_id": "{partner_id}", "principal_bps": 7_000}],
                    },
                    "recoveries": [{"gross": 900_00, "cost": 90_00}],
                }
            ],
        },
    ),
)  # fmt: skip
async def simulate_waterfall(request: Asked, body: RawBody, waterfall_id: InPath) -> ASGIResponse:
    """Who would bear losses now, tier by tier, and who would get what comes later; nothing is written.

    What a tier has used of its limits begins with `given`, and grows with each loss of the list.
    """
    asked = _simulation.read(body, content_type(request))
    if not ids.is_id(waterfall_id, ids.WATERFALL):
        raise Refused(Code.NOT_FOUND, f"There is no waterfall {waterfall_id[:100]!r}.", "/id")
    pool = write(request, body).services.pool
    agreed = await flow.waterfall(pool, waterfall_id)
    tiers = await flow.tiers_of(pool, agreed.document, "/tiers")
    for one in asked.given:
        if one not in agreed.document.tiers:
            raise Refused(Code.INVALID_FIELD, f"The waterfall has no arrangement {one[:100]!r}.", "/given")
    given = [asked.given.get(one, Given()) for one in agreed.document.tiers]
    found = simulate(agreed.document.recovery_order, tiers, given, asked.losses)
    return reply(Simulated(waterfall_id, agreed.version, found))


ROUTES: Final = [simulate_waterfall]
