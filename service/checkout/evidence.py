"""The evidence: all that a decision reads besides the request and the policy. Logged, it is enough to replay it."""

from msgspec import Struct
from msgspec.structs import replace

from service.checkout.snapshot import Snapshot
from service.merchants.merchant import Merchant
from service.partners.programme import Programme


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """What we knew of the consumer, the merchant, and whose money there was, as it was at that instant."""

    snapshot: Snapshot
    merchant: Merchant
    programmes: tuple[Programme, ...] = ()


def evidence_of(snapshot: Snapshot, merchant: Merchant, programmes: tuple[Programme, ...], currency: str) -> Evidence:
    """Of the programmes only those that could fund anything of this merchant in this currency. Of the merchants that
    they list only this one: there may be hundreds.
    """
    could = [one for one in programmes if one.active and one.terms.currency == currency]
    return Evidence(snapshot, merchant, tuple([seen for one in could if (seen := _seen_by(one, merchant.merchant_id))]))


def _seen_by(one: Programme, merchant_id: str) -> Programme | None:
    listed = one.terms.eligibility.merchants
    if not listed:
        return one
    if merchant_id not in listed:
        return None
    eligibility = replace(one.terms.eligibility, merchants=(merchant_id,))
    return Programme(one.programme_id, one.version, replace(one.terms, eligibility=eligibility))
