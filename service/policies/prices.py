"""The price lists of a policy: one row a product, for whom it is and what it costs, the best offer first."""

from typing import Annotated

from msgspec import Meta, Struct

from service.merchants.fee import MerchantFee
from service.plans.offer import Authentication, Authenticator, Leeway, Use
from service.policies.bounded import Currency, Days, Few, GradeName, Length, Many, Most, Name, Word
from service.terms.servicing import Servicing
from service.terms.terms import Amount, BasisPoints, Terms


class Category(Struct, frozen=True, forbid_unknown_fields=True):
    """What merchants call it, and what we call it. A word in no category is the policy's `other_category`."""

    name: Name  # what price lists call it
    words: Most[Word]


class StrongAuthentication(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which plans the consumer must agree to with a code or a passkey: by their amount, or by the consumer's grade."""

    above: Amount | None = None  # minor units: plans of more than this; null: none because of its amount
    grades: Few[GradeName] = ()  # plans of any amount of these grades
    by: Annotated[tuple[Authenticator, ...], Meta(min_length=1, max_length=2)] = tuple(Authenticator)

    def of(self, grade: str) -> Authentication | None:
        """What it asks of the plans of a grade; None: nothing."""
        if grade in self.grades:
            return Authentication(0, self.by)
        return None if self.above is None else Authentication(self.above, self.by)


class Row(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every row of a price list says: for whom and what it is, and from which amount to which."""

    name: Name  # for people
    currency: Currency
    grades: Few[GradeName] = ()  # empty: all
    categories: Many[Name] = ()  # empty: all
    amount_min: Annotated[int, Meta(ge=1)] = 1  # minor units, the least: of the amount financed, the cap, the deposit
    amount_max: Amount  # minor units, the most: of the same
    subsidy: MerchantFee = MerchantFee()  # what the merchant pays besides, so that the consumer pays less
    capture_within_days: Days | None = None  # of this product; null: the policy's
    leeway: Leeway | None = None  # of this product; null: the policy's
    servicing: Servicing | None = None  # of this product; null: the policy's
    authentication: StrongAuthentication | None = None  # to which plans one agrees with proof; null: none


class Price(Row, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Instalments. `lengths` are shown; any from `length_min` to `length_max` may be asked for.

    Without lengths: the terms' own number of instalments alone.
    """

    terms: Terms
    lengths: Many[Length] = ()
    length_min: Length | None = None
    length_max: Length | None = None
    bought_down: bool = False  # the consumer pays no interest: offered only while a scheme buys it down


class PayAfterUse(Row, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Use first; the final amount, at most the cap `amount_max`, falls due so many days after it is known."""

    due_days: Days
    use: Use = Use()


class Waiver(Struct, frozen=True, forbid_unknown_fields=True):
    """The share waived from so many clean deposits on: closed without a claim, counted since the last claim upheld."""

    clean_deposits: Annotated[int, Meta(ge=0)]
    waived_bps: BasisPoints


class Deposit(Row, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Security against non-return. waived = min(deposit, deposit x share, limit left); less than `waived_min`: none.

    Here `amount_min` and `amount_max` bound the deposit.
    """

    ladder: Annotated[tuple[Waiver, ...], Meta(min_length=1, max_length=20)]
    waived_min: Annotated[int, Meta(ge=1)] = 1
    due_days: Days  # for what a claim leaves to be paid
    use: Use = Use()
