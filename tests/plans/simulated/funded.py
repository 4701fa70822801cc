"""Whose money plans are, by chance; and what must hold of every partner's part, whatever happens to the plan."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import starmap
from random import Random

from service.ledger.booking import Books
from service.ledger.chart import LedgerAccount as A
from service.ledger.chart import Occasion, Place
from service.money import BPS
from service.partners.funding import OWN_MONEY, Funding, Participation, ScheduleType, Totals
from service.partners.ownership import Transfer, TransferKind, TransferStatus
from service.plans.bookkeeping import OCCASIONS
from service.plans.happening import today_of
from service.plans.plan import Plan
from service.plans.running.standing import Allocated
from service.terms.allocation_rule import PaymentKind
from tests.plans.lives import NOON, new_id
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


def any_transfer(chance: Random, plan: Plan, today: date) -> Transfer | None:
    """What a partner or we have of a plan, sold to another partner, or back to whoever had it; now and then what the
    seller does not have. None: the plan was opened today, and no day of it has been closed.
    """
    opened_on = today_of(plan, plan.authorized_at)
    settlement_on = max(opened_on, today - timedelta(chance.choice((1, 1, 2, 20))))
    if settlement_on >= today:
        return None
    parts = plan.funding.participations
    before = [(one.partner_id, one.seller_id) for part in parts for one in part.owners[-1:]]
    back = chance.choice(before) if before and chance.random() < 0.6 else None
    holders = [part.holder_id for part in parts] or [""]
    seller, buyer = back or (chance.choice((*holders, "", "pa_1")), chance.choice(("pa_8", "pa_9")))
    return Transfer(
        transfer_id=new_id("ot"), plan_id=plan.plan_id, kind=TransferKind.BUY_BACK if back else TransferKind.SALE,
        seller_id=seller, buyer_id=buyer, programme_id="pr_2" if buyer else None,
        price_ratio=chance.choice((Decimal(1), Decimal("0.985"), Decimal("1.02"))),
        with_interest=chance.random() < 0.5, settlement_on=settlement_on, status=TransferStatus.PENDING, reason=None,
        currency=plan.currency, principal=None, interest=None, price=None, asked_at=NOON, ended_at=None,
    )  # fmt: skip


def wrong_shares(seen: Seen) -> list[str]:
    """Whatever a partner was told that is not within half a cent of its exact share of all there has been, for each of
    the times in which it had a part, and for each end of them.
    """
    parts = seen.plan.funding.participations
    if not parts:
        return []
    totals, wrong = _totals(seen), list[str]()
    all_told = {holder: _told(seen.books, holder) for part in parts for holder in _holders(part)}
    all_weights = {name: [_weight(one, name) for one in parts] for name in totals}
    right: dict[tuple[str, str], list[tuple[int, int, int]]] = {}  # by holder and name: exact shares, and how exact
    for number, part in enumerate(parts):
        stages = _in_time(part, totals)
        for name in totals:
            if name == ("interest" if _shares_collection(part) else "collected"):
                continue  # where the collection is shared, interest is rounded together with principal
            weights = all_weights[name]
            numerator, denominator = weights[number]
            takes_what_others_leave = number == len(parts) - 1 and _is_all(weights)
            half_cents = len(parts) - 1 if takes_what_others_leave else 1
            for holder, begin, end in stages:
                share = numerator * (end[name] - (begin[name] if begin else 0))
                right.setdefault((holder, name), []).append((share, denominator, half_cents * (2 if begin else 1)))
    mixed = _with_parts_of_both_kinds(parts)
    for (holder, name), exact in right.items():
        told = all_told[holder][name]
        if not holder or (holder in mixed and name in ("interest", "collected")) or _is_right(told, exact):
            continue
        wrong.append(f"{holder} {name} {told} is not {sum(share / denominator for share, denominator, _ in exact)}")
    if sum(one.principal_bps for one in parts) == BPS and not any(one.owners for one in parts):  # nothing is ours
        sums = {name: sum(told[name] for told in all_told.values()) for name in ("lent", "repaid", "gone")}
        wrong += [
            f"all partners {name} {told} of {totals[name]}" for name, told in sums.items() if told != totals[name]
        ]
    return wrong


def _is_right(told: int, exact: list[tuple[int, int, int]]) -> bool:
    """Whether it is the sum of shares, each within so many half cents."""
    if len(exact) == 1:  # as it is of what was never sold
        ((share, denominator, half_cents),) = exact
        return 2 * abs(told * denominator - share) <= half_cents * denominator
    whole = sum((Fraction(share, denominator) for share, denominator, _ in exact), Fraction(0))
    return 2 * abs(told - whole) <= sum(half_cents for *_, half_cents in exact)


def wrong_holdings(seen: Seen) -> list[str]:
    """Whoever holds another part of the principal that is owed than its own, to a cent; who sold holds none."""
    standing, parts = seen.plan.standing, seen.plan.funding.participations
    if not any(part.owners for part in parts):
        return []
    totals = _totals(seen)
    owed = max(0, totals["lent"] - totals["gone"])
    held: dict[str, list[Fraction]] = {}
    for part in parts:
        for holder in _holders(part):
            held.setdefault(holder, [Fraction(0), Fraction(0)])[1] += 2
        held[part.holder_id][0] += Fraction(part.principal_bps, BPS) * owed
    told = {holder: -seen.booked[A.PARTNER_PARTICIPATION, holder] for holder in held if holder}
    return [
        f"{holder} holds {told[holder]} of {float(exact)} after {standing.last}"
        for holder, (exact, most) in held.items()
        if holder and abs(told[holder] - exact) > most
    ]


def _shares_collection(part: Participation) -> bool:
    return part.schedule_type is ScheduleType.SHARE_OF_COLLECTION


def _with_parts_of_both_kinds(parts: tuple[Participation, ...]) -> set[str]:
    """Whoever shares the collection of one part, and the interest of another."""
    sharing = {holder for part in parts if _shares_collection(part) for holder in _holders(part)}
    return sharing & {holder for part in parts if not _shares_collection(part) for holder in _holders(part)}


def _holders(part: Participation) -> list[str]:
    return [part.partner_id, *[one.partner_id for one in part.owners]]


def _in_time(part: Participation, totals: dict[str, int]) -> list[tuple[str, dict[str, int] | None, dict[str, int]]]:
    """Who had it, from what the plan came to until what it came to; nobody before it from nothing."""
    ends = [*[_of_totals(one.since) for one in part.owners], totals]
    return list(zip(_holders(part), [None, *ends[:-1]], ends, strict=True))


def _of_totals(since: Totals) -> dict[str, int]:
    """What a plan came to when a part of it changed hands: what had been repaid is no less than nothing."""
    principal = max(0, since.principal)
    repaid = max(0, since.principal + since.recovered_principal) if since.recovered_principal else principal
    interest = since.interest - since.returned + since.recovered_interest
    return {
        "lent": since.lent, "repaid": repaid, "gone": max(0, since.principal + since.lost_principal),
        "interest": interest, "collected": repaid + interest,
        "fee": since.fee - since.returned_fee + since.recovered_fee, "penalty": since.penalty + since.recovered_penalty,
    }  # fmt: skip


def _totals(seen: Seen) -> dict[str, int]:
    """What a plan comes to, as its money was allocated and its own accounts say."""
    standing = seen.plan.standing
    settled = [one for one in standing.allocations.values() if not one.is_back]
    before = max(0, sum(one.principal for one in settled if not one.is_recovery))
    after = sum(one.principal for one in settled if one.is_recovery)
    principal = max(0, sum(one.principal for one in settled)) if after else before
    returned = sum(one.total for one in settled if OCCASIONS[one.kind] is Occasion.INTEREST_RETURN)
    interest = sum(one.interest for one in settled) - returned
    fee = _sum_of(settled, "fee") - sum(one.total for one in settled if one.kind is PaymentKind.FEE_REFUND)
    gone = max(0, sum(standing.lent) - seen.balance(A.CONSUMER_PRINCIPAL))
    return {
        "lent": sum(standing.lent), "repaid": principal, "gone": gone, "interest": interest,
        "collected": principal + interest, "fee": fee, "penalty": _sum_of(settled, "penalty"),
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
