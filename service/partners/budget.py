"""Which budgets a plan takes from when a programme funds it, how much, and what comes back of it. Pure.

    pr_...:2026-03          the capacity of a programme in a month of its calendar
    pr_...:2026-03:me_...   of that, the most of one merchant
    pr_...:2026-03:A        ... of one grade
    pa_...:EUR              the most of one partner's money that is out at a time
    sc_...                  the budget of a scheme
    cv_...                  what a cover set takes, ever; where it revolves, at a time

A month's budget counts what plans were authorized for, our own share as well; what is voided or expires uncaptured
comes back. A partner's counts its share of what is still promised or owed.
"""

from datetime import date, datetime

from msgspec import Struct

from service.money import BPS, take_bps
from service.partners.allocation import NotTaken, Opening, joint_limits_of
from service.partners.business_date import business_date
from service.partners.funding import Funding
from service.partners.programme import Programme
from service.partners.programme_terms import ProgrammeKind, ProgrammeTerms


class Need(Struct, frozen=True):
    """What a plan takes of one budget, which comes to `most`."""

    budget: str
    amount: int
    most: int
    says: NotTaken  # where so much is not left
    share_bps: int = BPS  # of the plan's amount
    is_book: bool = False  # what is repaid comes back
    is_subsidy: bool = False  # of a scheme: what it will not pay comes back


class Use(Struct, frozen=True):
    """What was taken, under which lease."""

    budget: str
    lease_id: str
    amount: int
    share_bps: int
    is_book: bool
    is_subsidy: bool = False


class Allocated(Struct, frozen=True):
    """Whose money a plan is to be, now that room was found; None: nobody's but ours."""

    funding: Funding | None
    uses: tuple[Use, ...] = ()

    @property
    def leases(self) -> tuple[str, ...]:
        """What it was taken under."""
        return tuple([one.lease_id for one in self.uses])


def is_limited(terms: ProgrammeTerms) -> bool:
    """Whether room has to be found, or the partner asked, before it funds a plan."""
    return (
        bool(terms.cover_sets) or terms.approval is not None or terms.capacity_per_month is not None or _has_book(terms)
    )


def needs_of(one: Programme, funding: Funding, plan: Opening, now: datetime) -> tuple[Need, ...]:
    """What must be left: by the programme as it is now, of the shares that the plan was offered with."""
    terms = one.terms
    needs = [
        Need(cover.cover_set_id, plan.amount, cover.sanctioned, NotTaken.COVER, is_book=cover.revolving)
        for cover in one.covers
    ]
    if (capacity := terms.capacity_per_month) is not None:
        day = business_date(now, terms.time_zone, terms.cut_off)
        month = f"{one.programme_id}:{day:%Y-%m}"
        shares = terms.concentration
        for of, bps, says in (
            (plan.merchant_id, shares.merchant_bps, NotTaken.MERCHANT_SHARE),
            (plan.grade, shares.grade_bps, NotTaken.GRADE_SHARE),
        ):
            if bps < BPS:
                needs.append(Need(f"{month}:{of}", plan.amount, take_bps(capacity, bps), says))
        needs.append(Need(month, plan.amount, capacity, NotTaken.CAPACITY))
    if terms.kind is ProgrammeKind.JOINT:
        needs += _books(terms, funding, plan)
    return tuple(needs)


def _books(terms: ProgrammeTerms, funding: Funding, plan: Opening) -> list[Need]:
    bps = capital_bps(terms, plan.jurisdiction, plan.on)
    if bps is None:
        return []
    capital = {part.partner_id: part.tier1_capital or 0 for part in terms.participants}
    return [
        Need(
            f"{part.partner_id}:{plan.currency}", take_bps(plan.amount, part.principal_bps),
            take_bps(capital.get(part.partner_id, 0), bps), NotTaken.CAPITAL, part.principal_bps, is_book=True,
        )
        for part in funding.participations
    ]  # fmt: skip


def capital_bps(terms: ProgrammeTerms, jurisdiction: str, on: date) -> int | None:
    """Of a partner's capital the most that may be out with it: by the document or the law, whichever is stricter."""
    said = (terms.limits.partner_capital_max_bps, joint_limits_of(jurisdiction, on)[1])
    return min([bps for bps in said if bps is not None], default=None)


def _has_book(terms: ProgrammeTerms) -> bool:
    """Whether its partners' money out is limited for some plan: by the document, or by the law of some jurisdiction."""
    return terms.kind is ProgrammeKind.JOINT and any(part.tier1_capital is not None for part in terms.participants)
