"""Asking outside: consent first, then what is known already, then whoever is left, all at once and not for long."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service import clock, ids
from service.circuit import Circuit
from service.data_key import DataKey, DataSecrets, Place
from service.db import Pool, columns, load_queries
from service.metrics import ENQUIRIES
from service.outside.consent import Consent, Need, choose
from service.outside.gateway import SIMULATOR, Address, Gateways
from service.outside.kept import Kept, kept_until, read_again
from service.outside.report import Query, Report, UnderConsent
from service.outside.source import DataType, Facts, Purpose, SourceOutcome, SourceRead, Wanted
from service.people.flow import data_keys
from service.private_text import open_text
from service.statement import ShardByShard

Q: Final = load_queries(Path(__file__).with_name("queries.sql"))

BUDGET_S: Final = 0.8  # for all calls of one checkout together
ERASED_AT_ONCE: Final = 1_000
_ERASE_EXPIRED: Final = ShardByShard(Q.erase_expired)

TIMED_OUT: Final = Report(SourceOutcome.TIMED_OUT)
FAILED: Final = (SourceOutcome.UNAVAILABLE, SourceOutcome.TIMED_OUT)


class Occasion(Struct, frozen=True):
    """For whom and what somebody would be asked, and when. `today` is the day in the policy's time zone."""

    consumer_id: str
    decision_id: str
    today: date
    now: datetime

    @property
    def bucket(self) -> int:
        """Where everything of this consumer is."""
        return ids.bucket_of(self.consumer_id)


class Call(Struct, frozen=True):
    """A use that was claimed: the one thing that lets a query leave the host."""

    wanted: Wanted
    address: Address
    consent: Consent
    query: Query


class Outside:
    """One for each process. `addresses` gives the gateways that are registered now, by name."""

    def __init__(
        self, pool: Pool, secrets: DataSecrets, gateways: Gateways, addresses: Callable[[], Mapping[str, Address]],
        *, sandbox: bool,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._secrets = secrets
        self.gateways = gateways
        self._addresses = addresses
        self._sandbox = sandbox
        self._circuits: dict[str, Circuit] = {}

    async def read(self, wanted: Sequence[Wanted], occasion: Occasion) -> dict[str, SourceRead]:
        """What the sources say, by the source's name: known already, asked now, or why not.

        Nothing is awaited of a gateway inside a transaction, and nothing is sent without a use that was claimed.
        """
        key = (await data_keys(self._pool, self._secrets, [occasion.consumer_id])).get(occasion.consumer_id)
        if key is None:  # erased a moment ago
            return {one.source.name: SourceRead(SourceOutcome.NO_CONSENT) for one in wanted}
        kept = await self._kept(occasion, key)
        read: dict[str, SourceRead] = {}
        for one in wanted:
            if known := read_again(kept, one, occasion.now):
                read[one.source.name] = known
        calls: list[Call] = []
        missing = [one for one in wanted if one.source.name not in read]
        if missing:
            consents = await self._consents(occasion)
            for one in missing:
                claimed, consents = await self._claim(one, consents, occasion, key)
                if isinstance(claimed, Call):
                    calls.append(claimed)
                else:
                    read[one.source.name] = SourceRead(claimed)
        if calls:
            reports = await self._ask(calls)
            await self._keep(calls, reports, occasion, key)
            for call, report in zip(calls, reports, strict=True):
                read[call.wanted.source.name] = SourceRead(report.outcome, report.facts, call.query.enquiry_id)
        return {one.source.name: read[one.source.name] for one in wanted}

    def address_of(self, name: str) -> Address | None:
        """The gateway of that name, if it is registered; in a sandbox there is the simulator besides."""
        if self._sandbox and name == SIMULATOR.name:
            return SIMULATOR
        return self._addresses().get(name)

    def rests(self, gateway_id: str) -> bool:
        """Whether this process leaves the gateway alone just now."""
        circuit = self._circuits.get(gateway_id)
        return circuit is not None and circuit.rests(_monotonic_ms())

    async def close(self) -> None:
        """Closes the connections to gateways."""
        await self.gateways.close()

    async def _kept(self, occasion: Occasion, key: DataKey) -> list[Kept]:
        rows = await self._pool.fetch(Q.load_kept, occasion.bucket, occasion.consumer_id, occasion.now)
        return [_kept(row, key) for row in rows]

    async def _consents(self, occasion: Occasion) -> list[Consent]:
        rows = await self._pool.fetch(Q.load_consents, occasion.bucket, occasion.consumer_id, occasion.now)
        return [consent_of(row) for row in rows]

    async def _claim(
        self, wanted: Wanted, consents: list[Consent], occasion: Occasion, key: DataKey
    ) -> tuple[Call | SourceOutcome, list[Consent]]:
        """A use for the call, or why there is none; and the consents as they are afterwards.

        Who comes second to the last use of a consent finds it used up, and looks for another.
        """
        source, today = wanted.source, occasion.today
        from_on = today - timedelta(days=source.days_back)
        address, may_enter = self.address_of(source.gateway), False
        if address is None:
            return SourceOutcome.UNAVAILABLE, consents
        need = Need(address.gateway_id, source.data_type, source.purpose, from_on, today)
        while not isinstance(consent := choose(consents, need, occasion.now), SourceOutcome):
            if source.data_type not in address.data_types:
                return SourceOutcome.UNAVAILABLE, consents
            may_enter = may_enter or self._circuit(address).enter(_monotonic_ms())
            if not may_enter:
                return SourceOutcome.UNAVAILABLE, consents
            enquiry_id = ids.new_id(ids.ENQUIRY, occasion.bucket, int(occasion.now.timestamp() * 1000))
            done = await self._pool.fetchval(
                Q.claim_use, occasion.bucket, consent.consent_id, enquiry_id, occasion.decision_id, address.gateway_id,
                address.name, source.data_type, source.purpose, list(wanted.facts), from_on, today,
                occasion.consumer_id, occasion.now,
            )  # fmt: skip
            if done:
                used = replace(consent, used=consent.used + 1)
                under = UnderConsent(consent.consent_id, consent.given_at, consent.expires_at)
                subject = open_text(key, occasion.consumer_id, consent.subject)
                query = Query(
                    enquiry_id, subject, source.data_type, source.purpose, wanted.facts, from_on, today, under
                )
                return Call(wanted, address, consent, query), [used if one is consent else one for one in consents]
            consents = await self._consents(occasion)
        return consent, consents

    async def _ask(self, calls: list[Call]) -> list[Report]:
        """All at once, within one budget; who is late is no longer listened to."""
        tasks = [asyncio.create_task(self.gateways.open(call.address).ask(call.query)) for call in calls]
        try:
            await asyncio.wait(tasks, timeout=BUDGET_S)
            reports = [task.result() if task.done() else TIMED_OUT for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
        for call, report in zip(calls, reports, strict=True):
            self._circuit(call.address).heard(report.outcome in FAILED, _monotonic_ms())
            ENQUIRIES.labels(call.address.name, report.outcome).inc()
        return reports

    async def _keep(self, calls: list[Call], reports: list[Report], occasion: Occasion, key: DataKey) -> None:
        rows = []
        for call, report in zip(calls, reports, strict=True):
            until = None
            if report.outcome not in FAILED:
                until = kept_until(call.wanted.source, call.consent.expires_at, occasion.now)
            enquiry_id = call.query.enquiry_id
            facts = key.seal(_encode(report.facts), _place(enquiry_id)) if until else None
            rows.append((occasion.bucket, enquiry_id, report.outcome, facts, occasion.now, until))
        await self._pool.execute(Q.insert_reports, *columns(rows))

    def _circuit(self, address: Address) -> Circuit:
        return self._circuits.setdefault(address.gateway_id, Circuit())


async def erase_expired(pool: Pool, now: datetime) -> int:
    """Erases the facts of answers that have expired; how many."""
    erased = 0
    async with pool.acquire() as conn:
        while done := await _ERASE_EXPIRED.execute(conn, now, ERASED_AT_ONCE):
            erased += done
    return erased


def consent_of(row: asyncpg.Record) -> Consent:
    """A consent from its row."""
    return Consent(
        row["consent_id"], row["subject"], Purpose(row["purpose"]), tuple(DataType(one) for one in row["data_types"]),
        tuple(row["gateway_ids"]), row["from_on"], row["to_on"], row["times"], row["used"], row["given_at"],
        row["expires_at"], row["revoked_at"],
    )  # fmt: skip


def _kept(row: asyncpg.Record, key: DataKey) -> Kept:
    facts = _decode_facts(key.unseal(row["facts"], _place(row["enquiry_id"])))
    return Kept(
        row["enquiry_id"], row["gateway"], DataType(row["data_type"]), Purpose(row["purpose"]),
        frozenset(row["asked"]), row["days_back"], SourceOutcome(row["outcome"]), facts,
        row["answered_at"],
    )  # fmt: skip


def _place(enquiry_id: str) -> Place:
    return Place("reports", "facts", enquiry_id)


def _monotonic_ms() -> int:
    return int(clock.monotonic() * 1000)


_encode = msgspec.json.Encoder().encode
_decode_facts = msgspec.json.Decoder(Facts).decode
