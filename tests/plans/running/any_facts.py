"""Any life of a plan: facts in the order they become known, some of them late."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.terms.allocation_rule import Allocation, AllocationRule, Component, Direction, Future, PaymentKind, order
from service.terms.calendar import due_dates
from service.terms.terms import ChargeOff, PaidEarly, Terms
from tests.terms.any_terms import plain_terms

START = date(2024, 1, 31)
ORDERS = [
    order(Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL),
    order(Component.PENALTY, Component.FEE, Component.PRINCIPAL, Component.INTEREST),
    order(Component.INTEREST, Component.PRINCIPAL, Component.PENALTY, Component.FEE),
]


@st.composite
def running_terms(draw: st.DrawFn) -> Terms:
    """Terms, and what happens to them while they run."""
    rule = AllocationRule(draw(st.sampled_from(ORDERS)), draw(st.sampled_from(Future)))
    refunds = AllocationRule(draw(st.sampled_from(ORDERS)), draw(st.sampled_from(Future)))
    return structs.replace(
        draw(plain_terms()),
        allocation=Allocation(rule, ((PaymentKind.MERCHANT_REFUND, refunds),), draw(st.sampled_from(Direction))),
        paid_early=draw(st.sampled_from(PaidEarly)),
        charge_off=draw(st.sampled_from(ChargeOff)),
        chargeback_order=draw(st.sampled_from([(), (Component.PENALTY, Component.FEE, Component.INTEREST,
                                                     Component.PRINCIPAL)])),
    )  # fmt: skip


@st.composite
def money_facts(draw: st.DrawFn, amount: int, *, keeps_settled: bool = False) -> list[AnyFact]:
    """A capture, and then money coming and going: payments, refunds, fees, payments taken back."""
    events: list[AnyFact] = [facts.Captured(id="c", recorded_on=START, on=START, amount=amount)]
    today, left = START, amount  # that may be refunded
    owns: dict[str, int] = {}  # what is left of each payment
    for number in range(draw(st.integers(0, 6))):
        today += timedelta(days=draw(st.integers(0, 45)))
        on = max(START, today - timedelta(days=draw(st.sampled_from([0, 0, 0, 3, 20]))))
        some = draw(st.integers(1, max(1, amount // 2)))
        head: dict[str, Any] = {"id": f"f{number}", "recorded_on": today}
        payments = [name for name, rest in owns.items() if rest]
        kind = draw(st.sampled_from(["pay", "pay", "pay", "refund", "levy", "back"]))
        if kind == "pay" or (kind == "back" and not payments):
            events.append(facts.Paid(**head, on=on, amount=some))
            owns[head["id"]] = some
        elif kind == "refund" and left:
            some = min(some, left)
            left -= some
            events.append(facts.Refunded(**head, on=on, amount=some, returns_interest=draw(st.booleans())))
        elif kind in ("refund", "levy"):
            fee, is_penalty = draw(st.integers(1, 2000)), draw(st.booleans())
            events.append(facts.Levied(**head, due_on=on, amount=fee, is_penalty=is_penalty))
        else:
            paid = draw(st.sampled_from(payments))
            part = draw(st.integers(1, owns[paid]))
            owns[paid] -= part
            events.append(
                facts.ChargedBack(**head, on=today, amount=part, payment_id=paid, keeps_settled=keeps_settled)
            )
    return events


@st.composite
def changes(draw: st.DrawFn, terms: Terms, events: list[AnyFact], *, keeps_settled: bool = False) -> list[AnyFact]:
    """Up to two changes of schedule among the facts."""
    result = list(events)
    for number in range(draw(st.integers(0, 2))):
        on = START + timedelta(days=draw(st.integers(0, 120)))
        due_on = draw(st.sampled_from(due_dates(terms, START, terms.instalments)))
        later = due_on + timedelta(days=draw(st.integers(1, 40)))
        head: dict[str, Any] = {"id": f"x{number}", "recorded_on": on, "on": on, "keeps_settled": keeps_settled}
        change: list[AnyFact] = [
            facts.RateChanged(**head, rate_percent=draw(st.decimals(0, 36, places=2))),
            facts.InterestPaused(**head, end_on=on + timedelta(days=draw(st.integers(0, 60)))),
            facts.Extended(**head, instalments=draw(st.integers(1, 4))),
            facts.HolidayGranted(**head, principal=draw(st.integers(0, 2)), interest=draw(st.integers(0, 2))),
            facts.DueMoved(**head | {"on": due_on}, to=later),
            facts.ReAmortized(**head),
            facts.ReAged(**head, first_due_on=on + timedelta(days=draw(st.integers(1, 40))),
                         instalments=draw(st.integers(1, 6))),
        ]  # fmt: skip
        result.append(draw(st.sampled_from(change)))
    return result
