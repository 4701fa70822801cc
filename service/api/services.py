"""What the handlers use, put together once by `app.py`."""

from msgspec import Struct

from service.api.readiness import Readiness
from service.aside import Aside, Turnstile
from service.audit.flow import Audit
from service.authentication.messenger_gateway import Messenger
from service.checkout.cache import Cache
from service.checkout.flow import Snapshots
from service.checkout.shadow_flow import Shadows
from service.checkout.velocity import Attempt
from service.config import Settings
from service.data_key import DataSecrets
from service.db import Pool
from service.engine.lane import Engine
from service.engine.tail import Tail
from service.inbox import Together
from service.operators.flow import Provider
from service.outside.flow import Outside
from service.payments.flow import Charging
from service.plans.allocating_flow import Allocating
from service.plans.person_pause_flow import Following
from service.registry.registry import Registry


class Services(Struct, frozen=True):
    """One of each, for the life of the process."""

    settings: Settings
    secrets: DataSecrets
    pool: Pool
    audit: Audit
    cache: Cache
    readiness: Readiness
    registry: Registry
    snapshots: Snapshots
    attempts: Together[Attempt, dict[str, int]]
    engine: Engine
    shadows: Shadows
    outside: Outside
    charging: Charging
    allocating: Allocating
    messenger: Messenger
    following: Following
    events: Tail  # of merchants
    partner_events: Tail
    large_bodies: Turnstile
    quoting: Aside
    desk: Aside  # where policies are read through
    provider: Provider | None = None  # of identities
