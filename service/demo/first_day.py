"""`make run`, the first time: replay the applications, settle merchants and partner, show what came of it."""

import asyncio
import sys
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service import clock
from service.config import Settings
from service.db import open_pool
from service.demo import seed
from service.demo.applications import read_applications
from service.demo.bearing import bear_losses, bearers
from service.demo.connections import Connections, Send
from service.demo.evening import file_days, get, payouts, post, reconcile_day, settle_merchants
from service.demo.made_up import made_up
from service.demo.picture import first_day_svg
from service.demo.replay import AT_ONCE, Replay
from service.demo.seed import CURRENCY, Demo
from service.demo.summary import show
from service.plans.plan import business_day

LIMIT_OF_ONE: Final = 1_000_00
MONTHS_AGO = 12  # long enough for plans to be paid off, and to go overdue


async def first_day(settings: Settings, base_url: str) -> None:
    """Replays unless this database has seen it to the end; prints the summary and how to go on."""
    console = Console(file=sys.stdout, soft_wrap=True)
    demo = seed.load(settings)
    today = business_day(clock.now(), seed.TIME_ZONE)
    demo.base_url = base_url
    demo.first_day_on = demo.first_day_on or first_day_before(today).isoformat()
    seed.save(settings, demo)
    service = Connections(base_url, AT_ONCE)
    if not await _is_reconciled(service.send, demo):
        given_up = await _replay(service, demo, today, console)
        await _end_day(service.send, demo, settings, today, given_up)
    accounts = await accounts_of_one_person(service.send, demo)
    summary = (await get(service.send, demo.operator_key, "/v1/operator/summary")).json()
    (settings.data / "first_day.svg").write_text(first_day_svg(summary["decisions"], CURRENCY))
    show(
        console,
        demo,
        summary=summary,
        trial_balance=(await get(service.send, demo.operator_key, "/v1/operator/ledger/trial-balance")).json(),
        payouts=await payouts(service.send, demo),
        reconciliations=(await get(service.send, demo.partner_key, "/v1/partner/reconciliations")).json(),
        bearers=await bearers(service.send, demo),
        accounts=accounts,
        kept_in=str(seed.path(settings)),
    )
    await service.close()


async def _is_reconciled(send: Send, demo: Demo) -> bool:
    compared = (await get(send, demo.partner_key, "/v1/partner/reconciliations")).json()["reconciliations"]
    return any(one["verdict"] == "reconciled" for one in compared)


async def _end_day(send: Send, demo: Demo, settings: Settings, today: date, given_up: list[str]) -> None:
    """Merchants are settled while the partner's files are made. They tell how plans stand when they are made: only then
    are plans given up, beside the day's comparison, which reads the files alone."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_settle(send, demo, settings))
        tasks.create_task(file_days(send, demo, today))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reconcile_day(send, demo, today))
        tasks.create_task(bear_losses(send, demo, given_up))


async def _settle(send: Send, demo: Demo, settings: Settings) -> None:
    assert settings.database_url
    pool = await open_pool(settings.database_url, size=1)
    try:
        await settle_merchants(send, demo, pool, clock.now())
    finally:
        await pool.close()


async def _replay(service: Connections, demo: Demo, today: date, console: Console) -> list[str]:
    """The plans that are to be given up."""
    applications, others = read_applications(), made_up()
    progress = Progress(
        TextColumn("{task.description:<34}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    with progress:
        total = len(applications) + len(others)
        bars = {
            "decided": progress.add_task("The first day of trade: decided", total=total),
            "done": progress.add_task("Bought, and paid until today", total=total),
        }
        replay = Replay(service.send, demo, date.fromisoformat(demo.first_day_on), today)
        for purchases in (applications, others):
            await replay.run(purchases, lambda step: progress.advance(bars[step]))
    return replay.given_up


async def accounts_of_one_person(send: Send, demo: Demo) -> list[dict[str, Any]]:
    """Two shops register somebody by the operator's number, and one limit is set: the account as each of them sees it.

    Done again, it changes nothing.
    """
    known = {"identifiers": [{"kind": "operator_id", "value": "K-1"}]}
    consumers: list[tuple[str, str]] = []
    for shop, key in enumerate((demo.merchant_key, demo.second_merchant_key), 1):
        body = msgspec.json.encode({"reference": f"one-person-{shop}"} | known)
        made = (await post(send, key, "/v1/consumers", f"one-person-{shop}", body)).json()
        consumers.append((key, made["id"]))
    path = f"/v1/operator/consumers/{consumers[0][1]}/accounts/{CURRENCY}"
    body = msgspec.json.encode({"limit": LIMIT_OF_ONE})
    (await post(send, demo.operator_key, path, "one-person-limit", body)).good()
    return [
        (await get(send, key, f"/v1/consumers/{consumer}/accounts/{CURRENCY}")).json() for key, consumer in consumers
    ]


def first_day_before(today: date) -> date:
    """A year before yesterday, and a day for the goods to arrive: so instalments fell due yesterday."""
    return _months_before(today - timedelta(days=1), MONTHS_AGO) - timedelta(days=1)


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; of a month that is too short, its last day."""
    first = _first_of_month(day, -months)
    return min(first + timedelta(days=day.day - 1), _first_of_month(first, 1) - timedelta(days=1))


def _first_of_month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
