"""What was agreed with a platform. Pure."""

from msgspec import Struct

from service.merchants.fee import Share


class PlatformTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """A platform's sellers have its fees; it takes a share of them, kept for each seller as it was agreed then."""

    fee_share_bps: Share = 0  # of the fee that a seller pays
    is_paid: bool = False  # it is paid for its sellers, at its own terms and to its own account
