"""The package `alma-client`, as it comes, against our facade: a shop switches by changing an address."""

import asyncio
from typing import Any

import pytest
from alma_client import AsyncClient, Client
from alma_client.entities import FeePlanKind, InstallmentState, PaymentState
from alma_client.request import RequestError

from tests.facades.shop import Served, call

CART = {"items": [{"title": "Chair", "categories": ["furniture"], "unit_price": 300_00, "quantity": 1}]}


def shop(served: Served) -> Client:
    """The test shop's client."""
    return Client.with_api_key(served.demo.test_merchant_key, api_root=f"{served.url}/alma")


def purchase(reference: str, email: str = "anna+approved@shop.example", **more: Any) -> dict[str, Any]:
    """A payment of 300.00 in four instalments."""
    payment = {
        "purchase_amount": 300_00, "installments_count": 4, "return_url": "https://shop.example/back?a=1",
        "custom_data": {"cart": 7}, "cart": CART, "locale": "de_DE",
        "billing_address": {"line1": "Street 1", "country": "DE"},
    }  # fmt: skip
    customer = {"email": email, "first_name": "Anna", "addresses": [{"line1": "Street 1"}]}
    return {"payment": payment | more, "customer": customer, "order": {"merchant_reference": reference}}


async def test_eligibility_answers_each_query(served: Served) -> None:
    queries = [
        {"installments_count": 4, "deferred_days": 0}, {"installments_count": 1, "deferred_days": 30},
        {"installments_count": 2, "deferred_days": 0},
    ]  # fmt: skip
    four, later, two = await call(
        shop(served).payments.eligibility, {"purchase_amount": 300_00, "queries": queries, "cart": CART}
    )
    assert (four.is_eligible, later.is_eligible, two.is_eligible) == (True, True, False)
    assert [one["total_amount"] for one in four.payment_plan] == [75_00] * 4
    assert (four.customer_total_cost_amount, four.annual_interest_rate) == (0, 0)
    assert (later.deferred_days, len(later.payment_plan)) == (30, 1)
    older = await call(
        shop(served).payments.eligibility, {"payment": {"purchase_amount": 300_00, "installments_count": [4]}}
    )
    assert [one.eligible for one in older] == [True]
    (low,) = await call(shop(served).payments.eligibility, {"purchase_amount": 1_00, "queries": queries[:1]})
    assert (low.is_eligible, low.constraints) == (False, {"purchase_amount": {"minimum": 30_00, "maximum": 20_000_00}})


async def test_a_payment_lives_from_its_creation_to_its_refund(served: Served) -> None:
    client = shop(served)
    made = await call(client.payments.create, purchase("order-1"))
    assert (made.state, made.purchase_amount, made.custom_data) == (PaymentState.SCORED_YES, 300_00, {"cart": 7})
    assert (made.orders[0].merchant_reference, made.customer["email"]) == ("order-1", "anna+approved@shop.example")
    assert [one.state for one in made.payment_plan] == [InstallmentState.PENDING] * 4
    again = await call(client.payments.create, purchase("order-1"))
    assert again.id == made.id  # sent again, it is the same payment

    done = await served.agree(made.url)
    assert f"https://shop.example/back?a=1&amp;pid={made.id}" in done.text
    paid = await call(client.payments.fetch, made.id)
    assert (paid.state, sum(one.total_amount for one in paid.payment_plan)) == (PaymentState.IN_PROGRESS, 300_00)
    (plan,) = (await served.test_merchant.get("/v1/plans", merchant_reference="order-1")).json()["plans"]
    assert (plan["state"], plan["captured"], plan["outstanding"]) == ("active", 300_00, 300_00)
    assert (await served.http.post(made.url, data={"word": "agree"})).status_code == 200  # pressed twice
    assert (await call(client.payments.create, purchase("order-1"))).id == made.id

    part = await call(client.payments.refund, made.id, 50_00, merchant_reference="return-1", comment="A scratch")
    assert [(one.amount, one.merchant_reference, one.comment) for one in part.refunds] == [
        (50_00, "return-1", "A scratch")
    ]
    same = await call(client.payments.refund, made.id, 50_00, merchant_reference="return-1", comment="A scratch")
    assert len(same.refunds) == 1
    other = await call(client.payments.refund, made.id, 50_00, merchant_reference="return-2")
    assert [one.amount for one in other.refunds] == [50_00, 50_00]
    unnamed = [await call(client.payments.refund, made.id, 20_00) for _ in range(2)]  # the second is sent again
    assert [one.amount_already_refunded for one in unnamed] == [120_00, 120_00]
    whole = await call(client.payments.refund, made.id, 0, full_refund=True)
    assert (whole.state, whole.is_completely_refunded, whole.amount_already_refunded) == (
        PaymentState.PAID,
        True,
        300_00,
    )
    once_more = await call(client.payments.refund, made.id, 0, full_refund=True)
    assert len(once_more.refunds) == 4
    account = (await served.test_merchant.get(f"/v1/consumers/{plan['consumer']}/accounts/EUR")).json()
    assert (account["reserved"], account["used"]) == (0, 0)


async def test_a_refund_sent_many_times_at_once_is_one(served: Served) -> None:
    client = shop(served)
    made = await call(client.payments.create, purchase("order-1"))
    await served.agree(made.url)
    await asyncio.gather(*(call(client.payments.refund, made.id, 30_00) for _ in range(5)))
    assert (await call(client.payments.fetch, made.id)).amount_already_refunded == 30_00


@pytest.mark.parametrize(
    ("persona", "state"), [("declined", PaymentState.SCORED_NO), ("referred", PaymentState.SCORED_MAYBE)]
)
async def test_who_is_not_approved_has_nothing_to_agree_to(served: Served, persona: str, state: PaymentState) -> None:
    made = await call(shop(served).payments.create, purchase("order-1", f"ben+{persona}@shop.example"))
    assert (made.state, list(made.payment_plan)) == (state, [])
    assert (await served.http.get(made.url)).status_code == 409
    assert (await served.http.post(made.url, data={"word": "agree"})).status_code == 409
    with pytest.raises(RequestError, match="nothing to refund"):
        await call(shop(served).payments.refund, made.id, 1_00)


async def test_one_who_goes_back_to_the_shop_has_agreed_to_nothing(served: Served) -> None:
    body = purchase("order-1", customer_cancel_url="https://shop.example/cart")
    made = await call(shop(served).payments.create, body)
    done = await served.agree(made.url, "cancel")
    assert "https://shop.example/cart" in done.text
    assert (await call(shop(served).payments.fetch, made.id)).state is PaymentState.SCORED_YES
    assert (await served.test_merchant.get("/v1/plans", merchant_reference="order-1")).status_code == 404


async def test_a_payment_in_one_sum_later(served: Served) -> None:
    made = await call(shop(served).payments.create, purchase("order-1", installments_count=1, deferred_days=30))
    await served.agree(made.url)
    paid = await call(shop(served).payments.fetch, made.id)
    assert (paid.state, [one.total_amount for one in paid.payment_plan]) == (PaymentState.IN_PROGRESS, [300_00])
    (plan,) = (await served.test_merchant.get("/v1/plans", merchant_reference="order-1")).json()["plans"]
    assert plan["kind"] == "pay_after_use"


async def test_payments_and_orders_are_listed_and_edited(served: Served) -> None:
    client = shop(served)
    made = [await call(client.payments.create, purchase(f"order-{number}")) for number in range(3)]
    page = await call(client.payments.fetch_all, 2)
    assert [one.id for one in page] == [made[2].id, made[1].id]
    rest = await call(page.next_page)
    assert [one.id for one in rest] == [made[0].id]
    assert not list(await call(client.payments.fetch_all, 3, ["paid"]))

    payment_id = made[0].id
    edited = await call(client.payments.update, payment_id, {"payment": {"custom_data": {"cart": 8}}})
    assert (edited.custom_data, edited.return_url) == ({"cart": 8}, "https://shop.example/back?a=1")
    added = await call(client.payments.add_orders_to, payment_id, {"merchant_reference": "order-0b"})
    assert [one.merchant_reference for one in added] == ["order-0", "order-0b"]
    changed = await call(client.orders.update, added[1].id, {"comment": "By van"})
    assert (changed.merchant_reference, changed.comment) == ("order-0b", "By van")
    assert (await call(client.orders.fetch, added[1].id)).comment == "By van"
    assert len(await call(client.payments.set_orders_for, payment_id, [{"merchant_reference": "order-0c"}])) == 1
    assert [one.merchant_reference for one in await call(client.payments.get_orders_for, payment_id)] == ["order-0c"]
    assert len(list(await call(client.orders.fetch_all, 20))) == 3


async def test_the_shop_and_its_terms(served: Served) -> None:
    client = shop(served)
    me = await call(client.merchants.me)
    assert (me.id, me.name) == (served.demo.test_merchant_id, "Things to Try")
    plans = await call(client.merchants.fee_plans, FeePlanKind.GENERAL, [4])
    assert [(one.installments_count, one.min_purchase_amount, one.max_purchase_amount) for one in plans] == [
        (4, 30_00, 1_500_00)
    ]


async def test_the_asynchronous_client_does_the_same(served: Served) -> None:
    client = AsyncClient.with_api_key(served.demo.test_merchant_key, api_root=f"{served.url}/alma")
    made = await client.payments.create(purchase("order-1"))
    assert (await client.payments.fetch(made.id)).state is PaymentState.SCORED_YES


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"purchase_amount": 0}, 400, "payment.purchase_amount"),
    ({"purchase_amount": "30000"}, 400, "payment.purchase_amount"),
    ({"purchase_amount": 300.5}, 400, "payment.purchase_amount"),
    ({"purchase_amount": True}, 400, "payment.purchase_amount"),
    ({"installments_count": 0}, 400, "payment.installments_count"),
    ({"deferred_days": -1}, 400, "payment.deferred_days"),
    ({"return_url": "javascript:alert(1)"}, 400, "payment.return_url"),
    ({"purchase_amout": 1}, 400, "payment.purchase_amout"),
    ({"custom_data": []}, 400, "payment.custom_data"),
    ({"capture_method": "manual"}, 400, "payment.capture_method"),
]


async def test_bad_input_names_its_field(served: Served, subtests: pytest.Subtests) -> None:
    for more, status, field in BAD:
        with subtests.test(str(more)):
            with pytest.raises(RequestError) as caught:
                await call(shop(served).payments.create, purchase("order-1", **more))
            told = caught.value.response
            assert (told.status_code, told.json["errors"][0]["field"]) == (status, field)
            assert caught.value.error == told.json["message"]


async def test_what_is_not_there_is_said_so(served: Served) -> None:
    client = shop(served)
    made = await call(client.payments.create, purchase("order-1"))
    other = Client.with_api_key(served.demo.merchant_key, api_root=f"{served.url}/alma")
    stranger = Client.with_api_key("sk_test_nobody", api_root=f"{served.url}/alma")
    partner = Client.with_api_key(served.demo.partner_key, api_root=f"{served.url}/alma")
    for function, given, status in (
        (client.payments.fetch, ["nothing"], 404),
        (other.payments.fetch, [made.id], 404),
        (stranger.payments.fetch, [made.id], 401),
        (partner.payments.fetch, [made.id], 403),
        (client.payments.flag_as_potential_fraud, [made.id], 404),
        (client.payments.send_sms, [made.id], 403),
        (client.payments.refund, [made.id, 1_00], 409),
        (client.orders.fetch, [f"{made.id}-9"], 404),
        (client.exports.fetch_all, [], 404),
    ):
        with pytest.raises(RequestError) as caught:
            await call(function, *given)
        assert caught.value.response.status_code == status, given
        assert caught.value.response.json["message"]


async def test_a_key_that_may_only_read_buys_nothing(served: Served) -> None:
    made = await call(shop(served).payments.create, purchase("order-1"))
    key = await served.key(audience="merchant", owner_id=served.demo.test_merchant_id, scopes=["*:read"])
    reading = Client.with_api_key(key, api_root=f"{served.url}/alma")
    assert (await call(reading.payments.fetch, made.id)).id == made.id
    for function, given in (
        (reading.payments.create, [purchase("order-2")]),
        (reading.payments.update, [made.id, {"payment": {}}]),
        (reading.payments.eligibility, [{"purchase_amount": 300_00}]),
    ):
        with pytest.raises(RequestError) as caught:
            await call(function, *given)
        assert caught.value.response.status_code == 403


async def test_a_nul_in_a_query_is_refused(served: Served) -> None:
    key = {"Authorization": f"Alma-Auth {served.demo.test_merchant_key}"}
    for query in ("starting_after=%00", "state=a%00b", "%00=1"):
        refused = await served.http.get(f"/alma/v1/payments?{query}", headers=key)
        assert refused.status_code == 400, query


async def test_a_page_opens_with_its_own_ticket_alone(served: Served) -> None:
    made = await call(shop(served).payments.create, purchase("order-1"))
    for address in (
        made.url[:-1] + ("0" if made.url[-1] != "0" else "1"),
        f"{served.url}/agree/x",
        f"{served.url}/agree",
    ):
        assert (await served.http.get(address)).status_code == 404
    assert (await served.http.post(made.url, data={"word": "yes"})).status_code == 400
    assert (await served.http.post(made.url, json={"word": "agree"})).status_code == 415


async def test_nothing_of_a_buyer_stands_in_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="tenor")
    made = await call(shop(served).payments.create, purchase("order-1"))
    await served.agree(made.url)
    assert "anna" not in caplog.text.lower()
    kept = await served.pool.fetchval("select told from facade_orders")
    assert b"anna" not in kept
