"""A partner's part of a plan in the books: what each occasion comes to, from what the plan comes to. Pure.

Principal that went back twice, and nobody had lent, is no loan of the partner's: less than nothing is never repaid.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from service.ledger import booking
from service.ledger.booking import Balances
from service.ledger.chart import LedgerAccount, Occasion, Place
from service.money import take_bps
from service.partners import shares
from service.partners.funding import Owner, Totals
from service.partners.shares import Parts

# The rule that makes balances of an occasion's figures, and the figures.
Figures = tuple[Callable[..., Balances], tuple[Any, ...]]


Stage = dict[Occasion, Figures]


def figures_of(parts: Parts, number: int, plan: Totals) -> list[Stage]:
    """What the books say of one participation: of each owner what came to it in its time, and of each sale."""
    part = parts[number]
    if not part.owners:
        return [_of(part.partner_id, parts, number, plan)]
    stages: list[Stage] = []
    begin, holder = None, part.partner_id
    for owner in part.owners:
        stages += [_in_time(holder, parts, number, begin, owner.since), *_sale(owner)]
        begin, holder = owner.since, owner.partner_id
    return [*stages, _in_time(holder, parts, number, begin, plan)]


def _in_time(holder: str, parts: Parts, number: int, begin: Totals | None, end: Totals) -> Stage:
    """What came to an owner from when it had it to an end; what is ours has no places of its own."""
    if not holder:
        return {}
    after = _of(holder, parts, number, end)
    before = _of(holder, parts, number, begin) if begin else {}
    return {
        occasion: (_grown, (before.get(occasion), after.get(occasion))) for occasion in list(after | before)
    }  # fmt: skip


def _grown(before: Figures | None, after: Figures | None) -> Balances:
    balances: Counter[Place] = Counter()
    for figures, sign in ((after, 1), (before, -1)):
        if figures is not None:
            rule, amounts = figures
            for place, amount in rule(*amounts).items():
                balances[place] += sign * amount
    return dict(balances)


def _sale(owner: Owner) -> list[Stage]:
    """Of who sells and of who buys, each where it is a partner."""
    occasion = Occasion.BUY_BACK if owner.is_buy_back else Occasion.SALE
    amounts = owner.principal, owner.interest, owner.price
    return [
        {occasion: (booking.sold, (owner.seller_id, *amounts))} if owner.seller_id else {},
        {occasion: (booking.bought, (owner.partner_id, *amounts))} if owner.partner_id else {},
    ]


def _of(holder: str, parts: Parts, number: int, plan: Totals) -> Stage:
    """The rule of each occasion, and its figures."""
    one, whose = parts[number], (holder, parts, number)
    paid, in_all = max(plan.principal, 0), max(plan.principal + plan.recovered_principal, 0)
    beside = (paid, in_all) if one.interest_follows_principal else (0, 0)
    found: dict[Occasion, Figures] = {
        Occasion.DRAWING: (_drawing, (*whose, plan.lent)),
        Occasion.PRINCIPAL_SHARE: (_principal_share, (*whose, paid)),
        Occasion.INTEREST_SHARE: (
            _interest_share, (*whose, *beside, plan.interest, plan.returned, plan.recovered_interest)
        ),
    }  # fmt: skip
    if one.fee_bps:
        found[Occasion.FEE_SHARE] = _fee_share, (*whose, plan.fee - plan.returned_fee, plan.recovered_fee)
    if one.penalty_bps:
        found[Occasion.PENALTY_SHARE] = _penalty_share, (*whose, plan.penalty, plan.recovered_penalty)
    if one.servicing_bps:
        found[Occasion.SERVICING] = _servicing, (*whose, plan.collected_principal, plan.collected_interest)
    if plan.lost_principal or plan.lost_interest:
        lost = max(plan.principal + plan.lost_principal, 0) - paid
        found[Occasion.LOSS_SHARE] = _loss_share, (*whose, paid, lost, plan.interest, plan.lost_interest)
    if plan.recovered_principal:
        found[Occasion.RECOVERY_SHARE] = _recovery_share, (*whose, paid, in_all - paid)
    return found


def _drawing(holder: str, parts: Parts, number: int, lent: int) -> Balances:
    return booking.drawing(holder, shares.of_principal(parts, number, lent))


def _principal_share(holder: str, parts: Parts, number: int, paid: int) -> Balances:
    return booking.principal_share(holder, shares.of_principal(parts, number, paid))


def _interest_share(
    holder: str, parts: Parts, number: int, beside: int, beside_later: int, interest: int, returned: int, recovered: int
) -> Balances:
    """`beside`: the principal that was paid, where a cent of interest depends on it; `beside_later`, with what was
    recovered of it."""
    accrued = shares.of_interest(parts, number, interest)
    if not (returned or recovered or beside or beside_later):
        return booking.interest_share(holder, accrued, accrued, 0, 0)
    stays = interest - returned
    kept = shares.of_collection(parts, number, beside, stays)
    later = shares.of_collection(parts, number, beside_later, stays + recovered) - kept
    spread = shares.spread(parts, number, interest) - shares.spread(parts, number, stays)
    return booking.interest_share(holder, accrued, kept, later, spread)


def _fee_share(holder: str, parts: Parts, number: int, paid: int, recovered: int) -> Balances:
    share = shares.of_fees(parts, number, paid)
    later = shares.of_fees(parts, number, paid + recovered) - share
    return booking.charge_share(LedgerAccount.FEE_INCOME, holder, share, later)


def _penalty_share(holder: str, parts: Parts, number: int, paid: int, recovered: int) -> Balances:
    share = shares.of_penalties(parts, number, paid)
    later = shares.of_penalties(parts, number, paid + recovered) - share
    return booking.charge_share(LedgerAccount.PENALTY_INCOME, holder, share, later)


def _servicing(holder: str, parts: Parts, number: int, principal: int, interest: int) -> Balances:
    collected = shares.of_principal(parts, number, principal) + shares.of_interest(parts, number, interest)
    return booking.servicing(holder, take_bps(max(collected, 0), parts[number].servicing_bps))


def _loss_share(
    holder: str, parts: Parts, number: int, paid: int, lost: int, interest: int, lost_interest: int
) -> Balances:
    principal = shares.of_principal(parts, number, paid + lost) - shares.of_principal(parts, number, paid)
    earned = shares.of_interest(parts, number, interest + lost_interest) - shares.of_interest(parts, number, interest)
    return booking.loss_share(holder, principal, earned)


def _recovery_share(holder: str, parts: Parts, number: int, paid: int, recovered: int) -> Balances:
    share = shares.of_principal(parts, number, paid + recovered) - shares.of_principal(parts, number, paid)
    return booking.recovery_share(holder, share)
