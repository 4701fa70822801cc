"""What is lost on a plan that was given up, for those who bear losses: by component, and what came since. Pure.

Its partners' shares of it were booked when it was given up; `partners` says what each has lost by them so far.
"""

from collections import Counter

from msgspec import Struct

from service.ledger.booking import Balances
from service.ledger.chart import LedgerAccount, Occasion
from service.money import BPS
from service.plans.bookkeeping import ByOccasion, lost_by, settled_by, totals_of
from service.plans.partner_books import figures_of
from service.plans.plan import Plan
from service.plans.running.pauses import days_past_due
from service.plans.running.standing import Standing
from service.support.loss import Holder
from service.terms.allocation_rule import Component

# What came back of the price lowers what was lost, and interest and fees with it; whatever else came is a recovery.
_LOWERS = (Occasion.REFUND, Occasion.INTEREST_RETURN, Occasion.FEE_RETURN)


class Lost(Struct, frozen=True):
    """Minor units that were owed when it was given up, less what was refunded of them since."""

    principal: int = 0
    interest: int = 0  # that was due
    charges: int = 0  # fees and penalties
    received: int = 0  # money that came since
    days_past_due: int = 0  # of the oldest that is unpaid, on that day
    partners: dict[str, int] = {}  # what each has lost by its share, less what was recovered for it

    @property
    def owed(self) -> int:
        """All of it."""
        return self.principal + self.interest + self.charges


def lost_of(plan: Plan) -> Lost:
    """What is lost on a plan; nothing, where it was not given up after all."""
    standing = plan.standing
    if standing.charged_off_on is None:
        return Lost(partners=lost_by_partners(plan))
    settled = settled_by(standing)
    principal, charges = lost_by(standing, settled)
    interest = _interest_due(standing, settled)
    received = 0
    for (occasion, is_recovery), one in settled.items():
        if is_recovery and occasion in _LOWERS:
            principal -= one.principal
            interest -= one.interest
            charges -= one.fee + one.penalty
        elif is_recovery:
            received += sum(one.parts)
    return Lost(
        max(principal, 0), max(interest, 0), max(charges, 0), received, _past_due(plan), lost_by_partners(plan)
    )  # fmt: skip


def _interest_due(standing: Standing, settled: ByOccasion) -> int:
    """Interest that was due and not paid when it was given up: what is unpaid of it, and what was recovered. Interest
    that falls due later was never earned, even where it was paid since."""
    on = standing.charged_off_on
    assert on is not None
    due = sum(row.left(Component.INTEREST) for row in standing.rows if row.due_on <= on)
    recovered = sum(one.interest for (_, is_recovery), one in settled.items() if is_recovery)
    later = sum(row.paid[Component.INTEREST] for row in standing.rows if row.due_on > on)
    return due + max(recovered - later, 0)


def lost_by_partners(plan: Plan) -> dict[str, int]:
    """What each partner lost of principal, less all that was recovered for it, as it is booked."""
    found: Counter[str] = Counter()
    parts = plan.funding.participations
    totals = totals_of(plan.standing) if parts else None
    for number in range(len(parts)):
        assert totals is not None
        for stage in figures_of(parts, number, totals):
            for occasion, (rule, amounts) in stage.items():
                found.update(_moved(occasion, rule(*amounts)))
    return {partner_id: amount for partner_id, amount in found.items() if amount}


def _moved(occasion: Occasion, balances: Balances) -> dict[str, int]:
    """What an occasion means to the partner: lost principal, less what came to it of recoveries."""
    lost = recovered = 0
    owner = None
    for place, amount in balances.items():
        owner = place.owner or owner
        if occasion is Occasion.LOSS_SHARE and place.account is LedgerAccount.PARTNER_PARTICIPATION:
            lost = amount
        elif place.account is LedgerAccount.RECOVERIES:
            recovered = amount
    return {owner: lost - recovered} if owner else {}


def holders_of(plan: Plan) -> tuple[Holder, ...]:
    """The partners that have a part of the plan now, with their shares of the principal."""
    shares: Counter[str] = Counter()
    for part in plan.funding.participations:
        if part.holder_id and part.principal_bps:
            shares[part.holder_id] += part.principal_bps
    assert sum(shares.values()) <= BPS
    return tuple(Holder(partner_id, bps) for partner_id, bps in shares.items())


def _past_due(plan: Plan) -> int:
    """Of the oldest line that was unpaid when it was given up."""
    standing, on = plan.standing, plan.standing.charged_off_on
    assert on is not None
    unpaid = [
        row.due_on for row in standing.rows if row.due_on <= on and (row.settled_on is None or row.settled_on >= on)
    ]
    return days_past_due(standing, min(unpaid), on) if unpaid else 0
