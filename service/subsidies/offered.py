"""What a scheme would bear of a plan that is offered, and what the plan keeps of it for life. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from service.subsidies.buy_down import bought_down
from service.subsidies.interest import Used, is_small, paid_of, share_paid, within_caps
from service.subsidies.scheme import NO_CAP, BuyDownPart, Funder, InterestPart, SchemeDocument, covers, is_for

NOBODY = Used()


class SchemeNow(Struct, frozen=True, omit_defaults=True):
    """A scheme at an instant: what is left of it, and what one person has had of it."""

    scheme_id: str
    version: int
    document: SchemeDocument
    left: int | None = None  # minor units of its budget; null: it has none
    used: dict[str, Used] = {}  # by lender; empty: ours


class Subsidy(Struct, frozen=True, kw_only=True):
    """What a scheme bears of a plan, as on the day of the decision: `amount` at most, whatever becomes of the plan."""

    scheme_id: str
    version: int  # of the scheme
    name: str  # the scheme's
    funders: tuple[Funder, ...]  # who bear it, in these shares
    amount: int  # minor units, if all goes as agreed; never more
    consumer_cost: int  # minor units of interest and fees that are left to the consumer then
    spend: int  # minor units of the purchase
    is_small: bool  # a small purchase has a cap of its own
    is_budgeted: bool  # it takes room in the scheme's budget when the offer is accepted
    interest: InterestPart | None = None  # how interest is borne as it falls due; null: it is bought down
    buy_down: BuyDownPart | None = None  # at which yield it is paid in at the capture

    def share_of(self, rate_percent: Decimal) -> Fraction:
        """The share that it bears of the interest of a contract at so many per cent a year."""
        return share_paid(self.interest, bps_of(rate_percent), self.spend) if self.interest else Fraction(0)


class Wanted(Struct, frozen=True):
    """The plan that is offered."""

    product: str  # the row of the price list, by its name
    merchant_id: str
    category: str | None  # the policy's
    on: date  # the merchant's day
    spend: int  # minor units of the purchase
    rate_percent: Decimal  # a year, the contract's
    payments: Sequence[int]  # minor units of principal, period by period
    periods: Fraction  # in a year
    is_bought_down: bool  # whether somebody is to pay its interest in, for the consumer pays none
    interest: int  # minor units that the consumer would pay without it
    cost: int  # minor units of interest and fees
    lender: str  # whose credit it is; empty: ours


def best_of(schemes: Iterable[SchemeNow], wanted: Wanted) -> Subsidy | None:
    """What the scheme bears that bears the most; the oldest of several. None: there is none, or nothing left of it."""
    found = [one for scheme in schemes if (one := _of(scheme, wanted)) is not None]
    return max(found, key=lambda one: (one.amount, _older(one.scheme_id)), default=None)


def seen_by(
    schemes: Iterable[SchemeNow], merchant_id: str, currency: str, on: date
) -> tuple[SchemeNow, ...]:  # fmt: skip
    """The schemes that could bear anything of this merchant's plans; of the merchants that they list only this one."""
    return tuple([
        replace(one, document=replace(one.document, merchants=one.document.merchants and (merchant_id,)))
        for one in schemes
        if one.document.voucher is None
        and one.document.currency == currency
        and one.document.begins_on <= on <= one.document.ends_on
        and (not one.document.merchants or merchant_id in one.document.merchants)
    ])  # fmt: skip


def bps_of(rate_percent: Decimal) -> Fraction:
    """The same rate in basis points."""
    return Fraction(rate_percent) * 100


def _of(scheme: SchemeNow, wanted: Wanted) -> Subsidy | None:
    document = scheme.document
    if not is_for(document, wanted.product, wanted.merchant_id):
        return None
    if document.buy_down is not None:
        return _bought_down(scheme, document.buy_down, wanted)
    part = document.interest
    if part is None or wanted.is_bought_down:
        return None
    small = is_small(part, wanted.spend)
    if not covers(document, wanted.category, wanted.on, is_small=small):
        return None
    planned = paid_of(share_paid(part, bps_of(wanted.rate_percent), wanted.spend), wanted.interest)
    used = scheme.used.get(wanted.lender, NOBODY)
    amount = min(within_caps(part, used, planned, small=small), NO_CAP if scheme.left is None else scheme.left)
    if amount <= 0:
        return None
    return Subsidy(
        scheme_id=scheme.scheme_id, version=scheme.version, name=document.name, funders=document.funders,
        amount=amount, consumer_cost=wanted.cost - amount, spend=wanted.spend, is_small=small,
        is_budgeted=scheme.left is not None, interest=part,
    )  # fmt: skip


def _bought_down(scheme: SchemeNow, part: BuyDownPart, wanted: Wanted) -> Subsidy | None:
    """All of the interest or nothing: where less is left of the budget, it buys none down."""
    document = scheme.document
    if not wanted.is_bought_down or not covers(document, wanted.category, wanted.on):
        return None
    amount = bought_down(sum(wanted.payments), wanted.payments, part.yield_bps, wanted.periods)
    if amount <= 0 or (scheme.left is not None and amount > scheme.left):
        return None
    return Subsidy(
        scheme_id=scheme.scheme_id, version=scheme.version, name=document.name, funders=document.funders,
        amount=amount, consumer_cost=wanted.cost, spend=wanted.spend, is_small=False,
        is_budgeted=scheme.left is not None, buy_down=part,
    )  # fmt: skip


def _older(scheme_id: str) -> Sequence[int]:
    """Greater for an older id."""
    return [-ord(letter) for letter in scheme_id]
