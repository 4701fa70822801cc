"""An entry of the audit log: who did what to which thing, and what it was before and after. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from service.statement import Json


class Thing(StrEnum):
    """What an act is about."""

    ACCOUNT = "account"  # a consumer's limit in one currency
    ARRANGEMENT = "arrangement"  # who bears a part of losses
    ASSIGNMENT = "assignment"  # of a receivable; or a batch of several
    BREAK = "break"
    BUSINESS = "business"  # a merchant or a buyer, as reports are about it
    CLAIM = "claim"  # on who bears a loss
    CLOCK = "clock"  # a test merchant's
    CONSENT = "consent"
    CONSUMER = "consumer"
    COVER_SET = "cover_set"  # plans that an arrangement covers
    DAY = "day"  # its close
    DECISION = "decision"
    ENDPOINT = "endpoint"  # of a merchant's webhooks
    FILE = "file"  # a partner's, or ours for one
    GATEWAY = "gateway"
    INSTRUMENT = "instrument"
    INSURANCE = "insurance"  # a policy of credit insurance, or what is done under it
    KEY = "key"
    LOSS = "loss"  # of a plan that was given up
    MERCHANT = "merchant"
    OPERATOR = "operator"  # a person
    PARTNER = "partner"
    PARTY = "party"  # who bears losses, and is neither merchant nor partner
    PAYOUT = "payout"  # to a merchant or a partner; or an order of several
    PERMISSION = "permission"
    PERSON = "person"  # who buys
    PLAN = "plan"
    POLICY = "policy"
    PROCESSOR = "processor"
    PROGRAMME = "programme"
    RECEIVABLE = "receivable"
    RECONCILIATION = "reconciliation"  # of a day of a programme
    ROUTE = "route"  # of this API, where a key was refused
    SCHEME = "scheme"  # who bears a part of what consumers pay
    TRIAL = "trial"
    WATERFALL = "waterfall"  # in which order losses are borne


class Verb(StrEnum):
    """What was done to it."""

    APPROVED = "approved"  # and done, what another had proposed
    ASSIGNED = "assigned"
    CHANGED = "changed"
    CLOSED = "closed"
    COMMENTED = "commented"
    ENDED = "ended"
    ERASED = "erased"  # what is personal
    MADE = "made"
    PROPOSED = "proposed"  # it waits for a second person
    PUBLISHED = "published"
    READ = "read"  # of personal data
    REJECTED = "rejected"  # what was proposed
    REFUSED = "refused"  # a key, with 401 or 403
    RESOLVED = "resolved"
    RETIRED = "retired"
    REVIEWED = "reviewed"
    REVOKED = "revoked"
    ROLLED_BACK = "rolled_back"
    ROTATED = "rotated"  # a key, which another takes the place of


class By(Struct, frozen=True):
    """Who acts."""

    audience: str  # of the key; `database`: somebody at the command line who has the database's password
    owner_id: str  # the merchant, the partner, or the person; empty: not known
    key_id: str | None = None  # null: no key, or one that is nobody's


AT_THE_DATABASE = By("database", "")


class Act(Struct, frozen=True):
    """What was done. Of personal data `before` and `after` name the fields, and never hold what stands in them."""

    verb: Verb
    thing: Thing
    thing_id: str
    after: object = None
    before: object = None


class Entry(Struct, frozen=True, gc=False):
    """A row of `audit_entries`, as it is written; `before` and `after` are JSON, and stay the same to the byte."""

    entry_id: str
    at: datetime
    audience: str
    owner_id: str
    key_id: str | None
    verb: Verb
    thing: Thing
    thing_id: str
    before: Json | None
    after: Json | None
    request_id: str | None  # the idempotency key of the request, if it has one
