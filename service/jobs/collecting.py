"""Collecting: what is due is charged, what nobody has answered is asked about, disputes are read, deposits held, and
what was paid too much is paid back.

All of it often, and at every day's close.
"""

from datetime import datetime

from msgspec import Struct

from service.payments.flow import Charging
from service.payments.found_disputes_flow import FoundDisputes
from service.payments.holding_flow import Holding
from service.payments.making_flow import collect_due
from service.payments.paying_back_flow import PayingBack


class Collected(Struct, frozen=True):
    """How much there was to do."""

    asked: int  # charges that were not answered in time, and were asked about again
    charged: int  # charges made for what fell due, or may be tried again


async def collect(charging: Charging, now: datetime) -> Collected:
    """Asks first: a plan whose charge is answered may be charged again. Several at once are safe, and so is a rerun."""
    asked = await charging.ask_unanswered(now)
    await FoundDisputes(charging).follow(now)
    await Holding(charging).follow_all(now)
    await PayingBack(charging).follow_all(now)
    return Collected(asked, await collect_due(charging, now))
