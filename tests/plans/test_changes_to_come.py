"""A change of the schedule on a day to come holds up nothing that happens before that day."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from msgspec.structs import replace

from service.errors import Code, Refused
from service.plans.acceleration import Accelerate
from service.plans.capture import Capture
from service.plans.payment import RecordPayment
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.running import facts
from service.plans.running.acceleration_fact import AccelerationReason
from service.plans.running.kept import keep
from service.plans.running.versions import in_order, lines_of, standing_after
from service.plans.running.when import OF_A_SCHEDULE
from service.plans.settlement import QuoteSettlement
from service.terms.terms import Terms
from tests.plans.lives import NOON, PAY_IN_4, WITH_FEES, YEARLY, Life, agreement
from tests.plans.verbs_of_routes import OPERATOR, VERBS

TODAY: Final = NOON.date()
DAILY: Final = replace(YEARLY, recalculate=True)
TERMS: Final = {"without interest": PAY_IN_4, "by the period": YEARLY, "with fees": WITH_FEES, "by the day": DAILY}
CHANGES: Final[dict[str, Callable[[date], facts.AnyFact]]] = {
    "rate": lambda on: facts.RateChanged(**UNWRITTEN, on=on, rate_percent=Decimal(3)),
    "pause": lambda on: facts.InterestPaused(**UNWRITTEN, on=on, end_on=on + timedelta(10)),
    "extension": lambda on: facts.Extended(**UNWRITTEN, on=on, instalments=2),
    "holiday": lambda on: facts.HolidayGranted(**UNWRITTEN, on=on, principal=1),
    "holiday of interest": lambda on: facts.HolidayGranted(**UNWRITTEN, on=on, interest=1),
}
# A correction is asked of the last fact, which is the change; a capture is not reversed once another fact stands on it.
OF_ANOTHER_FACT: Final = {"operator/corrections", "captures/reverse", "operator/due_dates", "due_dates"}


def lent(terms: Terms) -> tuple[Life, str]:
    life = Life()
    plan_id = life.authorize(agreement(amount=600_00, terms=terms))
    life.do(Capture, plan_id, amount=600_00)
    return life, plan_id


def to_come(terms: Terms, change: str, days: int = 40) -> tuple[Life, str]:
    """600.00 lent today, and a change that takes effect later."""
    life, plan_id = lent(terms)
    life.do(Reschedule, plan_id, change=CHANGES[change](TODAY + timedelta(days)), actor=OPERATOR)
    return life, plan_id


def answer(life: Life, plan_id: str, verb: str) -> Code | None:
    other = Life(life.account, life.now, dict(life.plans), {plan_id: life.facts[plan_id][:]})
    try:
        VERBS[verb](other, plan_id)
    except Refused as refused:
        return refused.code
    proved(other, plan_id)
    return None


def proved(life: Life, plan_id: str) -> None:
    """Folded at once the facts say the same as one by one."""
    plan, known = life.plans[plan_id], [one.fact for one in life.facts[plan_id]]
    assert keep(standing_after(plan.offer.terms, in_order(plan.offer.terms, known))) == keep(plan.standing)


def test_each_change_that_may_have_a_day_to_come_is_tried() -> None:
    tried = {type(change(TODAY)) for change in CHANGES.values()}
    of_today = {facts.DueMoved, facts.ReAged, facts.ReAmortized}
    assert tried == set(OF_A_SCHEDULE) - of_today


@pytest.mark.parametrize("later", [0, 35], ids=["at once", "when the first instalment is late"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("terms", TERMS)
def test_each_verb_is_answered_as_without_it(terms: str, change: str, later: int) -> None:
    plain, changed = lent(TERMS[terms]), to_come(TERMS[terms], change)
    plain[0].now = changed[0].now = NOON + timedelta(later)
    verbs = [verb for verb in VERBS if verb not in OF_ANOTHER_FACT]
    told = {verb: (answer(*plain, verb), answer(*changed, verb)) for verb in verbs}
    assert {verb: both for verb, both in told.items() if both[0] is not both[1]} == {}


ENDINGS: Final[dict[str, tuple[type, dict[str, Any]]]] = {
    "called due": (Accelerate, {"due_on": TODAY, "why": AccelerationReason.FRAUD}),
    "charged off": (ChargeOff, {}),
    "forgiven": (Forgive, {}),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("change", CHANGES)
def test_what_ends_the_plan_before_that_day_leaves_nothing_of_it(change: str, ending: str) -> None:
    verb, more = ENDINGS[ending]
    (life, plan_id), plain = to_come(PAY_IN_4, change), lent(PAY_IN_4)
    ended = life.do(verb, plan_id, actor=OPERATOR, **more)
    without = plain[0].do(verb, plain[1], actor=OPERATOR, **more)
    rows = [(one.due_on, one.outstanding, one.forgiven) for one in lines_of(ended.standing)]
    assert rows == [(one.due_on, one.outstanding, one.forgiven) for one in lines_of(without.standing)]
    assert (ended.state, ended.amounts.used) == (without.state, without.amounts.used)
    life.now = NOON + timedelta(60)
    paid = life.do(RecordPayment, plan_id, amount=10_00).amounts
    assert (paid.paid + paid.overpaid, paid.outstanding) == (10_00, max(0, without.amounts.outstanding - 10_00))
    with pytest.raises(Refused) as refused:
        life.do(Reschedule, plan_id, change=CHANGES[change](TODAY + timedelta(70)), actor=OPERATOR)
    assert refused.value.code is Code.STATE_FORBIDS
    proved(life, plan_id)


@pytest.mark.parametrize("days", [10, 70])
def test_a_schedule_that_has_ended_is_not_changed_on_a_day_to_come(days: int) -> None:
    life, plan_id = to_come(PAY_IN_4, "holiday")
    life.do(ChargeOff, plan_id, actor=OPERATOR)
    with pytest.raises(Refused) as refused:
        life.do(Reschedule, plan_id, change=CHANGES["extension"](TODAY + timedelta(days)), actor=OPERATOR)
    assert refused.value.code is Code.STATE_FORBIDS


def test_money_that_came_in_time_for_a_quote_is_not_refused_for_what_was_changed_since() -> None:
    life, plan_id = lent(YEARLY)
    quote = life.do(QuoteSettlement, plan_id).standing.quote
    assert quote is not None
    life.now = NOON + timedelta(20)
    again = facts.ReAged(**UNWRITTEN, on=TODAY + timedelta(20), first_due_on=TODAY + timedelta(50), instalments=5)
    life.do(Reschedule, plan_id, change=again, actor=OPERATOR)
    paid = life.do(RecordPayment, plan_id, amount=quote.amount, received_on=TODAY)
    assert (paid.state, paid.amounts.outstanding) == ("paid_off", 0)
    proved(life, plan_id)


@pytest.mark.parametrize(
    "change",
    [
        facts.ReAged(**UNWRITTEN, on=TODAY + timedelta(1), first_due_on=TODAY + timedelta(30), instalments=3),
        facts.ReAmortized(**UNWRITTEN, on=TODAY + timedelta(1)),
    ],
)
def test_what_is_owed_on_a_day_to_come_is_not_spread_today(change: facts.AnyFact) -> None:
    life, plan_id = lent(PAY_IN_4)
    with pytest.raises(Refused) as refused:
        life.do(Reschedule, plan_id, change=change, actor=OPERATOR)
    assert (refused.value.code, refused.value.pointer) == (Code.INVALID_FIELD, "/on")
    life.now = NOON + timedelta(1)
    life.do(Reschedule, plan_id, change=change, actor=OPERATOR)


def test_a_change_that_has_taken_effect_is_not_undone_by_what_is_said_to_have_been_before() -> None:
    life, plan_id = to_come(YEARLY, "extension", days=10)
    life.now = NOON + timedelta(20)
    with pytest.raises(Refused) as refused:
        life.do(ChargeOff, plan_id, on=TODAY + timedelta(5), actor=OPERATOR)
    assert refused.value.code is Code.STATE_FORBIDS
    assert life.do(ChargeOff, plan_id, actor=OPERATOR).state == "charged_off"


@pytest.mark.parametrize("change", CHANGES)
def test_a_quote_binds_until_its_day_ends_and_paid_in_time_settles_it(change: str) -> None:
    life, plan_id = to_come(YEARLY, change)
    quote = life.do(QuoteSettlement, plan_id).standing.quote
    assert quote is not None
    assert quote.good_until < TODAY + timedelta(40)
    settled = life.do(RecordPayment, plan_id, amount=quote.amount)
    assert (settled.state, settled.amounts.outstanding, settled.amounts.overpaid) == ("paid_off", 0, 0)
    proved(life, plan_id)
