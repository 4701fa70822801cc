"""Endpoints by themselves: what follows from an answer, and what a message looks like."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from service.event_type import EventType
from service.webhooks.endpoint import ATTEMPTS_MAX, PAUSES, DeliveryState, judged
from service.webhooks.message import Message, body_of, headers_of, secret_text

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_what_is_answered_with_2xx_has_arrived(status: int) -> None:
    assert judged(status, 1, NOW, 0).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("status", [None, 100, 301, 400, 404, 429, 500, 503])
def test_all_else_is_tried_again_and_parked_at_last(status: int | None) -> None:
    for attempt in range(1, ATTEMPTS_MAX):
        verdict = judged(status, attempt, NOW, 0)
        assert (verdict.state, verdict.due_at) == (DeliveryState.WAITING, NOW + PAUSES[attempt - 1])
    assert judged(status, ATTEMPTS_MAX, NOW, 0) == judged(status, ATTEMPTS_MAX + 1, NOW, 1_000)
    assert judged(status, ATTEMPTS_MAX, NOW, 0).state is DeliveryState.PARKED


def test_who_is_gone_is_left_alone() -> None:
    verdict = judged(410, 1, NOW, 0)
    assert (verdict.state, verdict.is_gone) == (DeliveryState.PARKED, True)


@given(st.integers(1, ATTEMPTS_MAX - 1), st.integers(0, 1_000))
def test_a_pause_is_a_little_longer_by_chance(attempt: int, chance: int) -> None:
    due = judged(500, attempt, NOW, chance).due_at
    assert due is not None
    assert NOW + PAUSES[attempt - 1] <= due <= NOW + PAUSES[attempt - 1] * 1.2


def test_it_is_tried_for_three_days() -> None:
    assert timedelta(days=3) <= sum(PAUSES, timedelta()) <= timedelta(days=3.5)


def test_a_message_is_verified_with_each_of_its_secrets_and_no_other() -> None:
    old, new, other = b"o" * 32, b"n" * 32, b"x" * 32
    now = datetime.now(UTC)
    message = Message(EventType.CAPTURED, now, "ev_1", 7, "merchant", msgspec.Raw(b'{"amount":100}'), plan_id="pl_1")
    body = body_of(message)
    headers = headers_of("ev_1", body, [new, old], now)
    for secret in (old, new):
        told = Webhook(secret_text(secret)).verify(body, headers)
        assert (told["type"], told["number"], told["data"]) == ("plan.captured", 7, {"amount": 100})
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret_text(other)).verify(body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret_text(old)).verify(body.replace(b"100", b"900"), headers)
