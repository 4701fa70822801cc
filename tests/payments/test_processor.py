"""The protocol of a processor: what an answer means, and that nothing else is believed."""

from datetime import date

import msgspec
import pytest

from service.payments.charge import Reason
from service.payments.processor import NO_CHARGE, PENDING, UNHEARD, Heard, Order, Said, ask, pull, read_reply
from service.payments.sandbox import BOUNCES_MS, LATE_MS, Sandbox
from tests.payments.test_retry import charge

ONE = charge(charge_id="ch_1", amount=150_00)
GOOD = {"charge_id": "ch_1", "state": "succeeded", "amount": 150_00, "currency": "EUR", "received_on": "2026-03-02"}
DAY = date(2026, 3, 2)

ANSWERS: list[tuple[int, object, Heard]] = [
    (200, GOOD, Heard(Said.SUCCEEDED, None, DAY)),
    (200, GOOD | {"received_on": None}, Heard(Said.SUCCEEDED)),
    (200, GOOD | {"state": "pending", "received_on": None}, PENDING),
    (200, GOOD | {"state": "declined", "reason": "revoked", "received_on": None}, Heard(Said.DECLINED, Reason.REVOKED)),
    (
        200,
        GOOD | {"state": "declined", "reason": "mercury", "received_on": None},
        Heard(Said.DECLINED, Reason.DECLINED),
    ),
    (200, GOOD | {"state": "declined", "received_on": None}, Heard(Said.DECLINED, Reason.DECLINED)),
    (200, GOOD | {"state": "returned", "reason": "blocked"}, Heard(Said.RETURNED, Reason.BLOCKED, DAY)),
    (404, {}, NO_CHARGE),
    (200, GOOD | {"amount": 149_99}, UNHEARD),
    (200, GOOD | {"currency": "USD"}, UNHEARD),
    (200, GOOD | {"charge_id": "ch_2"}, UNHEARD),
    (200, GOOD | {"state": "perhaps"}, UNHEARD),
    (200, GOOD | {"amount": "15000"}, UNHEARD),
    (200, [], UNHEARD),
    (200, "", UNHEARD),
    (201, GOOD, UNHEARD),
    (302, GOOD, UNHEARD),
    (401, GOOD, UNHEARD),
    (500, GOOD, UNHEARD),
    (503, GOOD, UNHEARD),
]


@pytest.mark.parametrize(("status", "body", "heard"), ANSWERS)
def test_what_an_answer_means(status: int, body: object, heard: Heard) -> None:
    assert read_reply(ONE, status, msgspec.json.encode(body)) == heard


def test_the_requests() -> None:
    call = pull(ONE, "s3cret")
    assert (call.method, call.path, call.headers["Idempotency-Key"]) == ("POST", "charges", "ch_1")
    assert msgspec.json.decode(call.content or b"") == {
        "charge_id": "ch_1", "token": "tok", "amount": 150_00, "currency": "EUR", "plan_id": "pl_1",
    }  # fmt: skip
    asked = ask(ONE, "s3cret")
    assert (asked.method, asked.path, asked.content) == ("GET", "charges/ch_1", None)
    assert call.headers["Authorization"] == asked.headers["Authorization"] == "Bearer s3cret"
    assert pull(ONE, "s3cret") == call


# The sandbox speaks it ------------------------------------------------------------------------------------------------


def heard(sandbox: Sandbox, ending: str, charge_id: str, now_ms: int = 0) -> Heard:
    order = Order(charge_id, f"tok-{ending}", 150_00, "EUR", "pl_1")
    scripted = sandbox.pull(order, now_ms, DAY)
    return read_reply(charge(charge_id=charge_id, amount=150_00), scripted.status, scripted.body)


def test_the_sandbox_pulls_once() -> None:
    sandbox = Sandbox()
    assert [heard(sandbox, "ok", "ch_1") for _ in range(3)] == [Heard(Said.SUCCEEDED, None, DAY)] * 3
    assert (len(sandbox.pulled), sandbox.calls["ch_1"]) == (1, 3)
    assert sandbox.ask("ch_2", 0).status == 404


def test_the_sandbox_declines_and_relents() -> None:
    sandbox = Sandbox()
    said = [heard(sandbox, "insufficient2", f"ch_{number}").said for number in range(4)]
    assert said == [Said.DECLINED, Said.DECLINED, Said.SUCCEEDED, Said.SUCCEEDED]
    assert heard(sandbox, "insufficient2", "ch_0").said is Said.DECLINED
    assert heard(sandbox, "closed", "ch_c") == Heard(Said.DECLINED, Reason.ACCOUNT_CLOSED)


def test_the_sandbox_is_late_breaks_and_bounces() -> None:
    sandbox = Sandbox()
    assert [heard(sandbox, "late", "ch_1", at).said for at in (0, LATE_MS - 1, LATE_MS)] == [
        Said.PENDING, Said.PENDING, Said.SUCCEEDED,
    ]  # fmt: skip
    assert [heard(sandbox, "500", "ch_2").said for _ in range(2)] == [Said.UNHEARD, Said.SUCCEEDED]
    assert heard(sandbox, "broken", "ch_3").said is Said.UNHEARD
    assert heard(sandbox, "broken", "ch_3").said is Said.SUCCEEDED
    assert [heard(sandbox, "bounces", "ch_4", at) for at in (0, BOUNCES_MS)] == [
        Heard(Said.SUCCEEDED, None, DAY), Heard(Said.RETURNED, Reason.INSUFFICIENT_FUNDS, DAY),
    ]  # fmt: skip
