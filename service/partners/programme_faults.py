"""What is wrong with a programme's document: every rule speaks, each fault has its place. Pure."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date
from typing import Final

from service.countries import COUNTRIES, JURISDICTIONS, no_country
from service.errors import Code, Refused
from service.merchants.settlement_terms import require_account
from service.money import BPS, EXPONENTS
from service.partners.allocation import joint_limits_of
from service.partners.funding import ScheduleType
from service.partners.programme_terms import Concentration, JointLimits, ProgrammeKind, ProgrammeTerms
from service.terms.business_days import is_business_day
from service.terms.calendar import is_time_zone

Fault = tuple[str, str]  # a JSON pointer (RFC 6901), and a sentence
Rule = Callable[[ProgrammeTerms, date], Iterable[Fault]]

COMPONENTS: Final = ("principal", "interest", "fee", "penalty")
RATE_MAX: Final = 1_000  # per cent a year


def faults(terms: ProgrammeTerms, today: date) -> list[Fault]:
    """All that is wrong with it on the day it is agreed."""
    return [fault for rule in RULES for fault in rule(terms, today)]


def require_possible(terms: ProgrammeTerms, today: date) -> None:
    """Refused: INVALID_FIELD, with all faults, at the place of the first."""
    if found := faults(terms, today):
        raise Refused(Code.INVALID_FIELD, " ".join(sentence for _, sentence in found), found[0][0])


def names_are_known(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """Currency, zone, calendar and countries are ones that there are."""
    if terms.currency not in EXPONENTS:
        yield "/currency", f"There is no currency {terms.currency} here."
    if not is_time_zone(terms.time_zone):
        yield "/time_zone", f"There is no time zone {terms.time_zone!r}."
    try:
        is_business_day(today, terms.calendar)
    except Refused as refused:
        yield "/calendar", refused.detail
    for at, code in enumerate(terms.eligibility.countries):
        if code not in COUNTRIES:
            yield f"/eligibility/countries/{at}", no_country(code)
    for at, code in enumerate(terms.eligibility.jurisdictions):
        if code not in JURISDICTIONS:
            yield f"/eligibility/jurisdictions/{at}", no_country(code)


def lists_name_each_once(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """A partner has one part; a list says nothing twice."""
    partners = [one.partner_id for one in terms.participants]
    yield from (
        (f"/participants/{at}/partner_id", f"{partners[at]} takes part once, with all of its share.")
        for at in _again(partners)
    )
    yield from ((f"/cover_sets/{at}", "It is named before.") for at in _again(terms.cover_sets))
    for name in ("kinds", "categories", "grades", "merchants", "countries", "jurisdictions"):
        listed = getattr(terms.eligibility, name)
        yield from ((f"/eligibility/{name}/{at}", f"{listed[at]} is named twice.") for at in _again(listed))


def ranges_have_an_inside(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """The least is not above the most."""
    who = terms.eligibility
    if who.amount_max is not None and who.amount_max < max(who.amount_min, 1):
        yield "/eligibility/amount_max", f"No plan is of at least {who.amount_min} and at most {who.amount_max}."
    if who.instalments_max is not None and who.instalments_max < who.instalments_min:
        sentence = f"No plan has at least {who.instalments_min} and at most {who.instalments_max} instalments."
        yield "/eligibility/instalments_max", sentence
    if terms.capacity_per_month is not None and who.amount_min > terms.capacity_per_month:
        yield "/capacity_per_month", "The smallest plan that is eligible is above the capacity of a month."


def shares_are_parts_of_a_whole(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """Of no component is more given away than there is, and everybody who takes part lends."""
    for name in COMPONENTS:
        given = 0
        for at, one in enumerate(terms.participants):
            before, given = given, given + getattr(one, f"{name}_bps")
            if before <= BPS < given:
                yield f"/participants/{at}/{name}_bps", f"The shares of {name} come to {given} of {BPS} basis points."
    for at, one in enumerate(terms.participants):
        if not one.principal_bps:
            yield f"/participants/{at}/principal_bps", "Who takes part lends a share of the principal."


def kinds_have_their_shares(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """Who lends alone lends all of it; who lends with us leaves us something; who takes plans whole is one."""
    share = terms.partner_share_bps
    if terms.kind is ProgrammeKind.JOINT:
        if share == BPS:
            yield "/participants", "Nothing is left for us to lend; a programme without a share of ours is `assisted`."
        return
    if share < BPS:
        yield "/participants", f"A programme of kind {terms.kind} funds plans whole, and the shares come to {share}."
    if terms.kind is not ProgrammeKind.ASSISTED and len(terms.participants) > 1:
        yield "/participants", f"A programme of kind {terms.kind} has one partner."


def schedules_have_what_they_need(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """A rate of its own belongs to `own_rate`, shares of other components than principal to `same_instalment`."""
    for at, one in enumerate(terms.participants):
        place, has_own_rate = f"/participants/{at}", one.schedule_type is ScheduleType.OWN_RATE
        if (one.rate_percent is not None) != has_own_rate:
            sentence = "A partner has a rate of its own with `own_rate`, and only then."
            yield f"{place}/rate_percent", sentence
        if one.rate_percent is not None and not 0 <= one.rate_percent <= RATE_MAX:
            yield f"{place}/rate_percent", f"A rate is between 0 and {RATE_MAX} per cent a year."
        if one.interest_bps and one.schedule_type is not ScheduleType.SAME_INSTALMENT:
            sentence = f"With `{one.schedule_type}` its interest follows from its share of principal."
            yield f"{place}/interest_bps", sentence


def limits_can_be_held(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """A share needs a whole: of capacity, of capital. Limits of lending together are a joint programme's."""
    if terms.concentration != Concentration() and terms.capacity_per_month is None:
        yield "/concentration", "A share of `capacity_per_month`, which is missing."
    if terms.limits != JointLimits() and terms.kind is not ProgrammeKind.JOINT:
        yield "/limits", f"A programme of kind {terms.kind} has no limits of lending together."
    for at, one in enumerate(terms.participants):
        if (one.tier1_capital is None) != (one.tier1_on is None):
            missing = "tier1_capital" if one.tier1_capital is None else "tier1_on"
            yield f"/participants/{at}/{missing}", "The figure of a capital has its day."
        if one.tier1_on is not None and one.tier1_on > today:
            yield f"/participants/{at}/tier1_on", f"The figure is of {one.tier1_on}, which has not come."
        if terms.limits.partner_capital_max_bps is not None and one.tier1_capital is None:
            yield f"/participants/{at}/tier1_capital", "Its money out is limited by its capital, which is missing."
    if terms.approval is not None and terms.kind is ProgrammeKind.PURCHASE:
        yield "/approval", "A partner that buys plans later is not asked when they are authorized."


def accounts_are_numbered_right(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """A partner is paid to an account that there may be in the programme's currency, with right check digits."""
    for at, one in enumerate(terms.participants):
        pointer = f"/participants/{at}/account"
        try:
            if one.account is not None:
                require_account(one.account, pointer, terms.currency)
        except Refused as refused:
            yield refused.pointer or pointer, refused.detail


def who_must_sign_has_a_key(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """Files that must be signed are signed by a key that is known."""
    for at, one in enumerate(terms.participants):
        if one.must_sign and one.file_key is None:
            yield f"/participants/{at}/file_key", "Its files must be signed, and no key of it is named."


def law_is_kept(terms: ProgrammeTerms, today: date) -> Iterator[Fault]:
    """Our own share is what the document and the law of each jurisdiction it names ask for, and so is the capital."""
    if terms.kind is not ProgrammeKind.JOINT:
        return
    own = terms.own_share_bps
    if own < terms.limits.own_share_min_bps:
        yield "/participants", f"Our own share is {own} basis points, and {terms.limits.own_share_min_bps} at least."
    for at, place in enumerate(terms.eligibility.jurisdictions):
        least, most = joint_limits_of(place, today)
        if least is not None and own < least:
            yield "/participants", f"Our own share is {own} basis points, and by the law of {place} {least} at least."
        agreed = terms.limits.partner_capital_max_bps
        if most is not None and (agreed is None or agreed > most):
            sentence = f"By the law of {place} one partner's money out is at most {most} basis points of its capital."
            yield "/limits/partner_capital_max_bps" if agreed else f"/eligibility/jurisdictions/{at}", sentence


RULES: Final[tuple[Rule, ...]] = (
    names_are_known,
    lists_name_each_once,
    ranges_have_an_inside,
    shares_are_parts_of_a_whole,
    kinds_have_their_shares,
    schedules_have_what_they_need,
    limits_can_be_held,
    accounts_are_numbered_right,
    who_must_sign_has_a_key,
    law_is_kept,
)


def _again(listed: Iterable[Hashable]) -> Iterator[int]:
    """The places of what was named before."""
    seen: set[Hashable] = set()
    for at, one in enumerate(listed):
        if one in seen:
            yield at
        seen.add(one)
