"""Authorize: an offer becomes a plan. The limit is reserved; nothing is owed yet. Pure."""

from datetime import datetime
from typing import ClassVar, Literal

from service import ids
from service.errors import Code, Refused
from service.event_type import EventType
from service.ledger import transfers
from service.limits.account import reserve
from service.plans.book import Book, Change, Command, Event
from service.plans.offer import Agreement, Kind
from service.plans.plan import CollectionState, DisputeState, Plan, PlanState, SettlementState, capture_deadline


class Authorize(Command, frozen=True, kw_only=True):
    """Accept an offer. A decision opens one plan, for ever; a merchant reference has one plan at a time."""

    offer_id: str

    loads: ClassVar[Literal["offer", "plan"]] = "offer"

    @property
    def target(self) -> str:
        """The offer."""
        return self.offer_id

    def apply(self, book: Book, now: datetime) -> Change:
        """Reserves the limit. Refused: NOT_FOUND, OFFER_ACCEPTED, REFERENCE_USED, OFFER_EXPIRED, LIMIT_EXCEEDED."""
        agreement = self._agreement(book, now)
        offer = agreement.offer
        is_deposit = offer.kind is Kind.DEPOSIT
        exposure = offer.waived if is_deposit else offer.amount
        plan = Plan(
            bucket=book.account.bucket,
            plan_id=ids.derive(ids.PLAN, self.command_id),
            consumer_id=agreement.consumer_id,
            merchant_id=agreement.merchant_id,
            merchant_reference=agreement.merchant_reference,
            decision_id=agreement.decision_id,
            kind=offer.kind,
            currency=agreement.currency,
            state=PlanState.AUTHORIZED,
            collection_state=CollectionState.NOTHING_OWED,
            settlement_state=SettlementState.NOTHING_DUE,
            dispute_state=DisputeState.NONE,
            amount=offer.amount,
            captured=0,
            voided=0,
            held=offer.held,
            reserved=exposure,
            outstanding=0,
            principal_paid=0,
            interest_paid=0,
            fee_paid=0,
            captures=0,
            version=1,
            offer=offer,
            funding=agreement.funding,
            authorized_at=now,
            capture_by=capture_deadline(now, offer.capture_within_days),
        )
        return Change(
            account=reserve(book.account, exposure),
            plan=plan,
            transfers=transfers.authorized(exposure, offer.held),
            event=Event(EventType.AUTHORIZED, {"kind": offer.kind, "amount": offer.amount, "currency": offer.currency}),
            instalments=(),
        )

    def _agreement(self, book: Book, now: datetime) -> Agreement:
        agreement = book.agreement
        if agreement is None or agreement.merchant_id != self.merchant_id:
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
