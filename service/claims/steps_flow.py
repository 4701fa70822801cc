"""A claim, held while something is done with it: its plan, the loss and the claim are locked. It is kept and told."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from service import ids
from service.claims import claim as rules
from service.claims import store
from service.claims.claim import LossClaim, LossClaimState
from service.claims.evidence import EvidencePack, Known, assemble, digest_of, missing_of
from service.claims.store import ALL, Q, Side
from service.db import Connection
from service.errors import Code, Refused
from service.event_type import EventType
from service.merchants.merchant import TimeAt
from service.partners.events_store import tell_partner
from service.partners.telling_flow import Teller, told_to_partner
from service.plans import locking_store
from service.plans.book import Recorded
from service.plans.plan import Plan, business_day
from service.plans.reading_store import load_facts, load_plans
from service.plans.running.dispute_facts import OPEN as DISPUTED
from service.plans.state import dispute_state_of
from service.support.arrangement import Arrangement
from service.support.claim_terms import ClaimTerms, EffortKind, Evidence
from service.support.telling_flow import tell_party

NOTICE: Final = EffortKind.NOTICE


class Doer(Struct, frozen=True):
    """Who does something with a claim."""

    role: Teller
    owner_id: str  # empty: nobody, time has passed


THE_DAY: Final = Doer(Teller.DAY, "")


class Held(Struct, frozen=True):
    """A claim that nobody else changes until the transaction ends, and what it goes by."""

    claim: LossClaim
    steps: int
    warned_of: date | None
    bears: int  # minor units that the arrangement bears of the loss now
    earlier: int  # minor units of that which were granted by earlier claims
    merchant_id: str  # of the plan
    document: Arrangement
    terms: ClaimTerms
    today: date  # by the calendar of the plan's merchant
    time_at: TimeAt


class Proof(Struct, frozen=True):
    """What a claim shows now, what of it is missing, and what was not tried."""

    pack: EvidencePack
    missing: list[Evidence]
    faults: list[str]
    disputed: bool


async def hold(conn: Connection, claim_id: str, now: datetime, time_at: TimeAt, side: Side = ALL) -> Held:
    """A claim that they see, which nobody else changes until the transaction ends.

    Refused: NOT_FOUND; STATE_FORBIDS, for a partner that did not make it.
    """
    before = await store.load(conn, claim_id)
    if before is None or not await store.is_seen(conn, before, side):
        raise not_there(claim_id)
    if side.partner_id is not None and await store.maker_of(conn, claim_id) != side.partner_id:
        raise Refused(Code.STATE_FORBIDS, "Another has made this claim, and goes on with it.", "/id")
    await locking_store.lock(conn, [], [before.plan_id])
    loss = await conn.fetchrow(Q.lock_loss, ids.bucket_of(before.loss_id), before.loss_id, before.arrangement_id)
    await conn.execute(Q.lock_claim, claim_id)
    row = await conn.fetchrow(Q.load_claim, claim_id)
    assert loss is not None
    assert row is not None
    claim = store.claim_of(row)
    document, terms = await store.terms_of(conn, claim.arrangement_id, claim.version)
    assert terms is not None
    (plan,) = await load_plans(conn, [claim.plan_id])
    today = business_day(time_at(plan.merchant_id, now), plan.offer.time_zone)
    return Held(
        claim, row["steps"], row["warned_of"], loss["amount"], row["earlier"], loss["merchant_id"], document, terms,
        today, time_at,
    )  # fmt: skip


async def proof_of(conn: Connection, held: Held) -> Proof:
    """What a claim shows now."""
    return await _shown(conn, held.claim, held.terms, held.today)


async def shown(conn: Connection, claim: LossClaim, now: datetime, time_at: TimeAt) -> Proof:
    """The same of a claim that is only read."""
    _, terms = await store.terms_of(conn, claim.arrangement_id, claim.version)
    assert terms is not None
    (plan,) = await load_plans(conn, [claim.plan_id])
    return await _shown(conn, claim, terms, business_day(time_at(plan.merchant_id, now), plan.offer.time_zone))


async def _shown(conn: Connection, claim: LossClaim, terms: ClaimTerms, today: date) -> Proof:
    (plan,) = await load_plans(conn, [claim.plan_id])
    facts = (await load_facts(conn, [plan.plan_id]))[plan.plan_id]
    known = await store.known_of(conn, plan, claim)
    return proof(claim, terms, plan, facts, known, today)


def proof(claim: LossClaim, terms: ClaimTerms, plan: Plan, facts: list[Recorded], known: Known, today: date) -> Proof:
    """The same of what was loaded."""
    pack = assemble(plan, facts, known)
    kinds = [one.kind for one in known.efforts]
    faults = rules.effort_faults(
        terms.effort, (today - claim.due_on).days, kinds.count(NOTICE), legal=EffortKind.LEGAL_STEP in kinds,
        due_on=claim.due_on,
    )  # fmt: skip
    disputed = dispute_state_of(plan.standing) in DISPUTED
    return Proof(pack, missing_of(pack, terms.evidence), faults, disputed)


def not_there(claim_id: str) -> Refused:
    """No such claim is theirs."""
    return Refused(Code.NOT_FOUND, f"There is no claim {claim_id[:100]!r}.", "/id")


async def keep(conn: Connection, claim: LossClaim, number: int, pack: EvidencePack, now: datetime) -> None:
    """What it shows is kept with a step."""
    await conn.execute(Q.insert_pack, claim.claim_id, number, *digest_of(pack), now)


async def save(
    conn: Connection, held: Held, after: LossClaim, what: str, by: Doer, now: datetime, *,
    amount: int | None = None, note: str = "", step_id: str | None = None,
) -> LossClaim:  # fmt: skip
    """The claim after something was done with it; whoever listens is told."""
    number = held.steps + 1
    await store.save(conn, after, looked_on(after, held.terms, None, held.today), number)
    await note_step(conn, after, number, what, amount, note, by, held.today, now, step_id)
    await tell(conn, after, by, now)
    return after


async def note_step(
    conn: Connection, claim: LossClaim, number: int, what: str, amount: int | None, note: str, by: Doer, today: date,
    now: datetime, step_id: str | None = None,
) -> None:  # fmt: skip
    """Writes down what was done with a claim, and by whom."""
    step_id = step_id or step_id_of(claim, now)
    await conn.execute(
        Q.insert_step, claim.claim_id, number, step_id, what, claim.state, amount, note, by.role, by.owner_id, today,
        now,
    )  # fmt: skip


def step_id_of(claim: LossClaim, now: datetime) -> str:
    """A new step, which is the cause of what it books."""
    return ids.new_id(ids.CLAIM_STEP, ids.bucket_of(claim.claim_id), int(now.timestamp() * 1000))


def looked_on(claim: LossClaim, terms: ClaimTerms, warned: date | None, today: date) -> date | None:
    """When the day looks at it next; None: it does not."""
    found = [claim.waits_until] if claim.state is LossClaimState.WAITING else []
    if due := rules.due_of(claim):
        found.append(due[1] + timedelta(days=1) if warned == due[1] else due[1] - timedelta(days=terms.warn_days))
    if claim.state is LossClaimState.HOLD or claim.state in rules.UNDECIDED:
        found.append(today)  # a dispute may open or close on any day
    return min(found, default=None)


async def tell(conn: Connection, claim: LossClaim, by: Doer, now: datetime) -> None:
    """That it is in another state."""
    data = {
        "claim_id": claim.claim_id, "arrangement_id": claim.arrangement_id, "loss_id": claim.loss_id,
        "state": claim.state, "currency": claim.currency, "claimed": claim.claimed, "approved": claim.approved,
        "paid": claim.paid,
    }  # fmt: skip
    await tell_all(conn, claim, EventType.CLAIM_CHANGED, by, data, now)


async def tell_all(
    conn: Connection, claim: LossClaim, type_: EventType, by: Doer, data: dict[str, Any], now: datetime
) -> None:
    """Who bears it hears, and the partners whose money it is."""
    await tell_party(conn, claim.bearer_id, type_, by.role, data, now)
    for partner_id in await store.holders_of(conn, claim.loss_id):
        await tell_partner(conn, partner_id, [told_to_partner(type_, partner_id, by.role, data, now)])
