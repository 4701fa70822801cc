"""Other ways than the usual: amounts that do not fit, what is tried again after it was refused, what comes too early or
too late. Each client gets an answer that it understands, and what was right at last is done once."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import afterpay
import httpx
import pytest
from afterpay.exceptions.params_error import ParamsError
from afterpay.exceptions.payment_error import PaymentError
from alma_client.request import RequestError

from tests.facades.shop import Served, call
from tests.facades.test_afterpay_client import Body, agreed, cart, gateway, pounds
from tests.facades.test_afterpay_client import sydney as sydney
from tests.facades.test_alma_client import purchase
from tests.facades.test_alma_client import shop as alma
from tests.facades.test_wechat_client import bill, read, ride
from tests.facades.test_wechat_client import shop as wechat
from tests.flows.collecting import till

CHINA = ZoneInfo("Asia/Shanghai")


def yuan(refund: int, total: int) -> dict[str, Any]:
    return {"refund": refund, "total": total, "currency": "CNY"}


async def refused(function: Any, *given: Any, **more: Any) -> tuple[int, str]:
    """The status and the code of what `wechatpayv3` is answered."""
    status, told = read(await call(function, *given, **more))
    return status, str(told["code"])


# WeChat Pay Score -----------------------------------------------------------------------------------------------------


async def test_what_was_refused_is_done_when_it_is_right(shanghai: Served) -> None:
    """A time that cannot be is refused; the right one counts, and is sent again."""
    pay = await wechat(shanghai)
    await ride(pay, "R-1")
    assert await refused(pay.payscore_complete, "R-1", **bill(50_01)) == (400, "PARAM_ERROR")
    await call(pay.payscore_complete, "R-1", **bill(30_00))
    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    for wrong in ("20990101120000", "19990101120000", "20261399120000"):
        answered = await refused(pay.payscore_sync, "R-1", "bicycle", detail={"paid_time": wrong})
        assert answered == (400, "PARAM_ERROR")
    for _ in range(2):
        status, told = read(await call(pay.payscore_sync, "R-1", "bicycle", detail={"paid_time": stamp}))
        assert (status, told["state"], told["collection"]["paid_amount"]) == (200, "DONE", 30_00)


async def test_paid_once_there_is_something_to_pay_with(shanghai: Served) -> None:
    pay = await wechat(shanghai)
    async with till(shanghai) as at:
        _, made = await ride(pay, "R-1")
        await call(pay.payscore_complete, "R-1", **bill(30_00))
        for _ in range(2):
            assert await refused(pay.payscore_pay, "R-1", "bicycle") == (403, "NO_AUTH")
        path, owner = f"/v1/plans/{made['order_id']}", shanghai.test_merchant
        consumer = (await owner.get(path)).json()["consumer"]
        card = {"processor": at.name, "token": "tok-ada-ok", "kind": "card"}
        instrument = (await owner.post(f"/v1/consumers/{consumer}/instruments", card)).json()["id"]
        await owner.post(f"{path}/instrument", {"instrument_id": instrument})
        assert read(await call(pay.payscore_pay, "R-1", "bicycle"))[0] == 200
        (charge,) = (await owner.get(f"{path}/charges")).json()["charges"]
        assert (charge["state"], charge["amount"]) == ("succeeded", 30_00)


async def test_what_comes_too_early_or_too_late_says_so(shanghai: Served) -> None:
    pay = await wechat(shanghai)
    await ride(pay, "R-1")
    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    lower = bill(10_00) | {"reason": "Too dear"}
    assert await refused(pay.payscore_modify, "R-1", **lower) == (400, "INVALID_ORDER_STATE")
    assert await refused(pay.payscore_pay, "R-1", "bicycle") == (400, "INVALID_ORDER_STATE")
    assert await refused(pay.payscore_sync, "R-1", "bicycle", detail={"paid_time": stamp}) == (
        400, "INVALID_ORDER_STATE",
    )  # fmt: skip
    await call(pay.payscore_complete, "R-1", **bill(30_00))
    assert await refused(pay.payscore_complete, "R-1", **bill(20_00)) == (400, "INVALID_ORDER_STATE")
    for _ in range(2):
        assert read(await call(pay.payscore_modify, "R-1", **lower))[1]["total_amount"] == 10_00
    await ride(pay, "R-2")
    assert read(await call(pay.payscore_cancel, "R-2", "bicycle", "No"))[0] == 200
    assert await refused(pay.payscore_complete, "R-2", **bill(1_00)) == (400, "INVALID_ORDER_STATE")
    await ride(pay, "R-3")
    assert read(await call(pay.payscore_complete, "R-3", **bill(0)))[1]["state"] == "DONE"  # a ride for nothing


async def test_refunds_are_of_what_was_paid(shanghai: Served) -> None:
    """30.00, lowered to 10.00 and paid: 4.00 and 6.00 go back, and no cent more."""
    pay = await wechat(shanghai)
    await ride(pay, "R-1")
    await call(pay.payscore_complete, "R-1", **bill(30_00))
    await call(pay.payscore_modify, "R-1", **bill(10_00) | {"reason": "Too dear"})
    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    _, paid = read(await call(pay.payscore_sync, "R-1", "bicycle", detail={"paid_time": stamp}))
    (detail,) = paid["collection"]["details"]
    assert detail["amount"] == 10_00
    order = detail["transaction_id"]
    for amount in (yuan(0, 10_00), yuan(-1, 10_00), yuan(10_01, 10_00), yuan(1_00, 30_00), yuan(10**18, 10**18)):
        assert await refused(pay.payscore_refund, order, "B-0", amount) == (400, "PARAM_ERROR"), amount
    status, first = read(await call(pay.payscore_refund, order, "B-1", yuan(4_00, 10_00)))
    assert (status, first["amount"]["refund"], first["amount"]["total"]) == (200, 4_00, 10_00)
    assert await refused(pay.payscore_refund, order, "B-1", yuan(5_00, 10_00)) == (400, "INVALID_REQUEST")
    assert await refused(pay.payscore_refund, order, "B-2", yuan(6_01, 10_00)) == (400, "PARAM_ERROR")
    status, rest = read(await call(pay.payscore_refund, order, "B-2", yuan(6_00, 10_00)))  # its number is free
    assert (status, rest["amount"]["refund"]) == (200, 6_00)
    assert await refused(pay.payscore_refund, order, "B-3", yuan(1, 10_00)) == (400, "PARAM_ERROR")
    plan = (await shanghai.test_merchant.get(f"/v1/plans/{order}")).json()
    assert plan["captured"] == plan["refunded"] == 30_00


# Afterpay -------------------------------------------------------------------------------------------------------------


async def test_amounts_of_refunds_that_do_not_fit(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    token = await agreed(sydney, client, cart())
    order = await call(payments.capture, {"token": token})
    wrong: list[Any] = [
        pounds("10.00", "USD"), pounds("0.00"), pounds("-1.00"), pounds("100.01"), pounds("1.001"), "10.00", None,
        {"amount": 10, "currency": "AUD"}, {"amount": "10.00"}, pounds("9" * 30),
    ]  # fmt: skip
    for number, amount in enumerate(wrong):
        with pytest.raises(ParamsError):
            await call(payments.refund, order["id"], Body(amount=amount, merchantReference=f"return-{number}"))
    first = await call(payments.refund, order["id"], Body(amount=pounds("60.00"), merchantReference="return"))
    with pytest.raises(ParamsError):
        await call(payments.refund, order["id"], Body(amount=pounds("40.01"), merchantReference="return"))
    rest = await call(payments.refund, order["id"], Body(amount=pounds("40.00"), merchantReference="return"))
    assert first["refundId"] != rest["refundId"]
    with pytest.raises(ParamsError):
        await call(payments.refund, order["id"], Body(amount=pounds("0.01"), merchantReference="more"))


async def test_an_authorization_in_parts_with_amounts_that_do_not_fit(sydney: Served) -> None:
    """100.00 authorized: nothing to refund; 60.00 captured, 20.00 given back, 20.00 captured."""
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    token = await agreed(sydney, client, cart())
    with_key = (sydney.demo.test_merchant_id, sydney.demo.test_merchant_key)
    async with httpx.AsyncClient(base_url=f"{sydney.url}/v2/payments", auth=with_key) as http:
        order = (await http.post("/auth", json={"token": token, "requestId": "a-1"})).json()

        async def ask(verb: str, **body: Any) -> tuple[int, str]:
            told = await http.post(f"/{order['id']}/{verb}", json=body)
            said = told.json()
            return told.status_code, said.get("errorCode") or said["openToCaptureAmount"]["amount"]

        with pytest.raises(PaymentError):
            await call(payments.refund, order["id"], Body(amount=pounds("1.00"), merchantReference="early"))
        assert await ask("capture", amount=pounds("100.01"), requestId="c-1") == (422, "invalid_amount")
        assert await ask("capture", amount=pounds("1.00", "USD"), requestId="c-1") == (422, "invalid_amount")
        assert await ask("capture", amount=pounds("60.00"), requestId="c-1") == (201, "40.00")  # right at last
        assert await ask("capture", amount=pounds("60.00"), requestId="c-1") == (201, "40.00")
        assert await ask("capture", amount=pounds("10.00"), requestId="c-1") == (422, "idempotency_key_reused")
        assert await ask("capture", amount=pounds("40.01"), requestId="c-2") == (422, "invalid_amount")
        assert await ask("void", amount=pounds("40.01"), requestId="v-1") == (422, "invalid_amount")
        for _ in range(2):
            assert await ask("void", amount=pounds("20.00"), requestId="v-1") == (201, "20.00")
        assert await ask("capture", amount=pounds("20.00"), requestId="c-3") == (201, "0.00")
        assert await ask("capture", amount=pounds("0.01"), requestId="c-4") == (412, "invalid_order_state")
        assert await ask("void", requestId="v-2") == (201, "0.00")
    plan = (await sydney.test_merchant.get(f"/v1/plans/{order['id']}")).json()
    assert (plan["captured"], plan["remaining"]) == (80_00, 0)
    back = await call(payments.refund, order["id"], Body(amount=pounds("80.00"), merchantReference="all"))
    assert back["amount"] == pounds("80.00")


async def test_voided_and_then_asked_for(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    token = await agreed(sydney, client, cart())
    with_key = (sydney.demo.test_merchant_id, sydney.demo.test_merchant_key)
    async with httpx.AsyncClient(base_url=f"{sydney.url}/v2/payments", auth=with_key) as http:
        order = (await http.post("/auth", json={"token": token})).json()
        for _ in range(2):
            assert (await http.post(f"/{order['id']}/void", json={})).status_code == 201
        late = await http.post(f"/{order['id']}/capture", json={"amount": pounds("1.00")})
        assert (late.status_code, late.json()["errorCode"]) == (412, "invalid_order_state")
    with pytest.raises(PaymentError):
        await call(payments.refund, order["id"], Body(amount=pounds("1.00"), merchantReference="late"))
    assert await call(payments.reverse, token) == {}  # nothing of it is left


# Alma -----------------------------------------------------------------------------------------------------------------


async def test_refunds_in_parts_that_do_not_fit(served: Served) -> None:
    client = alma(served)
    made = await call(client.payments.create, purchase("order-1"))
    await served.agree(made.url)

    async def told(amount: Any, **more: Any) -> int:
        try:
            await call(client.payments.refund, made.id, amount, **more)
        except RequestError as error:
            return int(error.response.status_code) if error.response.json["message"] else 0
        return 200

    assert [await told(amount) for amount in (-1, 0, "5", 1.5, True, 10**18)] == [400] * 6
    assert await told(300_01, merchant_reference="a") == 422
    assert await told(100_00, merchant_reference="a") == 200
    assert await told(200_01, merchant_reference="b") == 422
    assert await told(1_00, merchant_reference="c", comment="c" * 501) == 400
    assert await told(200_00, merchant_reference="b") == 200  # right at last
    assert await told(200_00, merchant_reference="b") == 200
    assert await told(1, merchant_reference="d") == 422
    found = await call(client.payments.fetch, made.id)
    assert (found.amount_already_refunded, [one.amount for one in found.refunds]) == (300_00, [100_00, 200_00])
    with pytest.raises(RequestError) as caught:
        await call(client.payments.update, made.id, {"payment": {"purchase_amount": 1}})
    assert caught.value.response.status_code == 409
