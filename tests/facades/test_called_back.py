"""What other providers' clients asked to be called for: over real HTTP, read by the packages as they come."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from alma_client.entities import PaymentState
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar.types import Receive, Scope, Send
from wechatpayv3 import WeChatPay

from service.config import Settings
from service.facades.doors import WRITERS
from service.facades.notifying_flow import PLACES, Notifier
from service.reach import Reach
from service.webhooks.endpoint import ATTEMPTS_MAX
from tests.facades.shop import Served, call
from tests.facades.test_alma_client import purchase
from tests.facades.test_alma_client import shop as alma
from tests.facades.test_wechat_client import CHINA, MCHID, PUBLIC, SERIAL, bill, client, read, ride, shop
from tests.flows.test_webhooks import HANGS_S, SOON, Clock, Receiver
from tests.flows.test_worker import start
from tests.outside.serving import served as serving


class Listener(Receiver):
    """One that also notes what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http: Any = scope
        self.lines.append(f"{http['method']} {http['path']}?{http['query_string'].decode()}")
        await super().__call__(scope, receive, send)


@asynccontextmanager
async def notifying(
    served: Served, clock: Clock | None = None, reach: Reach | None = None, answer_s: float = 5
) -> AsyncIterator[Notifier]:
    services: Any = served.app.state["services"]
    within = reach or services.settings.reach
    notifier = Notifier(served.app, services, WRITERS, within, clock or Clock(), answer_s)
    try:
        yield notifier
    finally:
        await notifier.close()


async def rounds(notifier: Notifier) -> None:
    """Until nothing more moves."""
    while await notifier.round():
        await notifier.settled()


def told(pay: WeChatPay, receiver: Receiver) -> list[dict[str, Any]]:
    """What was sent, verified and decrypted by the package."""
    found = [pay.callback(headers, body) for headers, body in receiver.heard]
    assert None not in found
    return found


async def states(served: Served) -> list[tuple[str, str, int]]:
    rows = await served.pool.fetch("select what, state, attempts from facade_notices order by made_at, source_id")
    return [tuple(row) for row in rows]


async def test_wechat_hears_that_an_order_is_confirmed_paid_and_refunded(shanghai: Served) -> None:
    pay, receiver = await shop(shanghai), Receiver()
    async with serving(receiver) as url, notifying(shanghai) as notifier:
        pay._notify_url = url
        _, made = await ride(pay, "T-1", need_user_confirm=True, openid=None, service_id="trial")
        await rounds(notifier)
        assert receiver.heard == []
        await shanghai.agree(made["package"])
        await rounds(notifier)
        (confirmed,) = told(pay, receiver)
        assert (confirmed["event_type"], confirmed["resource_type"]) == ("PAYSCORE.USER_CONFIRM", "encrypt-resource")
        order = confirmed["resource"]
        assert (order["out_order_no"], order["state"], order["mchid"]) == ("T-1", "DOING", MCHID)

        await call(pay.payscore_complete, "T-1", **(bill(30_00) | {"service_id": "trial"}))
        stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
        await call(pay.payscore_sync, "T-1", "trial", detail={"paid_time": stamp})
        await rounds(notifier)
        paid = told(pay, receiver)[-1]
        assert (paid["event_type"], paid["resource"]["state"]) == ("PAYSCORE.USER_PAID", "DONE")
        assert paid["resource"]["collection"]["paid_amount"] == 30_00
        amount = {"refund": 5_00, "total": 30_00, "currency": "CNY"}
        for _ in range(2):  # sent again it is the same refund
            refund = read(await call(pay.payscore_refund, order["order_id"], "B-1", amount, notify_url=url))[1]
        await rounds(notifier)
        back = told(pay, receiver)[-1]
        assert (back["event_type"], back["resource"]["refund_status"]) == ("REFUND.SUCCESS", "SUCCESS")
        assert (back["resource"]["refund_id"], back["resource"]["amount"]["refund"]) == (refund["refund_id"], 5_00)
        assert len(receiver.heard) == 3
        other = client(shanghai, {"public_key": pay_public(pay), "public_key_id": pay._core._public_key_id})
        other._core._apiv3_key = "x" * 32
        assert not other.callback(*receiver.heard[0]), "who has another key reads nothing"
        assert not pay.callback(receiver.heard[0][0], receiver.heard[0][1] + b" "), "what is not ours is not believed"


async def test_wechat_hears_of_permissions(shanghai: Served) -> None:
    pay, receiver = await shop(shanghai), Receiver()
    async with serving(receiver) as url, notifying(shanghai) as notifier:
        asked = read(await call(pay.payscore_permission, "trial", "P-1", url))[1]
        await shanghai.agree(asked["apply_permissions_token"])
        await call(pay.payscore_permission_terminate, "trial", "Enough", None, "wechat-P-1+approved")
        await rounds(notifier)
    first, second = told(pay, receiver)
    assert [first["event_type"], second["event_type"]] == ["PAYSCORE.USER_OPEN_SERVICE", "PAYSCORE.USER_CLOSE_SERVICE"]
    assert first["resource"]["openid"] == second["resource"]["openid"] == "wechat-P-1+approved"
    assert second["resource"]["user_service_status"] == "USER_CLOSE_SERVICE"
    assert len(first["resource"]["openorclose_time"]) == 14


async def test_alma_is_called_when_a_payment_has_changed(served: Served) -> None:
    payments, receiver = alma(served).payments, Listener()
    async with serving(receiver) as url, notifying(served) as notifier:
        made = await call(payments.create, purchase("order-1", ipn_callback_url=f"{url}told?shop=1"))
        silent = await call(payments.create, purchase("order-2"))
        await rounds(notifier)
        assert receiver.lines == []
        for one in (made, silent):
            await served.agree(one.url)
        await rounds(notifier)
        assert receiver.lines == [f"GET /told?shop=1&pid={made.id}"]
        assert (await call(payments.fetch, made.id)).state == PaymentState.IN_PROGRESS
        await call(payments.refund, made.id, 50_00, merchant_reference="return-1")
        await rounds(notifier)
        assert receiver.lines == [f"GET /told?shop=1&pid={made.id}"] * 2
        assert sorted(await states(served)) == [
            ("plan.captured", "delivered", 1), ("plan.captured", "parked", 1), ("plan.refunded", "delivered", 1),
        ]  # fmt: skip


async def permissions(served: Served, pay: WeChatPay, url: str, codes: Sequence[str]) -> None:
    for code in codes:
        for _ in range(10):  # on a machine that many tests share: not now, and sent again it is the same
            status, asked = read(await call(pay.payscore_permission, "trial", code, url))
            if status != 503:
                break
        assert status == 200, asked
        await served.agree(asked["apply_permissions_token"])


async def test_what_is_not_answered_is_sent_again_and_parked_at_last(shanghai: Served) -> None:
    pay, receiver, clock = await shop(shanghai), Receiver(), Clock()
    async with serving(receiver) as url, notifying(shanghai, clock) as notifier:
        await permissions(shanghai, pay, url, ["P-1"])
        receiver.statuses = [500]
        await rounds(notifier)
        assert (len(receiver.heard), await notifier.round()) == (1, 0), "nothing is due before its time"
        clock.ahead += timedelta(days=2)
        await rounds(notifier)
        assert await states(shanghai) == [("PAYSCORE.USER_OPEN_SERVICE", "delivered", 2)]
        receiver.statuses = [500] * ATTEMPTS_MAX
        await permissions(shanghai, pay, url, ["P-2"])
        for _ in range(ATTEMPTS_MAX):
            await rounds(notifier)
            clock.ahead += timedelta(days=2)
        assert (await states(shanghai))[1] == ("PAYSCORE.USER_OPEN_SERVICE", "parked", ATTEMPTS_MAX)
        assert len(receiver.heard) == 2 + ATTEMPTS_MAX


@pytest.mark.long
async def test_two_workers_send_each_notice_once(shanghai: Served, settings: Settings) -> None:
    pay, receiver = await shop(shanghai), Receiver()
    codes = ["P-1", "P-2", "P-3"]
    async with serving(receiver) as url:
        workers = await asyncio.gather(start(settings), start(settings))
        try:
            await permissions(shanghai, pay, url, codes)
            async with asyncio.timeout(60):
                while [state for _, state, _ in await states(shanghai)] != ["delivered"] * len(codes):
                    await asyncio.sleep(0.1)
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            ended = [await asyncio.wait_for(worker.wait(), 30) for worker in workers]
    assert ended == [0, 0]
    assert sorted(one["resource"]["authorization_code"] for one in told(pay, receiver)) == codes


async def test_a_shop_that_hangs_delays_no_other(shanghai: Served) -> None:
    hanging, well = Receiver(), Receiver()
    hanging.hangs = True
    pay = await shop(shanghai)
    async with serving(hanging) as slow, serving(well) as quick, notifying(shanghai, answer_s=HANGS_S) as notifier:
        await permissions(shanghai, pay, slow, [f"P-{n}" for n in range(PLACES + 2)])
        key = await shanghai.key(audience="merchant", owner_id=shanghai.demo.merchant_id)
        other = await shop(shanghai, "1230000110", key)
        await notifier.round()
        await permissions(shanghai, other, quick, ["Q-1"])
        await notifier.round()
        async with asyncio.timeout(SOON):
            while "delivered" not in [state for _, state, _ in await states(shanghai)]:
                await notifier.round()
                await asyncio.sleep(0.01)
            while len(hanging.heard) < PLACES:  # each was sent once, and the last two wait for a place
                await asyncio.sleep(0.01)
        assert (len(well.heard), len(hanging.heard)) == (1, PLACES)
        assert sorted(attempts for _, _, attempts in await states(shanghai)) == [0, 0] + [1] * (PLACES + 1)


async def test_an_address_out_of_reach_is_not_called(shanghai: Served) -> None:
    pay, receiver = await shop(shanghai), Receiver()
    async with serving(receiver) as url, notifying(shanghai, reach=Reach()) as notifier:
        await permissions(shanghai, pay, url, ["P-1"])
        await rounds(notifier)
        assert await states(shanghai) == [("PAYSCORE.USER_OPEN_SERVICE", "waiting", 1)]
    assert receiver.heard == []


async def test_a_shop_whose_key_was_revoked_is_not_told(shanghai: Served) -> None:
    receiver = Receiver()
    made = {"audience": "merchant", "owner_id": shanghai.demo.test_merchant_id}
    issued = (await shanghai.seconded(await shanghai.operator.post("/v1/operator/keys", made))).json()
    pay = await shop(shanghai, key=issued["key"])
    async with serving(receiver) as url, notifying(shanghai) as notifier:
        await permissions(shanghai, pay, url, ["P-1"])
        gone = await shanghai.operator.post(f"/v1/operator/keys/{issued['id']}/revoke")
        assert gone.status_code == 200, gone.text
        services: Any = shanghai.app.state["services"]
        await services.registry.reload()
        await rounds(notifier)
        assert await states(shanghai) == [("PAYSCORE.USER_OPEN_SERVICE", "parked", 1)]
    assert receiver.heard == []


async def test_a_shop_without_a_key_to_read_by_is_not_told(shanghai: Served) -> None:
    pay, receiver = await shop(shanghai), Receiver()
    async with serving(receiver) as url, notifying(shanghai) as notifier:
        await permissions(shanghai, pay, url, ["P-1"])
        await shanghai.pool.execute("update facade_signers set apiv3_key = null where serial_no = $1", SERIAL)
        await rounds(notifier)
        assert await states(shanghai) == [("PAYSCORE.USER_OPEN_SERVICE", "parked", 1)]
    assert receiver.heard == []


async def test_a_key_of_another_length_is_refused(served: Served, subtests: pytest.Subtests) -> None:
    for apiv3_key in ("short", "k" * 33, "é" * 32, 1):
        with subtests.test(str(apiv3_key)):
            body = {"mchid": MCHID, "serial_no": SERIAL, "public_key": PUBLIC, "apiv3_key": apiv3_key}
            refused = await served.test_merchant.post("/v3/tenor/signers", body)
            assert (refused.status_code, refused.json()["detail"]) == (400, "/apiv3_key")


def pay_public(pay: WeChatPay) -> str:
    pem: bytes = pay._core._public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()
