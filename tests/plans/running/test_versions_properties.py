"""What holds for the life of every plan."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.money import next_share, take_bps
from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.plans.running.kept import keep
from service.plans.running.versions import Version, amount_to_settle, next_version, replay
from service.terms.allocation_rule import Allocation, AllocationRule, Component, Future, order
from service.terms.terms import DayCount, PaidEarly, Terms
from tests import properties  # noqa: F401 - loads the profile
from tests.plans.running.any_facts import START, changes, money_facts, running_terms

plans = st.tuples(running_terms(), st.integers(500, 2_000_00), st.integers(0, 60))


def life(data: st.DataObject, terms: Terms, amount: int, later: int) -> tuple[list[AnyFact], date]:
    """Facts with changes of schedule among them, and a day after all of them."""
    events = data.draw(changes(terms, data.draw(money_facts(amount))))
    return events, max(max(event.on, event.recorded_on) for event in events) + timedelta(days=later)


def version_or_none(terms: Terms, events: list[AnyFact], as_of: date) -> Version | None:
    """The version; facts that cannot follow each other are refused with a code and a sentence."""
    try:
        return replay(terms, events, as_of)
    except Refused as refused:
        if refused.code in (Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS) and refused.detail.endswith("."):
            return None
        raise


@given(st.data(), plans)
def test_every_life(data: st.DataObject, plan: tuple[Terms, int, int]) -> None:
    """All that is lent is owed, nothing is negative, no date goes back, and no cent is lost."""
    version = version_or_none(plan[0], *life(data, *plan))
    if version is not None:
        all_that_is_lent_is_owed(version, plan[1])
        nothing_is_negative(version)
        no_cent_is_lost(version)
        due_on = [line.due_on for line in version.lines]
        assert due_on == sorted(due_on)


def all_that_is_lent_is_owed(version: Version, amount: int) -> None:
    assert sum(line.principal - line.owed_again for line in version.lines) == amount


def nothing_is_negative(version: Version) -> None:
    for line in version.lines:
        assert min(line.principal, line.interest, line.fee, line.penalty) >= 0
        assert min(line.paid_principal, line.paid_interest, line.paid_fee, line.paid_penalty) >= 0
        assert line.outstanding >= 0
        assert line.paid_early + line.paid_late <= line.paid


def no_cent_is_lost(version: Version) -> None:
    """What came in is on the lines, or overpaid, or was taken back."""
    came = sum(event.amount for event in version.facts if isinstance(event, facts.Paid | facts.Refunded))
    taken_back = sum(event.amount for event in version.facts if isinstance(event, facts.ChargedBack))
    interest = sum(
        each.principal + each.interest + each.fee + each.penalty + each.overpaid
        for each in version.allocations
        if each.id.endswith("/interest")
    )
    on_lines = sum(line.paid for line in version.lines)
    assert came + interest - taken_back <= on_lines + version.overpaid <= came + interest


@given(st.data(), plans)
def test_replaying_gives_the_same_schedule(data: st.DataObject, plan: tuple[Terms, int, int]) -> None:
    """Hash for hash, whatever the order in which the facts are handed over."""
    terms, amount, later = plan
    events, as_of = life(data, terms, amount, later)
    version = version_or_none(terms, events, as_of)
    if version is None:
        return
    assert replay(terms, events, as_of).digest == version.digest
    keys = [(event.on, event.recorded_on) for event in events]
    if len(set(keys)) == len(keys):
        assert replay(terms, list(reversed(events)), as_of).digest == version.digest


@given(st.data(), plans)
def test_one_more_fact_at_a_time_and_all_at_once(data: st.DataObject, plan: tuple[Terms, int, int]) -> None:
    """Byte for byte, for facts that come late, too; and a version that goes on stays what it was."""
    terms, amount, later = plan
    events, as_of = life(data, terms, amount, later)
    events.sort(key=lambda event: event.recorded_on)
    version = version_or_none(terms, events[:1], as_of)
    for known in range(2, len(events) + 1):
        at_once = version_or_none(terms, events[:known], as_of)
        if version is None or at_once is None:
            return
        before = version.digest, keep(version.standing)
        following = next_version(version, events[known - 1], as_of)
        assert following.digest == at_once.digest
        assert (version.digest, keep(version.standing)) == before  # though they share what money has settled
        version = following


@st.composite
def owing(draw: st.DrawFn) -> tuple[Terms, list[AnyFact], date]:
    """A plan that money comes to and goes from, and a day after all of it."""
    terms, amount, later = draw(plans)
    events = draw(money_facts(amount))
    return terms, events, max(max(event.on, event.recorded_on) for event in events) + timedelta(days=later)


def paid_ahead_from_the_last() -> tuple[Terms, list[AnyFact], date]:
    """Nothing is left of the last instalment, so the one before it rounds the interest: 3.78, not 3.79."""
    rule = AllocationRule(order(Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL), Future.LAST)
    terms = Terms(
        every=30, rate_percent=Decimal("3.70"), day_count=DayCount.THIRTY_360, recalculate=True,
        allocation=Allocation(rule),
    )  # fmt: skip
    events: list[AnyFact] = [facts.Captured(id="c", recorded_on=START, on=START, amount=500)]
    for day, amount in ((date(2024, 2, 29), 125), (date(2024, 4, 14), 1)):
        events.append(facts.Paid(id=day.isoformat(), recorded_on=day, on=day, amount=amount))
    return terms, events, date(2024, 5, 13)


@given(owing())
@example(paid_ahead_from_the_last())
def test_the_amount_to_settle_settles(plan: tuple[Terms, list[AnyFact], date]) -> None:
    terms, events, as_of = plan
    version = replay(terms, events, as_of)
    owed = amount_to_settle(version, as_of)
    if owed == 0:
        assert version.outstanding == 0
        return
    paid = facts.Paid(id="all", recorded_on=as_of, on=as_of, amount=owed)
    settled = replay(terms, [*events, paid], as_of)
    assert settled.outstanding == 0
    if terms.paid_early is PaidEarly.AT_ONCE:
        assert settled.overpaid == version.overpaid


@given(st.lists(st.integers(1, 5_000_00), max_size=20), st.integers(0, 10_000))
def test_a_partner_is_paid_to_the_cent_in_any_order(payments: list[int], bps: int) -> None:
    """70/30, or any split: the shares of the parts sum to the share of the whole."""
    total, shares = 0, []
    for payment in payments:
        shares.append(next_share(bps, total, payment))
        total += payment
    assert sum(shares) == take_bps(total, bps)
    assert all(0 <= share <= payment for share, payment in zip(shares, payments, strict=True))
