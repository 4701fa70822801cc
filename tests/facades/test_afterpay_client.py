"""The package `afterpay`, as it comes, against our facade: a shop switches by changing an address."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import afterpay
import httpx
import msgspec
import pytest
from afterpay.environment import Environment
from afterpay.exceptions.authentication_error import AuthenticationError
from afterpay.exceptions.params_error import ParamsError
from afterpay.exceptions.payment_error import PaymentError
from afterpay.exceptions.payment_not_found_error import PaymentNotFoundError
from afterpay.exceptions.token_error import TokenError

from service.demo.seed import POLICY
from tests.facades.shop import Served, call


class Body(dict[str, Any]):
    """What is sent; the client's `refund` sets an attribute of what it is given, and a plain dict has none."""


@pytest.fixture
async def sydney(served: Served) -> Served:
    """The policy also has four instalments in Australian dollars: the client knows no euros."""
    policy = msgspec.json.decode(POLICY.read_bytes())
    four = next(one for one in policy["instalments"] if one["name"] == "pay-in-4")
    policy["instalments"].append(four | {"currency": "AUD", "amount_min": 1_00, "amount_max": 2_000_00})
    policy["limits"] += [one | {"currency": "AUD"} for one in policy["limits"] if one["currency"] == "EUR"]
    policy["version"] = 2
    drafted = await served.operator.post("/v1/operator/policies", policy)
    assert drafted.status_code == 201, drafted.text
    path = f"/v1/operator/policies/{policy['id']}/versions/2/publish"
    done = await served.second_operator.post(path)
    assert done.status_code == 200, done.text
    return served


async def gateway(served: Served, key: str = "", merchant_id: str = "") -> Any:
    """The client, as a shop makes it: it asks for its configuration at once."""
    address = urlsplit(served.url)
    environment = Environment("ours", address.hostname, str(address.port), False, None)
    afterpay.Configuration.configure(
        environment, merchant_id or served.demo.test_merchant_id, key or served.demo.test_merchant_key
    )
    return await call(afterpay.Configuration.gateway)


def cart(reference: str = "order-1", amount: str = "100.00", **more: Any) -> dict[str, Any]:
    """A checkout."""
    contact = {"name": "Anna", "line1": "Street 1", "area1": "Sydney", "region": "NSW", "postcode": "2000",
               "countryCode": "AU"}  # fmt: skip
    return {
        "amount": {"amount": amount, "currency": "AUD"},
        "consumer": {"email": "anna+approved@shop.example", "givenNames": "Anna", "surname": "Example"},
        "shipping": contact, "billing": contact, "merchantReference": reference,
        "merchant": {"redirectConfirmUrl": "https://shop.example/ok", "redirectCancelUrl": "https://shop.example/no"},
        "items": [{"name": "Book", "sku": "b-1", "quantity": 1, "price": {"amount": amount, "currency": "AUD"}}],
    } | more  # fmt: skip


async def agreed(served: Served, client: Any, body: dict[str, Any]) -> str:
    """A token whose consumer has agreed."""
    made = await call(client.client_token.generate, body)
    done = await served.agree(made["redirectCheckoutUrl"])
    assert f"https://shop.example/ok?status=SUCCESS&amp;orderToken={made['token']}" in done.text
    return str(made["token"])


def pounds(amount: str, currency: str = "AUD") -> dict[str, str]:
    """Money."""
    return {"amount": amount, "currency": currency}


async def test_the_configuration_is_the_policys_range(sydney: Served) -> None:
    client = await gateway(sydney)
    assert client.config.payment_limit_minimum == "1.00"
    assert client.config.payment_limit_maximum == "2000.00"
    assert client.config.payment_limit_currency == "AUD"


async def test_a_purchase_lives_from_its_token_to_its_refund(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    made = await call(client.client_token.generate, cart())
    assert (await call(client.client_token.generate, cart()))["token"] == made["token"]
    with pytest.raises(PaymentError):  # the consumer has not agreed
        await call(payments.capture, {"token": made["token"]})
    token = await agreed(sydney, client, cart())
    assert token == made["token"]

    order = await call(payments.capture, {"token": token, "merchantReference": "order-1b"})
    assert (order["status"], order["paymentState"], order["merchantReference"]) == ("APPROVED", "CAPTURED", "order-1b")
    assert (order["originalAmount"], order["openToCaptureAmount"]) == (pounds("100.00"), pounds("0.00"))
    assert [one["type"] for one in order["events"]] == ["AUTH_APPROVED", "CAPTURED"]
    again = await call(payments.capture, {"token": token, "merchantReference": "order-1b"})
    assert again == order
    assert await call(payments.get, order["id"]) == await call(payments.get_by_token, token) == order
    plan = (await sydney.test_merchant.get(f"/v1/plans/{order['id']}")).json()
    assert (plan["state"], plan["captured"], len(plan["schedule"])) == ("active", 100_00, 4)

    back = Body(amount=pounds("30.00"), merchantReference="return-1")
    first = await call(payments.refund, order["id"], back)
    second = await call(payments.refund, order["id"], Body(back))
    assert (first["refundId"], first["amount"]) == (second["refundId"], pounds("30.00"))
    await call(payments.refund, order["id"], Body(amount=pounds("30.00"), merchantReference="return-2"))
    for _ in range(2):
        await call(payments.refund, order["id"], Body(amount=pounds("5.00")), False)
    found = await call(payments.get, order["id"])
    assert [one["amount"]["amount"] for one in found["refunds"]] == ["30.00", "30.00", "5.00"]
    with pytest.raises(ParamsError):
        await call(payments.refund, order["id"], Body(amount=pounds("35.01"), merchantReference="return-3"))

    renamed = await call(payments.update, order["id"], {"merchantReference": "order-1c"})
    assert renamed["merchantReference"] == "order-1c"
    listed = await call(payments.list, {"merchantReferences": "order-1c", "limit": "5"})
    assert [one["id"] for one in listed["results"]] == [order["id"]]


async def test_a_token_is_captured_once_however_often_it_is_sent(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    token = await agreed(sydney, client, cart())
    orders = await asyncio.gather(*(call(payments.capture, {"token": token}) for _ in range(4)))
    assert {one["id"] for one in orders} == {orders[0]["id"]}
    plan = (await sydney.test_merchant.get(f"/v1/plans/{orders[0]['id']}")).json()
    assert plan["captured"] == 100_00


async def test_a_reversal_undoes_a_purchase_by_its_token(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    token = await agreed(sydney, client, cart())
    order = await call(payments.capture, {"token": token})
    for _ in range(2):
        assert await call(payments.reverse, token) == {}
    plan = (await sydney.test_merchant.get(f"/v1/plans/{order['id']}")).json()
    assert (plan["state"], plan["refunded"]) == ("refunded", 100_00)


async def test_authorized_captured_in_parts_and_voided(sydney: Served) -> None:
    """What the package has no calls for; the address is Afterpay's."""
    client = await gateway(sydney)
    token = await agreed(sydney, client, cart())
    with_key = (sydney.demo.test_merchant_id, sydney.demo.test_merchant_key)
    async with httpx.AsyncClient(base_url=f"{sydney.url}/v2/payments", auth=with_key) as http:
        order = (await http.post("/auth", json={"token": token, "requestId": "a-1"})).json()
        assert (order["paymentState"], order["openToCaptureAmount"]) == ("AUTH_APPROVED", pounds("100.00"))
        part = {"requestId": "c-1", "amount": pounds("40.00")}
        for _ in range(2):
            order = (await http.post(f"/{order['id']}/capture", json=part)).json()
        assert (order["paymentState"], order["openToCaptureAmount"]) == ("PARTIALLY_CAPTURED", pounds("60.00"))
        for _ in range(2):  # without a name: sent again
            order = (await http.post(f"/{order['id']}/capture", json={"amount": pounds("10.00")})).json()
        assert order["openToCaptureAmount"] == pounds("50.00")
        order = (await http.post(f"/{order['id']}/void", json={"amount": pounds("20.00"), "requestId": "v-1"})).json()
        assert order["openToCaptureAmount"] == pounds("30.00")
        order = (await http.post(f"/{order['id']}/void", json={"requestId": "v-2"})).json()
        assert (order["paymentState"], order["openToCaptureAmount"]) == ("CAPTURED", pounds("0.00"))
        courier = {"shippedAt": "2026-03-02T10:00:00+11:00", "name": "Van", "tracking": "T1", "priority": "EXPRESS"}
        order = (await http.put(f"/{order['id']}/courier/", json=courier)).json()
        assert order["orderDetails"]["courier"] == courier


BAD: list[dict[str, Any]] = [
    {"amount": {"amount": 100, "currency": "AUD"}},
    {"amount": {"amount": "100.001", "currency": "AUD"}},
    {"amount": {"amount": "1e2", "currency": "AUD"}},
    {"amount": {"amount": "-5.00", "currency": "AUD"}},
    {"amount": {"amount": "0.00", "currency": "AUD"}},
    {"amount": {"amount": "٣.00", "currency": "AUD"}},
    {"consumer": {"email": "nobody", "givenNames": "A", "surname": "B"}},
    {"merchant": {"redirectConfirmUrl": "javascript:1", "redirectCancelUrl": "https://a.example"}},
    {"colour": "red"},
]


async def test_bad_input_raises_the_clients_own_error(sydney: Served, subtests: pytest.Subtests) -> None:
    client = await gateway(sydney)
    for more in BAD:
        with subtests.test(str(more)), pytest.raises(ParamsError):
            await call(client.client_token.generate, cart(**more))


async def test_what_is_not_there_is_said_so(sydney: Served) -> None:
    client = await gateway(sydney)
    payments = afterpay.Payment(client)
    for function, given, error in (
        (payments.capture, [{"token": "nothing"}], TokenError),
        (payments.get, ["nothing"], PaymentNotFoundError),
        (payments.reverse, ["nothing"], TokenError),
    ):
        with pytest.raises(error):
            await call(function, *given)
    with pytest.raises(AuthenticationError):
        await gateway(sydney, key="sk_test_nobody")
    told = await sydney.http.get("/v2/configuration", auth=("me_1", "sk_test_nobody"))
    assert (told.status_code, told.json()["httpStatusCode"], told.json()["errorCode"]) == (401, 401, "unauthorized")
    key = sydney.demo.merchant_key  # another shop's
    with pytest.raises(AuthenticationError):
        await gateway(sydney, key=key, merchant_id=sydney.demo.test_merchant_id)
    assert (await sydney.http.delete("/v2/configuration", auth=(sydney.demo.merchant_id, key))).status_code == 405


async def test_who_is_declined_is_told_at_the_page(sydney: Served) -> None:
    client = await gateway(sydney)
    consumer = {"email": "ben+declined@shop.example", "givenNames": "Ben", "surname": "Example"}
    made = await call(client.client_token.generate, cart(consumer=consumer))
    assert (await sydney.http.get(made["redirectCheckoutUrl"])).status_code == 409
    with pytest.raises(PaymentError):
        await call(afterpay.Payment(client).capture, {"token": made["token"]})
