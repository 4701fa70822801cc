"""The life of a policy: drafted by one person, published by a second, in force from an instant, never changed."""

from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct, field

from service.plans.plan import business_day
from service.policies.document import Policy
from service.policies.fault import Fault


class PolicyState(StrEnum):
    """What a version is now. Nothing but the first step is stored: the rest follows from faults and instants."""

    DRAFT = "draft"  # it has faults, and stays a draft: mend them in another version
    VALIDATED = "validated"  # without a fault -> PUBLISHED
    PUBLISHED = "published"  # signed by a second person, not begun yet -> ACTIVE
    ACTIVE = "active"  # in force -> RETIRED
    RETIRED = "retired"  # it was in force, or another that began with it was published later


class Signer(Struct, frozen=True):
    """Who stands for a version: a person, by one of the keys that this person holds."""

    person: str  # whose key it is
    key_id: str


class PolicyVersion(Struct, frozen=True):
    """One version of a policy, and who stands for it."""

    policy_id: str = field(name="id")  # of the policy; its versions share it
    version: int  # 1, 2, 3 ... of one policy
    name: str
    state: PolicyState  # where it is in its life
    faults: list[Fault]  # all of them; a version with one is never published
    drafter: str | None  # the person; null: seeded
    drafted_by: str | None  # the person's key, for the audit
    drafted_at: datetime | None
    publisher: str | None  # another person; null: not published
    published_by: str | None  # that person's key, for the audit
    published_at: datetime | None
    active_from: datetime | None  # in force from this instant on; null until it is published
    restores: int | None  # the version that a rollback brought back


class PolicyDocument(PolicyVersion, frozen=True):
    """The version with its document."""

    document: Policy


class Span(Struct, frozen=True):
    """A version from the instant it begins; it ends where the next one begins."""

    active_from: datetime
    policy_id: str
    version: int


def in_force(spans: tuple[Span, ...], now: datetime) -> Span | None:
    """Of published versions, in the order they begin and of equals as they were published: the one in force."""
    for span in reversed(spans):
        if span.active_from <= now:
            return span
    return None


def state_of(has_faults: bool, active_from: datetime | None, is_in_force: bool, now: datetime) -> PolicyState:
    """What a version is at `now`; `active_from` is None until it is published."""
    if active_from is None:
        return PolicyState.DRAFT if has_faults else PolicyState.VALIDATED
    if active_from > now:
        return PolicyState.PUBLISHED
    return PolicyState.ACTIVE if is_in_force else PolicyState.RETIRED


def first_day(policy: Policy, at: datetime) -> date:
    """The calendar day on which a policy that begins at `at` begins; in UTC where its time zone is a fault."""
    try:
        ZoneInfo(policy.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return at.date()
    return business_day(at, policy.time_zone)
