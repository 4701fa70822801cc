"""Whose money plans are, by chance; and what must hold of every partner's part, whatever happens to the plan."""

from decimal import Decimal
from fractions import Fraction
from itertools import starmap
from random import Random

from service.ledger.booking import Books
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion, Place
from service.money import BPS
from service.partners.funding import OWN_MONEY, Funding, Participation, ScheduleType
from service.plans.bookkeeping import OCCASIONS
from service.plans.running.standing import Allocated
from tests.plans.simulated.seen import Seen

SHARES = ((7_000,), (7_000, 3_000), (5_000, 2_500), (3_333, 3_333, 3_334), (1, 9_998), (10_000,))
RATES = (None, Decimal("0.1"), Decimal("5.5"), Decimal(30))  # of the partner's own, a year; none: it has a share


def any_funding(chance: Random) -> Funding:
    """One partner or several, each by a schedule of its own; or all of it ours."""
    parts = []
    for number, bps in enumerate(chance.choice(((), *SHARES)), 1):
        rate, of_charges = chance.choice(RATES), chance.choice((0, bps))
        schedule = chance.choice((ScheduleType.SAME_INSTALMENT, ScheduleType.SHARE_OF_COLLECTION))
        parts.append(
            Participation(
                f"pa_{number}", bps, bps, of_charges, of_charges,
                schedule_type=schedule if rate is None else ScheduleType.OWN_RATE, rate_percent=rate,
                servicing_bps=chance.choice((0, 100)),
            )
        )  # fmt: skip
    return Funding("pr_1", 1, participations=tuple(parts)) if parts else OWN_MONEY


def wrong_shares(seen: Seen) -> list[str]:
    """Whatever a partner was told that is not within half a cent of its exact share of all there has been."""
    wrong = list[str]()
    parts = seen.plan.funding.participations
    if not parts:
        return wrong
    totals, all_told = _totals(seen), [_told(seen.books, part.partner_id) for part in parts]
    all_weights = {name: [_weight(one, name) for one in parts] for name in totals}
    for number, (part, told) in enumerate(zip(parts, all_told, strict=True)):
        shares_collection = part.schedule_type is ScheduleType.SHARE_OF_COLLECTION
        for name, total in totals.items():
            if name == ("interest" if shares_collection else "collected"):
                continue  # where the collection is shared, interest is rounded together with principal
            weights = all_weights[name]
            numerator, denominator = weights[number]
            takes_what_others_leave = number == len(parts) - 1 and _is_all(weights)
            half_cents = len(parts) - 1 if takes_what_others_leave else 1
            if 2 * abs(told[name] * denominator - numerator * total) > half_cents * denominator:
                wrong.append(f"{part.partner_id} {name} {told[name]} of {total}")
    if sum(one.principal_bps for one in parts) == BPS:  # nothing is ours
        sums = {name: sum(told[name] for told in all_told) for name in ("lent", "repaid", "gone")}
        wrong += [
            f"all partners {name} {told} of {totals[name]}" for name, told in sums.items() if told != totals[name]
        ]
    return wrong


def _totals(seen: Seen) -> dict[str, int]:
    """What a plan comes to, as its money was allocated and its own accounts say."""
    standing = seen.plan.standing
    settled = [one for one in standing.allocations.values() if not one.is_back]
    before = max(0, sum(one.principal for one in settled if not one.is_recovery))
    after = sum(one.principal for one in settled if one.is_recovery)
    principal = max(0, sum(one.principal for one in settled)) if after else before
    returned = sum(one.total for one in settled if OCCASIONS[one.kind] is Occasion.INTEREST_RETURN)
    interest = sum(one.interest for one in settled) - returned
    gone = max(0, sum(standing.lent) - seen.balance(A.CONSUMER_PRINCIPAL))
    return {
        "lent": sum(standing.lent), "repaid": principal, "gone": gone, "interest": interest,
        "collected": principal + interest, "fee": _sum_of(settled, "fee"), "penalty": _sum_of(settled, "penalty"),
    }  # fmt: skip


def _sum_of(settled: list[Allocated], component: str) -> int:
    return sum(getattr(one, component) for one in settled)


def _told(books: Books, partner_id: str) -> dict[str, int]:
    def moved(account: A, *occasions: Occasion) -> int:
        return sum(books.get(occasion, {}).get(Place(account, partner_id), 0) for occasion in occasions)

    repaid = -moved(A.PARTNER_PAYABLE, Occasion.PRINCIPAL_SHARE, Occasion.RECOVERY_SHARE)
    interest = -moved(A.PARTNER_PAYABLE, Occasion.INTEREST_SHARE)
    return {
        "lent": moved(A.PARTNER_RECEIVABLE, Occasion.DRAWING), "repaid": repaid,
        "gone": moved(A.PARTNER_PARTICIPATION, Occasion.PRINCIPAL_SHARE, Occasion.LOSS_SHARE),
        "interest": interest, "collected": repaid + interest,
        "fee": -moved(A.PARTNER_PAYABLE, Occasion.FEE_SHARE),
        "penalty": -moved(A.PARTNER_PAYABLE, Occasion.PENALTY_SHARE),
    }  # fmt: skip


def _weight(part: Participation, name: str) -> tuple[int, int]:
    """Numerator and denominator."""
    if name in ("fee", "penalty"):
        return part.fee_bps, BPS
    if name == "interest" and part.own_rate is not None:
        return part.own_rate
    return part.principal_bps, BPS


def _is_all(weights: list[tuple[int, int]]) -> bool:
    """Whether nothing is ours."""
    if all(denominator == BPS for _, denominator in weights):
        return sum(numerator for numerator, _ in weights) == BPS
    return sum(starmap(Fraction, weights)) == 1
