"""Refused keys become few entries, however many there are."""

from datetime import UTC, datetime, timedelta

from service.audit.entry import Act, By, Thing, Verb
from service.audit.refusals import A_MINUTE_MAX, Refusal, Refusals

AT = datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)
STRANGER = By("unknown", "")


def refusal(print_of: str) -> Refusal:
    return Refusal("unauthorized", STRANGER, print_of)


def test_one_entry_a_kind_key_and_minute() -> None:
    refusals = Refusals()
    for second in (0, 10, 54):
        refusals.count(refusal("aa"), "GET /v1/events", "203.0.113.7", AT + timedelta(seconds=second))
    refusals.count(refusal("bb"), "GET /v1/plans", None, AT)
    refusals.count(Refusal("forbidden", By("operator", "ada", "ke_1"), ""), "POST /v1/operator/keys", None, AT)
    refusals.count(refusal("aa"), "GET /v1/plans", None, AT + timedelta(minutes=1))
    assert list(refusals.over(AT)) == []  # the minute is not over
    ours, other, known = refusals.over(AT + timedelta(minutes=1))
    after = {"code": "unauthorized", "times": 3, "key": "aa", "address": "203.0.113.7"}
    assert ours == (STRANGER, Act(Verb.REFUSED, Thing.ROUTE, "GET /v1/events", after), AT)
    assert other[1].thing_id == "GET /v1/plans"
    assert known[0] == By("operator", "ada", "ke_1")
    assert list(refusals.over(AT + timedelta(minutes=1))) == []
    assert len(list(refusals.over(None))) == 1


def test_a_flood_of_strangers_is_one_entry_more() -> None:
    refusals = Refusals()
    for n in range(10_000):
        refusals.count(refusal(f"{n:012x}"), "GET /v1/events", None, AT)
    told = list(refusals.over(None))
    assert len(told) == A_MINUTE_MAX + 1
    assert [act.after["times"] for _, act, _ in told] == [1] * A_MINUTE_MAX + [10_000 - A_MINUTE_MAX]  # type: ignore[index]
