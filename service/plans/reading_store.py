"""Plans as they are read: what was agreed, their facts, and where they stand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import ids
from service.actor import Actor, ActorKind
from service.db import Connection, load_queries
from service.packed import unpacked
from service.partners.funding import Funding
from service.plans.amounts import amounts_of
from service.plans.bill import Bill
from service.plans.billed import bill_of
from service.plans.book import Began, Notice, Recorded
from service.plans.offer import Kind, Offer
from service.plans.past import began_of
from service.plans.plan import Plan
from service.plans.running.facts import AnyFact, Captured, CaptureReversed, Corrected, Paid
from service.plans.running.kept import recall
from service.plans.running.standing import Standing
from service.plans.running.versions import in_order, lines_of, standing_after
from service.statement import Query
from service.terms.terms import Terms

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))
LOAD_PLANS: Final = Query(Q.load_plans)


class _Noted(Struct):
    """A capture, or what undid one."""

    recorded_at: datetime
    fact: Captured | CaptureReversed | Corrected


async def load_plans(conn: Connection, plan_ids: Sequence[str], merchant_id: str | None = None) -> list[Plan]:
    """The plans, in the order asked for, of this merchant if one is named; what does not exist is left out."""
    buckets = [ids.bucket_of(plan_id) for plan_id in plan_ids]
    return await plans_of(conn, await conn.fetch(LOAD_PLANS.on(conn), buckets, list(plan_ids), merchant_id))


async def plans_of(conn: Connection, rows: Sequence[asyncpg.Record]) -> list[Plan]:
    """Plans by their rows.

    One whose standing is of another shape is folded from its facts. A version that wrote it so may have said nothing of
    since when the plan is in its state, or have left there what was before: that is told from the facts, too.
    """
    offers = {row["plan_id"]: read_offer(row["offer"]) for row in rows}
    found = {row["plan_id"]: recall(unpacked(row["standing"]), offers[row["plan_id"]].terms) for row in rows}
    began = {row["plan_id"]: _began(row) for row in rows}
    if unread := {row["plan_id"]: Kind(row["kind"]) for row in rows if found[row["plan_id"]] is None}:
        for plan_id, facts in (await load_facts(conn, list(unread))).items():
            terms = offers[plan_id].terms
            found[plan_id], began[plan_id] = fold(terms, facts), began_of(unread[plan_id], terms, facts)
    return [
        _plan(row, offers[row["plan_id"]], standing, began[row["plan_id"]])
        for row in rows
        if (standing := found[row["plan_id"]]) is not None
    ]


def fold(terms: Terms, facts: Iterable[Recorded]) -> Standing:
    """Where a plan stands after all its facts, from the first."""
    return standing_after(terms, in_order(terms, [one.fact for one in facts]))


async def load_history(conn: Connection, plans: Iterable[Plan]) -> dict[str, Plan]:
    """The same plans with their facts: a fact that takes effect before the last one can be added."""
    plans = list(plans)
    facts = await load_facts(conn, [plan.plan_id for plan in plans])
    found = {}
    for plan in plans:
        terms = plan.standing.terms
        standing = plan.standing.copy()
        standing.done = in_order(terms, [recorded.fact for recorded in facts[plan.plan_id]])
        found[plan.plan_id] = replace(plan, standing=standing)
    return found


async def load_facts(conn: Connection, plan_ids: Sequence[str]) -> dict[str, list[Recorded]]:
    """The facts of plans, in the order they were recorded."""
    found: dict[str, list[Recorded]] = {plan_id: [] for plan_id in plan_ids}
    for row in await conn.fetch(Q.load_facts, [ids.bucket_of(plan_id) for plan_id in plan_ids], list(plan_ids)):
        found[row["plan_id"]].append(recorded_of(row))
    return found


def recorded_of(row: asyncpg.Record) -> Recorded:
    """A fact as it is kept."""
    actor = Actor(ActorKind(row["actor"]), row["actor_id"])
    fact = decode_fact(row["body"])
    return Recorded(row["number"], row["recorded_at"], actor, row["cause_id"], fact, row["reference"])


def agreed_of(row: asyncpg.Record) -> Plan:
    """A plan's row without what its facts made of it."""
    offer = read_offer(row["agreed"])
    return _plan(row, offer, standing_after(offer.terms, ()), None)


def read_offer(kept: bytes) -> Offer:
    """The offer that became a plan, as it is kept."""
    return _decode_offer(unpacked(kept))


def paid_of(fact: AnyFact, reference: str | None) -> Notice | None:
    """What is known of a payment that came with a reference; None of anything else."""
    if not isinstance(fact, Paid) or reference is None:
        return None
    return Notice(reference, fact.amount, fact.received_on or fact.on)


def _began(row: asyncpg.Record) -> Began | None:
    return None if row["state_by"] is None else (row["state_since"], ActorKind(row["state_by"]))


def _plan(row: asyncpg.Record, offer: Offer, standing: Standing, began: Began | None) -> Plan:
    known: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return Plan(
        **known,
        kind=Kind(row["kind"]),
        offer=offer,
        funding=_decode_funding(row["funding"]),
        standing=standing,
        amounts=amounts_of(standing),
        lines=lines_of(standing),
        changed_by=ActorKind(row["changed_by"]),
        began=began,
        bills=_bills(_decode_noted(noted)) if (noted := row.get("noted")) else (),
    )


def _bills(noted: Sequence[_Noted]) -> tuple[Bill, ...]:
    """Of the captures but for those that were recorded by mistake, in their order."""
    mistaken = {one.fact.fact_id for one in noted if isinstance(one.fact, Corrected)}
    taken_back = {one.fact.capture_id for one in noted if isinstance(one.fact, CaptureReversed)}
    captures = [
        (one.recorded_at, one.fact) for one in noted if isinstance(one.fact, Captured) and one.fact.id not in mistaken
    ]
    return tuple([
        bill_of(number, at, fact, is_reversed=fact.id in taken_back)
        for number, (at, fact) in enumerate(captures, 1)
    ])  # fmt: skip


_PLAIN: Final = (
    "bucket", "plan_id", "consumer_id", "person_id", "merchant_id", "merchant_reference", "decision_id", "currency",
    "authorized_at", "version", "changed_at", "closed_at", "claimed_at",
    "passed_on",
)  # fmt: skip
_decode_offer: Final = msgspec.json.Decoder(Offer).decode
_decode_funding: Final = msgspec.json.Decoder(Funding).decode
_decode_noted: Final = msgspec.json.Decoder(list[_Noted]).decode
decode_fact: Final = msgspec.json.Decoder(AnyFact).decode
