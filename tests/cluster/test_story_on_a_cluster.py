"""Every route of the contract is answered on a cluster as the contract says."""

from service.contract.openapi import WEBHOOKS
from tests.cluster.fresh import ON_A_CLUSTER, database_url, pool, settings, world
from tests.contract import contract_story
from tests.contract.app import ROUTES
from tests.contract.checked import Contract
from tests.contract.test_openapi import bare_document
from tests.flows.world import World

pytestmark = ON_A_CLUSTER

__all__ = ["database_url", "pool", "settings", "world"]


async def test_every_route_is_answered(world: World) -> None:
    """Every operation is called, every answer fits its schema, and what is told of it is sent."""
    recorder = contract_story.Recorder(Contract(bare_document()))
    world.http.event_hooks["response"].append(recorder)
    await contract_story.tell(world, recorder)
    recorder.examples[WEBHOOKS] = await contract_story.messages(world)
    assert set(recorder.fixed()) == set(ROUTES) - contract_story.ITSELF | {WEBHOOKS}
