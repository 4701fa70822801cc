"""The evidence: all that a decision reads besides the request and the policy. Logged, it is enough to replay it."""

from msgspec import Struct

from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.partners.programme import Programme


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """What we knew of the consumer, the merchant, and whose money there was, as it was at that instant."""

    snapshot: Snapshot
    merchant: Merchant
    programmes: tuple[Programme, ...] = ()


def evidence_of(snapshot: Snapshot, merchant: Merchant, programmes: tuple[Programme, ...], currency: str) -> Evidence:
    """Of the programmes only those that could fund anything in this currency."""
    return Evidence(snapshot, merchant, tuple([one for one in programmes if one.terms.currency == currency]))
