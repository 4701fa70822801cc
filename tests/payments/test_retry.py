"""What was declined is tried again when its reason says so."""

from datetime import UTC, date, datetime, timedelta

import pytest

from service.actor import ActorKind
from service.payments.charge import Charge, ChargeState, Origin, Reason
from service.payments.collection import Collection, after_charge, with_a_try
from service.payments.retry import ask_again, next_try, stops
from service.terms.servicing import Retry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DUE = date(2026, 3, 2)

LADDER = [
    (Reason.INSUFFICIENT_FUNDS, [24, 72, 168, None]),
    (Reason.LIMIT_REACHED, [24, 72, 168, None]),
    (Reason.DECLINED, [24, 72, None]),
    (Reason.PROCESSOR_AWAY, [1, 4, 24, None]),
    (Reason.AUTHENTICATION_REQUIRED, [None]),
    (Reason.EXPIRED, [None]),
    (Reason.ACCOUNT_CLOSED, [None]),
    (Reason.BLOCKED, [None]),
    (Reason.REVOKED, [None]),
]


def test_every_reason_has_its_ladder() -> None:
    assert [reason for reason, _ in LADDER] == list(Reason)


@pytest.mark.parametrize(("reason", "hours"), LADDER)
def test_the_next_try(reason: Reason, hours: list[int | None]) -> None:
    tried_at = NOON
    for tries, after in enumerate(hours, 1):
        at = next_try(Retry(), reason, tries, NOON, tried_at)
        assert at == (None if after is None else NOON + after * HOUR)
        tried_at = at or tried_at
    assert stops(reason) is (hours == [None])


@pytest.mark.parametrize(
    ("reason", "hours"),
    [
        (Reason.INSUFFICIENT_FUNDS, [6, 12, None]),
        (Reason.LIMIT_REACHED, [6, 12, None]),
        (Reason.DECLINED, [None]),  # not again, and the instrument may be used for the next instalment
        (Reason.PROCESSOR_AWAY, [1, 4, 24, None]),  # as ever
        (Reason.BLOCKED, [None]),
    ],
)
def test_a_product_has_a_ladder_of_its_own(reason: Reason, hours: list[int | None]) -> None:
    own = Retry(insufficient_funds=(6, 12), declined=())
    for tries, after in enumerate(hours, 1):
        assert next_try(own, reason, tries, NOON, NOON) == (None if after is None else NOON + after * HOUR)
    declined = after_charge(TRIED, own, charge(), ChargeState.DECLINED, reason, NOON)
    assert declined.is_stopped is (reason is Reason.BLOCKED)


def test_tries_that_were_missed_are_not_made_up_for() -> None:
    assert next_try(Retry(), Reason.INSUFFICIENT_FUNDS, 2, NOON, NOON + 100 * HOUR) == NOON + 168 * HOUR
    assert next_try(Retry(), Reason.INSUFFICIENT_FUNDS, 2, NOON, NOON + 168 * HOUR) is None


def test_a_silent_processor_is_asked_less_and_less() -> None:
    waits = [ask_again(asked, NOON) - NOON for asked in range(8)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=15), timedelta(hours=2))


def charge(**changes: object) -> Charge:
    known = {
        "bucket": 0, "charge_id": "ch_1", "plan_id": "pl_1", "merchant_id": "me_1", "instrument_id": "in_1",
        "processor_id": "ps_1", "currency": "EUR", "amount": 1, "origin": Origin.AUTOPAY, "state": ChargeState.PENDING,
        "reason": None, "made_at": NOON, "made_by": ActorKind.DAY, "asked": 0, "received_on": None, "payment_id": None,
        "ended_at": None, "returned_at": None, "token": "tok",
    }  # fmt: skip
    return Charge(**(known | changes))  # type: ignore[arg-type]


FRESH = Collection("in_1", is_stopped=False, for_due_on=None, began_at=None, tries=0, retry_at=NOON)
TRIED = Collection("in_1", is_stopped=False, for_due_on=DUE, began_at=NOON, tries=1, retry_at=None)


def test_tries_are_counted_until_another_instalment_is_due() -> None:
    assert with_a_try(FRESH, DUE, NOON) == TRIED
    again = with_a_try(TRIED, DUE, NOON + HOUR)
    assert (again.tries, again.began_at) == (2, NOON)
    other = with_a_try(again, DUE + timedelta(days=1), NOON + 2 * HOUR)
    assert (other.tries, other.began_at) == (1, NOON + 2 * HOUR)


def test_what_follows_from_a_charge() -> None:
    short, closed = Reason.INSUFFICIENT_FUNDS, Reason.ACCOUNT_CLOSED
    declined = after_charge(TRIED, Retry(), charge(), ChargeState.DECLINED, short, NOON)
    assert (declined.retry_at, declined.is_stopped) == (NOON + 24 * HOUR, False)
    stopped = after_charge(TRIED, Retry(), charge(), ChargeState.DECLINED, closed, NOON)
    assert (stopped.retry_at, stopped.is_stopped) == (None, True)
    paid = after_charge(TRIED, Retry(), charge(), ChargeState.SUCCEEDED, None, NOON)
    assert (paid.tries, paid.began_at, paid.retry_at) == (0, None, NOON)
    returned = after_charge(paid, Retry(), charge(), ChargeState.RETURNED, short, NOON + 30 * HOUR)
    assert (returned.tries, returned.retry_at) == (1, NOON + 72 * HOUR)


def test_by_hand_and_with_another_instrument_nothing_is_tried_again() -> None:
    for other in (charge(origin=Origin.REQUESTED), charge(instrument_id="in_2")):
        for reason in Reason:
            assert after_charge(TRIED, Retry(), other, ChargeState.DECLINED, reason, NOON) == TRIED
