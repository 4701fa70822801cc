"""`make run`, the first time: replay the applications, file the day with the partner, show what came of it."""

import sys
from datetime import date, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service import clock
from service.config import Settings
from service.demo import seed
from service.demo.applications import read_applications
from service.demo.replay import AT_ONCE, Replay
from service.demo.seed import Demo
from service.demo.summary import show

MONTHS_AGO = 12  # long enough for plans to be paid off, and to go overdue


async def first_day(settings: Settings, base_url: str) -> None:
    """Replays unless this database has seen it to the end; prints the summary and how to go on."""
    console = Console(file=sys.stdout, soft_wrap=True)
    demo = seed.load(settings)
    today = clock.now().date()
    demo.base_url = base_url
    demo.first_day_on = demo.first_day_on or _months_before(today, MONTHS_AGO).isoformat()
    seed.save(settings, demo)
    limits = httpx.Limits(max_connections=AT_ONCE + 2, max_keepalive_connections=AT_ONCE + 2)
    async with httpx.AsyncClient(base_url=base_url, timeout=60, limits=limits) as http:
        if not (await _get(http, demo.partner_key, "/v1/partner/reconciliations"))["reconciliations"]:
            await _replay(http, demo, today, console)
            await _reconcile(http, demo, today)
        show(
            console,
            demo,
            summary=await _get(http, demo.operator_key, "/v1/operator/summary"),
            trial_balance=await _get(http, demo.operator_key, "/v1/operator/ledger/trial-balance"),
            reconciliations=await _get(http, demo.partner_key, "/v1/partner/reconciliations"),
            kept_in=str(seed.path(settings)),
        )


async def _replay(http: httpx.AsyncClient, demo: Demo, today: date, console: Console) -> None:
    applications = read_applications()
    progress = Progress(
        TextColumn("{task.description:<34}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    with progress:
        bars = {
            "decided": progress.add_task("The first day of trade: decided", total=len(applications)),
            "done": progress.add_task("Bought, and paid until today", total=len(applications)),
        }
        replay = Replay(http, demo, date.fromisoformat(demo.first_day_on), today)
        await replay.run(applications, lambda step: progress.advance(bars[step]))


async def _reconcile(http: httpx.AsyncClient, demo: Demo, today: date) -> None:
    """Two files: of the day after the first, when the goods were delivered, and of yesterday. The partner, which in
    the demo keeps the same books, sends both back."""
    delivered_on = date.fromisoformat(demo.first_day_on) + timedelta(days=1)
    for business_on in (delivered_on, today - timedelta(days=1)):
        made = await _post(
            http,
            demo.operator_key,
            f"/v1/operator/programmes/{demo.programme_id}/files",
            f"file-{business_on}",
            json={"business_on": business_on.isoformat()},
        )
        content = await http.get(
            f"/v1/partner/files/{made['id']}/content", headers={"Authorization": f"Bearer {demo.partner_key}"}
        )
        content.raise_for_status()
        await _post(
            http,
            demo.partner_key,
            f"/v1/partner/files?programme_id={demo.programme_id}&business_on={business_on}",
            f"theirs-{business_on}",
            content=content.content,
            media="text/csv",
        )


async def _get(http: httpx.AsyncClient, key: str, path: str) -> dict[str, Any]:
    answered = await http.get(path, headers={"Authorization": f"Bearer {key}"})
    answered.raise_for_status()
    found: dict[str, Any] = answered.json()
    return found


async def _post(
    http: httpx.AsyncClient, key: str, path: str, idempotency_key: str, media: str = "application/json", **body: Any
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key, "Content-Type": media}
    answered = await http.post(path, headers=headers, **body)
    answered.raise_for_status()
    made: dict[str, Any] = answered.json()
    return made


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; of a month that is too short, its last day."""
    first = _first_of_month(day, -months)
    return min(first + timedelta(days=day.day - 1), _first_of_month(first, 1) - timedelta(days=1))


def _first_of_month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
