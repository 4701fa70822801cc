"""Holds as processors speak of them: at Stripe by its published API, and in our own protocol over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from msgspec.structs import replace

from service.payments import hold_protocol, stripe_holds
from service.payments.charge import Reason
from service.payments.gateway import Processors
from service.payments.hold import UNHEARD_HOLD, HeardHold, Hold, HoldSaid, HoldState
from service.payments.processor import Address, Protocol
from service.reach import ANYWHERE
from service.sandbox_processor import Desk, create_processor
from tests.outside.serving import served

CONTRACT = msgspec.json.decode((Path(__file__).parent.parent / "vectors" / "stripe_holds.json").read_bytes())
ANSWERS = {answer["name"]: answer for answer in CONTRACT["answers"]}


def hold(**changes: Any) -> Hold:
    known = {
        "bucket": 0, "merchant_id": "me_1", "instrument_id": "in_1", "processor_id": "ps_1", "state": HoldState.ASKED,
        "captured": 0, "reason": None, "payment": "", "made_at": datetime(2026, 3, 2, 12, tzinfo=UTC), "asked": 0,
        "expires_at": None, "ended_at": None,
    }  # fmt: skip
    return Hold(**(known | CONTRACT["hold"] | changes))


@pytest.mark.parametrize("name", CONTRACT["requests"])
def test_what_is_sent_to_stripe(name: str) -> None:
    expected = CONTRACT["requests"][name]
    call = getattr(stripe_holds, name)(hold(payment=expected["payment"], captured=3000), "sk_test_1")
    path, _, query = call.path.partition("?")
    form = query or (call.content or b"").decode()
    assert (call.method, path, dict(parse_qsl(form, strict_parsing=True))) == (
        expected["method"], expected["path"], expected["form"],
    )  # fmt: skip
    assert call.headers.get("Idempotency-Key", "") == expected["key"]
    assert call.headers["Authorization"] == "Bearer sk_test_1"


@pytest.mark.parametrize("name", ANSWERS)
def test_what_stripe_answers(name: str) -> None:
    answer = ANSWERS[name]
    heard = stripe_holds.read(hold(payment=answer["payment"]), answer["status"], msgspec.json.encode(answer["body"]))
    assert heard == msgspec.convert(answer["heard"], HeardHold)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"object": "payment_intent"}', b"[" * 10_000])
@pytest.mark.parametrize("status", [200, 400, 402, 500])
def test_nonsense_leaves_it_open(status: int, body: bytes) -> None:
    assert stripe_holds.read(hold(), status, body) == UNHEARD_HOLD
    assert hold_protocol.read(hold(), status, body) == UNHEARD_HOLD


@pytest.fixture
def desk() -> Desk:
    return Desk("s3cret")


@pytest.fixture
async def processors(desk: Desk) -> AsyncIterator[Processors]:
    async with served(create_processor(desk)) as url:
        address = Address("ps_1", "sandbox", url, Protocol.TENOR)
        made = Processors(lambda: {"ps_1": address}, lambda _: "s3cret", ANYWHERE)
        made.patience_s = 1
        yield made
        await made.close()


async def test_held_taken_in_part_and_asked_again(processors: Processors, desk: Desk) -> None:
    one = hold(token="tok-ok")
    held = await processors.follow_hold(one)
    assert (held.said, held.lasts_s) in [(HoldSaid.HELD, 604_800), (HoldSaid.HELD, 604_799)]
    assert (await processors.follow_hold(one)).said is HoldSaid.HELD
    taking = replace(one, state=HoldState.CAPTURING, captured=3000)
    assert (await processors.ask_hold(taking)).captured == 3000, "asked about before it was sent, it is sent"
    again = await processors.follow_hold(replace(taking, captured=4000))
    assert (again.said, again.captured, desk.holds.taken) == (HoldSaid.CAPTURED, 3000, 3000)
    late = await processors.follow_hold(replace(one, state=HoldState.RELEASING))
    assert late.said is HoldSaid.CAPTURED


async def test_let_go(processors: Processors, desk: Desk) -> None:
    one = hold(token="tok-ok")
    assert (await processors.ask_hold(one)).said is HoldSaid.HELD, "one that it has never heard of is asked for"
    letting = replace(one, state=HoldState.RELEASING)
    assert (await processors.follow_hold(letting)).said is HoldSaid.RELEASED
    taking = replace(one, state=HoldState.CAPTURING, captured=1)
    assert ((await processors.follow_hold(taking)).said, desk.holds.taken) == (HoldSaid.RELEASED, 0)


@pytest.mark.parametrize(
    ("ending", "said", "reason"),
    [
        ("insufficient", HoldSaid.DECLINED, Reason.INSUFFICIENT_FUNDS),
        ("confirm", HoldSaid.DECLINED, Reason.AUTHENTICATION_REQUIRED),
        ("closed", HoldSaid.DECLINED, Reason.ACCOUNT_CLOSED),
        ("late", HoldSaid.PENDING, None),
        ("lost", HoldSaid.UNHEARD, None),
        ("broken", HoldSaid.UNHEARD, None),
        ("500", HoldSaid.UNHEARD, None),
    ],
)
async def test_what_can_become_of_it(
    processors: Processors, desk: Desk, ending: str, said: HoldSaid, reason: Reason | None
) -> None:
    one = hold(token=f"tok-{ending}")
    heard = await processors.follow_hold(one)
    assert (heard.said, heard.reason) == (said, reason)
    if said is HoldSaid.UNHEARD:
        assert (await processors.ask_hold(one)).said is HoldSaid.HELD
    assert len(desk.holds.kept) == 1


async def test_a_hold_that_fades_and_a_card_that_holds_once(processors: Processors, desk: Desk) -> None:
    one = hold(token="tok-fades")
    assert (await processors.follow_hold(one)).said is HoldSaid.HELD
    taking = replace(one, state=HoldState.CAPTURING, captured=3000)
    assert ((await processors.follow_hold(taking)).said, desk.holds.taken) == (HoldSaid.EXPIRED, 0)
    first, second = hold(hold_id="ho_1", token="tok-once"), hold(hold_id="ho_2", token="tok-once")
    assert (await processors.follow_hold(first)).said is HoldSaid.HELD
    assert (await processors.follow_hold(second)).reason is Reason.INSUFFICIENT_FUNDS
    days = await processors.follow_hold(hold(hold_id="ho_3", token="tok-days3"))
    assert days.lasts_s in (259_200, 259_199)
