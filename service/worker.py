"""`tenor worker`: what time brings about, as it comes, so that nobody needs a crontab.

all the time           webhooks, and the calls that other providers' clients asked for
every half a minute    plans of people in hardship, authorizations that end, plans on which a day has begun in their
                       time zone, charges; partners' events get their numbers;
                       whether there is room for plans that are covered again
every hour             the whole close: interest, limits, partners' files, what is to be erased
every day              what was kept long enough is forgotten

Several may run beside each other, and beside `tenor day`: each thing is done once. What could not be done is tried
again.
"""

import argparse
import asyncio
import logging
import os
import signal
from datetime import datetime, timedelta
from typing import Any, Final

import uvloop

from service import clock, config, embedded, logs, telemetry
from service.api.limits import reviewing
from service.api.services import Services
from service.app import create_app, services
from service.config import Settings
from service.engine.faults import LOST, PASSING, what
from service.errors import Refused
from service.facades.doors import WRITERS
from service.facades.notifying_flow import Notifier
from service.jobs.collecting import collect
from service.jobs.day_close import close_day
from service.jobs.gauges import measure, measure_ledger
from service.jobs.moved_clocks import Clocks
from service.jobs.retention import forget, keep_of
from service.jobs.telling_referrals import tell_old_referrals, tell_referrals
from service.logs import DATABASE
from service.metrics import DAY_CLOSED, WORKED, serve
from service.partners.events_store import number_everybodys
from service.partners.signing import Signer
from service.plans.days_flow import pass_days
from service.plans.enrolling_flow import settle_reopened
from service.plans.guard_flow import guard_all
from service.webhooks.delivering_flow import Deliverer

PAUSE_S: Final = 30.0
CLOSE_EVERY: Final = timedelta(hours=1)
FINISH_S: Final = 10  # after the word to stop
NICENESS: Final = 10  # where processors are scarce, those who wait at the checkout go first

log = logging.getLogger("tenor.worker")


def main(argv: list[str]) -> int:
    """Do what time brings about until it is stopped, by SIGTERM or Ctrl-C; what it has begun is finished first, if
    that takes no longer than 10 s."""
    argparse.ArgumentParser(prog="tenor worker", description=main.__doc__).parse_args(argv)
    os.nice(NICENESS)
    telemetry.begin(os.environ, "worker")
    with embedded.reachable(config.read(os.environ)) as settings:
        if settings.metrics_port:
            serve(settings.host, settings.metrics_port)
        uvloop.run(_until_stopped(config.with_secrets(settings)))
    telemetry.end()
    return 0


async def _until_stopped(settings: Settings) -> None:
    stopped = asyncio.Event()
    for by in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(by, stopped.set)
    async with services(settings) as ours:
        logs.tell("The worker does what time brings about (Ctrl-C stops it).")
        deliverer = Deliverer(ours.pool, ours.registry.secrets, ours.secrets, settings.reach)
        app = create_app(settings)
        app.state["services"] = ours
        notifier = Notifier(app, ours, WRITERS, settings.reach)
        sending = [asyncio.create_task(one.run()) for one in (deliverer, notifier)]
        try:
            await _work_until(stopped, ours)
        finally:
            await deliverer.close()
            await notifier.close()
            await asyncio.wait(sending)


async def _work_until(stopped: asyncio.Event, ours: Services) -> None:
    closed_at: datetime | None = None
    while not stopped.is_set():
        before = closed_at
        round_ = asyncio.create_task(_work(ours, closed_at))
        if not await _ended(round_, stopped):
            log.warning("a round was cut short; what is left of it is done after the next start")
            return
        closed_at = round_.result()
        if ours.settings.metrics_port:
            await _measure(ours, with_ledger=closed_at != before)
        try:
            async with asyncio.timeout(PAUSE_S):
                await stopped.wait()
        except TimeoutError:
            continue


async def _ended(round_: asyncio.Task[Any], stopped: asyncio.Event) -> bool:
    """Whether a round came to its end. One that goes on for long after the worker was told to stop is cut
    short: it does all it does in transactions, and the next one goes on where it was."""
    told = asyncio.create_task(stopped.wait())
    await asyncio.wait([round_, told], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    await asyncio.wait([round_], timeout=FINISH_S)
    if ended := round_.done():
        return ended
    while not round_.done():  # a cancellation that comes with the database's answer is lost
        round_.cancel()
        await asyncio.wait([round_], timeout=1)
    return False


async def _measure(ours: Services, *, with_ledger: bool) -> None:
    """How the whole service stands, for Prometheus."""
    try:
        await measure(ours.pool, clock.now())
        if with_ledger:
            await measure_ledger(ours.pool)
    except (*LOST, *PASSING) as error:
        log.warning("the database was away, and nothing was measured: %s", what(error), extra=DATABASE)


async def _work(ours: Services, closed_at: datetime | None) -> datetime | None:
    """One round; when the whole close was done last."""
    now, clocks = clock.now(), Clocks(ours.pool, ours.engine, ours.charging, ours.registry)
    try:
        if closed_at is None or now - closed_at >= CLOSE_EVERY:
            under = await reviewing(ours, now)
            signer, told = Signer(ours.settings.audit_secret), ours.snapshots.accounts_changed
            await close_day(ours.pool, ours.engine, ours.charging, under, told, signer, now)
            await clocks.catch_up_all(now)
            await tell_old_referrals(ours.pool, keep_of(ours.settings).events, now)
            DAY_CLOSED.set(now.timestamp())
            if closed_at is None or closed_at.date() < now.date():
                await forget(ours.pool, keep_of(ours.settings), ours.settings.audit_secret, now)
            WORKED.set(clock.now().timestamp())
            return now
        await ours.following.follow(now)
        await guard_all(ours.pool, ours.engine, now)
        await pass_days(ours.pool, ours.engine, now)
        await collect(ours.charging, now)
        await clocks.catch_up_all(now)
        await number_everybodys(ours.pool)
        await tell_referrals(ours.pool, now)
        await settle_reopened(ours.pool, now)
        WORKED.set(clock.now().timestamp())
    except Refused as refused:
        log.warning("a round was not finished, and is tried again: %s", refused.detail)
    except (*LOST, *PASSING) as error:
        log.warning("the database was away, and the round is tried again: %s", what(error), extra=DATABASE)
    return closed_at
