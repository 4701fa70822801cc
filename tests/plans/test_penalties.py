"""What is levied by hand for paying late is bounded as what time levies; and neither goes while collection rests."""

from datetime import date, timedelta
from typing import Any

import pytest

from service.errors import Code, Refused
from service.plans.charges import Levy
from service.plans.dispute import CloseDispute, OpenDispute
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.reschedule import ChargeOff
from service.plans.running.dispute_facts import DisputeReason, DisputeState
from service.plans.running.facts import ChargedOff, PauseReason
from service.plans.state import PlanState
from service.support.arrangement import Cause
from service.terms.late_fees import bound_by_law, capped
from service.terms.servicing import LateFee, Servicing
from tests.plans.lives import NOON, Life
from tests.plans.test_passing_days import FEE, day, fees, owed, pass_to
from tests.plans.verbs_of_routes import OPERATOR

DUE, LATE = day(4, 2), day(4, 10)  # 102.01 are due on the second
RESTS = "while collection rests, for"


def levy(life: Life, plan_id: str, amount: int, **more: Any) -> None:
    life.do(Levy, plan_id, actor=OPERATOR, amount=amount, is_penalty=True, **more)


def refused(do: Any) -> tuple[Code, str]:
    with pytest.raises(Refused) as no:
        do()
    return no.value.code, no.value.detail


@pytest.mark.parametrize(
    ("late", "at", "most"),
    [
        (LateFee(amount=5_00, grace_days=4), day(4, 10), 0),  # time has levied it
        (LateFee(amount=5_00, grace_days=4, total_max=3_00), day(4, 10), 0),
        (None, day(4, 10), 300_00),  # what was lent
        (None, day(3, 10), 300_00),
    ],
)
def test_what_an_operator_may_ask_for(late: LateFee | None, at: date, most: int) -> None:
    life, plan_id = owed(Servicing(late_fee=late), jurisdiction="DE")
    pass_to(life, plan_id, at)
    code, detail = refused(lambda: levy(life, plan_id, most + 1))
    assert (code, f"At most {most} minor units more" in detail) == (Code.IMPOSSIBLE_TERMS, True)
    if most:
        levy(life, plan_id, most - 1)
        assert refused(lambda: levy(life, plan_id, 2))[0] is Code.IMPOSSIBLE_TERMS
        levy(life, plan_id, 1)


def test_by_hand_no_more_than_by_time_and_not_before_its_days_of_grace_are_over() -> None:
    """Time has not levied it yet when collection rests on its day: what it would have been is the most."""
    life, plan_id = owed(Servicing(late_fee=FEE))
    pass_to(life, plan_id, day(4, 6))
    code, detail = refused(lambda: levy(life, plan_id, 1))
    assert (code, "nothing is late beyond its 4 days of grace" in detail) == (Code.STATE_FORBIDS, True)
    levy(life, plan_id, 7_00, due_on=day(4, 7))
    code, detail = refused(lambda: levy(life, plan_id, 5_01, due_on=day(4, 7)))
    assert (code, "At most 500 minor units" in detail) == (Code.IMPOSSIBLE_TERMS, True)  # 12.00 each, less 7.00
    pass_to(life, plan_id, day(4, 30))
    assert fees(life, plan_id) == [7_00]  # time levies none for what was levied for by hand
    pass_to(life, plan_id, day(5, 10))
    assert fees(life, plan_id) == [7_00, 12_00]  # and its own for the next


def test_what_was_levied_for_one_is_not_counted_against_another() -> None:
    """Two are late, the second within its grace: what is levied by hand is for the first, which time has levied for."""
    life, plan_id = owed(Servicing(late_fee=LateFee(amount=5_00, grace_days=4)))
    pass_to(life, plan_id, day(5, 4))
    assert fees(life, plan_id) == [5_00]
    code, detail = refused(lambda: levy(life, plan_id, 1))
    assert (code, "At most 0 minor units" in detail) == (Code.IMPOSSIBLE_TERMS, True)
    pass_to(life, plan_id, day(5, 7))
    assert fees(life, plan_id) == [5_00, 5_00]


@pytest.mark.parametrize(
    ("jurisdiction", "currency", "on", "caps"),
    [
        ("BR", "BRL", date(2026, 3, 2), LateFee(each_bps_max=200)),
        ("BR", "BRL", date(1996, 8, 1), LateFee()),
        ("DK", "DKK", date(2026, 3, 2), LateFee(each_max=100_00)),
        ("DK", "EUR", date(2026, 3, 2), LateFee()),  # it says nothing in another currency
        ("SE", "SEK", date(2013, 3, 15), LateFee(each_max=50_00)),
        ("SE", "SEK", date(2013, 3, 16), LateFee(each_max=60_00)),
        ("PT", "EUR", date(2026, 3, 2), LateFee(each_max=150_00)),
        ("DE", "EUR", date(2026, 3, 2), LateFee()),
    ],
)
def test_the_law_caps_a_late_fee_by_event(jurisdiction: str, currency: str, on: date, caps: LateFee) -> None:
    assert capped(LateFee(), jurisdiction, "consumer_credit", on, currency) == caps
    asked = Servicing(late_fee=LateFee(amount=90_00, each_max=55_00, each_bps_max=100))
    bound = bound_by_law(asked, jurisdiction, "consumer_credit", on, currency).late_fee
    assert bound is not None
    assert (bound.each_max, bound.each_bps_max) == (min(55_00, caps.each_max or 55_00), 100)


def test_a_share_of_what_is_overdue_caps_what_time_levies_and_what_a_person_does() -> None:
    life, plan_id = owed(Servicing(late_fee=LateFee(amount=5_00, each_bps_max=200)))
    pass_to(life, plan_id, LATE)
    assert fees(life, plan_id) == [2_04]  # two hundredths of 102.01
    life, plan_id = owed(jurisdiction="BR", currency="BRL")
    pass_to(life, plan_id, LATE)
    assert "At most 204 minor units" in refused(lambda: levy(life, plan_id, 2_05))[1]
    levy(life, plan_id, 2_04)
    assert "At most 0 minor units" in refused(lambda: levy(life, plan_id, 1))[1]
    pass_to(life, plan_id, day(5, 10))
    levy(life, plan_id, 2_04)  # for the next one


@pytest.mark.parametrize(
    ("stops", "goes_on", "why"),
    [
        (
            (OpenDispute, {"reason": DisputeReason.NOT_RECEIVED}),
            (CloseDispute, {"outcome": DisputeState.WON, "actor": OPERATOR}),
            "dispute",
        ),
        ((PauseCollection, {"why": PauseReason.RETURN}), (ResumeCollection, {"why": PauseReason.RETURN}), "return"),
        (
            (PauseCollection, {"why": PauseReason.HARDSHIP, "actor": OPERATOR}),
            (ResumeCollection, {"why": PauseReason.HARDSHIP, "actor": OPERATOR}),
            "hardship",
        ),
    ],
)
def test_nothing_that_hurts_goes_while_collection_rests(stops: Any, goes_on: Any, why: str) -> None:
    life, plan_id = owed()
    pass_to(life, plan_id, LATE)
    life.do(stops[0], plan_id, **stops[1])
    for hurts in (
        lambda: levy(life, plan_id, 1_00), lambda: life.do(ChargeOff, plan_id, actor=OPERATOR),
        lambda: life.do(ChargeOff, plan_id, actor=OPERATOR, cause=Cause.DECEASED),
    ):  # fmt: skip
        code, detail = refused(hurts)
        assert (code, f"{RESTS} {why}" in detail) == (Code.STATE_FORBIDS, True)
    life.do(Levy, plan_id, actor=OPERATOR, amount=1_00)  # a fee for something else
    life.now += timedelta(1)
    life.do(goes_on[0], plan_id, **goes_on[1])
    assert RESTS in refused(lambda: levy(life, plan_id, 1_00, due_on=LATE))[1]  # it rested on that day
    levy(life, plan_id, 1_00)
    life.do(ChargeOff, plan_id, actor=OPERATOR)
    assert life.plans[plan_id].state is PlanState.CHARGED_OFF


@pytest.mark.parametrize(
    ("why", "cause", "goes"),
    [
        (PauseReason.DEATH, Cause.DECEASED, True),
        (PauseReason.DEATH, Cause.CREDIT, False),
        (PauseReason.HARDSHIP, Cause.FRAUD, True),
        (PauseReason.HARDSHIP, Cause.CREDIT, False),
    ],
)
def test_fraud_and_a_death_are_told_at_once(why: PauseReason, cause: Cause, goes: bool) -> None:
    life, plan_id = owed()
    life.do(PauseCollection, plan_id, why=why, actor=OPERATOR)
    if not goes:
        assert refused(lambda: life.do(ChargeOff, plan_id, actor=OPERATOR, cause=cause))[0] is Code.STATE_FORBIDS
        return
    life.do(ChargeOff, plan_id, actor=OPERATOR, cause=cause)
    fact = life.facts[plan_id][-1].fact
    assert isinstance(fact, ChargedOff)
    assert fact.cause is cause
    assert life.now == NOON
