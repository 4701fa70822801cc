"""An order that becomes more: the policy is asked about the difference before the command is done, and the log says so.

It is decided as a checkout is: on the facts of this moment, with the counts of attempts and what outside sources say,
under the policy that decides for this consumer. The decision is in the log, with the plan that it is about, before
anything of it is done. A dry run logs nothing, counts no attempt and asks nobody outside: of these it takes what was
known when the plan was decided.
"""

import msgspec
from msgspec.structs import replace

from service import ids
from service.api.ask import Ask
from service.api.checkouts import RULEBOOKS_MAX, attempts_before, row_of, sides_for
from service.checkout.answer import Answer
from service.checkout.decision_log import RulebookChanged
from service.checkout.difference import decide_difference, enlarged, without
from service.checkout.evidence import Evidence, evidence_of
from service.checkout.flow import Q as CHECKOUT
from service.checkout.flow import Who
from service.checkout.request import Checkout
from service.checkout.sealing import unseal_part
from service.checkout.snapshot import Snapshot
from service.errors import Code, Ground, Refused
from service.metrics import REASONS
from service.money import AMOUNT_MAX
from service.outside.flow import Occasion
from service.plans.amend import Amend, Approval
from service.plans.book import Command
from service.plans.flow import preview, read_plans
from service.plans.plan import Plan, business_day
from service.plans.top_up import TopUp


async def with_approval(ask: Ask, command: Command) -> Command:
    """The command with what the policy says of more, if it asks for more and can be."""
    assert isinstance(command, Amend | TopUp)
    if ask.key and await ask.services.engine.answered(ask.key):
        return command  # the same request again: it hears the same, and nothing is decided twice
    for plan in await read_plans(ask.services.pool, [command.plan_id], ask.owner_id):
        amount = command.amount + (plan.amounts.amount if isinstance(command, TopUp) else 0)
        if amount > plan.amounts.amount and await _could_be(ask, command):
            return replace(command, approval=await _decided(ask, plan, amount))
    return command


async def _could_be(ask: Ask, command: Amend | TopUp) -> bool:
    """Whether it would be done if the policy approved of it: else nobody is asked, and it says itself why not."""
    approved = replace(command, approval=Approval("", AMOUNT_MAX))
    foretold = await preview(ask.services.pool, approved, ask.real_now, ask.services.registry.time_at)
    return foretold.status == 200 or foretold.is_not_now


async def _decided(ask: Ask, plan: Plan, amount: int) -> Approval:
    """What the policy says of a plan that is to be of `amount`. Refused: BUSY, ERASED."""
    for _ in range(RULEBOOKS_MAX):
        try:
            answer = await _decide(ask, plan, amount)
        except RulebookChanged:
            await ask.services.registry.reload()
        else:
            reasons = tuple([Ground(reason.code, reason.sentence) for reason in answer.reasons])
            return Approval(answer.decision_id, amount, reasons)
    raise Refused(Code.BUSY, "The policy is being replaced; send the same request again in a second.")


async def _decide(ask: Ask, plan: Plan, amount: int) -> Answer:
    services = ask.services
    sides = await sides_for(ask, plan.consumer_id)
    policy, decision_id = sides.policy, ids.new_id(ids.DECISION, plan.bucket, ask.now_ms)
    asked_then, known_then = await _then(ask, plan)
    known = await services.snapshots.read_fresh(Who(plan.consumer_id, plan.currency))
    if known is None:
        raise _erased()
    request, merchant = enlarged(asked_then, plan.offer, amount), await services.registry.merchant(plan.merchant_id)
    if ask.key is None:
        known = known.counted(known_then.counters).heard(known_then.outside)
    else:
        known = known.counted(await attempts_before(ask, request, known.person_id, sides))
        if policy.outside:
            today = business_day(ask.now, policy.policy.time_zone)
            occasion = Occasion(plan.consumer_id, decision_id, today, ask.now)
            known = known.heard(await services.outside.read(policy.outside, occasion))
    known = known._replace(snapshot=without(known.snapshot, plan.amounts))
    decision = decide_difference(decision_id, request, known.snapshot, merchant, policy, ask.now)
    if ask.key is not None:
        evidence = evidence_of(known.snapshot, merchant, (), plan.currency)
        row = row_of(request, known, _encode(request), evidence, decision, sides.rulebook, amends=plan.plan_id)
        await services.engine.do(row, None, ask.real_now)
        for reason in decision.answer.reasons:
            REASONS.labels(reason.code).inc()
    return decision.answer


async def _then(ask: Ask, plan: Plan) -> tuple[Checkout, Snapshot]:
    """What was asked when the plan was decided, and what was known. Refused: ERASED."""
    row = await ask.services.pool.fetchrow(CHECKOUT.load_evidence, plan.bucket, plan.decision_id)
    assert row is not None  # the decision of a plan stays
    request, snapshot = [unseal_part(ask.services.secrets, row, part) for part in ("request", "snapshot")]
    if request is None or snapshot is None:
        raise _erased()
    return _decode_checkout(request), _decode_evidence(snapshot).snapshot


def _erased() -> Refused:
    return Refused(Code.ERASED, "The consumer was erased: nothing more is promised.", "/id")


_encode = msgspec.json.Encoder().encode
_decode_checkout = msgspec.json.Decoder(Checkout).decode
_decode_evidence = msgspec.json.Decoder(Evidence).decode
