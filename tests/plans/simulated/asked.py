"""Who asks for what, and what chance may look at when it chooses that."""

from datetime import date
from random import Random
from typing import Any

from msgspec import Struct

from service.actor import Actor, ActorKind
from service.plans.book import PlanCommand
from tests.plans.lives import CONSUMER as THEIR_ID
from tests.plans.simulated.seen import Seen

OPERATOR = Actor(ActorKind.OPERATOR, "op_1")
CONSUMER = Actor(ActorKind.CONSUMER, THEIR_ID)
PROCESSOR = Actor(ActorKind.PROCESSOR, "pr_1")

Arguments = dict[str, Any]


class Step(Struct):
    """A verb with its arguments, and who asks."""

    verb: type[PlanCommand]
    arguments: Arguments
    actor: Actor


class Now(Struct):
    """What chance may look at."""

    chance: Random
    seen: Seen
    today: date


def part(now: Now, whole: int) -> int:
    """Some of it, all of it, or a little more than there is."""
    chance = now.chance
    return max(0, chance.choice((whole, whole // 2, chance.randint(0, max(0, whole)), 1, whole + (whole % 7 == 3))))
