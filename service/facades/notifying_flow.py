"""Notices are sent to the addresses that other providers' clients gave with their orders, until they are answered 2xx.

What happens to an order's plan is taken up from the shop's events as they are numbered; permissions and refunds are
noted as they are made. A shop has places of its own: one that hangs delays nobody else. Of one order notices are sent
one after the other, and tried again for as long as webhooks are. What nobody can be told of is parked: an order without
an address, one whose consumer was erased, a shop whose key has ended.
"""

import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from service import clock
from service.access.key import Principal
from service.api.services import Services
from service.db import Pool
from service.engine.events import NUMBERED_AT_ONCE
from service.engine.queries import Q as ENGINE
from service.errors import Refused
from service.event_type import EventType
from service.facades.door import Call
from service.facades.notice import Letter, Notice
from service.facades.ours import Ours
from service.facades.store import Q
from service.merchants.platform import acting_for
from service.reach import Reach
from service.statement import ShardByShard
from service.webhooks.endpoint import DeliveryState, Verdict, judged
from service.webhooks.sending_flow import Sending

log = logging.getLogger("tenor.facades")

ANSWER_S: Final = 10.0  # so long a shop has to answer
HELD_FOR: Final = timedelta(minutes=1)
PLACES: Final = 8  # of a shop: so many letters are under way to it
PLACES_IN_ALL: Final = 128
SHOPS_AT_ONCE: Final = 50
EVENTS_AT_ONCE: Final = 500
FORGOTTEN_AT_ONCE: Final = 5_000
PAUSE_S: Final = 1.0
FORGET_EVERY: Final = timedelta(hours=1)
CHANGES: Final = (  # of a plan, after which a payment may read otherwise
    EventType.CAPTURED, EventType.CAPTURE_LOWERED, EventType.CAPTURE_REVERSED, EventType.VOIDED, EventType.EXPIRED,
    EventType.PAID, EventType.PAYMENT_RETURNED, EventType.CHARGED_BACK, EventType.REFUNDED, EventType.OVERDUE,
    EventType.CHARGED_OFF, EventType.FORGIVEN, EventType.CORRECTED,
)  # fmt: skip

_CLAIM: Final = ShardByShard(Q.claim)
_FORGET_NOTICES: Final = ShardByShard(Q.forget_notices)
TOLD: Final = (list(CHANGES), EventType.CONFIRMED, EventType.PAID)

As = Callable[[str, str], Call | None]  # a call in the name of a key, for a merchant; None: the key has ended
Write = Callable[[Notice, Services, As], Awaitable[Letter | None]]  # None: there is nobody to be told


async def note(pool: Pool, order_place: tuple[int, str, str, str], source_id: str, about: str) -> None:
    """Something has happened to this order; what is noted twice is told once."""
    bucket, merchant_id, facade, reference = order_place
    await pool.execute(Q.insert_notice, merchant_id, facade, bucket, reference, source_id, about, clock.now())


class Notifier(Sending):
    """Sends notices to shops; `app` answers our own verbs."""

    def __init__(
        self,
        app: Any,
        services: Services,
        writers: Mapping[str, Write],
        reach: Reach,
        now: Callable[[], datetime] = clock.now,
        answer_s: float = ANSWER_S,
    ) -> None:
        super().__init__(log, reach, answer_s=answer_s, pause_s=PAUSE_S, places_in_all=PLACES_IN_ALL)
        self._app = app
        self._services = services
        self._writers = writers
        self._now = now
        self._forgot_at: datetime | None = None

    async def round(self) -> int:
        await self._forget()
        return await self._take_up() + await self._send()

    def places_of(self, receiver: str) -> int:
        """Every shop has as many."""
        return PLACES

    async def _forget(self) -> None:
        now = clock.now()  # by real time only: what is forgotten is gone
        if self._forgot_at is None or now - self._forgot_at >= FORGET_EVERY:
            before = now - timedelta(days=self._services.settings.keep_deliveries_days)
            async with self._services.pool.acquire() as conn:
                await _FORGET_NOTICES.execute(conn, before, FORGOTTEN_AT_ONCE)
            self._forgot_at = now

    async def _take_up(self) -> int:
        taken, pool = 0, self._services.pool
        for (merchant_id,) in await pool.fetch(Q.list_feeds_to_take_up):
            await pool.fetchval(ENGINE.number_events, merchant_id, NUMBERED_AT_ONCE)
            taken += await pool.fetchval(Q.take_up, merchant_id, self._now(), EVENTS_AT_ONCE, *TOLD)
        return taken

    async def _send(self) -> int:
        if not self.room_in_all():
            return 0
        begun = 0
        for (merchant_id,) in await self._services.pool.fetch(Q.list_due, self._now(), self.full(), SHOPS_AT_ONCE):
            if self._is_closed:
                break
            now = self._now()
            room = self.room(merchant_id)
            async with self._services.pool.acquire() as conn, conn.transaction():
                claimed = await _CLAIM.fetch(conn, merchant_id, now, room, now + HELD_FOR, enough=room)
            for row in claimed:
                self.begin(merchant_id, self._deliver(Notice(**row)))
                begun += 1
        return begun

    async def _deliver(self, notice: Notice) -> None:
        try:
            letter = await self._writers[notice.facade](notice, self._services, self._as)
        except Refused as refused:
            if refused.status >= 500:
                raise
            letter = None  # erased, or out of this key's reach
        status = None
        if letter is None:
            verdict = Verdict(DeliveryState.PARKED)
        else:
            status = await self.ask(letter.method, letter.url, letter.headers, letter.body)
            verdict = judged(status, notice.attempts, self._now(), random.randint(0, 1_000))
        await self._services.pool.execute(
            Q.record_attempt,
            notice.bucket,
            notice.source_id,
            notice.what,
            verdict.state,
            verdict.due_at,
            status,
            self._now(),
        )

    def _as(self, key_id: str, merchant_id: str) -> Call | None:
        principal = self._principal(key_id, merchant_id)
        if principal is None:
            return None
        scope = {"app": self._app, "asgi": {"version": "3.0"}, "headers": []}
        return Call("GET", "", {}, b"", "", Ours(scope, principal), self._services, clock.now(), {}, "")

    def _principal(self, key_id: str, merchant_id: str) -> Principal | None:
        now = self._services.registry.now
        principal = now.keys.get(now.hmacs.get(key_id, b""))
        if principal is None or (principal.expires_at is not None and principal.expires_at <= clock.now()):
            return None
        if principal.owner_id != merchant_id:
            principal = acting_for(principal, merchant_id, now.merchants)
        return principal
