"""More than was agreed: an order is amended upwards, a deposit topped up. Only the difference is decided. Pure.

What was authorized stays, whatever is said; only the more is at stake. The rules read the purchase as it is to become,
and the account and plans as they would be without this one:

    amount, or deposit      all of it: 600.00 that become 1,100.00 are a purchase of 1,100.00, so that nobody comes in
                            small steps to where the policy lets nobody go
    reserved, used, plans   without what this plan takes of them, or it would count twice

No offer is made: the terms of the plan stay. So the ladder is not climbed, and whether the limit has room is decided
where it is locked.
"""

from datetime import datetime

from msgspec.structs import replace

from service.checkout.answer import Answer, Decision, Outcome
from service.checkout.case import lay_out
from service.checkout.decide import REASONS_MAX, verdict_of
from service.checkout.request import Checkout
from service.checkout.rules import Finding, findings_of
from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.partners.allocation import Takers
from service.plans.amounts import Amounts
from service.plans.offer import Kind, Offer
from service.plans.plan import business_day
from service.policies.compile import CompiledPolicy
from service.policies.document import Verdict
from service.policies.reasons import told

OUTCOMES = {Verdict.APPROVE: Outcome.APPROVED, Verdict.REFER: Outcome.REFERRED, Verdict.DECLINE: Outcome.DECLINED}


def enlarged(request: Checkout, offer: Offer, amount: int) -> Checkout:
    """The purchase as it is to become, with a plan of `amount`: of a deposit, with a deposit of so much."""
    if offer.kind is Kind.DEPOSIT:
        return replace(request, kinds=(offer.kind,), deposit_amount=amount)
    return replace(request, kinds=(offer.kind,), amount=offer.down_payment + amount)


def without(snapshot: Snapshot, amounts: Amounts) -> Snapshot:
    """What we know, but for one plan that is open; it may have changed since the account was read."""
    return replace(
        snapshot,
        reserved=max(0, snapshot.reserved - amounts.reserved),
        used=max(0, snapshot.used - amounts.used),
        open_plans=max(0, snapshot.open_plans - 1),
    )


def decide_difference(
    decision_id: str, request: Checkout, snapshot: Snapshot, merchant: Merchant, policy: CompiledPolicy, now: datetime
) -> Decision:
    """The decision on a purchase that is to become more; both as above. Without offers, whatever its outcome."""
    case = lay_out(request, snapshot, merchant, policy, business_day(now, merchant.time_zone))
    [kind] = request.kinds
    findings = [_of_all(finding) for finding in findings_of(case) if not finding.kinds or kind in finding.kinds]
    verdict = verdict_of(findings)
    grounds = dict.fromkeys([finding.ground for finding in findings if finding.verdict is verdict])
    answer = Answer(
        decision_id=decision_id,
        outcome=OUTCOMES[verdict],
        merchant_reference=request.merchant_reference,
        consumer_id=request.consumer_id,
        currency=request.currency,
        amount=request.deposit_amount if kind is Kind.DEPOSIT else request.amount,
        offers=(),
        alternatives=(),
        reasons=tuple([told(ground, request.language) for ground in grounds])[:REASONS_MAX],
        policy_id=policy.policy.policy_id,
        policy_version=policy.policy.version,
        decided_at=now,
        expires_at=now,
        outside={name: read.outcome for name, read in snapshot.outside.items()},
    )
    return Decision(answer, Takers(), case.limit, case.score, case.grade.name if case.grade else None)


def _of_all(finding: Finding) -> Finding:
    """Only one kind is asked for: what stands against it stands against all."""
    is_of_deposit = Kind.DEPOSIT in finding.kinds
    return replace(finding, kinds=(), ground=replace(finding.ground, is_of_deposit=is_of_deposit))
