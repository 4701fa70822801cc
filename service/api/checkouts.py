"""The checkout's answer: snapshot, decision, log. The hot path of the product."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final

import msgspec

from service import ids
from service.api.ask import Ask
from service.api.reply import OBJECT
from service.checkout.answer import Decision
from service.checkout.decide import decide
from service.checkout.decision_log import DecisionRow, FactsChanged, RulebookChanged, reference_used
from service.checkout.evidence import Evidence, evidence_of
from service.checkout.flow import Known as KnownConsumer
from service.checkout.flow import Q as CHECKOUT
from service.checkout.flow import Who
from service.checkout.request import Checkout, refuse_contradictions
from service.checkout.sealing import Erased, digest, erased, seal_parts, unseal_part
from service.checkout.shadow_flow import Sides, Watched
from service.checkout.velocity import attempt_of
from service.engine.work import Answer
from service.errors import Code, Refused
from service.merchants.merchant import Merchant
from service.metrics import DECISIONS, REASONS
from service.outside.flow import Occasion
from service.outside.source import SourceRead
from service.packed import unpack, unpacked
from service.plans.offer import Kind
from service.plans.plan import business_day
from service.plans.reading_store import Q as PLANS
from service.plans.subsidy_store import schemes_for
from service.subsidies.offered import SchemeNow, seen_by

RULEBOOKS_MAX: Final = 3  # so often a decision is made anew because a policy was published meanwhile

_encode = msgspec.json.Encoder().encode


class DecisionLog(msgspec.Struct, frozen=True):
    """Everything a decision was made of."""

    decision_id: str
    merchant_id: str
    policy_id: str
    policy_version: int
    decided_at: datetime
    request: Annotated[msgspec.Raw, OBJECT]  # the checkout as it was sent; {}: it was erased
    snapshot: Annotated[msgspec.Raw, OBJECT]  # what was known: of the consumer, the merchant, and whose money there was
    answer: Annotated[msgspec.Raw, OBJECT]  # the checkout's answer, byte for byte
    funding: Annotated[msgspec.Raw, OBJECT]  # which programmes would fund its offers
    digest: str  # SHA-256 of the log as it is kept; an erasure does not change it
    erased: Erased | None  # null: it is all there; else request and snapshot are empty


async def answer_checkout(ask: Ask, checkout: Checkout, raw: bytes) -> Answer:
    """Decides, and answers once the decision is in the log.

    What this process or Redis remembers may make this fast, never different: unless everything asked was granted, the
    facts are read anew from the database before the answer is given; and what was granted is logged only if the facts
    in the database are still in the versions that were remembered. Nor does a process decide by a policy that was
    replaced and that it has not heard of: the log would not take it, and it decides again.
    """
    refuse_contradictions(checkout)
    for _ in range(RULEBOOKS_MAX):
        try:
            return await _answer(ask, checkout, raw)
        except RulebookChanged:
            await ask.services.registry.reload()
    raise Refused(Code.BUSY, "The policy is being replaced; send the same request again in a second.")


async def _answer(ask: Ask, checkout: Checkout, raw: bytes) -> Answer:
    services = ask.services
    merchant = await services.registry.merchant(ask.owner_id)
    sides = await sides_for(ask, checkout.consumer_id)
    programmes = () if merchant.is_test else services.registry.now.programmes  # nobody funds what is only tried
    who = Who(checkout.consumer_id, checkout.currency)
    decision_id = ids.new_id(ids.DECISION, ids.bucket_of(who.consumer_id), ask.now_ms)

    known = _must_be_theirs(await services.snapshots.read(who), ask)
    counters = await attempts_before(
        ask, checkout, known.person_id, sides
    )  # afterwards: nobody adds to the attempts of others' consumers
    outside: dict[str, SourceRead] = {}
    if sides.policy.outside:
        if before := await services.engine.answered(ask.must_key):
            return before  # nobody is asked twice for one request
        await _refuse_taken(ask, checkout.merchant_reference)
        occasion = Occasion(who.consumer_id, decision_id, business_day(ask.now, sides.policy.policy.time_zone), ask.now)
        outside = await services.outside.read(sides.policy.outside, occasion)
    schemes = await _schemes(ask, merchant, checkout, known.person_id)
    while True:
        known = known.counted(counters).heard(outside).borne(schemes)
        decision = decide(decision_id, checkout, known.snapshot, merchant, programmes, sides.policy, ask.now)
        if known.is_fresh or not (decision.answer.alternatives or decision.answer.reasons):
            evidence = evidence_of(known.snapshot, merchant, programmes, checkout.currency)
            row = row_of(checkout, known, raw, evidence, decision, sides.rulebook)
            with suppress(FactsChanged):
                answer = await services.engine.do(row, ask.key, ask.real_now)
                break
        known = _must_be_theirs(await services.snapshots.read_fresh(who), ask)
    DECISIONS.labels(decision.answer.outcome).inc()
    for reason in decision.answer.reasons:
        REASONS.labels(reason.code).inc()
    if sides.trial:
        services.shadows.watch(Watched(sides, decision, checkout, evidence))
    return answer


async def _schemes(ask: Ask, merchant: Merchant, checkout: Checkout, person_id: str) -> tuple[SchemeNow, ...]:
    """The schemes that could bear interest of what is bought, as they are now; mostly there is none."""
    services, schemes = ask.services, ask.services.registry.now.schemes
    if not schemes or merchant.is_test or Kind.INSTALMENTS not in checkout.kinds:
        return ()
    today = business_day(ask.now, merchant.time_zone)
    could = seen_by(schemes, merchant.merchant_id, checkout.currency, today)
    return await schemes_for(services.pool, could, person_id)


async def _refuse_taken(ask: Ask, reference: str) -> None:
    """The log refuses a reference that a plan has taken. Where others are asked before, it must be known before."""
    if await ask.services.pool.fetchval(PLANS.is_reference_taken, ask.owner_id, reference):
        raise reference_used(reference)


async def attempts_before(ask: Ask, checkout: Checkout, person_id: str, sides: Sides) -> dict[str, int]:
    """The attempts before this one, in the windows of the policy that decides and of the one it is compared with."""
    policies = (sides.policy, sides.other) if sides.other else (sides.policy,)
    if not any(policy.windows for policy in policies):
        return {}
    attempt = attempt_of(policies, checkout, person_id, ask.owner_id, ask.must_key.key, ask.now_ms)
    return await ask.services.attempts.ask(attempt) if attempt else {}


async def sides_for(ask: Ask, consumer_id: str) -> Sides:
    """The policy that decides for this consumer now, and the one it is compared with while a trial runs."""
    registry = ask.services.registry
    rulebook = registry.now.rulebook  # read first: should the rest be newer, the log says so, and we decide again
    champion = await registry.policy(ask.now)
    trial = registry.now.trial
    if trial is None or trial.started_at > ask.now:
        return Sides(rulebook, champion)
    challenger = await registry.version(trial.policy_id, trial.version)
    if trial.answers(consumer_id):
        return Sides(rulebook, challenger, trial, champion, is_challenger=True)
    return Sides(rulebook, champion, trial, challenger)


async def read_log(ask: Ask, decision_id: str) -> DecisionLog:
    """The log of one decision. Refused: NOT_FOUND."""
    row = None
    if ids.is_id(decision_id, ids.DECISION):
        row = await ask.services.pool.fetchrow(CHECKOUT.load_decision_log, ids.bucket_of(decision_id), decision_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no decision {decision_id[:100]!r}.", "/id")
    answer = unpack(row["answer"])
    request, snapshot = [unseal_part(ask.services.secrets, row, part) or b"{}" for part in ("request", "snapshot")]
    return DecisionLog(
        row["decision_id"], row["merchant_id"], row["policy_id"], row["policy_version"], row["decided_at"],
        msgspec.Raw(request), msgspec.Raw(snapshot), msgspec.Raw(answer), msgspec.Raw(unpacked(row["takers"])),
        digest(row, answer), erased(row),
    )  # fmt: skip


def _must_be_theirs(known: KnownConsumer | None, ask: Ask) -> KnownConsumer:
    if known is None or known.merchant_id != ask.owner_id:
        raise Refused(Code.NOT_FOUND, "There is no such consumer; register it with POST /v1/consumers.", "/consumer")
    return known


def row_of(
    checkout: Checkout,
    known: KnownConsumer,
    request: bytes,
    evidence: Evidence,
    decision: Decision,
    rulebook: int | None = None,
    amends: str | None = None,
) -> DecisionRow:
    """The decision as it is logged, with the request as it was sent; a review's has no `rulebook`."""
    answer = decision.answer
    sealed = seal_parts(known.key, answer.decision_id, request=request, snapshot=_encode(evidence))
    opens = evidence.snapshot.limit is None and (answer.offers or answer.alternatives)
    return DecisionRow(
        bucket=ids.bucket_of(answer.decision_id),
        decision_id=answer.decision_id,
        merchant_id=evidence.merchant.merchant_id,
        consumer_id=checkout.consumer_id,
        merchant_reference=checkout.merchant_reference,
        currency=checkout.currency,
        amount=checkout.amount,
        category=checkout.category or (checkout.items[0].category if checkout.items else ""),
        outcome=answer.outcome,
        policy_id=answer.policy_id,
        policy_version=answer.policy_version,
        limit=decision.limit,
        decided_at=answer.decided_at,
        expires_at=answer.expires_at,
        request=sealed["request"],
        snapshot=sealed["snapshot"],
        answer=_encode(answer),
        takers=_encode(decision.takers),
        amends=amends,
        opens_for=known.person_id if opens else None,
        rulebook=rulebook,
        kept=known.kept,
    )
