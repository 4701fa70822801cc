"""Decide: from a checkout and what we know to a ladder of binding offers, or to reasons. Pure.

Same decision id, request, snapshot, merchant, programmes, policy and instant: the same bytes, in any process.
"""

from datetime import datetime

from msgspec.structs import replace

from service.checkout.alternatives import alternatives_of
from service.checkout.answer import Alternative, Answer, Decision, Outcome
from service.checkout.case import Case, lay_out
from service.checkout.ladder import REASON_FOR, Fit, Obstacle, fit, is_asked_for, rungs_for
from service.checkout.offering import Offering
from service.checkout.request import Checkout
from service.checkout.rules import Finding, findings_of
from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.partners.programme import Programme
from service.plans.offer import Kind, Offer
from service.plans.plan import business_day
from service.policies.compile import CompiledPolicy
from service.policies.document import Verdict
from service.policies.price_list import Rung
from service.policies.reasons import Ground, Reason, told

REASONS_MAX = 4  # principal reasons; more do not help

# What a checkout may ask: to pay the price later, and to leave less of a deposit. Each is answered by itself.
PRICE, DEPOSIT = frozenset({Kind.INSTALMENTS, Kind.PAY_AFTER_USE}), frozenset({Kind.DEPOSIT})
QUESTIONS = (PRICE, DEPOSIT)  # in the order that reasons are given


def decide(
    decision_id: str,
    request: Checkout,
    snapshot: Snapshot,
    merchant: Merchant,
    programmes: tuple[Programme, ...],
    policy: CompiledPolicy,
    now: datetime,
    referral_id: str | None = None,
) -> Decision:
    """The decision on a checkout; `snapshot` is in its currency.

    With a `referral_id`, a person has looked at that referral and said yes: nothing is referred again, all else holds.
    """
    document = policy.policy
    case = lay_out(request, snapshot, merchant, policy, business_day(now, merchant.time_zone))
    findings = findings_of(case)
    if referral_id is not None:
        findings = [finding for finding in findings if finding.verdict is not Verdict.REFER]
    verdict = verdict_of(findings)
    rungs = rungs_for(case, _barred(findings))
    expires_at = now + policy.offers_live
    offering = Offering(decision_id, case, programmes, now, expires_at)
    offers: list[Offer] = []
    alternatives: list[Alternative] = []
    if verdict is Verdict.APPROVE:
        offers, tried = _climb(offering, rungs)
    else:
        tried = [(rung, fit(case, rung)) for rung in rungs]
    questions = _unanswered(request, offers)
    if verdict is Verdict.APPROVE and questions:
        alternatives = _alternatives(offering, tried, questions, offers)
    answer = Answer(
        decision_id=decision_id,
        outcome=_outcome(verdict, findings, offers),
        merchant_reference=request.merchant_reference,
        consumer_id=request.consumer_id,
        currency=request.currency,
        amount=request.amount,
        offers=tuple(offers),
        alternatives=tuple(alternatives),
        reasons=_reasons(case, verdict, findings, tried, questions) if questions else (),
        policy_id=document.policy_id,
        policy_version=document.version,
        decided_at=now,
        expires_at=expires_at,
        outside={name: read.outcome for name, read in snapshot.outside.items()} if snapshot.outside else {},
        unknown=policy.unknown_words(words) if (words := request.words) else (),
        referral_id=referral_id,
    )
    return Decision(answer, offering.takers, case.limit, case.score, case.grade.name if case.grade else None)


Tried = list[tuple[Rung, Fit]]


def verdict_of(findings: list[Finding]) -> Verdict:
    """The gravest that is said of the whole checkout."""
    if not findings:
        return Verdict.APPROVE
    said = {finding.verdict for finding in findings if not finding.kinds}
    if Verdict.DECLINE in said:
        return Verdict.DECLINE
    return Verdict.REFER if said else Verdict.APPROVE


def _barred(findings: list[Finding]) -> frozenset[Kind]:
    return frozenset([kind for finding in findings for kind in finding.kinds]) if findings else frozenset()


def _outcome(verdict: Verdict, findings: list[Finding], offers: list[Offer]) -> Outcome:
    """A kind that a person shall look at is worth a referral only if no other kind can be offered at once."""
    if offers:
        return Outcome.APPROVED
    said = {finding.verdict for finding in findings}
    if verdict is not Verdict.DECLINE and Verdict.REFER in said:
        return Outcome.REFERRED
    return Outcome.DECLINED


def _climb(offering: Offering, rungs: list[Rung]) -> tuple[list[Offer], Tried]:
    """The best offers, for each question as many as the policy shows, and the rungs tried in vain until then.

    Of rungs with the same rhythm and down payment the first is the best, and nobody is shown the others.
    """
    case = offering.case
    offers_max = case.policy.policy.offers_max
    offers: list[Offer] = []
    offered = [0, 0]  # for the price; for the deposit
    failed: Tried = []
    rhythms: set[tuple[object, ...]] = set()
    for rung in rungs:
        is_of_deposit = rung.kind is Kind.DEPOSIT
        if offered[is_of_deposit] == offers_max:
            continue
        how, terms = fit(case, rung), rung.terms
        if how.obstacle is not None:
            failed.append((rung, how))
            continue
        rhythm = (rung.kind, terms.instalments, terms.every, terms.unit, how.down_payment)
        if rhythm not in rhythms:
            offer = offering.offer(len(offers) + 1, rung, how)
            if isinstance(offer, Offer):
                offers.append(offer)
                offered[is_of_deposit] += 1
                rhythms.add(rhythm)
            else:
                failed.append((rung, replace(how, obstacle=offer)))
    return offers, failed


def _unanswered(request: Checkout, offers: list[Offer]) -> list[frozenset[Kind]]:
    """Of the questions asked those without an offer."""
    asked, offered = set(request.kinds_asked), {offer.kind for offer in offers}
    return [question for question in QUESTIONS if question & asked and not question & offered]


def _alternatives(
    offering: Offering, tried: Tried, questions: list[frozenset[Kind]], offers: list[Offer]
) -> list[Alternative]:
    """What is possible instead for the questions without an offer, numbered after the offers."""
    open_ = frozenset[Kind]().union(*questions)
    alternatives: list[Alternative] = []
    for possible in alternatives_of(offering.case, [one for one in tried if one[0].kind in open_]):
        offer = offering.offer(len(offers) + len(alternatives) + 1, possible.rung, possible.fit)
        if isinstance(offer, Offer):
            alternatives.append(Alternative(possible.change, offer))
    return alternatives


def _reasons(
    case: Case, verdict: Verdict, findings: list[Finding], tried: Tried, questions: list[frozenset[Kind]]
) -> tuple[Reason, ...]:
    """For each question those of the gravest verdict, then what keeps its nearest rung from being offered."""
    weighty = [finding for finding in findings if verdict in (Verdict.APPROVE, finding.verdict)]
    grounds: list[Ground] = []
    for question in questions:
        is_of_deposit = question == DEPOSIT
        against = [finding for finding in weighty if not finding.kinds or question & set(finding.kinds)]
        grounds += [
            replace(finding.ground, is_of_deposit=True) if is_of_deposit and finding.kinds else finding.ground
            for finding in against
        ]
        ours = [(rung, how) for rung, how in tried if rung.kind in question]
        if case.grade is not None and not (against and not ours):
            as_asked = [how for rung, how in ours if is_asked_for(case, rung)] or [how for _, how in ours]
            obstacles = [how.obstacle for how in as_asked] or [Obstacle.NO_RUNG]
            if None not in obstacles:
                grounds.append(Ground(REASON_FOR[min(filter(None, obstacles))], is_of_deposit=is_of_deposit))
    return tuple([told(ground, case.request.language) for ground in dict.fromkeys(grounds)])[:REASONS_MAX]
