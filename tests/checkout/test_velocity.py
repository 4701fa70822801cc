"""What is counted of a checkout, and how often somebody tried: on a real Redis, on both sides of every edge."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio as redis

from service.checkout import cache as caches
from service.checkout.cache import Cache
from service.checkout.velocity import Attempt, Subject, Window, attempt_of
from service.people.person import person_of
from service.policies.compile import CompiledPolicy
from tests.checkout.cases import CONSUMER, MERCHANT, asked, codes, decided, known
from tests.policies.sample import policy_with

MINUTE = 60_000
NOW = 1_772_452_800_000
SHOP = MERCHANT.merchant_id
PERSON = person_of(CONSUMER)


def counting(*counters: tuple[str, int], **feature: Any) -> CompiledPolicy:
    """A policy that declines above two attempts in any of these: whose, and minutes."""
    changes: list[tuple[str, Any]] = [("/counters", [])]
    for per, minutes in counters:
        name = f"tries_{per}_{minutes}"
        changes += [
            ("/counters/-", {"name": name, "per": per, "window_minutes": minutes}),
            ("/features/-", {"name": name, "type": "integer", "source": "velocity"} | feature),
            ("/rules/-", {"name": name, "reason": "TOO_MANY_ATTEMPTS",
                          "when": [{"feature": name, "is": "above", "value": 2}]}),
        ]  # fmt: skip
    return policy_with(*changes)


def tried(*policies: CompiledPolicy, key: str = "k", at_ms: int = NOW, **changes: Any) -> Attempt | None:
    return attempt_of(policies, asked(**changes), PERSON, SHOP, key, at_ms)


def test_only_what_a_policy_reads_is_counted() -> None:
    unread = policy_with(("/counters", [{"name": "tries", "per": "consumer", "window_minutes": 5}]))
    assert tried(policy_with()) is None
    assert tried(unread) is None
    attempt = tried(counting(("consumer", 60), ("consumer", 5)))
    assert attempt is not None
    (subject,) = attempt.subjects
    assert subject.windows == (Window("consumer/5", 5 * MINUTE), Window("consumer/60", 60 * MINUTE))
    assert subject.place.endswith(f"attempts:{PERSON}")


def test_two_policies_that_are_compared_share_their_counts() -> None:
    attempt = tried(counting(("consumer", 5), ("merchant", 1)), counting(("consumer", 5), ("consumer", 10)))
    assert attempt is not None
    assert [[window.name for window in subject.windows] for subject in attempt.subjects] in (
        [["consumer/5", "consumer/10"], ["merchant/1"]],
        [["merchant/1"], ["consumer/5", "consumer/10"]],
    )


def test_a_device_is_one_merchants_and_kept_as_a_digest() -> None:
    policy = counting(("device", 5))
    assert tried(policy) is None  # none was named
    one, other = (
        tried(policy, device="phone 1"),
        attempt_of([policy], asked(device="phone 1"), PERSON, "me_other", "k", NOW),
    )
    assert one is not None
    assert other is not None
    assert one.subjects[0].place != other.subjects[0].place
    assert "phone" not in one.subjects[0].place


@pytest.mark.parametrize(("before", "reasons"), [(2, []), (3, ["TOO_MANY_ATTEMPTS"])])
def test_a_rule_reads_the_count(before: int, reasons: list[str]) -> None:
    decision = decided(snapshot=known(counters={"consumer/60": before}), policy=counting(("consumer", 60)))
    assert codes(decision) == reasons


@pytest.mark.parametrize(
    ("absent", "outcome"), [("neutral", "approved"), ("refer", "referred"), ("decline", "declined")]
)
def test_the_policy_says_what_becomes_of_what_could_not_be_counted(absent: str, outcome: str) -> None:
    assert decided(policy=counting(("consumer", 60), absent=absent)).answer.outcome == outcome


# Redis ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Cache]:
    made = Cache(redis.Redis.from_url(redis_url, protocol=2), "k" * 32)
    yield made
    await made.close()


async def count(cache: Cache, key: str, at_ms: int = NOW, *counters: tuple[str, int]) -> dict[str, int]:
    attempt = tried(counting(*(counters or (("consumer", 5), ("consumer", 60)))), key=key, at_ms=at_ms)
    assert attempt is not None
    (counted,) = await cache.count([attempt])
    return counted


async def test_a_window_slides(cache: Cache) -> None:
    assert await count(cache, "1") == {"consumer/5": 0, "consumer/60": 0}
    assert await count(cache, "2", NOW + MINUTE) == {"consumer/5": 1, "consumer/60": 1}
    assert await count(cache, "3", NOW + 5 * MINUTE - 1) == {"consumer/5": 2, "consumer/60": 2}
    assert await count(cache, "4", NOW + 5 * MINUTE) == {"consumer/5": 2, "consumer/60": 3}
    assert await count(cache, "5", NOW + 61 * MINUTE) == {"consumer/5": 0, "consumer/60": 2}


async def test_the_same_request_sent_again_is_one_attempt(cache: Cache) -> None:
    for _ in range(3):
        assert await count(cache, "again") == {"consumer/5": 0, "consumer/60": 0}
    assert await count(cache, "another") == {"consumer/5": 1, "consumer/60": 1}


async def test_those_of_one_round_trip_see_each_other(cache: Cache) -> None:
    policy = counting(("consumer", 5), ("merchant", 5))
    attempts = [tried(policy, key=str(number)) for number in range(3)]
    counted = await cache.count([attempt for attempt in attempts if attempt])
    assert counted == [{"consumer/5": number, "merchant/5": number} for number in range(3)]


async def test_what_is_counted_has_a_bound(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "ATTEMPTS_MAX", 3)
    counts = [(await count(cache, str(number), NOW + number))["consumer/60"] for number in range(6)]
    assert counts == [0, 1, 2, 3, 3, 3]


async def test_what_nobody_counts_any_more_is_forgotten(cache: Cache, redis_url: str) -> None:
    await count(cache, "1")
    await count(cache, "2", NOW + 61 * MINUTE)
    client = redis.Redis.from_url(redis_url)
    (place,) = await client.keys("*")
    assert await client.zcard(place) == 1
    assert 59 * MINUTE < await client.pttl(place) <= 60 * MINUTE
    await client.aclose()


async def test_without_redis_nothing_is_counted() -> None:
    cache = Cache(redis.Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.25), "k" * 32)
    attempt = Attempt(b"mark", NOW, (Subject("place", (Window("consumer/5", 5 * MINUTE),)),))
    assert await cache.count([attempt, attempt]) == [{}, {}]
    assert not cache.is_up
    await cache.close()
