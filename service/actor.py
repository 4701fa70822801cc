"""Who asks: every change of a plan, and every event, says by whom it came about."""

from enum import StrEnum

from msgspec import Struct, field


class ActorKind(StrEnum):
    """In what role somebody asks."""

    MERCHANT = "merchant"
    PLATFORM = "platform"  # for one of its merchants
    CONSUMER = "consumer"
    OPERATOR = "operator"
    PROCESSOR = "processor"  # of payments
    DAY = "day"  # nobody: time has passed, and the day was closed


class Actor(Struct, frozen=True):
    """One who asks: the role, and who it is: a merchant, a consumer, the person who holds an operator's key."""

    kind: ActorKind
    actor_id: str = field(name="id")
    seller_id: str = ""  # of a platform: for whom

    @property
    def merchant_id(self) -> str:
        """Whose business it is about, of a merchant or a platform."""
        return self.seller_id or self.actor_id


THE_DAY = Actor(ActorKind.DAY, "")
