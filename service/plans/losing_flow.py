"""Losses of plans: who bears them, booked as the difference to what the plans' own shares say.

    a plan is given up        -> a loss is open, in the same transaction
    it is allocated           -> version 1: tiers owe us, partners are relieved, the merchant's part is settled
    the plan's past changes   -> the books of version n are reversed, those of version n + 1 booked
    money comes               -> it is shared out among those who bore the loss, in the waterfall's order

The same function does all of it: it looks at the plan, and at what is written of its loss, and writes what is missing.
"""

from datetime import date, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.db import Connection, Pool
from service.engine.faults import PASSING
from service.errors import Code, Refused
from service.ledger.booking import Books, transfers
from service.ledger.store import BOOK, BookedTransfer
from service.merchants.merchant import TimeAt
from service.partners import programme_flow
from service.partners.event import PartnerEvent
from service.partners.events_store import TELL_PARTNERS
from service.partners.layouts import TxnType
from service.people import pausing_flow
from service.plans import locking_store
from service.plans.lost import Lost, holders_of, lost_of
from service.plans.partner_events import programme_of
from service.plans.plan import Plan
from service.plans.reading_store import Q, load_plans
from service.plans.rows import booked_on
from service.support import bearing, capacity_flow, documents_flow, loss_store
from service.support.arrangement import Cause
from service.support.bearing import Bearing
from service.support.documents_flow import AgreedWaterfall
from service.support.loss import Loss, LossState
from service.support.loss_store import LossOfPlan, Shared, Version
from service.support.overtaken import is_decided_anew, is_short
from service.support.quantified import Came, Receipts, brought_up_to_date
from service.support.recovering import Recovery, share
from service.support.waterfall import Allocation, Tier, allocate, digest

AT_ONCE: Final = 256


class Said(Struct, frozen=True):
    """What whoever allocates a loss says of it; null: as it was said before, or as the plan tells."""

    cause: Cause | None = None
    waterfall_id: str | None = None
    segment: str | None = None
    category: str | None = None
    region: str | None = None
    is_first_time: bool | None = None


NOTHING_SAID: Final = Said()


class Known(Struct, frozen=True):
    """A loss with all that is written of it."""

    one: LossOfPlan
    plan: Plan
    lost: Lost
    last: Version | None  # None: nobody bears it yet
    shared: tuple[Shared, ...]


class Found(Struct, frozen=True):
    """What a loss comes to."""

    version: Version
    came: tuple[Came, ...]
    recoveries: tuple[Recovery, ...]


async def simulate(conn: Connection, loss_id: str, said: Said, now: datetime, time_at: TimeAt) -> Found:
    """What `allocate` would come to; the caller rolls back."""
    known = await _known(conn, loss_id)
    return await _find(conn, known, said, time_at(known.one.merchant_id, now))


async def allocate_loss(
    conn: Connection, loss_id: str, said: Said, now: datetime, time_at: TimeAt, came: Came | None = None
) -> Found:
    """Looks at a loss and writes what is missing: who bears it, and who gets what came since.

    `came` says what the last money was that came. Refused: NOT_FOUND; STATE_FORBIDS, where no waterfall is named for
    it; CURRENCY_MISMATCH.
    """
    known = await _known(conn, loss_id)
    now = time_at(known.one.merchant_id, now)
    found = await _find(conn, known, said, now, came)
    await _save(conn, known, found, said, now)
    return found


async def allocate_all(pool: Pool, now: datetime, time_at: TimeAt) -> int:
    """Looks at each loss that nobody bears yet, and at each whose plan has moved since; how many.

    One that cannot be allocated, because no waterfall is named for it, waits.
    """
    done, place = 0, (-1, "")
    while rows := await pool.fetch(loss_store.Q.losses_to_look_at, *place, AT_ONCE):
        for row in rows:
            try:
                async with pool.acquire() as conn, conn.transaction():
                    await allocate_loss(conn, row["loss_id"], NOTHING_SAID, now, time_at)
            except (Refused, *PASSING):
                continue
            done += 1
        place = (rows[-1]["bucket"], rows[-1]["loss_id"])
    return done


async def _known(conn: Connection, loss_id: str) -> Known:
    one = await loss_store.find(conn, loss_id)
    await locking_store.lock(conn, [], [one.plan_id])
    one = await loss_store.lock(conn, loss_id)
    (plan,) = await load_plans(conn, [one.plan_id])
    versions = await loss_store.versions(conn, loss_id)
    shared = await loss_store.recoveries(conn, loss_id)
    return Known(one, plan, lost_of(plan), versions[-1] if versions else None, tuple(shared))


async def _find(conn: Connection, known: Known, said: Said, now: datetime, came: Came | None = None) -> Found:
    agreed, tiers = await _waterfall(conn, known, said)
    before = Receipts(known.last.loss.recovered, tuple(each.came for each in known.shared)) if known.last else None
    standing = _standing(before, known.lost.received, booked_on(known.plan, now), came)
    loss = await _quantified(conn, known, said, standing.recovered)
    last = known.last
    used = await loss_store.used_by(
        conn, tiers, known.one.loss_id, loss, known.plan.plan_id, last.tiers if last is not None else ()
    )
    if last is not None and last.loss == loss and last.tiers == tiers and not is_decided_anew(last.allocation, used):
        found = _shared(agreed, last, standing)
        if not is_short(tiers, last.allocation, found.recoveries, used):
            return found
    allocation, _ = allocate(tiers, used, loss)
    number = last.version + 1 if last else 1
    version = Version(number, agreed.waterfall_id, agreed.version, loss, tiers, allocation, digest(allocation), now)
    return _shared(agreed, version, standing)


def _shared(agreed: AgreedWaterfall, version: Version, standing: Receipts) -> Found:
    recoveries: list[Recovery] = []
    for each in standing.came:
        order = agreed.document.recovery_order
        recoveries.append(share(order, version.tiers, version.allocation, recoveries, each.net))
    return Found(version, standing.came, tuple(recoveries))


def _standing(before: Receipts | None, received: int, today: date, came: Came | None) -> Receipts:
    """What counts as recovered before, and what has come since; whoever records money says what it was."""
    if before is None:
        return Receipts(received)
    after = brought_up_to_date(before, received, today)
    if came is not None and after.came and after.came[-1].net == came.net:
        return replace(after, came=(*after.came[:-1], came))
    return after


async def _waterfall(conn: Connection, known: Known, said: Said) -> tuple[AgreedWaterfall, tuple[Tier, ...]]:
    """The tiers by which it is borne: those of its last version, or those of the waterfall that is named now."""
    last = known.last
    if last is not None and said.waterfall_id in (None, last.waterfall_id):
        document = await documents_flow.waterfall_version(conn, last.waterfall_id, last.waterfall_version)
        return AgreedWaterfall(last.waterfall_id, last.waterfall_version, document), last.tiers
    waterfall_id = said.waterfall_id or await _of_programme(conn, known.plan)
    if waterfall_id is None:
        sentence = "Neither its programme nor this request names a waterfall."
        raise Refused(Code.STATE_FORBIDS, sentence, "/waterfall_id")
    agreed = await documents_flow.waterfall(conn, waterfall_id)
    tiers = await documents_flow.tiers_of(conn, agreed.document, "/waterfall_id")
    if tiers[0].terms.currency != known.plan.currency:
        sentence = f"Its tiers are in {tiers[0].terms.currency}, the plan is in {known.plan.currency}."
        raise Refused(Code.CURRENCY_MISMATCH, sentence, "/waterfall_id")
    return agreed, tiers


async def _of_programme(conn: Connection, plan: Plan) -> str | None:
    programme_id = plan.funding.programme_id
    if programme_id is None:
        return None
    return (await programme_flow.versions(conn, programme_id))[-1].terms.waterfall_id


async def _quantified(conn: Connection, known: Known, said: Said, recovered: int) -> Loss:
    """The loss as it is asked of the tiers. Interest that falls due later is no part of it, even where it was paid."""
    lost, plan, was = known.lost, known.plan, known.last.loss if known.last else None
    interest = lost.interest if was is None else min(lost.interest, was.interest)
    owed = lost.principal + interest + lost.charges
    if was is not None:
        about = was.segment, was.category, was.region, was.is_first_time, was.lent
    else:
        row = await conn.fetchrow(Q.load_what_was_bought, plan.bucket, plan.plan_id)
        assert row is not None
        buckets = await pausing_flow.buckets_of(conn, plan.person_id)
        is_first = not await conn.fetchval(Q.bought_before, buckets, plan.person_id, plan.authorized_at)
        about = None, row["category"] or None, row["country"], is_first, row["lent"]
    segment, category, region, is_first_time, lent = about
    return Loss(
        cause=said.cause or known.one.cause,
        on=plan.standing.charged_off_on or known.one.lost_on,
        debtor=was.debtor if was else plan.person_id,
        merchant_id=plan.merchant_id,
        principal=lost.principal,
        interest=interest,
        fees=lost.charges,
        recovered=min(recovered, owed),
        days_past_due=lost.days_past_due if was is None else was.days_past_due,
        segment=said.segment or segment,
        category=said.category or category,
        region=said.region or region,
        is_first_time=is_first_time if said.is_first_time is None else said.is_first_time,
        lent=lent,
        holders=holders_of(plan),
    )


async def _save(conn: Connection, known: Known, found: Found, said: Said, now: datetime) -> None:
    one, plan, version = known.one, known.plan, found.version
    is_new = known.last is None or version.version != known.last.version
    now_borne = Bearing(plan.merchant_id, version.tiers, version.allocation, found.recoveries, known.lost.partners)
    before, after = await loss_store.booked_of(conn, plan.bucket, plan.plan_id), bearing.books_of(now_borne)
    gone, new = await _changed(conn, known, found)
    if is_new or gone or new or before != after:
        step_id = ids.new_id(ids.LOSS_STEP, plan.bucket, int(now.timestamp() * 1000))
        await loss_store.save_step(conn, one.loss_id, step_id, now)
        if is_new:
            await loss_store.save_version(conn, one, step_id, version)
        await loss_store.save_recoveries(conn, one.loss_id, version.allocation, gone, new, step_id, now)
        await _book(conn, plan, step_id, before, after, is_new, now)
        await _hold(conn, known, found, now)
    cause = said.cause or one.cause
    state = LossState.CLOSED if _is_closed(version.allocation, found.recoveries) else LossState.ALLOCATED
    await loss_store.move(conn, replace(one, cause=cause, state=state, version=version.version), plan.version)


async def _changed(conn: Connection, known: Known, found: Found) -> tuple[list[int], list[Shared]]:
    """The recoveries that do not stand any more as they were shared, and those that take their places."""
    now = list(zip(found.came, found.recoveries, strict=True))
    same = 0
    for each, pair in zip(known.shared, now, strict=False):
        if (each.came, each.recovery) != pair:
            break
        same += 1
    number = await loss_store.last_recovery(conn, known.one.loss_id)
    new = [Shared(number + place, *pair) for place, pair in enumerate(now[same:], 1)]
    return [each.number for each in known.shared[same:]], new


async def _book(
    conn: Connection, plan: Plan, step_id: str, before: Books, after: Books, is_new: bool, now: datetime
) -> None:
    """A new version reverses all that was booked, and books anew; a recovery books what it changes."""
    booked = [*transfers(before, {}), *transfers({}, after)] if is_new else transfers(before, after)
    on = booked_on(plan, now)
    rows = [
        BookedTransfer(
            plan.bucket, step_id, leg, one.occasion, one.debit, one.debit_owner, one.credit, one.credit_owner,
            one.amount, plan.currency, plan.plan_id, plan.merchant_id, one.partner_id, on, now,
        )
        for leg, one in enumerate(booked)
    ]  # fmt: skip
    await BOOK.execute(conn, booked=rows)
    await TELL_PARTNERS.execute(conn, partnered=_events(plan, step_id, before, after, now))


def _events(plan: Plan, step_id: str, before: Books, after: Books, now: datetime) -> list[PartnerEvent]:
    """One for each partner: by how much more, or less, it is relieved than before."""
    more = bearing.relieved(after)
    for partner_id, amount in bearing.relieved(before).items():
        more[partner_id] = more.get(partner_id, 0) - amount
    on = booked_on(plan, now)
    events: list[PartnerEvent] = []
    for partner_id, amount in sorted(more.items()):
        programme_id = programme_of(plan.funding, partner_id)
        if amount and programme_id is not None:
            event_id = f"{step_id}-{len(events)}" if events else step_id
            events.append(
                PartnerEvent(
                    plan.bucket, event_id, partner_id, programme_id, plan.plan_id, TxnType.LOSS, on, on, amount, 0, 0,
                    0, 0, plan.currency, None, now,
                )
            )  # fmt: skip
    return events


async def _hold(conn: Connection, known: Known, found: Found, now: datetime) -> None:
    """Each arrangement holds what it bears; one that bears nothing, and held nothing, is left alone. Those of another
    waterfall, that bore it before, hold nothing any more."""
    one, version = known.one, found.version
    now_borne_by = {tier.arrangement_id for tier in version.tiers}
    for tier in known.last.tiers if known.last is not None else ():
        if tier.arrangement_id not in now_borne_by:
            await capacity_flow.hold_allocated(
                conn, tier.arrangement_id, one.loss_id, 0, 0, now, at_once=False
            )  # fmt: skip
    for number, (tier, borne) in enumerate(zip(version.tiers, version.allocation.tiers, strict=True)):
        back = sum(recovery.tiers[number] for recovery in found.recoveries)
        await capacity_flow.hold_allocated(
            conn, tier.arrangement_id, one.loss_id, borne.amount, back, now,
            at_once=bearing.is_settled(tier, borne, one.merchant_id),
        )  # fmt: skip


def _is_closed(allocation: Allocation, recoveries: tuple[Recovery, ...]) -> bool:
    """Whether everybody has back what they bore."""
    back = sum(sum(one.tiers) + sum(one.rest) + one.written_off for one in recoveries)
    return back >= allocation.loss
