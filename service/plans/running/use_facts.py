"""What happens to a plan whose goods are used before they are paid: a ride, a rental, a stay, a trial."""

from datetime import date, datetime

from service.plans.running.fact import Fact


class OrderConfirmed(Fact, frozen=True, tag="order_confirmed"):
    """The consumer agrees to the order, as its product asks for: from now on it may be used and captured.

    Where they proved that it was they, it says by what, and to which amount they agreed.
    """

    on: date
    at: datetime
    permission_id: str = ""  # they had agreed to all such orders before
    authentication_id: str = ""  # by which they proved that it was they
    amount: int = 0  # minor units: to which they then agreed


class UseStarted(Fact, frozen=True, tag="use_started"):
    """The consumer has the goods: what is authorized lasts as long as the use may, and the days for its bill."""

    on: date  # the day it was told
    at: datetime  # since when it is used


class UseEnded(Fact, frozen=True, tag="use_ended"):
    """The consumer has given them back: its bill is to come."""

    on: date  # the day it was told
    at: datetime  # until when it was used
