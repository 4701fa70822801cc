"""What time brings about on a plan that is owed: each day once, in time or made up for."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.properties  # noqa: F401 - how hard to try
from service.errors import Code, Refused
from service.plans.capture import Capture
from service.plans.days import PassDays, next_day, next_day_at
from service.plans.money_back import Refund
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.payment import RecordPayment
from service.plans.plan import view
from service.plans.running.facts import Levied, PauseReason
from service.plans.running.versions import lines_of
from service.plans.state import CollectionState, PlanState
from service.terms.servicing import AskedWith, LateFee, Servicing, ShareOf
from service.terms.terms import Captures, Terms, Unit
from tests.plans.lives import NOON, Life, agreement

START = NOON.date()  # 2 March 2026
FEE = LateFee(amount=5_00, bps=1_000, grace_days=4, each_max=12_00)
TERMS = Terms(instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12))


def owed(servicing: Servicing = Servicing(), terms: Terms = TERMS, **more: Any) -> tuple[Life, str]:  # noqa: B008
    """300.00 captured on 2 March, to be paid on the second of the three months that follow."""
    life = Life()
    plan_id = life.authorize(agreement(amount=300_00, terms=terms, servicing=servicing, **more))
    life.do(Capture, plan_id, amount=300_00)
    life.events.clear()
    return life, plan_id


def pass_to(life: Life, plan_id: str, on: date) -> list[str]:
    """What the days tell up to that one."""
    life.now, first = NOON + (on - START), len(life.events)
    plan = life.plans[plan_id]
    if (day := next_day(plan)) is not None and day <= on:
        life.do(PassDays, plan_id)
    return life.events[first:]


def fees(life: Life, plan_id: str) -> list[int]:
    """What paying late has cost, fee by fee."""
    return [one.fact.amount for one in life.facts[plan_id] if isinstance(one.fact, Levied)]


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def test_an_instalment_is_announced_due_overdue_and_costs_something_once() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    assert next_day(life.plans[plan_id]) == day(3, 30)
    assert pass_to(life, plan_id, day(3, 29)) == []
    assert pass_to(life, plan_id, day(3, 30)) == ["instalment.due_soon"]
    assert pass_to(life, plan_id, day(4, 1)) == []
    assert pass_to(life, plan_id, day(4, 2)) == ["instalment.due"]
    assert pass_to(life, plan_id, day(4, 3)) == ["instalment.overdue", "plan.aged"]
    assert pass_to(life, plan_id, day(4, 6)) == []
    assert pass_to(life, plan_id, day(4, 7)) == ["fee.levied"]
    assert life.lines(plan_id)[0].total == 102_01
    assert fees(life, plan_id) == [12_00]  # 5.00 and a tenth: at most 12.00
    assert pass_to(life, plan_id, day(4, 28)) == []
    assert pass_to(life, plan_id, day(4, 29)) == ["instalment.due_soon"]
    assert pass_to(life, plan_id, day(5, 2)) == ["instalment.due", "plan.aged"]
    assert view(life.plans[plan_id], day(5, 2)).days_past_due == 30


def test_a_day_is_passed_as_it_began() -> None:
    """Who pays on the first day that costs something pays late, at whatever hour the day is closed."""
    for pays_first in (False, True):
        life, plan_id = owed(Servicing(late_fee=FEE))
        pass_to(life, plan_id, day(4, 3))
        life.now = NOON + (day(4, 7) - START)
        if not pays_first:
            pass_to(life, plan_id, day(4, 7))
        life.do(RecordPayment, plan_id, amount=102_01)
        assert fees(life, plan_id) == [12_00]
        assert [line.paid for line in life.lines(plan_id)] == [102_01, 0, 0]


def test_who_pays_within_the_days_of_grace_pays_nothing_more() -> None:
    life, plan_id = owed(Servicing(late_fee=FEE))
    life.now = NOON + (day(4, 6) - START)
    life.do(RecordPayment, plan_id, amount=102_01)
    assert life.events == [
        "instalment.due_soon", "instalment.due", "instalment.overdue", "plan.aged", "payment.recorded"
    ]  # fmt: skip
    assert pass_to(life, plan_id, day(4, 20)) == []
    assert fees(life, plan_id) == []


@pytest.mark.parametrize(
    ("late", "levied"),
    [
        (LateFee(amount=5_00), [5_00, 5_00, 5_00]),
        (LateFee(bps=100), [1_02, 1_02, 1_02]),  # of 102.01, 102.01 and 101.99: never of the fees
        (LateFee(bps=100, share_of=ShareOf.PRINCIPAL), [99, 1_00, 1_00]),  # of 99.01, 100.00 and 100.99
        (LateFee(amount=5_00, year_max=8_00), [5_00, 3_00]),
        (LateFee(amount=5_00, total_max=12_00), [5_00, 5_00, 2_00]),
        (LateFee(amount=5_00, each_max=1), [1, 1, 1]),
    ],
)
def test_late_fees_are_capped_and_never_compounded(late: LateFee, levied: list[int]) -> None:
    life, plan_id = owed(Servicing(late_fee=late))
    pass_to(life, plan_id, day(8, 1))
    assert fees(life, plan_id) == levied


@pytest.mark.parametrize(
    ("asked_with", "penalties"),
    [(AskedWith.NEXT, [0, 5_00, 5_00, 5_00]), (AskedWith.LATE, [5_00, 5_00, 5_00])],
)
def test_a_late_fee_stands_with_the_next_instalment_or_with_that_which_is_late(
    asked_with: AskedWith, penalties: list[int]
) -> None:
    late = LateFee(amount=5_00, grace_days=4, asked_with=asked_with)
    life, plan_id = owed(Servicing(late_fee=late))
    pass_to(life, plan_id, day(8, 1))
    assert [line.penalty for line in life.lines(plan_id)] == penalties
    assert [line.due_on for line in life.lines(plan_id)][:3] == [day(4, 2), day(5, 2), day(6, 2)]


def test_what_is_captured_behind_the_end_is_late_once() -> None:
    """Its late fee has a line of its own: it does not make a new day for what is late."""
    terms = Terms(instalments=1, every=1, unit=Unit.MONTH, captures=Captures.MERGED)
    late = LateFee(bps=1_000)
    life = Life()
    plan_id = life.authorize(
        agreement(amount=300_00, terms=terms, servicing=Servicing(late_fee=late), capture_within_days=90)
    )
    life.do(Capture, plan_id, amount=100_00)
    life.do(RecordPayment, plan_id, amount=100_00)
    life.now = NOON + timedelta(40)
    life.do(Capture, plan_id, amount=200_00, final=True)
    due_on = life.now.date()
    pass_to(life, plan_id, due_on + timedelta(70))
    assert fees(life, plan_id) == [20_00]
    assert view(life.plans[plan_id], due_on + timedelta(70)).days_past_due == 70
    assert [(line.due_on - due_on, line.outstanding) for line in life.lines(plan_id)[1:]] == [
        (timedelta(0), 200_00),
        (timedelta(1), 20_00),
    ]


def test_collection_is_given_up_after_so_many_days() -> None:
    life, plan_id = owed(Servicing(charge_off_days=90))
    assert "plan.charged_off" not in pass_to(life, plan_id, day(6, 30))
    assert pass_to(life, plan_id, day(7, 1)) == ["plan.aged", "plan.charged_off"]
    assert life.plans[plan_id].state is PlanState.CHARGED_OFF
    assert next_day(life.plans[plan_id]) is None


def test_days_on_which_collection_rests_are_no_days_past_due() -> None:
    """Overdue since 3 April; it rests from the 5th to the 20th: the day after four of grace is the 22nd."""
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(4, 3))
    life.now = NOON + (day(4, 5) - START)
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN)
    assert view(life.plans[plan_id], day(4, 15)).collection_state is CollectionState.PAUSED
    assert view(life.plans[plan_id], day(4, 15)).days_past_due == 2
    assert pass_to(life, plan_id, day(4, 19)) == []
    life.now = NOON + (day(4, 20) - START)
    life.do(ResumeCollection, plan_id, why=PauseReason.RETURN)
    assert pass_to(life, plan_id, day(4, 21)) == []
    assert pass_to(life, plan_id, day(4, 22)) == ["fee.levied"]
    assert view(life.plans[plan_id], day(4, 22)).days_past_due == 5


def test_a_refund_ends_the_pause_for_a_return_and_so_does_time() -> None:
    life, plan_id = owed(Servicing(return_days=10))
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN)
    life.do(Refund, plan_id, amount=10_00)
    assert view(life.plans[plan_id], START).paused_for == ()
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN)
    assert pass_to(life, plan_id, day(3, 11)) == []
    assert pass_to(life, plan_id, day(3, 12)) == ["plan.collection_resumed"]


@pytest.mark.parametrize(
    ("verb", "why", "code"),
    [
        (PauseCollection, PauseReason.RETURN, Code.STATE_FORBIDS),
        (PauseCollection, PauseReason.HARDSHIP, Code.FORBIDDEN),
        (ResumeCollection, PauseReason.HARDSHIP, Code.FORBIDDEN),
    ],
)
def test_what_a_merchant_cannot_pause(verb: Any, why: PauseReason, code: Code) -> None:
    life, plan_id = owed()
    life.do(PauseCollection, plan_id, why=PauseReason.RETURN)
    with pytest.raises(Refused) as refused:
        life.do(verb, plan_id, why=why)
    assert refused.value.code is code


def test_a_day_begins_at_midnight_of_the_plan_also_where_the_clock_changes() -> None:
    for zone, at in (
        ("Europe/Berlin", "2026-03-29T22:00:00+00:00"),  # the night after the clock changed
        ("Australia/Lord_Howe", "2026-03-29T13:00:00+00:00"),
        ("America/Sao_Paulo", "2026-03-30T03:00:00+00:00"),
    ):
        life, plan_id = owed(time_zone=zone)
        found = next_day_at(life.plans[plan_id])
        assert found is not None
        assert found.timestamp() == datetime.fromisoformat(at).timestamp()


def test_a_day_that_a_place_left_out_is_passed_with_the_next() -> None:
    """Samoa had no 30 December 2011: its clocks went from the end of the 29th to the 31st."""
    life = Life(now=datetime(2011, 12, 16, 12, tzinfo=UTC))
    every_fortnight = Terms(instalments=3, every=14, unit=Unit.DAY)
    plan_id = life.authorize(agreement(amount=300_00, terms=every_fortnight, time_zone="Pacific/Apia"))
    life.do(Capture, plan_id, amount=300_00)
    dates = [line.due_on for line in life.lines(plan_id)]
    assert dates == [date(2011, 12, 30), date(2012, 1, 13), date(2012, 1, 27)]
    life.events.clear()
    life.now = datetime(2011, 12, 30, 9, 59, tzinfo=UTC)  # the last minute of the 29th there
    assert life.do(PassDays, plan_id).passed_on == date(2011, 12, 27)
    assert life.events == ["instalment.due_soon"]
    life.now += timedelta(minutes=1)  # and the first of the 31st
    life.do(PassDays, plan_id)
    assert life.events == ["instalment.due_soon", "instalment.due", "instalment.overdue", "plan.aged"]


acts = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["pay", "pay", "pause", "resume", "refund"]), st.integers(1, 150_00)),
    max_size=12,
)


@settings(max_examples=40)
@given(acts=acts, recalculate=st.booleans())
def test_days_that_were_missed_bring_about_the_same(acts: list[tuple[int, str, int]], recalculate: bool) -> None:
    """Every day, or all of them at the end: the same lines, states and days past due."""
    servicing = Servicing(late_fee=LateFee(amount=3_00, bps=200, grace_days=2), charge_off_days=75, return_days=12)
    terms = Terms(instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), recalculate=recalculate)
    ends = START + timedelta(days=110)
    lives = [owed(servicing, terms) for _ in range(2)]
    for is_daily, (life, plan_id) in zip((True, False), lives, strict=True):
        on = START
        for wait, act, amount in acts:
            for _ in range(wait):
                on += timedelta(days=1)
                if is_daily:
                    pass_to(life, plan_id, on)
            life.now = NOON + (on - START)
            _try(life, plan_id, act, amount)
        while on < ends:
            on += timedelta(days=1)
            if is_daily or on == ends:
                pass_to(life, plan_id, on)
    (daily, one), (late, other) = lives
    assert sorted(daily.events) == sorted(late.events)
    assert [*lines_of(daily.plans[one].standing)] == [*lines_of(late.plans[other].standing)]
    assert view(daily.plans[one], ends).days_past_due == view(late.plans[other], ends).days_past_due
    assert daily.plans[one].state is late.plans[other].state


def _try(life: Life, plan_id: str, act: str, amount: int) -> None:
    verbs: dict[str, tuple[Any, dict[str, Any]]] = {
        "pay": (RecordPayment, {"amount": amount}),
        "refund": (Refund, {"amount": amount}),
        "pause": (PauseCollection, {"why": PauseReason.RETURN}),
        "resume": (ResumeCollection, {"why": PauseReason.RETURN}),
    }
    verb, arguments = verbs[act]
    with suppress(Refused):  # it is given up, paid, or paused already
        life.do(verb, plan_id, **arguments)
