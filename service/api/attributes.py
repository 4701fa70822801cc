"""What counts, by name: the attributes a merchant may register, and the words for what is bought."""

from litestar import get
from litestar.response.base import ASGIResponse
from msgspec import Struct

from service.api.ask import Ask, Asked, read
from service.api.operation import operation
from service.api.reply import reply
from service.policies.attributes import AttributeRead
from service.policies.compile import CompiledPolicy
from service.policies.version import in_force


class CategoryWords(Struct, frozen=True):
    """A category, and the merchants' words for it, in any case of letters."""

    name: str  # the policy's own
    words: tuple[str, ...]  # of the merchants


class AttributesView(Struct, frozen=True):
    """What the policy in force reads of a consumer and of a purchase; what it makes of it is not told."""

    attributes: tuple[AttributeRead, ...]
    categories: tuple[CategoryWords, ...]
    other_category: str  # what a purchase is taken for whose word stands in no category


@get("/attributes", opt=operation("consumers", AttributesView))
async def list_attributes(request: Asked) -> ASGIResponse:
    """What to register with a consumer, and how to call what is bought, so that it counts.

    Everything else is kept, and read by nobody. `POST /v1/consumers` and `POST /v1/checkouts` name what was not read.
    """
    ask = read(request)
    policy = await ask.services.registry.policy(ask.now)
    document = policy.policy
    categories = [CategoryWords(one.name, tuple(sorted(one.words))) for one in document.categories]
    return reply(AttributesView(policy.attributes, tuple(categories), document.other_category))


async def policies_in_use(ask: Ask) -> list[CompiledPolicy]:
    """The policy in force, and the one on trial beside it; none before the first was published."""
    registry = ask.services.registry
    if in_force(registry.now.policies, ask.now) is None:
        return []
    policies, trial = [await registry.policy(ask.now)], registry.now.trial
    if trial is not None and trial.started_at <= ask.now:
        policies.append(await registry.version(trial.policy_id, trial.version))
    return policies
