"""Disputes that are read at processors which do not tell us of them: each becomes its plan's dispute.

    events since last time -> each dispute of them as it stands, kept -> the plan's dispute, and back its answer

No call is made inside a transaction. Whatever is done is done by the dispute's own reference: so it is once, whoever
reads beside us, and however often or late an event comes. What has no charge of ours, or does not go, is kept and
listed.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from service import ids
from service.db import load_queries
from service.payments import stripe_disputes as stripe
from service.payments.charge import Charge
from service.payments.disputing_flow import decide_dispute, dispute_of, open_dispute
from service.payments.flow import Charging
from service.payments.processor import Heard, Protocol, Said
from service.payments.processor_dispute import (
    FoundDispute,
    FoundState,
    Meaning,
    decided_otherwise,
    last_day,
    why_not_opened,
)
from service.payments.store import load_charges
from service.people.flow import data_keys
from service.plans.dispute import ANSWER_WITHIN
from service.plans.happening import today_of
from service.plans.reading_store import load_plans
from service.plans.running.dispute_facts import OPEN, DisputeState
from service.plans.running.disputes import refundable
from service.plans.running.standing import Dispute
from service.private_text import opened, words_in

EVERY: Final = timedelta(seconds=55)  # a worker comes by every half a minute
OVERLAP: Final = timedelta(minutes=10)  # events may be listed so much later than they happened
AT_ONCE: Final = 200

Q: Final = load_queries(Path(__file__).with_name("found_disputes.sql"))
log = logging.getLogger("tenor.payments")


class _Problem(Struct):
    detail: str = ""


class FoundDisputes(Struct, frozen=True):
    """What reads them. Each `now` is real time."""

    charging: Charging

    async def follow(self, now: datetime) -> None:
        """Reads what is new at every such processor, then does what is to be done of all that are not settled."""
        for processor_id in self.charging.processors.speaking(Protocol.STRIPE):
            await self._read(processor_id, now)
        last = 0
        while rows := await self.charging.pool.fetch(Q.find_unsettled, last, AT_ONCE):
            for row in rows:
                await self._settle(row, now)
            last = rows[-1]["number"]

    async def _read(self, processor_id: str, now: datetime) -> None:
        """Reads what is new since last time. Cut short, or not heard, it is read again."""
        pool, earliest = self.charging.pool, now - stripe.KEPT
        upto = await pool.fetchval(Q.begin_reading, processor_id, now, earliest, now - EVERY)
        news = None if upto is None else await self._news(processor_id, max(upto - OVERLAP, earliest))
        if not news:
            return
        last = {one.reference: one.event_id for one in reversed(news)}
        rows = await pool.fetch(Q.known_news, processor_id, list(last))
        known: dict[str, str] = {row["reference"]: row["event_id"] for row in rows}
        for reference, event_id in last.items():
            if known.get(reference) == event_id:
                continue
            if not await self._keep(processor_id, reference, event_id, now):
                return
        await pool.execute(Q.end_reading, processor_id, max(one.at for one in news))

    async def _news(self, processor_id: str, since: datetime) -> list[stripe.News] | None:
        """All events since then, the newest first; None: not all could be heard."""
        found: list[stripe.News] = []
        while True:
            after = found[-1].event_id if found else ""
            answer = await self.charging.processors.send(processor_id, partial(stripe.ask_news, since, after))
            page = stripe.read_news(*answer) if answer else None
            if page is None:
                return None
            found += page.news
            if not page.has_more:
                return found

    async def _keep(self, processor_id: str, reference: str, event_id: str, now: datetime) -> bool:
        """Asks how a dispute stands, and keeps it; whether it was heard."""
        answer = await self.charging.processors.send(
            processor_id, partial(stripe.ask_dispute, reference)
        )  # fmt: skip
        found = stripe.read_dispute(reference, *answer) if answer else None
        if found is None:
            return False
        await self._write(processor_id, found, event_id, now)
        return True

    async def _write(self, processor_id: str, found: FoundDispute, event_id: str, now: datetime) -> None:
        charge = await self._charge(processor_id, found.charge_id)
        charge_id, plan_id = (charge.charge_id, charge.plan_id) if charge else (None, None)
        await self.charging.pool.execute(
            Q.keep_dispute, processor_id, found.reference, found.payment, charge_id, plan_id, found.currency,
            found.amount, found.reason, found.status, found.due_by, event_id, now,
        )  # fmt: skip

    async def _charge(self, processor_id: str, charge_id: str | None) -> Charge | None:
        """The charge of this processor; None if there is none."""
        if charge_id is None or not ids.is_id(charge_id, ids.CHARGE):
            return None
        found = await load_charges(self.charging.pool, [charge_id])
        return found[0] if found and found[0].processor_id == processor_id else None

    async def _settle(self, row: asyncpg.Record, now: datetime) -> None:
        """What one calls for: the plan's dispute is opened, answered at the processor, decided. Not now: nothing."""
        charge = await self._charge(row["processor_id"], row["charge_id"])
        assert charge is not None, "a dispute of a charge was kept without it"
        meaning = stripe.meaning_of(row["reason"], row["status"])
        dispute, evidence = await dispute_of(self.charging.pool, charge, row["reference"])
        if dispute is None:
            why = await self._open(row, charge, meaning, now)
            if why:
                await self._move(row, FoundState.STUCK, why, now)
            dispute, evidence = await dispute_of(self.charging.pool, charge, row["reference"])
        if dispute is None:
            return
        if meaning.outcome is not None:
            await self._decide(row, charge, dispute, meaning, now)
            return
        await self._move(row, FoundState.OPEN, "", now)
        if meaning.takes_evidence and row["handed_at"] is None:
            await self._hand_over(row, dispute, evidence, now)

    async def _open(self, row: asyncpg.Record, charge: Charge, meaning: Meaning, now: datetime) -> str | None:
        """Opens the plan's dispute. Why it does not go; empty: it went; None: not now."""
        if (why := why_not_opened(charge, row["currency"])) != "":
            return why
        async with self.charging.pool.acquire() as conn:
            (plan,) = await load_plans(conn, [charge.plan_id])
        today = today_of(plan, self.charging.time_at(charge.merchant_id, now))
        respond_by = last_day(row["due_by"], plan.offer.time_zone, today, ANSWER_WITHIN)
        amount = min(row["amount"], charge.amount, refundable(plan.standing) or charge.amount)
        refused = await open_dispute(
            self.charging.engine, charge, row["reference"], meaning.reason, amount, respond_by, now
        )
        if refused is None:
            return ""
        return None if refused.is_not_now else _decode(refused.body).detail or "It was refused."

    async def _decide(
        self, row: asyncpg.Record, charge: Charge, dispute: Dispute, meaning: Meaning, now: datetime
    ) -> None:
        """Decides the plan's dispute; lost, the payment that the bank took back never was."""
        outcome = meaning.outcome
        assert outcome is not None
        if dispute.state in OPEN and await decide_dispute(self.charging.engine, charge, dispute, outcome, now):
            return  # it is looked at again, and may have been decided meanwhile
        notes = [decided_otherwise(dispute, outcome)]
        if outcome is DisputeState.LOST:
            if row["amount"] >= charge.amount:
                returned = Heard(Said.RETURNED, meaning.returned)
                if not await self.charging.settle(charge, returned, now):
                    return
            else:
                notes.append(f"The bank took back {row['amount']} of the {charge.amount} minor units charged.")
        await self._move(row, FoundState.DECIDED, " ".join(filter(None, notes)), now)

    async def _hand_over(self, row: asyncpg.Record, dispute: Dispute, evidence: str, now: datetime) -> None:
        """What the merchant has answered goes to the bank, once; or that it accepts the dispute."""
        processor_id, reference = row["processor_id"], row["reference"]
        match dispute.state:
            case DisputeState.UNDER_REVIEW:
                evidence = await self._opened(evidence)
                answer = await self.charging.processors.send(
                    processor_id, partial(stripe.hand_evidence, reference, row["status"], evidence)
                )
            case DisputeState.ACCEPTED:
                answer = await self.charging.processors.send(processor_id, partial(stripe.accept, reference))
            case _:
                return
        taken = stripe.read_dispute(reference, *answer) if answer else None
        if taken is not None:
            await self.charging.pool.execute(Q.hand_over, processor_id, reference, now)

    async def _opened(self, evidence: str) -> str:
        """What a merchant wrote, of which each part is kept sealed."""
        raw = msgspec.json.encode(evidence)
        words = words_in(raw)
        keys = await data_keys(self.charging.pool, self.charging.secrets, {key_id for _, key_id in words.values()})
        return msgspec.json.decode(opened(raw, words, keys), type=str)

    async def _move(self, row: asyncpg.Record, state: FoundState, note: str, now: datetime) -> None:
        moved = await self.charging.pool.execute(
            Q.move_dispute, row["processor_id"], row["reference"], state, note, now
        )
        if note and moved.endswith(" 1"):
            log.warning("the dispute %s is %s: %s", row["reference"], state, note)


_decode: Final = msgspec.json.Decoder(_Problem).decode
