"""What of the money that came after a default counts as a recovery, when a loss is looked at again. Pure.

    received = recovered before anybody bore it + the recoveries that were shared

Money that came since is a further recovery. Of money that did not come after all (a payment that bounced) the last
recoveries are taken back, and then what was recovered before.
"""

from datetime import date

from msgspec import Struct

from service.support.recovering import RecoverySource


class Came(Struct, frozen=True):
    """A recovery, in minor units: `net` is what came, less what it cost."""

    gross: int
    cost: int
    source: RecoverySource
    received_on: date

    @property
    def net(self) -> int:
        """What is shared out."""
        return self.gross - self.cost


class Receipts(Struct, frozen=True):
    """What was recovered before anybody bore the loss, and what came since."""

    recovered: int
    came: tuple[Came, ...] = ()


def brought_up_to_date(before: Receipts, received: int, today: date) -> Receipts:
    """The same for all the money that has come by now, `received` minor units since the default."""
    left = received - before.recovered
    if left < 0:
        return Receipts(max(received, 0))
    kept: list[Came] = []
    for one in before.came:
        if one.net > left:
            break
        kept.append(one)
        left -= one.net
    if left:
        kept.append(Came(left, 0, RecoverySource.CONSUMER, today))
    return Receipts(before.recovered, tuple(kept))
