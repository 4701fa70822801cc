"""The package `wechatpayv3`, as it comes, in public-key mode, against our facade: an address and a key are others."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from wechatpayv3 import WeChatPay, WeChatPayType

from service.facades.wechat.signing import is_signed, signed_of
from tests.facades.shop import Served, call
from tests.flows.collecting import till
from tests.flows.world import Client

MCHID, SERIAL = "1230000109", "5F2A77CE01"
KEY = rsa.generate_private_key(65_537, 2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
APIV3 = "k1" * 16
CHINA = ZoneInfo("Asia/Shanghai")


async def shop(served: Served, mchid: str = MCHID, key: str = "") -> WeChatPay:
    """The test shop's client, after its key was registered with this key of ours, or one that may do everything."""
    body = {"mchid": mchid, "serial_no": SERIAL, "public_key": PUBLIC, "apiv3_key": APIV3}
    owner = Client(served.http, key) if key else served.test_merchant
    owner.now = None
    made = await owner.post("/v3/tenor/signers", body)
    assert made.status_code == 201, made.text
    return client(served, made.json(), mchid)


def client(served: Served, ours: dict[str, str], mchid: str = MCHID) -> WeChatPay:
    """The package's own, at our address."""
    made = WeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG, mchid=mchid, private_key=PRIVATE, cert_serial_no=SERIAL,
        apiv3_key=APIV3, appid="wx1", notify_url="https://shop.example/told", public_key=ours["public_key"],
        public_key_id=ours["public_key_id"],
    )  # fmt: skip
    made._core._gate_way = served.url
    return made


async def ride(pay: WeChatPay, number: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """An order without a word of its user's."""
    given = {
        "out_order_no": number, "service_id": "bicycle", "service_introduction": "A ride",
        "time_range": {"start_time": "OnAccept"}, "risk_fund": {"name": "ESTIMATE_ORDER_COST", "amount": 50_00},
        "need_user_confirm": False, "openid": "ride-1+approved",
    }  # fmt: skip
    return read(await call(pay.payscore_create, **(given | more)))


def read(answer: tuple[int, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the body."""
    return answer[0], json.loads(answer[1])


def bill(total: int, off: int = 0) -> dict[str, Any]:
    """What a ride came to."""
    return {
        "service_id": "bicycle", "total_amount": total, "post_payments": [{"name": "Ride", "amount": total + off}],
        "post_discounts": [{"name": "Voucher", "amount": off, "description": "Off"}] if off else None,
    }  # fmt: skip


async def test_an_order_lives_from_its_creation_to_its_refund(shanghai: Served) -> None:
    pay = await shop(shanghai)
    status, made = await ride(pay, "R-1", attach="a%3D1")
    assert (status, made["state"], made["state_description"]) == (200, "DOING", "USER_CONFIRM")
    assert (made["mchid"], made["attach"], made["risk_fund"]["amount"]) == (MCHID, "a%3D1", 50_00)
    assert (await ride(pay, "R-1", attach="a%3D1"))[1] == made
    status, other = await ride(pay, "R-1", attach="b%3D1")
    assert (status, other["code"]) == (400, "INVALID_REQUEST")

    status, done = read(await call(pay.payscore_complete, "R-1", **bill(30_00, 2_00)))
    assert (status, done["state_description"], done["collection"]["paying_amount"]) == (200, "MCH_COMPLETE", 30_00)
    assert read(await call(pay.payscore_complete, "R-1", **bill(30_00, 2_00)))[0] == 200  # sent again
    plan = (await shanghai.test_merchant.get(f"/v1/plans/{done['order_id']}")).json()
    assert (plan["kind"], plan["captured"], plan["outstanding"]) == ("pay_after_use", 30_00, 30_00)
    lower = bill(25_00) | {"reason": "Too dear"}
    assert read(await call(pay.payscore_modify, "R-1", **lower))[1]["total_amount"] == 25_00
    higher = bill(26_00) | {"reason": "Too cheap"}
    assert read(await call(pay.payscore_modify, "R-1", **higher))[0] == 400
    status, told = read(await call(pay.payscore_cancel, "R-1", "bicycle", "No"))
    assert (status, told["code"]) == (400, "INVALID_ORDER_STATE")
    status, told = read(await call(pay.payscore_pay, "R-1", "bicycle"))
    assert (status, told["code"]) == (403, "NO_AUTH")  # there is nothing to pay with

    stamp = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
    for _ in range(2):
        status, paid = read(await call(pay.payscore_sync, "R-1", "bicycle", detail={"paid_time": stamp}))
        assert (status, paid["state"], paid["collection"]["state"]) == (200, "DONE", "USER_PAID")
    (detail,) = paid["collection"]["details"]
    assert (detail["paid_type"], detail["amount"], detail["paid_time"]) == ("MCH", 25_00, stamp)
    assert read(await call(pay.payscore_query, "bicycle", "R-1"))[1] == paid

    amount = {"refund": 5_00, "total": 25_00, "currency": "CNY"}
    first = read(await call(pay.payscore_refund, detail["transaction_id"], "B-1", amount))
    assert (first[0], first[1]["status"], first[1]["amount"]["refund"]) == (200, "SUCCESS", 5_00)
    assert read(await call(pay.payscore_refund, detail["transaction_id"], "B-1", amount)) == first
    assert read(await call(pay.payscore_refund_query, "B-1")) == first
    plan = (await shanghai.test_merchant.get(f"/v1/plans/{done['order_id']}")).json()
    assert plan["refunded"] == 10_00  # lowered by 5.00, and refunded 5.00


async def test_what_is_owed_is_collected_from_an_instrument(shanghai: Served) -> None:
    pay = await shop(shanghai)
    async with till(shanghai) as at:
        _, made = await ride(pay, "R-1")
        await call(pay.payscore_complete, "R-1", **bill(30_00))
        path, owner = f"/v1/plans/{made['order_id']}", shanghai.test_merchant
        consumer = (await owner.get(path)).json()["consumer"]
        card = {"processor": at.name, "token": "tok-ada-ok", "kind": "card"}
        instrument = (await owner.post(f"/v1/consumers/{consumer}/instruments", card)).json()["id"]
        named = await owner.post(f"{path}/instrument", {"instrument_id": instrument})
        assert named.status_code == 200, named.text
        status, told = read(await call(pay.payscore_pay, "R-1", "bicycle"))
        assert (status, told["order_id"]) == (200, made["order_id"])
        found = read(await call(pay.payscore_query, "bicycle", "R-1"))[1]
        assert (found["state"], found["collection"]["state"]) == ("DONE", "USER_PAID")
        (detail,) = found["collection"]["details"]
        assert (detail["paid_type"], detail["amount"]) == ("NEWTON", 30_00)
        (charge,) = (await owner.get(f"{path}/charges")).json()["charges"]
        assert (charge["state"], charge["amount"]) == ("succeeded", 30_00)
        again = read(await call(pay.payscore_pay, "R-1", "bicycle"))
        assert (again[0], again[1]["code"]) == (400, "INVALID_ORDER_STATE")


async def test_an_order_that_its_user_confirms(shanghai: Served) -> None:
    pay = await shop(shanghai)
    more = {"need_user_confirm": True, "openid": None, "service_id": "trial"}
    status, made = await ride(pay, "T-1", **more)
    assert (status, made["state"], "state_description" in made) == (200, "CREATED", False)
    assert (await shanghai.agree(made["package"])).status_code == 200
    found = read(await call(pay.payscore_query, "trial", "T-1"))[1]
    assert (found["state"], found["state_description"]) == ("DOING", "USER_CONFIRM")
    status, made = await ride(pay, "T-2", **more)
    assert read(await call(pay.payscore_cancel, "T-2", "trial", "No"))[0] == 200
    assert read(await call(pay.payscore_query, "trial", "T-2"))[1]["state"] == "REVOKED"
    assert read(await call(pay.payscore_cancel, "T-2", "trial", "No"))[0] == 200  # sent again


async def test_one_that_is_not_confirmed_expires_after_thirty_days(shanghai: Served) -> None:
    pay = await shop(shanghai)
    await ride(pay, "T-1", need_user_confirm=True, openid=None, service_id="trial")
    moved = await shanghai.test_merchant.post("/v1/test/clock/advance", {"days": 31})
    assert moved.status_code == 200, moved.text
    assert read(await call(pay.payscore_query, "trial", "T-1"))[1]["state"] == "EXPIRED"


async def test_who_is_declined_hears_the_rule(shanghai: Served) -> None:
    pay = await shop(shanghai)
    status, told = await ride(pay, "R-1", openid="ride-2+declined")
    assert (status, told["code"]) == (403, "RULE_LIMIT")


BAD: list[dict[str, Any]] = [
    {"risk_fund": {"name": "ESTIMATE_ORDER_COST", "amount": 0}},
    {"risk_fund": {"name": "ESTIMATE_ORDER_COST", "amount": "5000"}},
    {"risk_fund": {"name": "OTHER", "amount": 50_00}},
    {"time_range": {"start_time": "yesterday"}},
    {"out_order_no": "R 1"},
    {"service_introduction": "x" * 21},
    {"post_payments": [{"name": "Ride", "amount": 1, "colour": "red"}]},
    {"notify_url": "ftp://shop.example"},
]


async def test_bad_input_is_a_parameter_error(shanghai: Served, subtests: pytest.Subtests) -> None:
    pay = await shop(shanghai)
    for more in BAD:
        with subtests.test(str(more)):
            status, told = await ride(pay, **({"number": "R-1"} | more))
            assert (status, told["code"]) == (400, "PARAM_ERROR")
            assert told["message"]


async def test_a_bill_must_add_up_and_stay_below_the_cap(shanghai: Served) -> None:
    pay = await shop(shanghai)
    await ride(pay, "R-1")
    wrong = bill(30_00) | {"total_amount": 31_00}
    for one in (wrong, bill(50_01)):
        status, told = read(await call(pay.payscore_complete, "R-1", **one))
        assert (status, told["code"]) == (400, "PARAM_ERROR")
    status, told = read(await call(pay.payscore_complete, "R-9", **bill(1_00)))
    assert (status, told["code"]) == (404, "ORDER_NOT_EXIST")
    tomorrow = (datetime.now(CHINA) + timedelta(days=2)).strftime("%Y%m%d")
    late = bill(30_00) | {"time_range": {"start_time": "OnAccept", "end_time": tomorrow}}
    assert read(await call(pay.payscore_complete, "R-1", **late))[1]["code"] == "PARAM_ERROR"


async def test_the_same_bill_at_once_is_one(shanghai: Served) -> None:
    pay = await shop(shanghai)
    _, made = await ride(pay, "R-1")
    await asyncio.gather(*(call(pay.payscore_complete, "R-1", **bill(30_00)) for _ in range(4)))
    assert (await shanghai.test_merchant.get(f"/v1/plans/{made['order_id']}")).json()["captured"] == 30_00


async def test_only_who_has_signed_is_let_in(shanghai: Served) -> None:
    pay = await shop(shanghai)
    await ride(pay, "R-1")
    stranger = client(shanghai, {"public_key": PUBLIC, "public_key_id": "PUB_KEY_ID_1"}, "999")
    status, told = read(await call(stranger.payscore_query, "bicycle", "R-1"))
    assert (status, told["code"]) == (401, "SIGN_ERROR")
    bearer = await shanghai.test_merchant.get("/v3/payscore/serviceorder", out_order_no="R-1")
    assert (bearer.status_code, bearer.json()["code"]) == (401, "SIGN_ERROR")
    body = {"mchid": MCHID, "serial_no": SERIAL, "public_key": PUBLIC}
    assert (await shanghai.merchant.post("/v3/tenor/signers", body)).status_code == 400  # it is taken
    assert (await shanghai.merchant.post("/v3/tenor/signers", body | {"public_key": "x"})).status_code == 400
    key = await shanghai.key(audience="merchant", owner_id=shanghai.demo.test_merchant_id, scopes=["*:read"])
    refused = await shanghai.http.post("/v3/tenor/signers", json=body, headers={"Authorization": f"Bearer {key}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "NO_AUTH")


def test_a_signature_is_of_one_request_and_of_five_minutes() -> None:
    from wechatpayv3.utils import build_authorization, load_private_key

    text = build_authorization("/v3/x?a=1", "POST", MCHID, SERIAL, load_private_key(PRIVATE), {"a": 1})
    signed = signed_of(text)
    assert signed is not None
    now, body = int(signed.timestamp), b'{"a": 1}'
    assert is_signed(signed, PUBLIC, "POST", "/v3/x?a=1", body, now)
    for method, address, said, at in (
        ("GET", "/v3/x?a=1", body, now), ("POST", "/v3/x?a=2", body, now), ("POST", "/v3/x?a=1", b'{"a": 2}', now),
        ("POST", "/v3/x?a=1", body, now + 301), ("POST", "/v3/x?a=1", body, now - 301),
    ):  # fmt: skip
        assert not is_signed(signed, PUBLIC, method, address, said, at)
    assert signed_of('WECHATPAY2-SHA256-RSA2048 mchid="1"') is None
