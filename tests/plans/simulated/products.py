"""Products by chance: whatever terms a policy may publish, each with an amount that has a schedule."""

from decimal import Decimal
from random import Random
from typing import Any

from msgspec import structs

from service.errors import Refused
from service.money import Rounding
from service.plans.offer import Agreement, Authentication, Kind, Leeway, Scenario, Use
from service.terms.allocation_rule import (
    Allocation,
    AllocationRule,
    Component,
    Direction,
    Future,
    PaymentKind,
    Timing,
    order,
)
from service.terms.servicing import AskedWith, LateFee, Servicing, ShareOf
from service.terms.terms import (
    CapturedInside,
    Captures,
    ChargeOff,
    Cost,
    DayCount,
    DownPaymentAt,
    FeeDue,
    FirstPeriod,
    Interest,
    InterestOn,
    Method,
    NonBusinessDay,
    PaidEarly,
    Payer,
    RateKind,
    RebateMethod,
    Remainder,
    Terms,
    Uncovered,
    Unit,
)
from tests.plans.lives import agreement
from tests.plans.simulated.borne import any_subsidy
from tests.terms.any_terms import RHYTHMS

PENALTY, FEE, INTEREST, PRINCIPAL = Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL
ORDERS = (
    order(PENALTY, FEE, INTEREST, PRINCIPAL),
    order(PENALTY, FEE, PRINCIPAL, INTEREST),
    order(INTEREST, PRINCIPAL, PENALTY, FEE),
    order(PRINCIPAL, INTEREST, FEE, PENALTY),
    tuple((timing, part) for part in (PENALTY, FEE, INTEREST, PRINCIPAL) for timing in Timing),
)
BACK = ((), (PENALTY, FEE, INTEREST, PRINCIPAL), (PRINCIPAL, INTEREST), (FEE,))
COSTS = (
    Cost("opening", amount=199, bps=150, due=FeeDue.SPREAD),
    Cost("keeping", amount=7, due=FeeDue.EACH),
    Cost("signing", amount=20_00, due=FeeDue.FIRST),
    Cost("share", bps=300, due=FeeDue.FIRST, in_apr=False),
    Cost("at once", amount=9_99, bps=120),
    Cost("the shop's", amount=3_01, bps=80, payer=Payer.MERCHANT),
)
TRIES = 50
AMENDABLE: dict[str, Any] = {"amount_min": 1, "amount_max": 950_00}
PLACES = ("NZ", "US", "DE", "DE", "GB", "GB")  # no law, one with a choice of rebates, two with a right to withdraw


def any_agreement(chance: Random) -> Agreement:
    """An offer of any kind, ready to be accepted."""
    kind = chance.choice((Kind.INSTALMENTS, Kind.INSTALMENTS, Kind.INSTALMENTS, Kind.PAY_AFTER_USE, Kind.DEPOSIT))
    for _ in range(TRIES):
        amount = chance.choice((chance.randint(1, 50), chance.randint(1, 1_000_00), chance.randint(50_00, 900_00)))
        held = chance.choice((0, amount // 3, amount)) if kind is Kind.DEPOSIT else 0
        terms = with_life(chance, instalments(chance) if kind is Kind.INSTALMENTS else one_sum(chance))
        within = chance.choice((1, 7, 30, 90))
        leeway, servicing = any_leeway(chance, kind), any_servicing(chance, kind)
        use = Use(days_max=40)
        if kind is Kind.PAY_AFTER_USE:
            use = structs.replace(use, confirm_days=chance.choice((20, 0, 0)), convert_max=chance.choice((0, 2, 6)))
            use = structs.replace(use, scenario=Scenario.TRIAL, permission=use.confirm_days > 0)
        bends = {"use": use, "capture_within_days": within, "leeway": leeway, "servicing": servicing, **AMENDABLE}
        bends["waived_bps"] = chance.choice((0, 5_000, 10_000)) if kind is Kind.DEPOSIT else 0
        bends["jurisdiction"] = chance.choice(PLACES)
        if kind is not Kind.DEPOSIT and amount % 5 == 0:
            bends["authentication"] = Authentication(above=amount // 2)
        try:
            agreed = agreement(kind, amount, terms, held, **bends)
        except Refused:
            continue  # a policy with these terms is not published
        offer = agreed.offer
        return structs.replace(agreed, offer=structs.replace(offer, subsidy=any_subsidy(Random(amount), offer)))
    raise AssertionError(f"no terms of {TRIES} have a schedule")


def any_leeway(chance: Random, kind: Kind) -> Leeway:
    """None, or some of it."""
    days = chance.choice((0, 0, 14, 90))
    return Leeway(
        extend_days_max=days,
        extends_by_itself=days > 0 and chance.random() < 0.5,
        capture_tolerance_bps=0 if kind is Kind.DEPOSIT else chance.choice((0, 0, 500, 1_500)),
        late_capture_grace_days=0 if kind is Kind.DEPOSIT else chance.choice((0, 0, 14, 60)),
    )


def any_servicing(chance: Random, kind: Kind) -> Servicing:
    """Late fees in half of them, collection given up by itself in some; a contest window of half of the deposits.
    Where goods come back soon, consumers may put due dates off."""
    late = LateFee(
        amount=chance.choice((0, 1_00)), bps=chance.choice((100, 2_000)), grace_days=chance.choice((0, 5)),
        each_max=chance.choice((50, 10_00)), year_max=chance.choice((None, 15_00)),
        total_max=chance.choice((20_00, 30_00)), each_bps_max=chance.choice((None, 500)),
        share_of=chance.choice(tuple(ShareOf)), asked_with=chance.choice(tuple(AskedWith)),
    )  # fmt: skip
    made = Servicing(
        remind_days=chance.choice(((3,), (7, 1), ())), late_fee=late if chance.random() < 0.5 else None,
        release_days=chance.choice((None, None, 5)) if kind is Kind.DEPOSIT else None,
        contest_days=chance.choice((0, 0, 3, 14)) if kind is Kind.DEPOSIT else 0,
        return_days=chance.choice((5, 30)), charge_off_days=90 if chance.random() < 0.2 else None,
    )  # fmt: skip
    return structs.replace(made, postpone_days_max=20, postpone_times_max=3) if made.return_days == 5 else made


def one_sum(chance: Random) -> Terms:
    """All of it on one day."""
    return Terms(instalments=1, every=chance.choice((1, 14, 30)))


def instalments(chance: Random) -> Terms:
    """Terms with every field in play that says what a schedule asks for; half of them plain."""
    unit, every = chance.choice(RHYTHMS)
    count, rate = chance.randint(1, 6), chance.choice((0, 0, chance.randint(1, 60_0000)))
    first_due_days = chance.choice((None, None, 0, chance.randint(0, 60)))
    costs = COSTS if first_due_days != 0 else [one for one in COSTS if not is_at_once(one)]
    plain = Terms(
        instalments=count, every=every, unit=unit, rate_percent=Decimal(rate) / 10_000, first_due_days=first_due_days,
        interest=chance.choice(tuple(Interest)), day_count=chance.choice(tuple(DayCount)),
        costs=tuple(chance.sample(costs, chance.choice((0, 0, 1, 2)))),
    )  # fmt: skip
    return plain if chance.random() < 0.5 else _rich(chance, plain)


def is_at_once(cost: Cost) -> bool:
    """Whether it is the consumer's and due at the start, where no instalment is."""
    return cost.due is FeeDue.UP_FRONT and cost.payer is Payer.CONSUMER


def _rich(chance: Random, plain: Terms) -> Terms:
    count = plain.instalments
    by_month = plain.unit in (Unit.MONTH, Unit.YEAR, Unit.HALF_MONTH)
    in_schedule = chance.random() < 0.3
    return structs.replace(
        plain,
        anchor_day=chance.randint(1, 31) if by_month and chance.random() < 0.5 else None,
        first_period=chance.choice(tuple(FirstPeriod)),
        non_business_day=chance.choice(tuple(NonBusinessDay)),
        calendar=chance.choice(("", "DE-BY", "XECB", "US")),
        method=chance.choice(tuple(Method)),
        rate_kind=chance.choice(tuple(RateKind)),
        interest_on=chance.choice((InterestOn.OUTSTANDING, InterestOn.FINANCED, InterestOn.ADDED_ON)),
        interest_free=chance.choice((0, 0, 0, 1, 2)),
        grace_interest=min(chance.choice((0, 0, 0, 1, 2)), count - 1),
        grace_principal=min(chance.choice((0, 0, 0, 1, 3)), count - 1),
        uncovered_interest=chance.choice(tuple(Uncovered)),
        down_payment_bps=chance.choice((0, 1000, 2500)) if in_schedule else 0,
        down_payment=chance.choice((0, 1, 5_00)) if in_schedule else 0,
        down_payment_at=DownPaymentAt.SCHEDULE if in_schedule else DownPaymentAt.CHECKOUT,
        balloon=chance.choice((0, 0, 0, 1, 10_00)),
        balloon_bps=chance.choice((0, 0, 2000)),
        amortized_over=chance.choice((0, 0, 0, count, count + 6)),
        rounding=chance.choice(tuple(Rounding)),
        instalment_rounding=chance.choice(tuple(Rounding)),
        multiple_of=chance.choice((1, 1, 1, 100)),
        remainder=chance.choice(tuple(Remainder)),
    )


def with_life(chance: Random, terms: Terms) -> Terms:
    """The same with every field in play that says what happens later."""
    return structs.replace(
        terms,
        captures=chance.choice(tuple(Captures)),
        captured_inside=chance.choice(tuple(CapturedInside)),
        recalculate=chance.random() < 0.4,
        paid_early=chance.choice(tuple(PaidEarly)),
        overdue_interest=chance.random() < 0.7,
        refund_interest=chance.random() < 0.7,
        refund_costs=terms.instalments % 3 > 0,
        rebate=chance.choice((None, None, *RebateMethod)),  # where the law has another, that goes first
        compensation_bps=chance.choice((0, 0, 50, 100)),
        charge_off=chance.choice(tuple(ChargeOff)),
        allocation=Allocation(_rule(chance), _rules(chance), chance.choice(tuple(Direction))),
        chargeback_order=chance.choice(BACK),
    )


def _rule(chance: Random) -> AllocationRule:
    return AllocationRule(chance.choice(ORDERS), chance.choice(tuple(Future)))


def _rules(chance: Random) -> tuple[tuple[PaymentKind, AllocationRule], ...]:
    return ((PaymentKind.MERCHANT_REFUND, _rule(chance)),) if chance.random() < 0.5 else ()
