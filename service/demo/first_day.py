"""`make run`, the first time: replay the applications, file the day with the partner, show what came of it."""

import sys
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service import clock
from service.config import Settings
from service.demo import seed
from service.demo.applications import read_applications
from service.demo.connections import Answered, Connections, Send
from service.demo.made_up import made_up
from service.demo.replay import AT_ONCE, Replay
from service.demo.seed import CURRENCY, Demo
from service.demo.summary import show

LIMIT_OF_ONE: Final = 1_000_00
MONTHS_AGO = 12  # long enough for plans to be paid off, and to go overdue


async def first_day(settings: Settings, base_url: str) -> None:
    """Replays unless this database has seen it to the end; prints the summary and how to go on."""
    console = Console(file=sys.stdout, soft_wrap=True)
    demo = seed.load(settings)
    today = clock.now().date()
    demo.base_url = base_url
    demo.first_day_on = demo.first_day_on or _months_before(today, MONTHS_AGO).isoformat()
    seed.save(settings, demo)
    service = Connections(base_url, AT_ONCE)
    if not (await _get(service.send, demo.partner_key, "/v1/partner/reconciliations")).json()["reconciliations"]:
        await _replay(service, demo, today, console)
        await reconcile_yesterday(service.send, demo, today)
    accounts = await accounts_of_one_person(service.send, demo)
    show(
        console,
        demo,
        summary=(await _get(service.send, demo.operator_key, "/v1/operator/summary")).json(),
        trial_balance=(await _get(service.send, demo.operator_key, "/v1/operator/ledger/trial-balance")).json(),
        reconciliations=(await _get(service.send, demo.partner_key, "/v1/partner/reconciliations")).json(),
        accounts=accounts,
        kept_in=str(seed.path(settings)),
    )
    await service.close()


async def _replay(service: Connections, demo: Demo, today: date, console: Console) -> None:
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


async def reconcile_yesterday(send: Send, demo: Demo, today: date) -> None:
    """The files of yesterday are made. The partner, which in the demo keeps the same books, sends the same; and the day
    is compared."""
    yesterday = today - timedelta(days=1)
    body = f'{{"business_on": "{yesterday}"}}'.encode()
    programme = f"/v1/operator/programmes/{demo.programme_id}"
    made = await _post(send, demo.operator_key, f"{programme}/files", f"files-{yesterday}", body)
    for one in made.json()["files"]:
        path = f"/v1/partner/files/{one['id']}/content"
        content = (await _get(send, demo.partner_key, path)).good()
        sent = f"programme_id={demo.programme_id}&business_on={yesterday}&of_type={one['type']}"
        path, key = f"/v1/partner/files/received?{sent}", f"theirs-{one['type']}-{yesterday}"
        (await _post(send, demo.partner_key, path, key, content, "text/csv")).good()
    path = f"{programme}/reconciliations"
    (await _post(send, demo.operator_key, path, f"reconciliations-{yesterday}", body)).good()


async def accounts_of_one_person(send: Send, demo: Demo) -> list[dict[str, Any]]:
    """Two shops register somebody by the operator's number, and one limit is set: the account as each of them sees it.

    Done again, it changes nothing.
    """
    known = {"identifiers": [{"kind": "operator_id", "value": "K-1"}]}
    consumers: list[tuple[str, str]] = []
    for shop, key in enumerate((demo.merchant_key, demo.second_merchant_key), 1):
        body = msgspec.json.encode({"reference": f"one-person-{shop}"} | known)
        made = (await _post(send, key, "/v1/consumers", f"one-person-{shop}", body)).json()
        consumers.append((key, made["id"]))
    path = f"/v1/operator/consumers/{consumers[0][1]}/accounts/{CURRENCY}"
    body = msgspec.json.encode({"limit": LIMIT_OF_ONE})
    (await _post(send, demo.operator_key, path, "one-person-limit", body)).good()
    return [
        (await _get(send, key, f"/v1/consumers/{consumer}/accounts/{CURRENCY}")).json() for key, consumer in consumers
    ]


async def _get(send: Send, key: str, path: str) -> Answered:
    return await send("GET", path, {"Authorization": f"Bearer {key}"}, b"")


async def _post(
    send: Send, key: str, path: str, idempotency_key: str, body: bytes, media: str = "application/json"
) -> Answered:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key, "Content-Type": media}
    return await send("POST", path, headers, body)


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; of a month that is too short, its last day."""
    first = _first_of_month(day, -months)
    return min(first + timedelta(days=day.day - 1), _first_of_month(first, 1) - timedelta(days=1))


def _first_of_month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
