"""The programme: a partner's contract to fund plans, and the part of it that a plan keeps for life. Pure."""

import msgspec


class Programme(msgspec.Struct, frozen=True):
    """One version of a contract; an edit is a new version. `funding_bps` is the partner's share."""

    programme_id: str = msgspec.field(name="id")
    version: int
    partner_id: str
    name: str
    kinds: list[str]
    currency: str
    funding_bps: int
    time_zone: str  # IANA: whose midnight ends a day of its files
    active: bool = True


class Funding(msgspec.Struct, frozen=True, gc=False):
    """Whose money a plan is, as on the day it was signed. No programme: all of it is ours."""

    programme_id: str | None = None
    programme_version: int = 0  # of its terms
    partner_id: str | None = None
    funding_bps: int = 0
    time_zone: str | None = None  # the programme's: its bookings are of this calendar's days


OWN_MONEY = Funding()


def funding_for(programmes: tuple[Programme, ...], kind: str, currency: str) -> Funding:
    """The first active programme that takes this kind and currency; else our own money."""
    for one in programmes:
        if one.active and one.currency == currency and kind in one.kinds:
            return Funding(one.programme_id, one.version, one.partner_id, one.funding_bps, one.time_zone)
    return OWN_MONEY
