"""Stripe by its published API, over HTTP: the requests are those of its documentation, each answer is understood."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from litestar import Litestar, Request, Response, get, post
from msgspec.structs import replace

from service.payments.charge import Charge, Reason
from service.payments.gateway import Processors
from service.payments.processor import UNHEARD, Address, Heard, Protocol, Said
from service.payments.stripe import IN_HUNDREDTHS, pull
from service.reach import ANYWHERE
from tests.outside.serving import served
from tests.payments.test_retry import charge

CONTRACT = msgspec.json.decode((Path(__file__).parent.parent / "vectors" / "stripe.json").read_bytes())
ANSWERS = {answer["name"]: answer for answer in CONTRACT["answers"]}


def contracts_charge(**changes: Any) -> Charge:
    known = CONTRACT["charge"] | {"made_at": datetime(2026, 3, 2, 12, tzinfo=UTC), "processor_id": "ps_1"}
    return charge(**(known | changes))


class Stripe:
    """What answers in Stripe's place, by the contract, and what it was asked."""

    def __init__(self) -> None:
        self.script: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []

    def app(self) -> Litestar:
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            raw = await request.body() if request.method == "POST" else request.scope["query_string"]
            self.asked.append({
                "method": request.method, "path": request.url.path, "headers": dict(request.headers),
                "form": dict(parse_qsl(raw.decode(), strict_parsing=True)),
            })  # fmt: skip
            one = self.script.pop(0)
            return Response(msgspec.json.encode(one["body"]), status_code=one["status"], media_type="application/json")

        path = "/v1/payment_intents"
        return Litestar(route_handlers=[post(path)(answer), get(path)(answer)], openapi_config=None)


@pytest.fixture
def stripe() -> Stripe:
    return Stripe()


@pytest.fixture
async def processors(stripe: Stripe) -> AsyncIterator[Processors]:
    async with served(stripe.app()) as url:
        address = Address("ps_1", "stripe", url, Protocol.STRIPE)
        made = Processors(lambda: {"ps_1": address}, lambda _: "sk_test_1", ANYWHERE)
        yield made
        await made.close()


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_is_sent_and_what_is_answered(name: str, stripe: Stripe, processors: Processors) -> None:
    answer = ANSWERS[name]
    is_lost = answer["said"] == "no_charge"  # then the money is asked for after all
    stripe.script += [answer, ANSWERS["succeeded"]] if is_lost else [answer]
    heard = await getattr(processors, answer["call"])(contracts_charge())
    assert (heard.received_at is None) is (heard.received_on is None)
    heard = replace(heard, received_at=None)

    reason = answer["reason"] and Reason(answer["reason"])
    day = answer["received_on"] and date.fromisoformat(answer["received_on"])
    assert heard == (
        Heard(Said.SUCCEEDED, None, date(2026, 3, 2)) if is_lost else Heard(Said(answer["said"]), reason, day)
    )
    for call, asked in zip([answer["call"], "pull"], stripe.asked, strict=False):
        expected = CONTRACT["requests"][call]
        assert (asked["method"], asked["path"], asked["form"]) == (
            expected["method"], expected["path"], expected["form"],
        )  # fmt: skip
        assert expected["headers"].items() <= asked["headers"].items()
    assert len(stripe.asked) == 1 + is_lost


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"object": "payment_intent"}', b"[" * 10_000])
async def test_nonsense_leaves_it_open(body: bytes, stripe: Stripe, processors: Processors) -> None:
    for status in (200, 400, 402):
        stripe.script += [{"status": status, "body": msgspec.Raw(body)}] * 2
        assert await processors.pull(contracts_charge()) == UNHEARD
        assert await processors.ask(contracts_charge()) == UNHEARD


async def test_nothing_is_sent_without_a_key(stripe: Stripe) -> None:
    async with served(stripe.app()) as url:
        address = Address("ps_1", "stripe", url, Protocol.STRIPE)
        made = Processors(lambda: {"ps_1": address}, lambda _: "", ANYWHERE)
        assert await made.pull(contracts_charge()) == UNHEARD
        await made.close()
    assert not stripe.asked


@pytest.mark.parametrize(
    ("currency", "amount", "sent"), [("EUR", 150, "150"), ("JPY", 150, "150"), ("ISK", 150, "15000")]
)
def test_the_amount_is_in_stripes_own_units(currency: str, amount: int, sent: str) -> None:
    form = dict(parse_qsl((pull(contracts_charge(currency=currency, amount=amount), "sk").content or b"").decode()))
    assert (form["amount"], form["currency"]) == (sent, currency.lower())
    assert IN_HUNDREDTHS == ("ISK", "UGX")
