"""What a shop can offer at all, before anybody is known: as the person with the best grade would be offered it."""

from datetime import datetime

from msgspec import Struct

from service import ids
from service.checkout.answer import Answer
from service.checkout.decide import decide
from service.checkout.persona import Persona
from service.checkout.request import Checkout
from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.partners.programme import Programme
from service.plans.offer import Kind
from service.policies.compile import CompiledPolicy
from service.policies.price_list import Rung

NOBODY = "co_" + "0" * 26


class Bounds(Struct, frozen=True):
    """The smallest and the largest price, in minor units."""

    least: int
    most: int


def best_answer(
    checkout: Checkout, merchant: Merchant, programmes: tuple[Programme, ...], policy: CompiledPolicy, now: datetime
) -> Answer:
    """The answer to a checkout of somebody with the best grade and nothing used; nothing is decided or kept."""
    best = Snapshot(consumer_id=NOBODY, persona=Persona.APPROVED)
    decision_id = ids.new_id(ids.DECISION, 0, int(now.timestamp() * 1000))
    funders = () if merchant.is_test else programmes
    return decide(decision_id, checkout, best, merchant, funders, policy, now).answer


def rungs_of(
    policy: CompiledPolicy, currency: str, word: str, kinds: tuple[Kind, ...], count: int | None = None
) -> list[Rung]:
    """What the policy has for the best grade, for goods that the shop calls so; `count`: of so many instalments."""
    grade, category = policy.policy.grades[0].name, policy.category_of(word)
    rungs = [one for one in policy.rungs(currency, category, grade, count) if one.kind in kinds]
    return rungs if count is None else [one for one in rungs if one.terms.instalments == count]


def bounds_of(rungs: list[Rung]) -> Bounds | None:
    """Between which prices any of them can be had; None: there is none."""
    if not rungs:
        return None
    return Bounds(
        min(one.price_of(one.amount_min) for one in rungs), max(one.price_of(one.amount_max) for one in rungs)
    )
