"""Claims: made, lodged, answered about, decided, paid, taken back: each verb one transaction."""

from datetime import datetime

from msgspec.structs import replace

from service import ids
from service.claims import claim as rules
from service.claims import store
from service.claims.claim import BEFORE, UNPAID_ENDS, LossClaim, LossClaimState, Rejection
from service.claims.evidence import due_since
from service.claims.steps_flow import Doer, Held, hold, keep, looked_on, note_step, proof_of, save, step_id_of, tell
from service.claims.store import Q
from service.db import Connection
from service.errors import Code, Refused
from service.ledger.chart import Occasion
from service.ledger.compensation import claim_paid
from service.ledger.store import BOOK, booked_by
from service.merchants.merchant import TimeAt
from service.plans.losing_flow import NOTHING_SAID, allocate_loss
from service.plans.plan import business_day
from service.plans.reading_store import load_facts, load_plans
from service.support import capacity_flow, pool_flow
from service.support.bearing import receivable_of
from service.support.claim_terms import Evidence, times_of
from service.support.pool_flow import About


async def make(
    conn: Connection, loss_id: str, arrangement_id: str, by: Doer, now: datetime, time_at: TimeAt,
    holder_id: str | None = None,
) -> LossClaim:  # fmt: skip
    """A claim of what an arrangement bears of a loss, as it is allocated now, beyond what it was claimed before.

    `holder_id`: the partner that makes it, whose money the loss is. Refused: NOT_FOUND; STATE_FORBIDS, where the
    arrangement bears nothing more, takes no claims, or has one that is not over.
    """
    row = await conn.fetchrow(Q.lock_loss, ids.bucket_of(loss_id), loss_id, arrangement_id)
    if row is None or (holder_id is not None and holder_id not in await store.holders_of(conn, loss_id)):
        raise Refused(Code.NOT_FOUND, f"There is no loss {loss_id!r}.", "/loss_id")
    if not row["amount"]:
        raise Refused(Code.STATE_FORBIDS, "The arrangement bears nothing of this loss.", "/arrangement_id")
    before = await conn.fetchrow(Q.claims_of_loss, loss_id, arrangement_id)
    assert before is not None
    if before["live"] or row["amount"] <= before["earlier"]:
        raise Refused(Code.STATE_FORBIDS, "All that it bears is claimed already.", "/loss_id")
    _, terms = await store.terms_of(conn, arrangement_id, row["terms_version"])
    if terms is None:
        raise Refused(Code.STATE_FORBIDS, "By its terms nothing is claimed: see `claims` of it.", "/arrangement_id")
    (plan,) = await load_plans(conn, [row["plan_id"]])
    facts = (await load_facts(conn, [plan.plan_id]))[plan.plan_id]
    today = business_day(time_at(plan.merchant_id, now), plan.offer.time_zone)
    due_on = due_since(plan, facts) or today
    times = times_of(terms, due_on)
    claim_id = ids.new_id(ids.CLAIM, ids.bucket_of(loss_id), int(now.timestamp() * 1000))
    claim = LossClaim(
        claim_id, arrangement_id, row["terms_version"], loss_id, plan.plan_id, row["bearer_id"], row["currency"],
        LossClaimState.DRAFT, row["amount"] - before["earlier"], 0, 0, 0, 0, None, due_on, times.waits_until,
        times.file_by, None, None, None, None,
    )  # fmt: skip
    await store.insert(conn, claim, looked_on(claim, terms, None, today), now)
    await note_step(conn, claim, 1, "make", None, "", by, today, now)
    await tell(conn, claim, by, now)
    return claim


async def lodge(conn: Connection, held: Held, by: Doer, now: datetime, *, when_due: bool = False) -> LossClaim:
    """Lodges a claim: what it is of is reserved, and what it shows is kept.

    `when_due`: where it is too early, it waits, and is lodged by itself. See `claim.lodged` for what is refused.
    """
    claim = held.claim
    if when_due and claim.state is LossClaimState.DRAFT and held.today < claim.waits_until:
        return await save(conn, held, rules.waiting(claim), "wait", by, now)
    proof = await proof_of(conn, held)
    after = rules.lodged(claim, held.terms, held.today, proof.missing, proof.faults, disputed=proof.disputed)
    if not claim.claimed:
        raise Refused(
            Code.STATE_FORBIDS, "The arrangement bears nothing of this loss any more.", "/loss_id", ("withdraw",)
        )
    got = await capacity_flow.reserve(conn, claim.arrangement_id, claim.loss_id, held.bears, now)
    after = replace(after, reserved=got.reserved)
    await keep(conn, claim, held.steps + 1, proof.pack, now)
    return await save(conn, held, after, "lodge", by, now, amount=after.claimed)


async def ask(conn: Connection, held: Held, note: str, by: Doer, now: datetime) -> LossClaim:
    """Who decides asks for something."""
    return await save(conn, held, rules.asked(held.claim, held.terms, held.today), "ask", by, now, note=note)


async def answer(conn: Connection, held: Held, note: str, by: Doer, now: datetime) -> LossClaim:
    """The answer, with what it shows by now."""
    after = rules.answered(held.claim, held.today)
    await keep(conn, held.claim, held.steps + 1, (await proof_of(conn, held)).pack, now)
    return await save(conn, held, after, "answer", by, now, note=note)


async def decide(
    conn: Connection, held: Held, approved: int, rejection: Rejection | None, note: str, by: Doer, now: datetime
) -> LossClaim:
    """So much of it is to be paid. What is not is no longer reserved, and others bear it."""
    claim = held.claim
    if (await proof_of(conn, held)).disputed:
        raise Refused(Code.STATE_FORBIDS, "A dispute about the plan is open.", "/id")
    after = rules.decided(claim, approved, rejection)
    if approved < claim.claimed:
        await _bears(conn, held, held.earlier + approved, now)
    return await save(conn, held, after, "decide", by, now, amount=approved, note=note)


async def pay(conn: Connection, held: Held, amount: int, reference: str, by: Doer, now: datetime) -> LossClaim:
    """So much of it came: what was reserved is paid, and who bears it owes us less."""
    claim = held.claim
    after = rules.paid(claim, amount)
    await capacity_flow.convert(conn, claim.arrangement_id, claim.loss_id, amount, now)
    step_id = step_id_of(claim, now)
    await _book(conn, step_id, held, amount, now)
    if held.document.pool is not None:
        await pool_flow.watch(conn, claim.arrangement_id, held.document, now)
    return await save(conn, held, after, "pay", by, now, amount=amount, note=reference, step_id=step_id)


async def claw_back(conn: Connection, held: Held, note: str, by: Doer, now: datetime) -> LossClaim:
    """All that was paid, and did not come back otherwise, is taken back: others bear it. What came back stays owed."""
    claim = held.claim
    hold = await capacity_flow.hold_of(conn, claim.arrangement_id, claim.loss_id)
    after = rules.clawed_back(claim, hold.returned - hold.set_off)
    step_id = step_id_of(claim, now)
    if after.clawed_back:
        await _book(conn, step_id, held, -after.clawed_back, now)
    await _bears(conn, held, held.earlier, now)
    return await save(conn, held, after, "claw_back", by, now, amount=after.clawed_back, note=note, step_id=step_id)


async def withdraw(conn: Connection, held: Held, note: str, by: Doer, now: datetime) -> LossClaim:
    """It is not claimed after all: who claims it bears it."""
    return await end_unpaid(conn, held, rules.withdrawn(held.claim), "withdraw", note, by, now)


async def close(conn: Connection, held: Held, by: Doer, now: datetime) -> LossClaim:
    """Nothing more comes of it."""
    return await save(conn, held, rules.closed(held.claim), "close", by, now)


async def recovered(conn: Connection, loss_id: str, by: Doer, now: datetime, time_at: TimeAt) -> None:
    """Money came of a loss: claims of it that were paid hear of it."""
    for (claim_id,) in await conn.fetch(Q.paid_of_loss, loss_id):
        held = await hold(conn, claim_id, now, time_at)
        if (after := rules.in_recovery(held.claim)) is not None:
            await save(conn, held, after, "recover", by, now)


async def add_document(
    conn: Connection, held: Held, kind: Evidence, reference: str, sha256: str | None, added_by: str, now: datetime
) -> None:
    """Evidence that is kept elsewhere. Refused: STATE_FORBIDS, where nobody looks at it any more."""
    if held.claim.state not in (*BEFORE, LossClaimState.INFO_REQUESTED):
        sentence = f"The claim is {held.claim.state}: what it shows is what was lodged."
        raise Refused(Code.STATE_FORBIDS, sentence, "/id", rules.actions_of(held.claim))
    await conn.execute(Q.insert_document, held.claim.claim_id, kind, reference, sha256, added_by, now)


async def end_unpaid(
    conn: Connection, held: Held, after: LossClaim, what: str, note: str, by: Doer, now: datetime
) -> LossClaim:
    """It ends unpaid: nothing is reserved for it, and others bear it."""
    assert after.state in UNPAID_ENDS
    await _bears(conn, held, held.earlier, now)
    return await save(conn, held, after, what, by, now, note=note)


async def _bears(conn: Connection, held: Held, amount: int, now: datetime) -> None:
    """The arrangement bears so much of the loss, and no more: the next of the waterfall bear the rest, from now on."""
    claim = held.claim
    await capacity_flow.decide(conn, claim.arrangement_id, claim.loss_id, amount, now)
    await allocate_loss(conn, claim.loss_id, NOTHING_SAID, now, held.time_at)


async def _book(conn: Connection, cause_id: str, held: Held, amount: int, now: datetime) -> None:
    claim = held.claim
    if held.document.beneficiary_id is not None:
        return  # a partner is paid itself: none of it is our money
    owes = receivable_of(held.document.kind, claim.bearer_id)
    if held.document.pool is None:
        balances = claim_paid(owes, amount)
    else:
        about = About(cause_id, claim.currency, claim.plan_id, held.merchant_id, held.today)
        parts = await pool_flow.paid_by(conn, claim.arrangement_id, held.document, claim.loss_id, amount, about, now)
        balances = parts | {owes: -amount}
    books = {Occasion.COMPENSATION: balances}
    booked = booked_by(cause_id, books, claim.currency, held.merchant_id, held.today, now, plan_id=claim.plan_id)
    await BOOK.execute(conn, booked=booked)
