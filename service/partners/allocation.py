"""Whose money a plan may be: the programmes that would take it, in their order, and why the others would not. Pure."""

from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from service.law.book import ANY, LegalRule, number_on
from service.partners.funding import Funding
from service.partners.programme import Programme
from service.partners.programme_terms import ProgrammeKind


class Opening(Struct, frozen=True):
    """A plan that is opened. `amount` is what is lent at most; of a deposit, what is waived."""

    kind: str
    currency: str
    amount: int
    instalments: int
    grade: str  # of the policy
    merchant_id: str
    jurisdiction: str  # whose law binds it
    on: date


class Sought(Opening, frozen=True):
    """A plan that is to be offered, with what else a programme may ask of it."""

    category: str  # of the policy
    country: str  # the merchant's


class NotTaken(StrEnum):
    """Why a programme does not take a plan."""

    SUSPENDED = "suspended"
    COVER = "cover"  # a cover set that its plans are enrolled in takes no more
    BUYS_LATER = "buys_later"  # a purchase programme takes plans that are there already
    CURRENCY = "currency"
    KIND = "kind"
    CATEGORY = "category"
    GRADE = "grade"
    AMOUNT = "amount"
    INSTALMENTS = "instalments"
    MERCHANT = "merchant"
    COUNTRY = "country"
    JURISDICTION = "jurisdiction"
    LAW = "law"  # of the plan's jurisdiction: our own share is too small, or the partner's capital not known
    # found out when it is authorized
    CAPACITY = "capacity"  # of the month
    MERCHANT_SHARE = "merchant_share"  # of that, the merchant's
    GRADE_SHARE = "grade_share"  # ... the grade's
    CAPITAL = "capital"  # more of a partner's money would be out than its capital allows
    REFUSED = "refused"  # by the partner
    LATE = "late"  # it has not answered in time


@lru_cache(1_000)
def joint_limits_of(jurisdiction: str, on: date) -> tuple[int | None, int | None]:
    """By law, basis points: our own share of a plan at least, and of a partner's capital out with it at most."""
    return (
        number_on(LegalRule.JOINT_OWN_SHARE_MIN, jurisdiction, ANY, on),
        number_on(LegalRule.JOINT_PARTNER_CAPITAL_MAX, jurisdiction, ANY, on),
    )


Rule = Callable[[Programme, Sought], NotTaken | None]


def is_active(one: Programme, plan: Sought) -> NotTaken | None:
    """It is not suspended."""
    return None if one.active else NotTaken.SUSPENDED


def is_covered(one: Programme, plan: Sought) -> NotTaken | None:
    """The cover sets in which its plans are enrolled take some."""
    return None if one.is_covered else NotTaken.COVER


def takes_new_plans(one: Programme, plan: Sought) -> NotTaken | None:
    """It funds plans as they are authorized."""
    return NotTaken.BUYS_LATER if one.terms.kind is ProgrammeKind.PURCHASE else None


def has_its_currency(one: Programme, plan: Sought) -> NotTaken | None:
    """It lends this currency."""
    return None if one.terms.currency == plan.currency else NotTaken.CURRENCY


def has_its_amount(one: Programme, plan: Sought) -> NotTaken | None:
    """The amount is neither below its least nor above its most."""
    who = one.terms.eligibility
    too_much = who.amount_max is not None and plan.amount > who.amount_max
    return NotTaken.AMOUNT if too_much or plan.amount < who.amount_min else None


def has_its_instalments(one: Programme, plan: Sought) -> NotTaken | None:
    """So are the instalments."""
    who = one.terms.eligibility
    too_many = who.instalments_max is not None and plan.instalments > who.instalments_max
    return NotTaken.INSTALMENTS if too_many or plan.instalments < who.instalments_min else None


def _one_of(lists: str, fact: str, says: NotTaken) -> Rule:
    """The plan's fact is one of those that it lists, if it lists any."""

    def rule(one: Programme, plan: Sought) -> NotTaken | None:
        listed = getattr(one.terms.eligibility, lists)
        return says if listed and getattr(plan, fact) not in listed else None

    return rule


def law_lets_it(one: Programme, plan: Sought) -> NotTaken | None:
    """Of a joint programme our own share, and the partners' capital, are what the law of the plan asks for."""
    if one.terms.kind is not ProgrammeKind.JOINT:
        return None
    least, most = joint_limits_of(plan.jurisdiction, plan.on)
    if least is not None and one.terms.own_share_bps < least:
        return NotTaken.LAW
    is_unknown = any(part.tier1_capital is None for part in one.terms.participants)
    return NotTaken.LAW if most is not None and is_unknown else None


has_its_kind: Final = _one_of("kinds", "kind", NotTaken.KIND)

RULES: Final[tuple[Rule, ...]] = (  # in the order in which what speaks against a plan is told
    is_active,
    is_covered,
    takes_new_plans,
    has_its_currency,
    has_its_kind,
    _one_of("categories", "category", NotTaken.CATEGORY),
    _one_of("grades", "grade", NotTaken.GRADE),
    has_its_amount,
    has_its_instalments,
    _one_of("merchants", "merchant_id", NotTaken.MERCHANT),
    _one_of("countries", "country", NotTaken.COUNTRY),
    _one_of("jurisdictions", "jurisdiction", NotTaken.JURISDICTION),
    law_lets_it,
)
OF_OFFER: Final[tuple[Rule, ...]] = (has_its_kind, has_its_amount, has_its_instalments)
OF_PURCHASE: Final = tuple([rule for rule in RULES if rule not in OF_OFFER])  # the same for all offers of a checkout


def against(one: Programme, plan: Sought) -> tuple[NotTaken, ...]:
    """Everything that speaks against it; nothing: it is eligible."""
    return tuple([said for rule in RULES if (said := rule(one, plan))])


def in_order(programmes: Iterable[Programme]) -> list[Programme]:
    """The one that is asked first comes first: by priority, then by age."""
    return sorted(programmes, key=lambda one: (one.terms.priority, one.programme_id))


def candidates(programmes: Iterable[Programme], plan: Sought) -> tuple[Programme, ...]:
    """Those that would take some plan of the same purchase: at its kind, amount and instalments nobody looks."""
    return tuple([one for one in programmes if not any(rule(one, plan) for rule in OF_PURCHASE)])


def takers(candidates: Iterable[Programme], plan: Sought) -> tuple[Programme, ...]:
    """Those that would take it, of the candidates in their order."""
    return tuple([one for one in candidates if not any(rule(one, plan) for rule in OF_OFFER)])


class Takers(Struct, frozen=True, omit_defaults=True):
    """Who would fund the offers of a decision, as it was decided: the programmes, and of each offer which, in order.

    An offer that is not there, or has none, is funded by ourselves.
    """

    fundings: tuple[Funding, ...] = ()
    offers: dict[str, tuple[int, ...]] = {}  # by offer: places in `fundings`
    grade: str = ""

    def of(self, offer_id: str) -> tuple[Funding, ...]:
        """Those that would take an offer, the first first."""
        return tuple([self.fundings[place] for place in self.offers.get(offer_id, ())])
