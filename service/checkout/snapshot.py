"""The snapshot: every fact about the consumer that a decision reads."""

from datetime import date

from msgspec import Struct

from service.checkout.persona import Persona
from service.insurance.supply import SupplyTerms
from service.outside.source import SourceRead
from service.people.consumer import Attribute
from service.subsidies.offered import SchemeNow


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What we knew. Amounts in minor units of the checkout's currency; `limit` is None without an account in it."""

    consumer_id: str
    attributes: dict[str, Attribute] = {}  # as the merchant registered them
    persona: Persona | None = None  # of a test merchant's consumer alone
    is_paused: bool = False  # nothing is collected from the person: a hardship, a death
    insured: tuple[SupplyTerms, ...] = ()  # the policies of credit insurance that the person is a debtor under
    # the account
    limit: int | None = None
    reserved: int = 0
    used: int = 0
    # the plans
    open_plans: int = 0  # authorized or owed
    paid_off_plans: int = 0
    next_due_on: date | None = None  # the earliest instalment not paid
    first_plan_on: date | None = None
    clean_deposits: int = 0  # closed without a claim, since the last claim upheld
    # attempts in the policy's sliding windows, as `consumer/60`: whose and over how many minutes; what could not be
    # counted is left out
    counters: dict[str, int] = {}
    outside: dict[str, SourceRead] = {}  # what the policy's sources said, by their name
    schemes: tuple[SchemeNow, ...] = ()  # that could bear interest, with what this person has had of them
