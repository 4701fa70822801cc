"""Days past due are counted without those on which collection rests: a sum of stretches is what counting them makes."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.plans.running.facts import PauseReason
from service.plans.running.pauses import day_past_due, days_past_due, rests_on
from service.plans.running.standing import Pause, Standing
from service.terms.terms import Terms

DAY = date(2026, 3, 2)
any_day = st.integers(0, 40).map(lambda days: DAY + timedelta(days))
any_length = st.integers(0, 20).map(timedelta)


@st.composite
def any_pauses(draw: st.DrawFn) -> list[Pause]:
    """In the order they began; any of them may go on for good."""
    begins = sorted(draw(st.lists(any_day, max_size=4)))
    lengths = [draw(st.none() | any_length) for _ in begins]
    return [
        Pause(PauseReason.HARDSHIP, begin, None if length is None else begin + length)
        for begin, length in zip(begins, lengths, strict=True)
    ]


def counted(standing: Standing, due_on: date, on: date) -> int:
    return sum(not rests_on(standing, due_on + timedelta(number)) for number in range(1, (on - due_on).days + 1))


@given(any_pauses(), any_day, any_day)
def test_days_past_due(pauses: list[Pause], due_on: date, on: date) -> None:
    standing = Standing(Terms(), bears_interest=False, pauses=pauses)
    assert days_past_due(standing, due_on, on) == counted(standing, due_on, on)


@given(any_pauses(), any_day, st.integers(1, 40))
def test_the_day_past_due(pauses: list[Pause], due_on: date, days: int) -> None:
    standing = Standing(Terms(), bears_interest=False, pauses=pauses)
    on = day_past_due(standing, due_on, days)
    if on is None:
        assert counted(standing, due_on, due_on + timedelta(365)) < days
    else:
        assert counted(standing, due_on, on) == days == counted(standing, due_on, on - timedelta(1)) + 1
