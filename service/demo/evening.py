"""How the first day ends: merchants are settled and paid, and a partner's day is reconciled, after its file was wrong.

Done again, each of it changes nothing.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from service.db import Pool
from service.demo.connections import Answered, Send
from service.demo.planted import ROWS_NEEDED, planted
from service.demo.seed import CURRENCY, Demo
from service.merchants.settling_flow import settle_all

OUR_ACCOUNT: Final = {"holder": "Alster Credit AG", "iban": "DE75512108001245126199"}
ACCOUNTS: Final = (  # of the demo's merchants
    {"holder": "Hauptstrasse Home & Motor", "iban": "DE89370400440532013000"},
    {"holder": "Hafen Electronics", "iban": "AT611904300234573201"},
)
PAGE: Final = 1_000  # of files: the days of almost three years


# Merchants ------------------------------------------------------------------------------------------------------------


async def settle_merchants(send: Send, demo: Demo, pool: Pool, now: datetime) -> list[dict[str, Any]]:
    """Two operators agree to which account each merchant is paid; every day that has ended is settled; two operators
    order what is due; and the bank, which in the demo always can, pays it. All payouts."""
    for merchant_id, account in zip((demo.merchant_id, demo.second_merchant_id), ACCOUNTS, strict=True):
        path = f"/v1/operator/merchants/{merchant_id}/settlement-terms"
        if not (await get(send, demo.operator_key, path)).json()["version"]:
            terms = {"accounts": {CURRENCY: account}, "lag_days": 1, "calendar": "XECB"}
            await _by_two(send, demo, path, f"terms-{merchant_id}", terms)
    await settle_all(pool, now)
    if await payouts(send, demo, "due"):
        order = {"currency": CURRENCY, "payer": OUR_ACCOUNT, "until": now.date().isoformat()}
        await _by_two(send, demo, "/v1/operator/payment-orders", f"order-{now.date()}", order)
    for one in await payouts(send, demo, "ordered"):
        await _by_two(
            send, demo, f"/v1/operator/payouts/{one['id']}/paid", f"paid-{one['id']}", {"reference": "demo bank"}
        )
    return await payouts(send, demo)


async def payouts(send: Send, demo: Demo, state: str = "") -> list[dict[str, Any]]:
    """The merchants' payouts, in a state or in any."""
    query = f"&in_state={state}" if state else ""
    found = await get(send, demo.operator_key, f"/v1/operator/payouts?limit={PAGE}{query}")
    listed: list[dict[str, Any]] = found.json()["payouts"]
    return listed


async def _by_two(send: Send, demo: Demo, path: str, name: str, body: dict[str, Any]) -> None:
    """One operator does or proposes it; what waits for a second one, the other approves."""
    proposed = (await post(send, demo.operator_key, path, name, msgspec.json.encode(body))).json()
    if "act" not in proposed:  # so much one does alone
        return
    approval = f"/v1/operator/approvals/{proposed['id']}/approve"
    (await post(send, demo.second_operator_key, approval, f"approve-{name}", b"{}")).good()


# The partner ----------------------------------------------------------------------------------------------------------


async def file_days(send: Send, demo: Demo, today: date) -> None:
    """The files of all days until yesterday are made."""
    yesterday = today - timedelta(days=1)
    path = f"/v1/operator/programmes/{demo.programme_id}/files"
    (await post(send, demo.operator_key, path, f"files-{yesterday}", _of_day(yesterday))).good()


async def reconcile_day(send: Send, demo: Demo, today: date) -> None:
    """Of the last day with files on which something happened the partner sends its own, first with three faults, and
    then as they should be; each time the day is compared.

    The partner keeps the same books in the demo, so what it sends is what it got.
    """
    listed = (await get(send, demo.partner_key, f"/v1/partner/files?of_type=TXN&limit={PAGE}")).json()["files"]
    busy = [one["business_on"] for one in listed if one["records"] >= ROWS_NEEDED]
    if not busy:
        return
    on = date.fromisoformat(busy[-1])
    files = await get(send, demo.partner_key, f"/v1/partner/files?business_on={on}")
    ours = {one["type"]: one["id"] for one in files.json()["files"]}
    content = {kind: await _content(send, demo, file_id) for kind, file_id in ours.items()}
    wrong = planted(content["TXN"]).content
    for kind in ("POS", "STL", "CHG"):
        await _send_theirs(send, demo, on, kind, content[kind], "right")
    for txn, name in ((wrong, "wrong"), (content["TXN"], "right")):
        await _send_theirs(send, demo, on, "TXN", txn, name)
        path = f"/v1/operator/programmes/{demo.programme_id}/reconciliations"
        (await post(send, demo.operator_key, path, f"compared-{name}-{on}", _of_day(on))).good()


async def _content(send: Send, demo: Demo, file_id: str) -> bytes:
    return (await get(send, demo.partner_key, f"/v1/partner/files/{file_id}/content")).good()


async def _send_theirs(send: Send, demo: Demo, on: date, kind: str, content: bytes, name: str) -> None:
    query = f"programme_id={demo.programme_id}&business_on={on}&of_type={kind}"
    path, key = f"/v1/partner/files/received?{query}", f"theirs-{kind}-{name}-{on}"
    (await post(send, demo.partner_key, path, key, content, "text/csv")).good()


def _of_day(on: date) -> bytes:
    return msgspec.json.encode({"business_on": on})


# Requests -------------------------------------------------------------------------------------------------------------


async def get(send: Send, key: str, path: str) -> Answered:
    """One request that reads."""
    return await send("GET", path, {"Authorization": f"Bearer {key}"}, b"")


async def post(
    send: Send, key: str, path: str, idempotency_key: str, body: bytes, media: str = "application/json"
) -> Answered:
    """One request that writes, once under its key."""
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key, "Content-Type": media}
    return await send("POST", path, headers, body)
