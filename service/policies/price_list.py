"""The price lists, made ready once: every row at every length is a rung, looked up by currency, category, grade."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from service.merchants.fee import MerchantFee
from service.money import BPS, take_bps
from service.plans.offer import Kind, Leeway, Use
from service.policies.document import Policy
from service.policies.prices import Deposit, PayAfterUse, Price, Row, StrongAuthentication, Waiver
from service.terms.servicing import Servicing
from service.terms.terms import DownPaymentAt, Terms, Unit


class Rung(Struct, frozen=True):
    """One proposal a policy can make: terms for an amount within bounds. Amounts in minor units.

    `terms` are those of the plan: a down payment in the checkout is taken out of them and stands beside.
    """

    kind: Kind
    name: str
    terms: Terms
    amount_min: int  # of the amount financed; of a deposit: of the deposit
    amount_max: int
    is_shown: bool  # without being asked for
    down_payment_bps: int = 0
    down_payment: int = 0
    subsidy: MerchantFee = MerchantFee()
    bought_down: bool = False  # offered only where a scheme buys its interest down
    waivers: tuple[Waiver, ...] = ()  # the highest first
    waived_min: int = 1
    capture_within_days: int | None = None  # null: the policy's
    leeway: Leeway | None = None  # null: the policy's
    servicing: Servicing | None = None  # null: the policy's
    use: Use = Use()
    authentication: StrongAuthentication | None = None  # null: never

    def down_payment_of(self, price: int) -> int:
        """What is paid in the checkout of a purchase at `price`."""
        if self.down_payment_bps:
            return self.down_payment + take_bps(price, self.down_payment_bps)
        return self.down_payment

    def price_of(self, financed: int) -> int:
        """The highest price of which no more than `financed` is left after the down payment."""
        if not self.down_payment_bps:
            return financed + self.down_payment
        price = (financed + self.down_payment) * BPS // (BPS - self.down_payment_bps)
        while price - self.down_payment_of(price) > financed:  # rounding is off by one at the most
            price -= 1
        while price + 1 - self.down_payment_of(price + 1) <= financed:
            price += 1
        return price

    @property
    def waived_bps_max(self) -> int:
        """The largest share of a deposit that is ever waived."""
        return self.waivers[0].waived_bps if self.waivers else 0

    def waived_bps(self, clean_deposits: int) -> int:
        """The share of a deposit waived after so many clean ones; zero before the first step."""
        return next((step.waived_bps for step in self.waivers if clean_deposits >= step.clean_deposits), 0)


class Ladder(Struct, frozen=True):
    """The rungs for one currency, category and grade, the best first."""

    shown: tuple[Rung, ...]
    asked: dict[int, tuple[Rung, ...]]  # by number of instalments asked for: those shown, and those of that length


def ladder_of(rungs: tuple[Rung, ...]) -> Ladder:
    """The rungs as they are looked up."""
    lengths = {rung.terms.instalments for rung in rungs}
    return Ladder(
        tuple(rung for rung in rungs if rung.is_shown),
        {n: tuple(rung for rung in rungs if rung.is_shown or rung.terms.instalments == n) for n in lengths},
    )


def rungs_of(policy: Policy) -> Iterator[tuple[Row, Rung]]:
    """Every row at every length it has, in the order of the document."""
    for price in policy.instalments:
        for length, is_shown in lengths_of(price):
            yield price, _instalments(price, length, is_shown)
    for use in policy.pay_after_use:
        yield use, _pay_after_use(use)
    for deposit in policy.deposits:
        yield deposit, _deposit(deposit)


def lengths_of(price: Price) -> list[tuple[int, bool]]:
    """The numbers of instalments a row can be had at, and whether each is shown without being asked for."""
    shown = price.lengths or (price.terms.instalments,)
    low, high = price.length_min, price.length_max
    low, high = min(shown) if low is None else low, max(shown) if high is None else high
    between = range(low, high + 1) if (price.length_min, price.length_max) != (None, None) else ()
    return [(length, True) for length in shown] + [(length, False) for length in between if length not in shown]


def _instalments(price: Price, length: int, is_shown: bool) -> Rung:
    terms = asked = replace(price.terms, instalments=length)
    at_checkout = asked.down_payment_at is DownPaymentAt.CHECKOUT
    if at_checkout:
        terms = replace(asked, down_payment=0, down_payment_bps=0)
    return Rung(
        kind=Kind.INSTALMENTS,
        name=price.name,
        terms=terms,
        amount_min=price.amount_min,
        amount_max=price.amount_max,
        is_shown=is_shown,
        down_payment_bps=asked.down_payment_bps if at_checkout else 0,
        down_payment=asked.down_payment if at_checkout else 0,
        subsidy=price.subsidy,
        bought_down=price.bought_down,
        capture_within_days=price.capture_within_days,
        leeway=price.leeway,
        servicing=price.servicing,
        authentication=price.authentication,
    )


def _pay_after_use(use: PayAfterUse) -> Rung:
    terms = in_one_sum(use.due_days)
    return Rung(
        kind=Kind.PAY_AFTER_USE,
        name=use.name,
        terms=terms,
        amount_min=use.amount_min,
        amount_max=use.amount_max,
        is_shown=True,
        subsidy=use.subsidy,
        capture_within_days=use.capture_within_days,
        leeway=use.leeway,
        servicing=use.servicing,
        use=use.use,
        authentication=use.authentication,
    )


def _deposit(deposit: Deposit) -> Rung:
    terms = in_one_sum(deposit.due_days)
    return Rung(
        kind=Kind.DEPOSIT,
        name=deposit.name,
        terms=terms,
        amount_min=deposit.amount_min,
        amount_max=deposit.amount_max,
        is_shown=True,
        subsidy=deposit.subsidy,
        capture_within_days=deposit.capture_within_days,
        leeway=deposit.leeway,
        servicing=deposit.servicing,
        use=deposit.use,
        authentication=deposit.authentication,
        waivers=tuple(sorted(deposit.ladder, key=lambda step: -step.clean_deposits)),
        waived_min=deposit.waived_min,
    )


def in_one_sum(due_days: int) -> Terms:
    """All of it, so many days after it is known, without interest."""
    return Terms(instalments=1, every=due_days, unit=Unit.DAY)
