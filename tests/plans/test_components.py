"""Where the components of money are written out one by one, none of them is forgotten."""

from msgspec import structs

from service import ids
from service.event_type import EventType
from service.plans.book import Book
from service.plans.capture import Capture
from service.plans.payment import RecordPayment
from service.plans.running.rows import Row, RowKind, frozen
from service.plans.timeline import Settled
from service.terms.allocation_rule import Component
from tests.plans.lives import MERCHANT_ACTS, NOON, Life, agreement, new_id


def test_of_money_every_component_is_told() -> None:
    life = Life()
    plan_id = life.authorize(agreement())
    plan = life.do(Capture, plan_id, amount=600_00)
    pay = RecordPayment(command_id=new_id(ids.COMMAND), plan_id=plan_id, actor=MERCHANT_ACTS, amount=1_00)
    (moved,) = pay.apply(Book(life.account, plan), NOON).moved
    (told,) = [event for event in moved.events if event.type is EventType.PAID]
    components = {component.value for component in Component}
    assert told.data.keys() >= components
    assert set(Settled.__struct_fields__) == components | {"overpaid"}
    row = Row(RowKind.INSTALMENT, NOON.date(), NOON.date())
    for number, component in enumerate(Component, 1):
        row.owed[component], row.paid[component] = 100 * number, number
    line = structs.asdict(frozen(1, row))
    assert {name: line[name] for name in components} == {one.value: row.owed[one] for one in Component}
    assert {name: line[f"paid_{name}"] for name in components} == {one.value: row.paid[one] for one in Component}
