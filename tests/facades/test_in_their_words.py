"""Whatever goes wrong, a client hears of it in its provider's words: a database that takes too long, or is locked; an
address that there is not; a name of an order that can be none. Lists that a client turns page by page."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import afterpay
import pytest
from afterpay.environment import Environment
from afterpay.exceptions.params_error import ParamsError
from afterpay.exceptions.token_error import TokenError
from afterpay.exceptions.unexpected_error import UnexpectedError
from alma_client import Client
from alma_client.entities import PaymentState
from alma_client.request import RequestError

from service.deadline import REQUEST_S
from tests.facades.shop import Served, call, listening
from tests.facades.test_afterpay_client import agreed, cart, gateway
from tests.facades.test_afterpay_client import sydney as sydney
from tests.facades.test_alma_client import purchase
from tests.facades.test_alma_client import shop as alma
from tests.facades.test_wechat_client import bill, read, ride
from tests.facades.test_wechat_client import shop as wechat

CHINA = ZoneInfo("Asia/Shanghai")


@asynccontextmanager
async def slow(served: Served, seconds: float) -> AsyncIterator[None]:
    """Each order of a facade takes the database so long to read."""
    kept = f"select *, pg_sleep({seconds}) is null as none from facade_orders_kept"
    async with served.pool.acquire() as conn, conn.transaction():
        await conn.execute("alter table facade_orders rename to facade_orders_kept")
        await conn.execute(f"create view facade_orders as {kept}")
        await conn.execute("grant select on facade_orders to public")
    yield
    async with served.pool.acquire() as conn, conn.transaction():
        await conn.execute("set local lock_timeout = '60s'")  # who was given up reads on for a while
        await conn.execute("drop view facade_orders")
        await conn.execute("alter table facade_orders_kept rename to facade_orders")


async def test_that_it_takes_too_long(shanghai: Served) -> None:
    payments, pay = alma(shanghai).payments, await wechat(shanghai)
    made = await call(payments.create, purchase("order-1"))
    await ride(pay, "R-1")
    client = await gateway(shanghai)
    euros = {"amount": "100.00", "currency": "EUR"}
    ours = await shanghai.http.post(
        "/v2/checkouts", json=cart(amount="100.00") | {"amount": euros},
        auth=(shanghai.demo.test_merchant_id, shanghai.demo.test_merchant_key),
    )  # fmt: skip
    token = ours.json()["token"]
    async with slow(shanghai, 2 * REQUEST_S):
        with pytest.raises(RequestError) as caught:
            await call(payments.fetch, made.id)
        told = caught.value.response
        assert (told.status_code, told.json["error_code"]) == (503, "unavailable")
        assert caught.value.error == "It takes too long; send the same request again."
        with pytest.raises(RequestError) as caught:
            await call(payments.refund, made.id, 1_00)
        assert caught.value.error == "It is not known whether it was done; send the same request again."
        status, said = read(await call(pay.payscore_query, "bicycle", "R-1"))
        assert (status, said["code"]) == (503, "SYSTEM_ERROR")
        status, said = read(await call(pay.payscore_complete, "R-1", **bill(30_00)))
        assert (status, said["code"]) == (503, "SYSTEM_ERROR")
        with pytest.raises(UnexpectedError, match="503"):
            await call(afterpay.Payment(client).get_by_token, token)
    assert read(await call(pay.payscore_complete, "R-1", **bill(30_00)))[0] == 200  # sent again, it is done
    assert (await call(payments.fetch, made.id)).id == made.id


async def test_that_the_database_is_locked(served: Served) -> None:
    payments = alma(served).payments
    made = await call(payments.create, purchase("order-1"))
    async with served.pool.acquire() as conn, conn.transaction():
        await conn.execute("lock table facade_orders in access exclusive mode")
        with pytest.raises(RequestError) as caught:
            await call(payments.fetch, made.id)
    assert (caught.value.response.status_code, caught.value.response.json["error_code"]) == (503, "unavailable")


async def at_once(function: Any, *given: Any) -> list[Any]:
    """What three equal calls get, or raise."""
    return await asyncio.gather(*(call(function, *given) for _ in range(3)), return_exceptions=True)


async def test_that_a_key_asks_too_often(shanghai: Served) -> None:
    pay, client = await wechat(shanghai), await gateway(shanghai)
    await ride(pay, "R-1")
    async with listening(shanghai.app, rate=1) as url:
        shop = Client.with_api_key(shanghai.demo.test_merchant_key, api_root=f"{url}/alma")
        told = [one for one in await at_once(shop.merchants.me) if isinstance(one, RequestError)]
        assert {(one.response.status_code, one.response.json["error_code"]) for one in told} == {(429, "rate_limited")}
        assert told[0].error.startswith("Your key may send 1 requests a second")
        pay._core._gate_way = url
        answers = [read(one) for one in await at_once(pay.payscore_query, "bicycle", "R-1")]
        assert (429, "FREQUENCY_LIMITED") in [(status, said.get("code")) for status, said in answers]
        client.config.environment = Environment("ours", "127.0.0.1", url.rpartition(":")[2], False, None)
        refused = [one for one in await at_once(client.config.get_payment_limits) if isinstance(one, UnexpectedError)]
        assert {str(one) for one in refused} == {"Unexpected HTTP_RESPONSE 429"}
        page = await shanghai.http.get(f"{url}/agree/{'x' * 20}")
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")


async def test_a_name_that_can_be_none(served: Served, subtests: pytest.Subtests) -> None:
    """Whatever it is, it is not there."""
    pay = await wechat(served)
    key = {"Authorization": f"Alma-Auth {served.demo.test_merchant_key}"}
    auth = (served.demo.test_merchant_id, served.demo.test_merchant_key)
    for name in ("%00", "a%00b", "a%2Fb", "..", "%2E%2E", "%FF", "%E4%BD%A0", "a b", "a;b", "x" * 9_000):
        with subtests.test(name[:9]):
            status, said = read(await call(pay.payscore_complete, name, **bill(1_00)))
            assert (status, said["code"]) in {(404, "ORDER_NOT_EXIST"), (401, "SIGN_ERROR")}, said
            theirs = await served.http.get(f"/alma/v1/payments/{name}", headers=key)
            assert (theirs.status_code, theirs.json()["error_code"]) == (404, "not_found")
            theirs = await served.http.get(f"/v2/payments/{name}", auth=auth)
            assert (theirs.status_code, theirs.json()["errorCode"]) == (404, "not_found")


async def test_all_that_a_number_of_an_order_may_hold(shanghai: Served) -> None:
    """`wechatpayv3` signs an address as it is, and sends it as `%7C`."""
    pay = await wechat(shanghai)
    number = "aZ0_-|*"
    status, made = await ride(pay, number)
    assert status == 200, made
    assert read(await call(pay.payscore_query, "bicycle", number))[1] == made
    assert read(await call(pay.payscore_query, "bicycle", None, made["order_id"]))[1] == made
    assert read(await call(pay.payscore_complete, number, **bill(30_00)))[0] == 200
    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    _, paid = read(await call(pay.payscore_sync, number, "bicycle", detail={"paid_time": stamp}))
    amount = {"refund": 5_00, "total": 30_00, "currency": "CNY"}
    order = paid["collection"]["details"][0]["transaction_id"]
    assert read(await call(pay.payscore_refund, order, f"back-{number}", amount))[0] == 200
    assert read(await call(pay.payscore_refund_query, f"back-{number}"))[1]["status"] == "SUCCESS"
    status, told = read(await call(pay.payscore_refund_query, "nothing"))
    assert (status, told["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_what_a_facade_has_not_is_refused_in_their_words(shanghai: Served) -> None:
    pay = await wechat(shanghai)
    status, said = await call(pay.payscore_merchant_bill, "2026-03-02", "bicycle")
    assert (status, json.loads(said)["code"]) == (404, "ORDER_NOT_EXIST")
    payments = alma(shanghai).payments
    made = await call(payments.create, purchase("order-1"))
    for function, given in (
        (payments.charge_first_installment, [made.id, {}]),
        (payments.flag_as_potential_fraud, [made.id, "amount_mismatch"]),
        (payments.send_sms, [made.id]),
    ):
        with pytest.raises(RequestError) as caught:
            await call(function, *given)
        assert caught.value.error == caught.value.response.json["message"]


async def test_payments_in_a_state_page_by_page(served: Served) -> None:
    """The client asks for the page after the last it has: there is no page without any, before the last."""
    client = alma(served)
    made = [await call(client.payments.create, purchase(f"order-{number}")) for number in range(5)]
    for one in (made[0], made[3]):
        await served.agree(one.url)
    found, page = [], await call(client.payments.fetch_all, 1, ["in_progress", "paid"])
    for _ in range(4):
        found += [one.id for one in page]
        page = await call(page.next_page)
    assert found == [made[3].id, made[0].id]
    waiting = await call(client.payments.fetch_all, 50, ["scored_yes"])
    assert [one.id for one in waiting] == [made[4].id, made[2].id, made[1].id]
    assert {one.state for one in waiting} == {PaymentState.SCORED_YES}
    await call(client.payments.refund, made[3].id, 0, full_refund=True)
    assert [one.id for one in await call(client.payments.fetch_all, 1, ["paid"])] == [made[3].id]
    with pytest.raises(RequestError):
        await call(client.payments.fetch_all, 101)


async def test_orders_page_by_page(served: Served) -> None:
    """Payments without any stand between, and one has three: each page holds as many as it was asked for."""
    client = alma(served)
    for number in range(5):
        body = purchase(f"order-{number}")
        if number in (1, 2, 4):
            del body["order"]
        made = await call(client.payments.create, body)
        if number == 3:
            extra = [{"merchant_reference": "order-3b"}, {"merchant_reference": "order-3c"}]
            await call(client.payments.add_orders_to, made.id, extra)
    found, page = [], await call(client.orders.fetch_all, 2)
    for _ in range(4):
        assert len(page) <= 2
        found += [one.merchant_reference for one in page]
        page = await call(page.next_page)
    assert found == ["order-3", "order-3b", "order-3c", "order-0"]


async def test_orders_of_afterpay_are_found(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    orders = []
    for number, amount in enumerate(("100.00", "300.00", "200.00")):
        token = await agreed(sydney, client, cart(f"order-{number}", amount))
        orders.append(await call(payments.capture, {"token": token}))
    await call(client.client_token.generate, cart("order-9"))  # a token that became no order

    async def listed(**asked: str) -> list[int]:
        told = await call(payments.list, asked)
        names = [one["id"] for one in orders]
        return [names.index(one["id"]) for one in told["results"]]

    assert await listed() == [2, 1, 0]
    assert await listed(limit="250", ascending="true") == [0, 1, 2]
    assert await listed(orderBy="totalAmount") == [1, 2, 0]
    assert await listed(orderBy="merchantReference", ascending="true", offset="1", limit="1") == [1]
    assert await listed(ids=f"{orders[0]['id']},{orders[2]['id']},nothing", ascending="true") == [0, 2]
    assert await listed(tokens=orders[1]["token"]) == [1]
    assert await listed(merchantReferences="order-0,order-2") == [2, 0]
    assert await listed(statuses="DECLINED") == []
    now = datetime.now().astimezone()
    assert await listed(fromCreatedDate=(now - timedelta(minutes=5)).isoformat()) == [2, 1, 0]
    assert await listed(toCreatedDate=(now - timedelta(minutes=5)).isoformat()) == []
    assert await listed(fromCreatedDate="2026-01-01", toCreatedDate="9999-12-31T23:59:59Z") == [2, 1, 0]
    for wrong in ({"limit": "251"}, {"limit": "0"}, {"orderBy": "colour"}, {"ascending": "yes"},
                  {"toCreatedDate": "yesterday"}, {"colour": "red"}, {"offset": "-1"}):  # fmt: skip
        with pytest.raises(ParamsError):
            await call(payments.list, wrong)
    with pytest.raises(TokenError):
        await call(payments.get_by_token, orders[0]["id"])


async def test_a_list_goes_on_behind_a_consumer_who_was_erased(served: Served) -> None:
    """Of whom nothing is told any more."""
    client = alma(served)
    made: list[Any] = []
    for number in range(4):
        body = purchase(f"order-{number}", f"person{number}+approved@shop.example")
        made.append(await call(client.payments.create, body))
    consumer = await served.pool.fetchval("select consumer_id from facade_orders where reference = $1", made[2].id)
    erased = await served.test_merchant.post(f"/v1/consumers/{consumer}/erase")
    assert erased.status_code == 200, erased.text
    page = await call(client.payments.fetch_all, 2)
    rest = await call(page.next_page)
    assert [one.id for one in (*page, *rest)] == [made[3].id, made[1].id, made[0].id]
