"""The programme: a partner's contract to fund plans. Pure."""

import msgspec

from service.partners.funding import OWN_MONEY, Funding, Participation


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


def funding_for(programmes: tuple[Programme, ...], kind: str, currency: str) -> Funding:
    """The first active programme that takes this kind and currency; else our own money."""
    for one in programmes:
        if one.active and one.currency == currency and kind in one.kinds:
            part = Participation(one.partner_id, principal_bps=one.funding_bps, interest_bps=one.funding_bps)
            return Funding(one.programme_id, one.version, one.time_zone, participations=(part,))
    return OWN_MONEY
