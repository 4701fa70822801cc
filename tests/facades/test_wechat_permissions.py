"""Permissions of the package `wechatpayv3`, as it comes: a user agrees once, and orders are confirmed from then on."""

from typing import Any

import pytest
from wechatpayv3 import WeChatPay

from tests.facades.shop import Served, call
from tests.facades.test_wechat_client import MCHID, bill, read, ride, shop

TRIAL: dict[str, Any] = {"service_id": "trial"}


async def permitted(served: Served, pay: WeChatPay, code: str) -> str:
    """The openid of a user who has agreed."""
    status, asked = read(await call(pay.payscore_permission, "trial", code))
    assert status == 200, asked
    assert (await served.agree(asked["apply_permissions_token"])).status_code == 200
    status, found = read(await call(pay.payscore_permission_query, "trial", code))
    assert (status, found["authorization_state"]) == (200, "AVAILABLE")
    openid: str = found["openid"]
    return openid


async def test_who_permits_a_service_confirms_none_of_its_orders(shanghai: Served) -> None:
    pay = await shop(shanghai)
    status, asked = read(await call(pay.payscore_permission, "trial", "P-1"))
    assert (status, list(asked)) == (200, ["apply_permissions_token"])
    assert read(await call(pay.payscore_permission, "trial", "P-1")) == (status, asked)
    before = read(await call(pay.payscore_permission_query, "trial", "P-1"))[1]
    assert (before["authorization_state"], before["openid"]) == ("UNBINDUSER", "")
    page = await shanghai.http.get(asked["apply_permissions_token"])
    assert "at most what was named when it began" in page.text
    openid = await permitted(shanghai, pay, "P-1")

    status, made = await ride(pay, "T-1", openid=openid, **TRIAL)
    assert (status, made["state"], made["state_description"]) == (200, "DOING", "USER_CONFIRM")
    found = read(await call(pay.payscore_permission_query, "trial", None, openid))[1]
    assert (found["authorization_state"], found["authorization_code"]) == ("AVAILABLE", "P-1")
    assert (found["mchid"], found["service_id"]) == (MCHID, "trial")
    plan = (await shanghai.test_merchant.get(f"/v1/plans/{made['order_id']}")).json()
    ours = (await shanghai.test_merchant.get(f"/v1/consumers/{plan['consumer']}/permissions")).json()["permissions"]
    assert [(one["scenario"], one["revoked_at"]) for one in ours] == [("trial", None)]

    for _ in range(2):  # ended again, it stays so
        assert (await call(pay.payscore_permission_terminate, "trial", "Enough", None, openid))[0] == 204
    for named in (("P-1", None), (None, openid)):
        over = read(await call(pay.payscore_permission_query, "trial", *named))[1]
        assert (over["authorization_state"], "cancel_authorization_time" in over) == ("UNAVAILABLE", True)
    status, told = await ride(pay, "T-2", openid=openid, **TRIAL)
    assert (status, told["code"]) == (403, "RULE_LIMIT")
    assert read(await call(pay.payscore_query, "trial", "T-1"))[1]["state"] == "DOING"


async def test_a_permission_is_ended_by_its_code(shanghai: Served) -> None:
    pay = await shop(shanghai)
    openid = await permitted(shanghai, pay, "P-1")
    pay._core._gate_way += "/"  # the package leaves the slash out of this one address
    assert (await call(pay.payscore_permission_terminate, "trial", "Enough", "P-1"))[0] == 204
    pay._core._gate_way = shanghai.url
    over = read(await call(pay.payscore_permission_query, "trial", "P-1"))[1]
    assert (over["openid"], over["authorization_state"]) == (openid, "UNAVAILABLE")


async def test_what_is_not_agreed_to_permits_nothing(shanghai: Served) -> None:
    pay = await shop(shanghai)
    asked = read(await call(pay.payscore_permission, "trial", "P-1"))[1]
    await shanghai.agree(asked["apply_permissions_token"], "cancel")
    openid = "wechat-P-1+approved"
    assert (await ride(pay, "T-1", openid=openid, **TRIAL))[0] == 403
    found = read(await call(pay.payscore_permission_query, "trial", None, openid))[1]
    assert found["authorization_state"] == "UNAVAILABLE"
    status, told = read(await call(pay.payscore_permission_terminate, "trial", "Enough", None, openid))
    assert (status, told["code"]) == (400, "INVALID_ORDER_STATE")
    moved = await shanghai.test_merchant.post("/v1/test/clock/advance", {"days": 31})
    assert moved.status_code == 200, moved.text
    assert (await shanghai.http.get(asked["apply_permissions_token"])).status_code == 410


async def test_bad_permissions(shanghai: Served) -> None:
    pay = await shop(shanghai)
    for service, code, word in (
        ("bicycle", "P-1", "PARAM_ERROR"), ("trial", "P 1", "PARAM_ERROR"), ("trial", "P" * 33, "PARAM_ERROR"),
    ):  # fmt: skip
        assert read(await call(pay.payscore_permission, service, code))[1]["code"] == word
    await call(pay.payscore_permission, "trial", "P-1")
    other = read(await call(pay.payscore_permission, "trial", "P-1", "https://shop.example/other"))
    assert (other[0], other[1]["code"]) == (400, "INVALID_REQUEST")
    assert read(await call(pay.payscore_permission_query, "bicycle", "P-1"))[1]["code"] == "PARAM_ERROR"
    missing = read(await call(pay.payscore_permission_query, "trial", "P-9"))
    assert (missing[0], missing[1]["code"]) == (404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize("writes", [["checkouts", "plans", "consumers"]])
async def test_a_key_that_may_not_write_permissions(shanghai: Served, writes: list[str]) -> None:
    scopes = ["*:read", *(f"{one}:write" for one in writes)]
    key = await shanghai.key(audience="merchant", owner_id=shanghai.demo.test_merchant_id, scopes=scopes)
    pay = await shop(shanghai, key=key)
    status, told = read(await call(pay.payscore_permission, "trial", "P-1"))
    assert (status, told["code"]) == (403, "NO_AUTH")
    assert (await ride(pay, "R-1"))[0] == 200


async def test_an_order_that_is_over_when_it_is_made(shanghai: Served) -> None:
    pay = await shop(shanghai)
    given = {
        "out_order_no": "D-1", "openid": "ride-1+approved", "service_introduction": "A ride",
        "time_range": {"start_time": "20250101", "end_time": "20250102"},
    }  # fmt: skip
    first = read(await call(pay.payscore_direct_complete, **(given | bill(30_00, 2_00))))
    assert (first[0], first[1]["state_description"], first[1]["total_amount"]) == (200, "MCH_COMPLETE", 30_00)
    assert read(await call(pay.payscore_direct_complete, **(given | bill(30_00, 2_00)))) == first
    plan = (await shanghai.test_merchant.get(f"/v1/plans/{first[1]['order_id']}")).json()
    assert (plan["captured"], plan["outstanding"], plan["remaining"]) == (30_00, 30_00, 0)
    other = read(await call(pay.payscore_direct_complete, **(given | bill(31_00))))
    assert (other[0], other[1]["code"]) == (400, "INVALID_REQUEST")
    later = given | {"out_order_no": "D-2", "time_range": {"start_time": "20250101", "end_time": "20990101"}}
    assert read(await call(pay.payscore_direct_complete, **(later | bill(30_00))))[1]["code"] == "PARAM_ERROR"
