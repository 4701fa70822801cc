"""The authorization's guardian: what is left of it never ends unnoticed. Pure.

7 days before     the merchant is told
1 day before      it is extended, where its product does so by itself; the merchant is told in any case
when it is over   what is left is given back; of a deposit after the days to claim it, where its product has some

The day that looks does what is useful then: days that were missed are made up for, and nothing is told twice.
"""

from datetime import datetime, timedelta
from typing import Final

from service.actor import ActorKind
from service.errors import Code, Refused
from service.event_type import EventType
from service.plans.book import Book, Change, Event, PlanCommand, refuse_state
from service.plans.capture import MERCHANTS
from service.plans.happening import fact_id, happen, today_of
from service.plans.plan import Plan
from service.plans.running.claims import until_when
from service.plans.running.facts import AuthorizationExtended, ExpiryAnnounced
from service.plans.void import expire

A_WEEK, A_DAY = 7, 1
TOLD_BEFORE: Final = (A_WEEK, A_DAY)  # days before the end


class ExtendAuthorization(PlanCommand, frozen=True, kw_only=True):
    """What is left may be captured `days` longer; as long as the product allows if none are named."""

    days: int | None = None

    who_may = MERCHANTS

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (nothing is left, it is over, no extension is allowed any more),
        IMPOSSIBLE_TERMS (so many days are not).
        """
        plan = self.plan_of(book)
        if not plan.remaining:
            raise refuse_state(plan, "extended")
        if now > plan.capture_by:
            sentence = f"The authorization ended at {_said(plan.capture_by)}; ask for a new offer."
            raise Refused(Code.STATE_FORBIDS, sentence)
        left, days = plan.extendable_days, self.days
        if not left:
            raise Refused(Code.STATE_FORBIDS, f"It lasts until {_said(plan.capture_by)} and no longer: {_why(plan)}.")
        if days is not None and days > left:
            latest = _said(plan.capture_by + timedelta(days=left))
            sentence = f"It can be extended by {left} days at most, until {latest}: {_why(plan)}."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/days")
        return _extend(self, book, plan, left if days is None else days, now)


class Guard(PlanCommand, frozen=True, kw_only=True):
    """The day looks at an authorization: it announces its end, extends it, or ends it."""

    who_may = frozenset({ActorKind.DAY})

    def apply(self, book: Book, now: datetime) -> Change:
        """Refused: NOT_FOUND, STATE_FORBIDS (there is nothing to do yet, or any more)."""
        plan = self.plan_of(book)
        if not plan.remaining:
            raise refuse_state(plan, "guarded")
        if plan.standing.open_claim is not None:
            raise Refused(Code.STATE_FORBIDS, until_when(plan.standing.open_claim))
        until = plan.capture_until + (plan.ends_at - plan.capture_by)
        if _extends_by_itself(plan) and plan.capture_by - timedelta(A_DAY) <= now <= until:
            return _extend(self, book, plan, plan.extendable_days, now)
        if now > plan.ends_at:
            return expire(self, book, plan, now)
        for days in reversed(_untold(plan)):
            if plan.ends_at - timedelta(days) <= now:
                return _announce(self, book, plan, days, now)
        raise Refused(Code.STATE_FORBIDS, f"There is nothing to do before {_said(next_look(plan) or now)}.")


def next_look(plan: Plan) -> datetime | None:
    """The instant from which on the day has something to do; None once nothing is left to guard."""
    if not plan.remaining or plan.standing.open_claim is not None:  # nothing ends while it is claimed
        return None
    days = _untold(plan)
    look = plan.ends_at - timedelta(days[0] if days else 0)
    return min(look, plan.capture_by - timedelta(A_DAY)) if _extends_by_itself(plan) else look


def _untold(plan: Plan) -> tuple[int, ...]:
    """The announcements that are still to be made: none that comes before the end was even set, or said last."""
    standing = plan.standing
    if standing.closed:
        return ()
    assert standing.deadline_on is not None
    told = standing.expiry_told or A_WEEK + 1
    return tuple(
        days
        for days in TOLD_BEFORE
        if days < told and today_of(plan, plan.ends_at - timedelta(days)) > standing.deadline_on
    )


def _extends_by_itself(plan: Plan) -> bool:
    return plan.offer.leeway.extends_by_itself and plan.extendable_days > 0 and not plan.standing.closed


def _extend(command: PlanCommand, book: Book, plan: Plan, days: int, now: datetime) -> Change:
    today = today_of(plan, now)
    fact = AuthorizationExtended(id=fact_id(command), recorded_on=today, on=today, days=days)

    def tell(after: Plan) -> Event:
        data = {"days": days, "capture_by": after.capture_by, "remaining": after.remaining}
        return Event(EventType.AUTHORIZATION_EXTENDED, data)

    return happen(book, plan, command, fact, now, tell)


def _announce(command: PlanCommand, book: Book, plan: Plan, days: int, now: datetime) -> Change:
    today = today_of(plan, now)
    fact = ExpiryAnnounced(id=fact_id(command), recorded_on=today, on=today, days=days)
    if plan.released_at is not None:
        left = {"days": days, "released_at": plan.released_at, "remaining": plan.remaining}
        return happen(book, plan, command, fact, now, lambda _: Event(EventType.RELEASES_SOON, left))
    data = {
        "days": days, "capture_by": plan.capture_by, "remaining": plan.remaining,
        "extendable_days": plan.extendable_days, "extends_by_itself": _extends_by_itself(plan),
    }  # fmt: skip
    return happen(book, plan, command, fact, now, lambda _: Event(EventType.EXPIRES_SOON, data))


def _why(plan: Plan) -> str:
    most, added = plan.offer.leeway.extend_days_max, plan.standing.extended_days
    return f"its product allows {most} days more in all, and {added} were added" if most else "its product allows none"


def _said(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
