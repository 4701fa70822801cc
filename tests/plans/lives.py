"""Plans in memory: a consumer's account, offers, and commands applied to them as a lane would, without a database."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from service import ids
from service.actor import THE_DAY, Actor, ActorKind
from service.ledger.chart import LedgerAccount, Transfer
from service.limits.account import Account
from service.merchants.fee import MerchantFee
from service.partners.funding import Funding, Participation
from service.people.person import person_of
from service.plans.amend import Amend, Approval
from service.plans.authorize import Authorize
from service.plans.book import Book, Change, Command, Recorded
from service.plans.days import PassDays
from service.plans.flow import in_time
from service.plans.guard import Guard
from service.plans.offer import Agreement, Kind, Offer
from service.plans.plan import Plan
from service.plans.reading_store import paid_of
from service.plans.running.rows import Line
from service.plans.running.versions import lines_of
from service.plans.top_up import TopUp
from service.terms.apr import AprMethod, as_apr
from service.terms.schedule import build_schedule
from service.terms.terms import Cost, FeeDue, Terms, Unit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAY_IN_4 = Terms()
YEARLY = Terms(instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.9"))
WITH_FEES = Terms(
    instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12),
    costs=(Cost("opening", bps=150, due=FeeDue.FIRST), Cost("keeping", amount=50, due=FeeDue.SPREAD)),
)  # fmt: skip
ONE_SUM = Terms(instalments=1, every=30)

APPROVAL = Approval("de_1", 1_000_000_00)  # the policy approves of more, however much
CONSUMER = ids.new_id(ids.CONSUMER, 7, 0)
PERSON = person_of(CONSUMER)
MERCHANT = ids.new_id(ids.MERCHANT, 7, 0)
MERCHANT_ACTS = Actor(ActorKind.MERCHANT, MERCHANT)


def new_id(prefix: str) -> str:
    """An id of the consumer's bucket."""
    return ids.new_id(prefix, 7, int(NOON.timestamp() * 1000))


def agreement(
    kind: Kind = Kind.INSTALMENTS, amount: int = 600_00, terms: Terms = PAY_IN_4, held: int = 0, **offer: Any
) -> Agreement:
    """A decision's offer, good for an hour and to be captured within 30 days."""
    decision_id = new_id(ids.DECISION)
    made: dict[str, Any] = {
        "offer_id": ids.derive(ids.OFFER, decision_id, 1),
        "kind": kind,
        "currency": "EUR",
        "amount": amount,
        "terms": terms,
        "schedule": build_schedule(terms, amount - held, NOON.date()) if amount > held else (),
        "total_cost": 0,
        "total_payable": amount,
        "apr": as_apr(AprMethod.EU_EFFECTIVE, 0),
        "merchant_fee": MerchantFee(290, 30),
        "capture_within_days": 30,
        "time_zone": "Europe/Berlin",
        "expires_at": NOON + timedelta(hours=1),
        "waived": amount - held if kind is Kind.DEPOSIT else 0,
        "held": held,
    }
    funding = Funding("pr_1", 1, participations=(Participation("pa_1", 7_000, 7_000),))
    return Agreement(
        decision_id, MERCHANT, CONSUMER, PERSON, new_id("order"), "EUR", Offer(**made | offer), (funding,), "A"
    )


class Life(Struct):
    """A consumer's account and plans, and everything that was booked and announced."""

    account: Account = field(default_factory=lambda: Account(7, PERSON, "EUR", 1_000_00))
    now: datetime = NOON
    plans: dict[str, Plan] = field(default_factory=dict)
    facts: dict[str, list[Recorded]] = field(default_factory=dict)
    booked: dict[str, list[Transfer]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    def authorize(self, agreed: Agreement, **book: Any) -> str:
        """Accepts an offer; the plan's id, or Refused."""
        command = Authorize(command_id=new_id(ids.COMMAND), actor=MERCHANT_ACTS, offer_id=agreed.offer.offer_id)
        return self._keep(command.apply(Book(self.account, agreement=agreed, **book), self.now))

    def do(self, verb: type[Command], plan_id: str, **arguments: Any) -> Plan:
        """A verb on a plan; the plan after it, or Refused and nothing has changed."""
        actor = THE_DAY if verb in (Guard, PassDays) else MERCHANT_ACTS
        names: dict[str, Any] = {"command_id": new_id(ids.COMMAND), "actor": actor, "plan_id": plan_id}
        if verb in (Amend, TopUp):
            names |= {"approval": APPROVAL}
        known = [paid_of(one.fact, one.reference) for one in self.facts[plan_id]]
        book = Book(self.account, self.plans[plan_id], tuple(notice for notice in known if notice))
        self._keep(in_time(verb(**names | arguments), book, self.now))
        return self.plans[plan_id]

    def lines(self, plan_id: str) -> tuple[Line, ...]:
        """The plan's lines as they stand."""
        return lines_of(self.plans[plan_id].standing)

    def balances(self, plan_id: str) -> Counter[LedgerAccount]:
        """The plan's ledger accounts: debit less credit."""
        balances: Counter[LedgerAccount] = Counter()
        for transfer in self.booked[plan_id]:
            balances[transfer.debit] += transfer.amount
            balances[transfer.credit] -= transfer.amount
        return balances

    def _keep(self, change: Change) -> str:
        self.account = change.account
        for moved in change.moved:
            plan_id = moved.plan.plan_id
            self.plans[plan_id] = moved.plan
            self.facts.setdefault(plan_id, []).extend(moved.facts)
            self.booked.setdefault(plan_id, []).extend(moved.transfers)
            self.events += [event.type for event in moved.events]
        return change.plan.plan_id
