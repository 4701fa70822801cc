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
    time_zone: str
    active: bool = True


class Funding(msgspec.Struct, frozen=True, gc=False):
    """Whose money a plan is, as on the day it was signed. No programme: all of it is ours."""

    programme_id: str | None = None
    programme_version: int = 0
    partner_id: str | None = None
    funding_bps: int = 0


OWN_MONEY = Funding()


def funding_for(programmes: tuple[Programme, ...], kind: str, currency: str) -> Funding:
    """The first active programme that takes this kind and currency; else our own money."""
    for programme in programmes:
        if programme.active and programme.currency == currency and kind in programme.kinds:
            return Funding(programme.programme_id, programme.version, programme.partner_id, programme.funding_bps)
    return OWN_MONEY
