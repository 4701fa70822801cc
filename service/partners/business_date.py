"""The business day that a booking is of, by the programme's clock and its cut-off. Pure."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

END_OF_DAY = "24:00"


def business_date(at: datetime, time_zone: str, cut_off: str = END_OF_DAY) -> date:
    """The day, if the clock in that zone shows the cut-off or less, else the next one.

    With 23:00, an instant of 23:00:00.000 is of the day, and 23:00:00.001 of the next.
    """
    local = at.astimezone(ZoneInfo(time_zone))
    is_late = cut_off != END_OF_DAY and local.time().isoformat("microseconds") > f"{cut_off}:00.000000"
    return local.date() + timedelta(days=is_late)
