"""The consumer withdraws from the credit within the days of its law, without a reason. Pure.

lent                         600.00
interest of 10 days            1.48   where the law has it
owed in one sum in 30 days   601.48   no other cost, and what was paid counts towards it
"""

from datetime import date, datetime
from typing import Final

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.law.book import LegalRule, number_on
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.capture import MERCHANTS
from service.plans.happening import effective_day, fact_id, happen, today_of
from service.plans.offer import Kind
from service.plans.plan import Plan
from service.plans.running.charge_off import earned_until
from service.plans.running.facts import Withdrawn
from service.plans.running.outlook import interest_until
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component
from service.terms.withdrawal import repayable_until

WHO_MAY: Final = MERCHANTS | {ActorKind.OPERATOR, ActorKind.CONSUMER}


class Withdraw(PlanCommand, frozen=True, kw_only=True):
    """The consumer has sent a notice of withdrawal `on` a day, today if none is named."""

    on: date | None = None

    who_may = WHO_MAY

    @property
    def effective_on(self) -> date | None:
        """The day of the notice, or that of a capture after it."""
        return self.on

    @property
    def rewrites(self) -> bool:
        """What was paid before counts towards what was lent."""
        return True

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (a deposit, no such right, too late, withdrawn from before, it has ended),
        INVALID_FIELD (a day to come, or before the plan was opened).
        """
        plan = self.plan_of(book)
        standing = plan.standing
        if plan.kind is Kind.DEPOSIT:
            raise refuse_state(plan, "withdrawn from: a deposit is no credit")
        if standing.closed or standing.withdrawal or not (standing.lent or standing.remaining):
            raise refuse_state(plan, "withdrawn from")
        sent_on, today = effective_day(plan, self.on, now), today_of(plan, now)
        until = plan.withdrawable_until
        if until is None:
            sentence = (
                f"No law that we know gives a right to withdraw from it in {plan.offer.jurisdiction or 'its place'}."
            )
            raise Refused(Code.STATE_FORBIDS, sentence)
        if sent_on > until:
            sentence = f"The consumer could withdraw from it until {until} ended; it can be settled early."
            raise Refused(Code.STATE_FORBIDS, sentence, "/on")
        on = max([sent_on, *[course.periods[0].begin for course in standing.courses]])
        fact = Withdrawn(
            id=fact_id(self), recorded_on=today, on=on,
            repay_by=repayable_until(*_law(plan), on),
            interest=interest_of(standing, on) if number_on(LegalRule.WITHDRAWAL_INTEREST, *_law(plan)) else 0,
        )  # fmt: skip

        def tell(after: Plan) -> Event:
            left = {component: sum(row.left(component) for row in after.standing.rows) for component in Component}
            data = {
                "principal": left[Component.PRINCIPAL], "interest": left[Component.INTEREST],
                "repay_by": fact.repay_by, "voided": plan.remaining,
            }  # fmt: skip
            return Event(EventType.WITHDRAWN, data)

        return happen(book, plan, self, fact, now, tell)


def interest_of(standing: Standing, on: date) -> int:
    """The interest of all days until `on`, whoever paid it: where it follows what is paid, of what was really owed."""
    if standing.recalculates:
        return sum(interest_until(course, on) for course in standing.courses)
    return sum(earned_until(standing, row, on) for row in standing.instalments())


def _law(plan: Plan) -> tuple[str, str, date]:
    """By which law: of what place, for what product, on the day of the agreement."""
    return plan.offer.jurisdiction, plan.offer.product_class, today_of(plan, plan.authorized_at)
