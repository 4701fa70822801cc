"""Authorize: an offer becomes a plan. The limit is reserved; nothing is owed yet. Pure."""

from datetime import datetime
from typing import ClassVar, Literal

from msgspec.structs import replace

from service import ids
from service.errors import Code, Refused
from service.event_type import EventType
from service.limits.account import reserve
from service.partners.budget import Allocated, Use
from service.partners.funding import OWN_MONEY, Funding
from service.partners.shares import bound
from service.plans.amounts import amounts_of
from service.plans.book import Book, Change, Command, Event, Moved, Recorded
from service.plans.bookkeeping import booked
from service.plans.happening import SECOND, fact_id
from service.plans.offer import Agreement, Kind
from service.plans.plan import Plan, business_day
from service.plans.running.facts import AnyFact, Authorized
from service.plans.running.use_facts import OrderConfirmed
from service.plans.running.versions import standing_after
from service.plans.use import confirmed_event
from service.subsidies.interest import Used, room_for
from service.subsidies.offered import NOBODY, Subsidy


class Authorize(Command, frozen=True, kw_only=True):
    """Accept an offer. A decision opens one plan, for ever; a merchant reference has one plan at a time.

    Where the consumer has permitted all such orders, it is confirmed at once.
    """

    offer_id: str
    subsidised: tuple[Use, ...] | None = None  # of its scheme's budget; empty: no room; None: nobody has looked
    allocated: Allocated | None = None  # whose money it is to be; None: the first's who would take it
    suspended: frozenset[str] = frozenset()  # programmes that take no plans now

    loads: ClassVar[Literal["offer", "plan"]] = "offer"

    @property
    def target(self) -> str:
        """The offer."""
        return self.offer_id

    @property
    def leases(self) -> tuple[str, ...]:
        """Under which its money was taken."""
        return tuple([one.lease_id for one in self.uses])

    @property
    def uses(self) -> tuple[Use, ...]:
        """Room that was found in budgets."""
        return (*(self.allocated.uses if self.allocated else ()), *(self.subsidised or ()))

    def apply(self, book: Book, now: datetime) -> Change:
        """Reserves the limit.

        Refused: NOT_FOUND, OFFER_ACCEPTED, REFERENCE_USED, OFFER_EXPIRED, LIMIT_EXCEEDED, NO_FUNDING, SUBSIDY_SPENT;
        BUSY, where what its money was taken under has been given to somebody else, who was short of it.
        """
        agreement = self._agreement(book, now)
        funding = self._funding(agreement, book)
        used = book.used_of_scheme.get(funding.lender, NOBODY)
        require_room(agreement.offer.subsidy, used, is_found=self.subsidised is None or bool(self.subsidised))
        offer = agreement.offer
        exposure = offer.waived if offer.kind is Kind.DEPOSIT else offer.amount
        today = business_day(now, offer.time_zone)
        facts: list[AnyFact] = [
            Authorized(id=fact_id(self), recorded_on=today, on=today, amount=exposure, held=offer.held)
        ]
        if book.permission_id is not None:
            confirmed = ids.derive(ids.FACT, self.command_id, SECOND)
            facts.append(
                OrderConfirmed(id=confirmed, recorded_on=today, on=today, at=now, permission_id=book.permission_id)
            )
        standing = standing_after(offer.terms, facts)
        plan = Plan(
            bucket=ids.bucket_of(agreement.decision_id),
            plan_id=ids.derive(ids.PLAN, self.command_id),
            consumer_id=agreement.consumer_id,
            person_id=agreement.person_id,
            merchant_id=agreement.merchant_id,
            merchant_reference=agreement.merchant_reference,
            decision_id=agreement.decision_id,
            kind=offer.kind,
            currency=agreement.currency,
            offer=offer,
            funding=bound(funding, offer.terms),
            authorized_at=now,
            standing=standing,
            amounts=amounts_of(standing),
            lines=(),
            version=len(facts),
            changed_at=now,
            changed_by=self.actor.kind,
            began=(now, self.actor.kind) if len(facts) > 1 else None,  # by its first fact
            passed_on=today,
        )
        told = {"kind": offer.kind, "amount": offer.amount, "currency": offer.currency}
        events = [Event(EventType.AUTHORIZED, told)]
        if book.permission_id is not None:
            events.append(confirmed_event(plan))
        recorded = [Recorded(number, now, self.actor, self.command_id, fact) for number, fact in enumerate(facts, 1)]
        moved = Moved(plan, tuple(recorded), booked(None, plan), tuple(events))
        return Change(reserve(book.account, exposure), (moved,), self.uses)

    def _funding(self, agreement: Agreement, book: Book) -> Funding:
        if self.allocated is None:
            takers = [one for one in agreement.takers if one.programme_id not in self.suspended]
            funding = takers[0] if takers else None
        else:
            funding = self.allocated.funding
        if not book.open_leases.issuperset(self.leases):
            raise Refused(Code.BUSY, "The room that was found for it is taken; send the same request again.")
        if funding is None and agreement.offer.partners_only:
            sentence = "No partner has room left for this plan, and this lender's policy lends no other money."
            raise Refused(Code.NO_FUNDING, sentence, "/offer_id")
        return replace(funding or OWN_MONEY, is_counted=True) if self.uses else funding or OWN_MONEY

    def _agreement(self, book: Book, now: datetime) -> Agreement:
        agreement = book.agreement
        if agreement is None or agreement.merchant_id != self.actor.merchant_id:
            raise self.not_found()
        if book.is_accepted:
            raise Refused(Code.OFFER_ACCEPTED, "An offer of this decision was already accepted.", "/offer_id")
        if book.is_reference_used:
            raise Refused(
                Code.REFERENCE_USED,
                f"The merchant reference {agreement.merchant_reference!r} is taken by another plan.",
                "/offer_id",
            )
        if now >= agreement.offer.expires_at:
            raise Refused(
                Code.OFFER_EXPIRED,
                f"The offer expired at {agreement.offer.expires_at.isoformat()}; ask for a new decision.",
                "/offer_id",
            )
        return agreement


def require_room(subsidy: Subsidy | None, used: Used, *, is_found: bool) -> None:
    """Refused: SUBSIDY_SPENT, where the scheme has less left, in its budget or for this person, than it was to bear."""
    if subsidy is None:
        return
    if subsidy.is_budgeted and not is_found:
        raise _spent(f"The scheme {subsidy.name[:100]!r} has less than {subsidy.amount} minor units left.")
    left = room_for(subsidy.interest, used, small=subsidy.is_small) if subsidy.interest else subsidy.amount
    if left < subsidy.amount:
        sentence = f"Of the scheme {subsidy.name[:100]!r} {left} minor units are left for this person."
        raise _spent(f"{sentence} The offer says {subsidy.amount}; ask for a new decision.")


def _spent(sentence: str) -> Refused:
    return Refused(Code.SUBSIDY_SPENT, sentence, "/offer_id")
