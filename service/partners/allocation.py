"""Whose money a plan may be: the programmes that would take it, in their order, and why the others would not. Pure."""

from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
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


Says = Callable[[Programme, Sought], NotTaken | None]


class Rule(Struct, frozen=True):
    """One thing that may speak against a plan."""

    says: Says
    may_speak: Callable[[Programme], bool]  # of a programme of which it may not, it need not be asked


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


def law_lets_it(one: Programme, plan: Sought) -> NotTaken | None:
    """Of a joint programme our own share, and the partners' capital, are what the law of the plan asks for."""
    least, most = joint_limits_of(plan.jurisdiction, plan.on)
    if least is not None and one.terms.own_share_bps < least:
        return NotTaken.LAW
    is_unknown = most is not None and any(part.tier1_capital is None for part in one.terms.participants)
    return NotTaken.LAW if is_unknown else None


def _one_of(lists: str, fact: str, says: NotTaken) -> Rule:
    """The plan's fact is one of those that it lists, if it lists any."""
    listed, of_plan = attrgetter(f"terms.eligibility.{lists}"), attrgetter(fact)
    return Rule(lambda one, plan: says if of_plan(plan) not in listed(one) else None, lambda one: bool(listed(one)))


def bounds(least: int, most: int | None) -> bool:
    """Whether some amount is outside."""
    return least > 0 or most is not None


def _always(says: Says) -> Rule:
    return Rule(says, lambda one: True)


OF_OFFER: Final[tuple[Rule, ...]] = (
    _one_of("kinds", "kind", NotTaken.KIND),
    Rule(has_its_amount, lambda one: bounds(one.terms.eligibility.amount_min, one.terms.eligibility.amount_max)),
    Rule(
        has_its_instalments,
        lambda one: bounds(one.terms.eligibility.instalments_min, one.terms.eligibility.instalments_max),
    ),
)
_KIND, _AMOUNT, _INSTALMENTS = OF_OFFER
RULES: Final[tuple[Rule, ...]] = (  # in the order in which what speaks against a plan is told
    Rule(is_active, lambda one: not one.active),
    Rule(is_covered, lambda one: not one.is_covered),
    Rule(takes_new_plans, lambda one: one.terms.kind is ProgrammeKind.PURCHASE),
    _always(has_its_currency),
    _KIND,
    _one_of("categories", "category", NotTaken.CATEGORY),
    _one_of("grades", "grade", NotTaken.GRADE),
    _AMOUNT,
    _INSTALMENTS,
    _one_of("merchants", "merchant_id", NotTaken.MERCHANT),
    _one_of("countries", "country", NotTaken.COUNTRY),
    _one_of("jurisdictions", "jurisdiction", NotTaken.JURISDICTION),
    Rule(law_lets_it, lambda one: one.terms.kind is ProgrammeKind.JOINT),
)
OF_PURCHASE: Final = tuple([rule for rule in RULES if rule not in OF_OFFER])  # the same for all offers of a checkout


class _Asked(Struct, frozen=True):
    """The rules that may speak against a plan of one programme."""

    programme: Programme
    of_purchase: tuple[Says, ...]
    of_offer: tuple[Says, ...]


_asked: dict[int, _Asked] = {}  # by the programme itself, which is kept with them, or a number comes again
KEPT_MAX: Final = 4_096


def _asked_of(one: Programme) -> _Asked:
    asked = _asked.get(id(one))
    if asked is None:
        if len(_asked) >= KEPT_MAX:
            _asked.clear()
        asked = _asked[id(one)] = _Asked(one, _speaking(OF_PURCHASE, one), _speaking(OF_OFFER, one))
    return asked


def _speaking(rules: Iterable[Rule], one: Programme) -> tuple[Says, ...]:
    return tuple([rule.says for rule in rules if rule.may_speak(one)])


def against(one: Programme, plan: Sought) -> tuple[NotTaken, ...]:
    """Everything that speaks against it; nothing: it is eligible."""
    return tuple([said for rule in RULES if rule.may_speak(one) and (said := rule.says(one, plan))])


def in_order(programmes: Iterable[Programme]) -> list[Programme]:
    """The one that is asked first comes first: by priority, then by age."""
    return sorted(programmes, key=lambda one: (one.terms.priority, one.programme_id))


def candidates(programmes: Iterable[Programme], plan: Sought) -> tuple[Programme, ...]:
    """Those that would take some plan of the same purchase: at its kind, amount and instalments nobody looks."""
    return tuple([one for one in programmes if _none_speaks(_asked_of(one).of_purchase, one, plan)])


def takers(candidates: Iterable[Programme], plan: Sought) -> tuple[Programme, ...]:
    """Those that would take it, of the candidates in their order."""
    return tuple([one for one in candidates if _none_speaks(_asked_of(one).of_offer, one, plan)])


def _none_speaks(rules: tuple[Says, ...], one: Programme, plan: Sought) -> bool:
    return not [said for says in rules if (said := says(one, plan))]


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
