"""What the facades read of our own answers; the rest of them is not looked at. Amounts in minor units."""

from datetime import date, datetime

from msgspec import Struct, field

from service import ids


class Made(Struct, frozen=True):
    """What was made."""

    made_id: str = field(name="id")


class Instalment(Struct, frozen=True):
    """A row of a schedule: of an offer, or as it is owed."""

    due_on: date
    principal: int
    interest: int
    fee: int
    penalty: int = 0
    principal_paid: int = 0
    interest_paid: int = 0
    fee_paid: int = 0
    penalty_paid: int = 0
    forgiven: int = 0
    paid_on: date | None = None

    @property
    def total(self) -> int:
        """All that is asked for."""
        return self.principal + self.interest + self.fee + self.penalty

    @property
    def outstanding(self) -> int:
        """What is still to be paid."""
        paid = self.principal_paid + self.interest_paid + self.fee_paid + self.penalty_paid
        return self.total - self.forgiven - paid


class Rate(Struct, frozen=True):
    """An annual percentage rate as it is printed: `9.3`."""

    printed: str


class Use(Struct, frozen=True):
    """How goods are used before they are paid."""

    scenario: str | None = None
    confirm_days: int = 0
    permission: bool = False


class Offer(Struct, frozen=True):
    """What may be taken."""

    offer_id: str = field(name="id")
    kind: str
    currency: str
    amount: int
    schedule: tuple[Instalment, ...]
    total_cost: int
    total_payable: int
    apr: Rate
    time_zone: str
    down_payment: int = 0
    use: Use = Use()


class Reason(Struct, frozen=True):
    """Why not."""

    code: str
    sentence: str = ""


class Checkout(Struct, frozen=True):
    """A decision."""

    decision_id: str = field(name="id")
    outcome: str
    merchant_reference: str
    currency: str
    amount: int
    offers: tuple[Offer, ...]
    decided_at: datetime
    expires_at: datetime

    def offer(self, offer_id: str | None) -> Offer | None:
        """The offer with this id."""
        return next((one for one in self.offers if one.offer_id == offer_id), None)


class Lowered(Struct, frozen=True):
    """What a capture's bill should have come to."""

    amount: int


class Captured(Struct, frozen=True):
    """A capture."""

    amount: int
    lowered: Lowered | None = None


class Plan(Struct, frozen=True):
    """Where a plan stands."""

    plan_id: str = field(name="id")
    kind: str
    consumer_id: str = field(name="consumer")
    offer_id: str
    merchant_reference: str
    currency: str
    time_zone: str
    state: str
    amount: int
    captured: int
    voided: int
    remaining: int
    outstanding: int
    paid: int
    refunded: int
    overpaid: int
    overdue: int
    days_past_due: int
    schedule: tuple[Instalment, ...]
    apr: Rate
    authorized_at: datetime
    capture_by: datetime
    next_actions: tuple[str, ...]
    captures: tuple[Captured, ...] = ()

    @property
    def billed(self) -> int:
        """What its captures come to, as their bills stand now: minor units."""
        return sum(one.lowered.amount if one.lowered else one.amount for one in self.captures)

    @property
    def decision_id(self) -> str:
        """The decision whose offer it was."""
        return ids.origin(ids.DECISION, self.offer_id)


class Plans(Struct, frozen=True):
    """The plans of a reference."""

    plans: tuple[Plan, ...]


class Permission(Struct, frozen=True):
    """All uses of a scenario are permitted, or were."""

    permission_id: str = field(name="id")
    scenario: str
    evidence: str
    given_at: datetime
    revoked_at: datetime | None


class Permissions(Struct, frozen=True):
    """A page of a consumer's permissions, the oldest first."""

    permissions: tuple[Permission, ...]


class Recorded(Struct, frozen=True):
    """The fact that a verb has recorded."""

    fact_id: str = field(name="id")


class PlanAfter(Plan, frozen=True, kw_only=True):
    """A plan after a verb."""

    recorded: Recorded


class Entry(Struct, frozen=True):
    """A fact of a plan."""

    number: int
    fact_id: str = field(name="id")
    fact: str
    amount: int | None
    recorded_at: datetime


class Timeline(Struct, frozen=True):
    """What happened to a plan."""

    entries: tuple[Entry, ...]
