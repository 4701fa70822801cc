"""Past purchases, decided by a policy as new consumers would be: without an account, history or earlier attempts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.checkout.answer import Decision, Outcome
from service.checkout.case import Case, read_facts
from service.checkout.decide import decide
from service.errors import Code, Refused
from service.learning.past import Past
from service.learning.profit import Economics, profit_of
from service.merchants.fee import FeeSchedule
from service.merchants.merchant import Merchant
from service.plans.offer import Kind, Offer
from service.plans.plan import business_day
from service.policies.compile import CompiledPolicy, compile_policy
from service.policies.document import Policy, Verdict
from service.policies.features import Fact

DECISION: Final = "de_" + "0" * 26
MERCHANT: Final = "me_" + "0" * 26


class Replayed(Struct, frozen=True):
    """One decision. `profit` is what a yes brought, in minor units; None where no cut-off could make it a yes."""

    is_good: bool
    score: int
    outcome: Outcome
    has_alternatives: bool  # declined as asked, and something less was offered
    category: str
    profit: int | None


def replay_all(past: Sequence[Past], policy: CompiledPolicy, economics: Economics, now: datetime) -> list[Replayed]:
    """Every purchase decided at the instant `now`, and what each would have brought had the score alone allowed it."""
    currency = past[0].request.currency
    if currency not in policy.currencies:
        raise Refused(Code.INVALID_POLICY, f"The policy {policy.policy.name!r} gives no limits in {currency}.")
    merchant = _merchant(policy.policy, economics)
    lenient = compile_policy(without_cut_off(policy.policy, policy.scorecard.score_min))
    today = business_day(now, policy.policy.time_zone)
    replayed: list[Replayed] = []
    for one in past:
        decision = decide(DECISION, one.request, one.snapshot, merchant, (), policy, now)
        priced = decide(DECISION, one.request, one.snapshot, merchant, (), lenient, now)
        offer = accepted(priced, one.request.instalments)
        replayed.append(
            Replayed(
                one.is_good,
                decision.score,
                decision.answer.outcome,
                bool(decision.answer.alternatives),
                policy.category_of(one.request.word),
                None if offer is None else profit_of(offer, one.is_good, today, economics),
            )
        )
    return replayed


def facts_of(past: Sequence[Past], policy: CompiledPolicy, now: datetime) -> list[list[Fact]]:
    """Every purchase's facts as a decision reads them, in the order of the policy's features."""
    merchant, today = _merchant(policy.policy, Economics()), business_day(now, policy.policy.time_zone)
    return [
        read_facts(Case(one.request, one.snapshot, merchant, policy, today, policy.category_of(one.request.word)))
        for one in past
    ]


def accepted(decision: Decision, asked: int | None) -> Offer | None:
    """The offer a consumer would take: of the number of instalments nearest to the one asked for; else the best."""
    offers = decision.answer.offers
    if asked is None or not offers:
        return offers[0] if offers else None
    return min(offers, key=lambda offer: abs(sum(not row.is_down_payment for row in offer.schedule) - asked))


def without_cut_off(policy: Policy, score_min: int) -> Policy:
    """The policy with its last approving grade open to every score: what those below would pay, were they let in."""
    grades = [grade for grade in policy.grades if grade.verdict is Verdict.APPROVE]
    if not grades:
        raise Refused(Code.INVALID_POLICY, f"The policy {policy.name!r} has no grade that may buy.")
    grades[-1] = replace(grades[-1], score_min=min(score_min, grades[-1].score_min))
    return replace(policy, grades=tuple(grades))


def _merchant(policy: Policy, economics: Economics) -> Merchant:
    fees = {Kind.INSTALMENTS.value: FeeSchedule(economics.merchant_fee_bps)}
    return Merchant(MERCHANT, "Past merchant", policy.jurisdiction, policy.time_zone, fees)
